using System;
using System.Diagnostics;

namespace CoQuic.Engine;

/// <summary>Bounds of the stream counts themselves.</summary>
internal static class StreamCounts
{
    /// <summary>No stream has an index at or beyond 2^60: its identifier would not fit (RFC 9000 §4.6).</summary>
    public const ulong Maximum = 1UL << 60;
}

/// <summary>How many streams of one kind the peer lets us open (RFC 9000 §4.6).</summary>
internal sealed class StreamOpenLimit
{
    private bool _wanted;
    private bool _reported;

    /// <summary>The count that the peer allows, from the beginning of the connection.</summary>
    public ulong Limit { get; private set; }

    /// <summary>Whether the application wanted a stream beyond the limit and the peer was not told so yet.</summary>
    public bool ShouldReportBlocked => _wanted && !_reported;

    /// <summary>Takes a new limit; one that does not raise it is ignored (RFC 9000 §4.6).</summary>
    /// <returns>Whether the limit rose.</returns>
    public bool Raise(ulong limit)
    {
        if (limit <= Limit)
            return false;
        Limit = limit;
        _wanted = _reported = false;
        return true;
    }

    /// <summary>Takes another limit for this one, though it may be lower: early data was refused (RFC 9001 §4.6.2).</summary>
    public void Replace(ulong limit)
    {
        Limit = limit;
        _wanted = _reported = false;
    }

    /// <summary>Whether a stream of this index may be opened; if not, STREAMS_BLOCKED is due.</summary>
    public bool TryOpen(ulong index)
    {
        bool allowed = index < Limit;
        _wanted |= !allowed;
        return allowed;
    }

    public void OnBlockedSent() => _reported = true;

    /// <summary>The frame that reported a limit was lost: report again while that limit still blocks (RFC 9000 §13.3).</summary>
    public void OnBlockedLost(ulong reportedLimit)
    {
        if (reportedLimit == Limit)
            _reported = false;
    }
}

/// <summary>How many streams of one kind we let the peer open (RFC 9000 §4.6): a new one for each that is finished and released.</summary>
/// <param name="initial">How many may be open at the same time.</param>
internal sealed class StreamAcceptLimit(ulong initial)
{
    private readonly ulong _initial = initial;
    private ulong _released;
    private bool _peerIsBlocked;
    private bool _resend;

    /// <summary>The count that the peer was told, from the beginning of the connection.</summary>
    public ulong Limit { get; private set; } = initial;

    /// <summary>Whether enough streams were released to be worth a frame, or the peer waits for any.</summary>
    public bool ShouldUpdate
    {
        get
        {
            ulong due = Target - Limit;
            return _resend || (due > 0 && (_peerIsBlocked || due >= (_initial + 1) / 2));
        }
    }

    private ulong Target => Math.Min(_initial + _released, StreamCounts.Maximum);

    /// <summary>Whether the peer may open a stream of this index; if not, it is a STREAM_LIMIT_ERROR.</summary>
    public bool Allows(ulong index) => index < Limit;

    /// <summary>A stream is finished, and the application is done with it.</summary>
    public void OnReleased() => _released++;

    /// <summary>STREAMS_BLOCKED arrived (RFC 9000 §19.14).</summary>
    public void OnPeerBlocked(ulong atLimit) => _peerIsBlocked |= atLimit >= Limit;

    /// <summary>Decides on the count to tell the peer now.</summary>
    public ulong Update()
    {
        Debug.Assert(ShouldUpdate, "an update is due");
        _peerIsBlocked = _resend = false;
        Limit = Target;
        return Limit;
    }

    /// <summary>The frame that told a count was lost: tell the current one, unless a later frame has (RFC 9000 §13.3).</summary>
    public void OnUpdateLost(ulong lostLimit)
    {
        if (lostLimit == Limit)
            _resend = true;
    }
}
