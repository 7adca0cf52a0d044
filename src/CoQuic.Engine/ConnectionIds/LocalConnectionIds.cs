using System;
using System.Collections.Generic;
using System.Diagnostics;

namespace CoQuic.Engine;

/// <summary>The connection IDs that we issue, for the peer to send to (RFC 9000 §5.1.1).</summary>
/// <remarks>Who issues an ID makes the datagram router know it, and makes it forget those that are retired.</remarks>
internal sealed class LocalConnectionIds
{
    /// <summary>The most IDs that are active at the same time, however many the peer would keep.</summary>
    public const int MaximumActive = 8;

    private readonly List<Entry> _active = new(MaximumActive);
    private ulong _nextSequence;
    private ulong _peerLimit = 1;

    /// <summary>Begins with the ID of our handshake packets, which has sequence number 0.</summary>
    public LocalConnectionIds(ConnectionId initial)
    {
        UsesIds = !initial.IsEmpty;
        Add(initial, isPending: false);
    }

    /// <summary>Whether more IDs are due: up to the peer's active_connection_id_limit and to our own bound.</summary>
    public bool ShouldIssue => UsesIds && (ulong)_active.Count < Math.Min(_peerLimit, MaximumActive);

    /// <summary>How many IDs are active: issued and not retired.</summary>
    public int ActiveCount => _active.Count;

    // RFC 9000 §5.1.1: who chose an ID of length 0 in the handshake cannot issue others.
    private bool UsesIds { get; }

    /// <summary>An active ID, for the router when the connection ends; 0 to <see cref="ActiveCount"/> − 1.</summary>
    public ConnectionId this[int index] => _active[index].Id;

    /// <summary>The peer's active_connection_id_limit is known (RFC 9000 §18.2).</summary>
    public void OnPeerLimit(ulong activeConnectionIdLimit) => _peerLimit = activeConnectionIdLimit;

    /// <summary>Adds the ID of our preferred_address transport parameter, which has sequence number 1 (RFC 9000 §5.1.1).</summary>
    public void AddPreferredAddress(ConnectionId id)
    {
        Debug.Assert(_nextSequence == 1, "the ID of the preferred address comes second");
        Add(id, isPending: false);
    }

    /// <summary>Issues an ID: NEW_CONNECTION_ID is pending for it.</summary>
    public void Issue(ConnectionId id)
    {
        Debug.Assert(ShouldIssue && !id.IsEmpty, "IDs are issued when they are due");
        Add(id, isPending: true);
    }

    /// <summary>Finds an ID that NEW_CONNECTION_ID has to tell, for the first time or again. Retire Prior To is always 0.</summary>
    public bool TryGetPending(out ulong sequenceNumber, out ConnectionId id)
    {
        foreach (Entry entry in _active)
        {
            if (!entry.IsPending)
                continue;
            (sequenceNumber, id) = (entry.SequenceNumber, entry.Id);
            return true;
        }

        (sequenceNumber, id) = (0, default);
        return false;
    }

    /// <summary>NEW_CONNECTION_ID was written.</summary>
    public void OnSent(ulong sequenceNumber)
    {
        SetPending(sequenceNumber, false);
        int index = IndexOf(sequenceNumber);
        if (index >= 0)
            _active[index] = _active[index] with { WasTold = true };
    }

    /// <summary>NEW_CONNECTION_ID was lost: tell the ID again unless it is retired already (RFC 9000 §13.3).</summary>
    public void OnLost(ulong sequenceNumber) => SetPending(sequenceNumber, true);

    /// <summary>RETIRE_CONNECTION_ID (RFC 9000 §19.16).</summary>
    /// <param name="sequenceNumber">The ID that the peer will not use again.</param>
    /// <param name="destination">The destination connection ID of the packet that carries the frame.</param>
    /// <param name="retired">The ID that the router must forget, if it was active.</param>
    public TransportError? OnRetire(ulong sequenceNumber, ConnectionId destination, out ConnectionId? retired)
    {
        retired = null;
        if (!UsesIds)
            return Violation("RETIRE_CONNECTION_ID for a connection ID of length 0");
        int index = IndexOf(sequenceNumber);
        if (sequenceNumber >= _nextSequence || (index >= 0 && !_active[index].WasTold))
            return Violation("RETIRE_CONNECTION_ID for a connection ID that was not issued");
        if (index < 0)
            return null;
        if (_active[index].Id == destination)
            return Violation("RETIRE_CONNECTION_ID for the connection ID that it was sent to");
        retired = _active[index].Id;
        _active.RemoveAt(index);
        return null;
    }

    private static TransportError Violation(string reason) => new(TransportErrorCode.ProtocolViolation, reason);

    private void Add(ConnectionId id, bool isPending) => _active.Add(new Entry(_nextSequence++, id, isPending, WasTold: !isPending));

    private void SetPending(ulong sequenceNumber, bool isPending)
    {
        int index = IndexOf(sequenceNumber);
        if (index >= 0)
            _active[index] = _active[index] with { IsPending = isPending };
    }

    private int IndexOf(ulong sequenceNumber)
    {
        for (int index = 0; index < _active.Count; index++)
        {
            if (_active[index].SequenceNumber == sequenceNumber)
                return index;
        }

        return -1;
    }

    private readonly record struct Entry(ulong SequenceNumber, ConnectionId Id, bool IsPending, bool WasTold);
}
