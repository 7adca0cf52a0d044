namespace CoQuic.Engine;

/// <summary>The states of BBR (draft-cardwell-iccrg-bbr-congestion-control-02 §4.1.1).</summary>
internal enum BbrState : byte
{
    /// <summary>The rate doubles each round trip until the pipe is full.</summary>
    Startup,

    /// <summary>The queue that Startup left is emptied.</summary>
    Drain,

    /// <summary>ProbeBW_DOWN: slower than the path delivers, to leave room.</summary>
    ProbeBandwidthDown,

    /// <summary>ProbeBW_CRUISE: as fast as the path delivers.</summary>
    ProbeBandwidthCruise,

    /// <summary>ProbeBW_REFILL: the pipe is filled, without a queue.</summary>
    ProbeBandwidthRefill,

    /// <summary>ProbeBW_UP: faster than the path delivers, to see whether it can do more.</summary>
    ProbeBandwidthUp,

    /// <summary>Little is in flight, so that the true round-trip time shows.</summary>
    ProbeRtt,
}

/// <summary>What the states do (the table of §4.6.1).</summary>
internal static class BbrStates
{
    /// <summary>BBRStartupCwndGain.</summary>
    private const double StartupWindowGain = 2;

    /// <summary>BBRStartupPacingGain: 4 ln 2, the least that lets the rate double each round trip.</summary>
    public const double StartupPacingGain = 2.77;

    /// <summary>BBRProbeRTTCwndGain.</summary>
    public const double ProbeRttWindowGain = 0.5;

    /// <summary>How fast to send, as a multiple of the bandwidth.</summary>
    public static double PacingGain(this BbrState state) => state switch
    {
        BbrState.Startup => StartupPacingGain,
        BbrState.Drain => 1 / StartupWindowGain,
        BbrState.ProbeBandwidthDown => 0.9,
        BbrState.ProbeBandwidthUp => 1.25,
        _ => 1,
    };

    /// <summary>How much may be in flight, as a multiple of the bandwidth-delay product.</summary>
    public static double WindowGain(this BbrState state) => state == BbrState.ProbeRtt ? ProbeRttWindowGain : StartupWindowGain;

    /// <summary>Whether it is one of the four that search for bandwidth in turn.</summary>
    public static bool IsProbeBandwidth(this BbrState state) =>
        state is >= BbrState.ProbeBandwidthDown and <= BbrState.ProbeBandwidthUp;

    /// <summary>BBRIsProbingBW: whether it accelerates, so that losses say where the limit is and not that the path has become worse.</summary>
    public static bool IsAccelerating(this BbrState state) =>
        state is BbrState.Startup or BbrState.ProbeBandwidthRefill or BbrState.ProbeBandwidthUp;
}
