using System;
using System.Collections.Generic;

namespace CoQuic.Engine;

/// <summary>
/// Packets of a connection that overtook the handshake data which brings their keys (RFC 9001 §5.7), kept until those come. Nobody
/// has authenticated them: they are few, and copied, so that they pin nothing larger.
/// </summary>
internal sealed class EarlyPackets
{
    /// <summary>The most packets that wait: more than an initial congestion window.</summary>
    public const int MaximumPackets = 32;

    /// <summary>The most bytes that wait.</summary>
    public const int MaximumBytes = 48 * 1024;

    private readonly List<EarlyPacket> _waiting = [];
    private int _bytes;

    public int Count => _waiting.Count;

    /// <summary>Keeps a copy of a packet; false when too much waits already.</summary>
    public bool TryKeep(TimeUs now, EncryptionLevel level, ReadOnlySpan<byte> packet, ConnectionId destination, in OwnedDatagram arrival)
    {
        if (Count == MaximumPackets || _bytes + packet.Length > MaximumBytes)
            return false;
        _waiting.Add(new EarlyPacket(now, level, packet.ToArray(), destination, arrival with { Buffer = default }));
        _bytes += packet.Length;
        return true;
    }

    /// <summary>Takes out the oldest packet of a level, whose keys are there now.</summary>
    public bool TryTake(EncryptionLevel level, out EarlyPacket packet)
    {
        int index = _waiting.FindIndex(waiting => waiting.Level == level);
        packet = index < 0 ? default : _waiting[index];
        if (index < 0)
            return false;
        _waiting.RemoveAt(index);
        _bytes -= packet.Bytes.Length;
        return true;
    }
}

/// <summary>A packet that waits for its keys.</summary>
/// <param name="ArrivedAt">Since when.</param>
/// <param name="Level">Which keys.</param>
/// <param name="Bytes">The packet alone.</param>
/// <param name="Destination">The connection ID that it was sent to.</param>
/// <param name="Arrival">How its datagram arrived, without the datagram.</param>
internal readonly record struct EarlyPacket(
    TimeUs ArrivedAt, EncryptionLevel Level, Memory<byte> Bytes, ConnectionId Destination, OwnedDatagram Arrival);
