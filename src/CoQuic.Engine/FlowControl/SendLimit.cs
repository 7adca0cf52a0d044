using System.Diagnostics;

namespace CoQuic.Engine;

/// <summary>How much the peer lets us send, on one stream or on the whole connection (RFC 9000 §4.1).</summary>
/// <param name="limit">The initial limit, in bytes.</param>
internal sealed class SendLimit(ulong limit)
{
    private bool _reported;

    /// <summary>The largest limit that the peer has told, in bytes.</summary>
    public ulong Limit { get; private set; } = limit;

    /// <summary>The bytes that were sent for the first time.</summary>
    public ulong Used { get; private set; }

    public ulong Available => Limit - Used;

    /// <summary>Whether nothing is available and the peer was not told so yet: once for each limit (RFC 9000 §4.1).</summary>
    public bool ShouldReportBlocked => Available == 0 && !_reported;

    /// <summary>Takes a new limit; one that does not raise it is ignored (RFC 9000 §4.1).</summary>
    /// <returns>Whether the limit rose.</returns>
    public bool Raise(ulong limit)
    {
        if (limit <= Limit)
            return false;
        Limit = limit;
        _reported = false;
        return true;
    }

    /// <summary>Takes another limit for this one, though it may be lower: early data was refused (RFC 9001 §4.6.2).</summary>
    public void Replace(ulong limit)
    {
        Debug.Assert(limit >= Used, "what was sent stays within the limit");
        Limit = limit;
        _reported = false;
    }

    public void Use(ulong bytes)
    {
        Debug.Assert(bytes <= Available, "what is sent was available");
        Used += bytes;
    }

    /// <summary>DATA_BLOCKED or STREAM_DATA_BLOCKED was sent.</summary>
    public void OnBlockedSent() => _reported = true;

    /// <summary>The frame that reported a limit was lost: report again while that limit still blocks (RFC 9000 §13.3).</summary>
    public void OnBlockedLost(ulong reportedLimit)
    {
        if (reportedLimit == Limit)
            _reported = false;
    }
}
