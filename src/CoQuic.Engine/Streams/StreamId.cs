using System;
using System.Diagnostics;

namespace CoQuic.Engine;

/// <summary>Which ways a stream carries data (RFC 9000 §2.1).</summary>
public enum StreamKind : byte
{
    /// <summary>Both ways.</summary>
    Bidirectional,

    /// <summary>From the initiator to its peer only.</summary>
    Unidirectional,
}

/// <summary>A stream's identifier (RFC 9000 §2.1): bit 0 tells the initiator, bit 1 the kind, the rest counts.</summary>
/// <param name="Value">The 62-bit number on the wire.</param>
public readonly record struct StreamId(
    [property: DebuggerBrowsable(DebuggerBrowsableState.Never)] ulong Value) : IComparable<StreamId>, IComparable
{
    /// <summary>Whether the client opened it.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public bool IsClientInitiated => (Value & 1) == 0;

    /// <summary>Whether the server opened it.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public bool IsServerInitiated => (Value & 1) != 0;

    /// <summary>Whether it carries data both ways.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public bool IsBidirectional => (Value & 2) == 0;

    /// <summary>Whether it carries data from its initiator only.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public bool IsUnidirectional => (Value & 2) != 0;

    /// <summary>Which ways it carries data.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public StreamKind Kind => IsBidirectional ? StreamKind.Bidirectional : StreamKind.Unidirectional;

    /// <summary>Its number among the streams of its initiator and kind, from 0.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public ulong Index => Value >> 2;

    /// <summary>Builds an identifier.</summary>
    /// <param name="initiator">Who opens the stream.</param>
    /// <param name="kind">Which ways it carries data.</param>
    /// <param name="index">Its number among such streams, from 0 to 2^60 − 1.</param>
    public static StreamId Create(Role initiator, StreamKind kind, ulong index) =>
        new((index << 2) | (kind == StreamKind.Unidirectional ? 2UL : 0UL) | (initiator == Role.Server ? 1UL : 0UL));

    /// <summary>Whether an endpoint of this role opened it.</summary>
    /// <param name="role">The role in question.</param>
    public bool IsInitiatedBy(Role role) => IsClientInitiated == (role == Role.Client);

    /// <inheritdoc/>
    public int CompareTo(StreamId other) => Value.CompareTo(other.Value);

    int IComparable.CompareTo(object? obj) => obj is StreamId other ? CompareTo(other) : 1;

    /// <summary>Initiator, kind and number: <c>client-bidi 4</c>.</summary>
    public override string ToString() =>
        $"{(IsClientInitiated ? "client" : "server")}-{(IsBidirectional ? "bidi" : "uni")} {Value}";
}
