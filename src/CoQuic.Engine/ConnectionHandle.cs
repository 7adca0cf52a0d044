using System;
using System.Diagnostics;

namespace CoQuic.Engine;

/// <summary>Names one connection of one endpoint. Handles start at 1, rise by 1, and are never used again.</summary>
/// <param name="Value">The number; 0 stands for "no connection" (a datagram that belongs to none).</param>
public readonly record struct ConnectionHandle(
    [property: DebuggerBrowsable(DebuggerBrowsableState.Never)] ulong Value) : IComparable<ConnectionHandle>, IComparable
{
    /// <summary>Belongs to no connection: Version Negotiation, Retry, a refusal.</summary>
    public static readonly ConnectionHandle None;

    /// <inheritdoc/>
    public int CompareTo(ConnectionHandle other) => Value.CompareTo(other.Value);

    int IComparable.CompareTo(object? obj) => obj is ConnectionHandle other ? CompareTo(other) : 1;

    /// <summary>For example <c>c7</c>.</summary>
    public override string ToString() => $"c{Value}";
}
