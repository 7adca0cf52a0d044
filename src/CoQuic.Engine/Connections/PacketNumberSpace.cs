using System;

namespace CoQuic.Engine;

/// <summary>
/// One packet number space of a connection (RFC 9000 §12.3), as far as it is not loss detection's: what arrived and is to be
/// acknowledged, its CRYPTO data, and the probes that are due. It begins anew when its keys are discarded.
/// </summary>
/// <param name="id">Which one.</param>
/// <param name="transport">What was configured of acknowledgments.</param>
internal sealed class PacketNumberSpace(PacketNumberSpaceId id, TransportConfig transport)
{
    /// <summary>What arrived.</summary>
    public AckTracker Acks { get; } =
        new(id, transport.MaxAckDelay, transport.AckElicitingThreshold, transport.MaxAckElicitingThreshold);

    /// <summary>CRYPTO data, both ways.</summary>
    public CryptoStream Crypto { get; } = new();

    /// <summary>The records of the packet that is being written: cleared for each.</summary>
    public SentFrameList Frames { get; } = new();

    /// <summary>Packets that are to be sent whatever the congestion window says (RFC 9002 §6.2.4, §7.5).</summary>
    public int Probes { get; private set; }

    /// <summary>A timer has expired, or data of a handshake was lost: so many packets at least are to go out now.</summary>
    public void RequestProbes(int probes) => Probes = Math.Max(Probes, probes);

    /// <summary>What the probes were for does not matter any more.</summary>
    public void CancelProbes() => Probes = 0;

    /// <summary>A packet was sent that asks for an acknowledgment: it does as a probe.</summary>
    public void OnElicitingSent() => Probes = Math.Max(0, Probes - 1);
}
