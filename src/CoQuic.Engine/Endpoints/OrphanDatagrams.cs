using System;
using System.Collections.Generic;

namespace CoQuic.Engine;

/// <summary>
/// Datagrams with 0-RTT packets that overtook the Initial which makes their connection (RFC 9000 §5.2.2), kept for a moment within
/// bounds. They are copied, and nobody has authenticated them.
/// </summary>
internal sealed class OrphanDatagrams(OrphanZeroRttBuffer bounds)
{
    private readonly List<Orphan> _waiting = [];
    private int _bytes;

    public int Count => _waiting.Count;

    /// <summary>When the oldest is given up; none when none waits.</summary>
    public TimeUs? NextExpiry => Count > 0 ? _waiting[0].Expires : null;

    private bool IsEnabled => bounds.MaxPackets > 0 && bounds.MaxBytes > 0 && bounds.MaxAge > TimeSpan.Zero;

    /// <summary>Keeps a copy of a datagram; false when none may be kept, or no more.</summary>
    public bool TryKeep(TimeUs now, ConnectionId destination, ReadOnlySpan<byte> datagram, in OwnedDatagram arrival)
    {
        if (!IsEnabled || Count >= bounds.MaxPackets || datagram.Length > bounds.MaxBytes - _bytes)
            return false;
        OwnedDatagram copy = arrival with { Buffer = datagram.ToArray(), SegmentSize = 0 };
        _waiting.Add(new Orphan(destination, copy, now + bounds.MaxAge));
        _bytes += datagram.Length;
        return true;
    }

    /// <summary>Takes out the oldest datagram to a connection ID: its connection is there now.</summary>
    public bool TryTake(ConnectionId destination, out OwnedDatagram datagram)
    {
        int index = _waiting.FindIndex(waiting => waiting.Destination == destination);
        datagram = index < 0 ? default : _waiting[index].Datagram;
        if (index >= 0)
            RemoveAt(index);
        return index >= 0;
    }

    /// <summary>Gives up one datagram that has waited for too long.</summary>
    public bool TryExpire(TimeUs now)
    {
        if (NextExpiry is not { } expiry || now < expiry)
            return false;
        RemoveAt(0);
        return true;
    }

    private void RemoveAt(int index)
    {
        _bytes -= _waiting[index].Datagram.Buffer.Length;
        _waiting.RemoveAt(index);
    }

    private readonly record struct Orphan(ConnectionId Destination, OwnedDatagram Datagram, TimeUs Expires);
}
