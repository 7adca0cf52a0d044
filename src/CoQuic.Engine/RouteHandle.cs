using System;
using System.Diagnostics;

namespace CoQuic.Engine;

/// <summary>The caller's name for a pair of local and remote UDP addresses. The engine never looks inside.</summary>
/// <param name="Value">Any number of the caller's choice, 0 included.</param>
public readonly record struct RouteHandle(
    [property: DebuggerBrowsable(DebuggerBrowsableState.Never)] ulong Value) : IComparable<RouteHandle>, IComparable
{
    /// <inheritdoc/>
    public int CompareTo(RouteHandle other) => Value.CompareTo(other.Value);

    int IComparable.CompareTo(object? obj) => obj is RouteHandle other ? CompareTo(other) : 1;

    /// <summary>For example <c>r3</c>.</summary>
    public override string ToString() => $"r{Value}";
}
