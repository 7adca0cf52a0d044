using System;
using System.Collections.Generic;
using System.Diagnostics;

namespace CoQuic.Engine;

/// <summary>A connection ID of the peer, with its sequence number.</summary>
internal readonly record struct RemoteConnectionId(ulong SequenceNumber, ConnectionId Id);

/// <summary>The connection IDs that the peer issues, for us to send to (RFC 9000 §5.1.2).</summary>
/// <param name="initial">The ID to send to at first.</param>
/// <param name="activeLimit">Our active_connection_id_limit transport parameter.</param>
/// <param name="resets">Is told the stateless reset tokens of the IDs that are sent to; none when nobody looks for them.</param>
internal sealed class RemoteConnectionIds(ConnectionId initial, ulong activeLimit, StatelessResetWatch? resets = null)
{
    /// <summary>
    /// The most sequence numbers, in ranges, that are remembered. They rise by 1 (RFC 9000 §5.1.1), so that only reordering
    /// makes gaps; who skips more has IDs for us to retire that we were never told.
    /// </summary>
    public const int MaximumSequenceRanges = 32;

    // RFC 9000 §5.1.2: at least twice the limit should be possible.
    private const ulong RetirementsPerActiveId = 3;

    private readonly List<Entry> _active = [new Entry(0, initial, null, IsUsed: true)];
    private readonly List<Retirement> _retirements = [];
    private readonly OffsetRanges _seen = SeenInitial();
    private ulong _retirePriorTo;

    /// <summary>The ID that packets on the current path are sent to.</summary>
    public RemoteConnectionId Current { get; private set; } = new(0, initial);

    /// <summary>How many IDs are active: received and not retired.</summary>
    public int ActiveCount => _active.Count;

    /// <summary>Whether a new path can have an ID that no other path has used (RFC 9000 §9.5).</summary>
    public bool HasUnused => Current.Id.IsEmpty || IndexOfUnused() >= 0;

    /// <summary>Retirements that are not acknowledged; bounded by the active limit.</summary>
    public int OutstandingRetirements => _retirements.Count;

    /// <summary>The peer chose the ID of its handshake packets (RFC 9000 §7.2): that is the one with sequence number 0.</summary>
    public void ReplaceInitial(ConnectionId id)
    {
        Debug.Assert(_active.Count == 1 && Current.SequenceNumber == 0, "the first ID is replaced during the handshake");
        _active[0] = _active[0] with { Id = id };
        Current = new RemoteConnectionId(0, id);
    }

    /// <summary>The server's stateless_reset_token transport parameter, which belongs to the first ID (RFC 9000 §18.2).</summary>
    public void SetInitialToken(StatelessResetToken token)
    {
        int index = IndexOf(0);
        if (index < 0)
            return;
        _active[index] = _active[index] with { Token = token };
        resets?.Begin(token);
    }

    /// <summary>NEW_CONNECTION_ID (RFC 9000 §19.15), or the ID of a preferred address, which has sequence number 1.</summary>
    public TransportError? OnNewConnectionId(
        ulong sequenceNumber, ulong retirePriorTo, ConnectionId id, StatelessResetToken token)
    {
        if (Current.Id.IsEmpty)
            return new TransportError(TransportErrorCode.ProtocolViolation, "NEW_CONNECTION_ID to one that sends to length 0");
        if (retirePriorTo > sequenceNumber || id.IsEmpty)
            return new TransportError(TransportErrorCode.FrameEncodingError, "NEW_CONNECTION_ID that contradicts itself");
        if (Contradicts(sequenceNumber, id, token))
            return new TransportError(TransportErrorCode.ProtocolViolation, "a connection ID was issued twice, differently");

        _retirePriorTo = Math.Max(_retirePriorTo, retirePriorTo);
        RetireActivePrior();
        if (!_seen.Contains(sequenceNumber))
            Add(new Entry(sequenceNumber, id, token, IsUsed: false));
        if (IndexOf(Current.SequenceNumber) < 0)
            UseAnother();
        return CheckLimits();
    }

    /// <summary>Takes an ID that was not used on any path, for a new one (RFC 9000 §9.5).</summary>
    public bool TryTakeUnused(out RemoteConnectionId taken)
    {
        taken = Current;
        if (Current.Id.IsEmpty)
            return true;
        int index = IndexOfUnused();
        if (index < 0)
            return false;
        taken = UseAt(index);
        return true;
    }

    /// <summary>Packets are sent to this ID from now on; it was taken before and is active.</summary>
    public void Use(RemoteConnectionId id) => Current = id;

    /// <summary>Whether an ID that was taken may still be sent to: the peer may have had it retired.</summary>
    public bool IsActive(RemoteConnectionId id) => IndexOf(id.SequenceNumber) >= 0;

