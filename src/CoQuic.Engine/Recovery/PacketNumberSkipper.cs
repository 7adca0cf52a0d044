using System;
using System.Buffers.Binary;

namespace CoQuic.Engine;

/// <summary>
/// Chooses packet numbers that are never sent. Who acknowledges one acknowledges what it has not seen (RFC 9000 §21.4), as a peer does
/// that wants to be sent to faster than its path allows. The longer a connection lasts the rarer they become.
/// </summary>
internal sealed class PacketNumberSkipper
{
    /// <summary>The first is skipped after so many packets at least: more than may overtake one before it counts as lost.</summary>
    private const ulong FirstPeriod = 128;

    private const ulong LastPeriod = 1 << 16;

    private readonly IEntropy _entropy;
    private ulong _period = FirstPeriod;
    private ulong _next;

    /// <param name="entropy">Draws the numbers: a peer must not be able to tell them.</param>
    public PacketNumberSkipper(IEntropy entropy)
    {
        _entropy = entropy;
        Draw(0);
    }

    /// <summary>Whether the number that comes next is to be left out.</summary>
    public bool ShouldSkip(ulong nextPacketNumber)
    {
        if (nextPacketNumber < _next)
            return false;
        Draw(nextPacketNumber);
        return true;
    }

    /// <summary>One to two periods further on; then the period doubles.</summary>
    private void Draw(ulong from)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        _entropy.Fill(bytes);
        _next = from + _period + (BinaryPrimitives.ReadUInt32LittleEndian(bytes) % _period);
        _period = Math.Min(2 * _period, LastPeriod);
    }
}
