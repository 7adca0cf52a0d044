namespace CoQuic.Engine;

/// <summary>What an expired loss detection timer asks for (RFC 9002 §A.9).</summary>
internal enum TimeoutKind : byte
{
    /// <summary>The timer has not expired.</summary>
    None,

    /// <summary>The time threshold passed: the packets in <see cref="LossDetector.Lost"/> are lost.</summary>
    PacketsLost,

    /// <summary>A PTO expired: ack-eliciting packets are to be sent, whatever congestion control says (RFC 9002 §7.5).</summary>
    SendProbes,
}

/// <param name="Kind">What to do.</param>
/// <param name="Space">Where to send probes.</param>
/// <param name="Probes">How many datagrams with an ack-eliciting packet to send.</param>
internal readonly record struct TimeoutAction(TimeoutKind Kind, PacketNumberSpaceId Space = default, int Probes = 0);
