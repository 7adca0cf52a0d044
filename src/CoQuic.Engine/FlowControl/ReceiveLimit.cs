using System;
using System.Diagnostics;

namespace CoQuic.Engine;

/// <summary>
/// How much we let the peer send, on one stream or on the whole connection (RFC 9000 §4.1). The limit follows what is consumed
/// by a window, and the window grows while the peer uses it up faster than two round trips.
/// </summary>
/// <param name="window">The initial window, in bytes; it is the initial limit too.</param>
/// <param name="maximumWindow">How far the window may grow, in bytes.</param>
internal sealed class ReceiveLimit(ulong window, ulong maximumWindow)
{
    private TimeUs _lastUpdate;
    private bool _measures;
    private bool _resend;

    /// <summary>The limit that the peer was told, in bytes. It never falls.</summary>
    public ulong Limit { get; private set; } = window;

    /// <summary>Credit beyond what is consumed, in bytes.</summary>
    public ulong Window { get; private set; } = window;

    /// <summary>The bytes that the peer has used: the largest offset, or their sum on the connection.</summary>
    public ulong Received { get; private set; }

    /// <summary>The bytes that the application is done with.</summary>
    public ulong Consumed { get; private set; }

    /// <summary>Whether half of the window is consumed since the last update, so that a new limit is worth a frame.</summary>
    public bool ShouldUpdate => _resend || (Window > 0 && Limit - Math.Min(Limit, Consumed) <= Window / 2);

    /// <summary>Counts bytes that the peer has used.</summary>
    /// <returns>False when they exceed the limit: a FLOW_CONTROL_ERROR.</returns>
    public bool TryReceive(ulong bytes)
    {
        if (bytes > Limit - Received)
            return false;
        Received += bytes;
        return true;
    }

    /// <summary>Counts bytes that the application is done with, or that will never reach it.</summary>
    public void Consume(ulong bytes)
    {
        Debug.Assert(bytes <= Received - Consumed, "only what was received is consumed");
        Consumed += bytes;
    }

    /// <summary>Decides on the limit to tell the peer now, and grows the window when it was used up within two round trips.</summary>
    /// <param name="now">The current instant.</param>
    /// <param name="smoothedRtt">The round-trip time; zero when there is no sample, and then the window stays.</param>
    public ulong Update(TimeUs now, TimeSpan smoothedRtt)
    {
        _resend = false;
        ulong advance = Consumed + Window - Math.Min(Limit, Consumed + Window);
        if (_measures && IsFasterThanTwoRoundTrips(now - _lastUpdate, smoothedRtt, advance))
            Window = Math.Max(Window, Math.Min(Window * 2, maximumWindow));
        if (advance > 0)
            (_lastUpdate, _measures) = (now, true);
        Limit = Math.Max(Limit, Consumed + Window);
        return Limit;
    }

    /// <summary>The frame that told a limit was lost: tell the current one, unless a later frame has (RFC 9000 §13.3).</summary>
    public void OnUpdateLost(ulong lostLimit)
    {
        if (lostLimit == Limit)
            _resend = true;
    }

    // A whole window in two round trips is a part of it in the same part of two round trips.
    private bool IsFasterThanTwoRoundTrips(TimeSpan elapsed, TimeSpan smoothedRtt, ulong advance) =>
        smoothedRtt > TimeSpan.Zero && elapsed.Ticks * (double)Window < 2.0 * smoothedRtt.Ticks * advance;
}
