using System;

namespace CoQuic.Engine;

/// <summary>By what a packet is declared lost at one instant (RFC 9002 §6.1).</summary>
/// <param name="LostSendTime">lost_send_time: packets sent then or earlier are lost, once a later one is acknowledged.</param>
/// <param name="LossDelay">The time threshold.</param>
/// <param name="FirstRttSampleTime">first_rtt_sample of the current path: losses of before tell nothing about persistent congestion.</param>
/// <param name="PathId">The current path.</param>
internal readonly record struct LossRules(TimeUs LostSendTime, TimeSpan LossDelay, TimeUs? FirstRttSampleTime, uint PathId)
{
    /// <summary>Packets that may overtake one before it counts as lost (RFC 9002 §6.1.1).</summary>
    public int PacketThreshold { get; init; } = PacketReordering.InitialThreshold;

    public static LossRules At(TimeUs now, PathRecovery path)
    {
        TimeSpan delay = path.Rtt.LossDelay(path.Reordering.TimeEighths);
        return new(now - delay, delay, path.Rtt.FirstSampleTime, path.Id) { PacketThreshold = path.Reordering.Threshold };
    }

    /// <summary>Whether a lost packet may begin or end a period of persistent congestion (RFC 9002 §7.6.2).</summary>
    public bool CountsAsPersistent(in SentPacket packet) =>
        packet.IsAckEliciting && !packet.IsMtuProbe && packet.PathId == PathId && packet.TimeSent > FirstRttSampleTime;
}