    /// <summary>A path is given up, and its ID with it. The current one cannot be retired.</summary>
    public void Retire(RemoteConnectionId id)
    {
        Debug.Assert(id.SequenceNumber != Current.SequenceNumber || id.Id.IsEmpty, "the ID in use stays");
        int index = id.Id.IsEmpty ? -1 : IndexOf(id.SequenceNumber);
        if (index >= 0)
            RetireAt(index);
    }

    /// <summary>Whether a datagram that could not be opened ends in the token of an ID that we have sent to (RFC 9000 §10.3.1).</summary>
    /// <param name="last16Bytes">The last 16 bytes of the datagram.</param>
    public bool IsStatelessReset(ReadOnlySpan<byte> last16Bytes)
    {
        var candidate = new StatelessResetToken(last16Bytes);
        bool found = false;
        foreach (Entry entry in _active)
            found |= entry.IsUsed && entry.Token is { } token && token == candidate;
        return found;
    }

    /// <summary>Finds an ID that RETIRE_CONNECTION_ID has to tell, for the first time or again.</summary>
    public bool TryGetPendingRetirement(out ulong sequenceNumber)
    {
        foreach (Retirement retirement in _retirements)
        {
            if (!retirement.IsPending)
                continue;
            sequenceNumber = retirement.SequenceNumber;
            return true;
        }

        sequenceNumber = 0;
        return false;
    }

    public void OnRetirementSent(ulong sequenceNumber) => SetPending(sequenceNumber, false);

    public void OnRetirementLost(ulong sequenceNumber) => SetPending(sequenceNumber, true);

    public void OnRetirementAcked(ulong sequenceNumber) =>
        _retirements.RemoveAll(retirement => retirement.SequenceNumber == sequenceNumber);

    /// <summary>The connection is over: nobody looks for its tokens any more.</summary>
    public void Release()
    {
        foreach (Entry entry in _active)
            Forget(entry);
    }

    private static OffsetRanges SeenInitial()
    {
        var seen = new OffsetRanges();
        seen.Add(0, 1);
        return seen;
    }

    private bool Contradicts(ulong sequenceNumber, ConnectionId id, StatelessResetToken token)
    {
        foreach (Entry entry in _active)
        {
            bool sameNumber = entry.SequenceNumber == sequenceNumber;
            bool sameId = entry.Id == id;
            bool sameToken = entry.Token is { } known && known == token;
            if (sameNumber != sameId || (sameNumber && !sameToken))
                return true;
        }

        return false;
    }

    private void Add(Entry entry)
    {
        _seen.Add(entry.SequenceNumber, entry.SequenceNumber + 1);
        _active.Add(entry);

        // RFC 9000 §19.15: an ID that arrives after its retirement was asked for is retired at once.
        if (entry.SequenceNumber < _retirePriorTo)
            RetireAt(_active.Count - 1);
    }

    private void RetireActivePrior()
    {
        for (int index = _active.Count - 1; index >= 0; index--)
        {
            if (_active[index].SequenceNumber < _retirePriorTo)
                RetireAt(index);
        }
    }

    private void RetireAt(int index)
    {
        _retirements.Add(new Retirement(_active[index].SequenceNumber, IsPending: true));
        Forget(_active[index]);
        _active.RemoveAt(index);
    }

    /// <summary>RFC 9000 §10.3.1: tokens count from when their ID is used until it is retired.</summary>
    private RemoteConnectionId UseAt(int index)
    {
        Entry entry = _active[index];
        if (!entry.IsUsed && entry.Token is { } token)
            resets?.Begin(token);
        _active[index] = entry with { IsUsed = true };
        return entry.ToRemote();
    }

    private void Forget(in Entry entry)
    {
        if (entry.IsUsed && entry.Token is { } token)
            resets?.End(token);
    }

    private void UseAnother()
    {
        if (_active.Count > 0)
            Current = UseAt(Math.Max(0, IndexOfUnused()));
    }

    private TransportError? CheckLimits()
    {
        if (_active.Count == 0)
            return new TransportError(TransportErrorCode.ProtocolViolation, "no connection ID is left to send to");
        bool exceeded = (ulong)_active.Count > activeLimit
            || (ulong)_retirements.Count > RetirementsPerActiveId * activeLimit
            || _seen.Count > MaximumSequenceRanges;
        return exceeded
            ? new TransportError(TransportErrorCode.ConnectionIdLimitError, "more connection IDs than the limit")
            : null;
    }

    private void SetPending(ulong sequenceNumber, bool isPending)
    {
        for (int index = 0; index < _retirements.Count; index++)
        {
            if (_retirements[index].SequenceNumber == sequenceNumber)
                _retirements[index] = _retirements[index] with { IsPending = isPending };
        }
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

    private int IndexOfUnused() => _active.FindIndex(static entry => !entry.IsUsed);

    private readonly record struct Entry(ulong SequenceNumber, ConnectionId Id, StatelessResetToken? Token, bool IsUsed)
    {
        public RemoteConnectionId ToRemote() => new(SequenceNumber, Id);
    }

    private readonly record struct Retirement(ulong SequenceNumber, bool IsPending);
}
