using System;
using System.Buffers.Binary;
using System.Diagnostics;

namespace CoQuic.Engine;

/// <summary>A QUIC version number (RFC 8999 §5.1, RFC 9000 §15).</summary>
/// <param name="Value">The number on the wire.</param>
public readonly record struct QuicVersion(
    [property: DebuggerBrowsable(DebuggerBrowsableState.Never)] uint Value)
{
    /// <summary>The value of a Version Negotiation packet (RFC 8999 §6).</summary>
    public static readonly QuicVersion Negotiation;

    /// <summary>QUIC version 1 (RFC 9000).</summary>
    public static readonly QuicVersion V1 = new(0x00000001);

    /// <summary>QUIC version 2 (RFC 9369).</summary>
    public static readonly QuicVersion V2 = new(0x6b3343cf);

    /// <summary>Whether the number is of the form 0x?a?a?a?a, reserved to exercise negotiation (RFC 9000 §15).</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public bool IsReserved => (Value & 0x0f0f0f0f) == 0x0a0a0a0a;

    /// <summary>Draws a reserved version.</summary>
    internal static QuicVersion DrawReserved(IEntropy entropy)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        entropy.Fill(bytes);
        return new QuicVersion((BinaryPrimitives.ReadUInt32BigEndian(bytes) & 0xf0f0f0f0) | 0x0a0a0a0a);
    }

    /// <summary><c>v1</c>, <c>v2</c>, or the number in hexadecimal.</summary>
    public override string ToString() => this == V1 ? "v1" : this == V2 ? "v2" : $"0x{Value:x8}";
}
