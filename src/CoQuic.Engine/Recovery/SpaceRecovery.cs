namespace CoQuic.Engine;

/// <summary>What loss detection keeps for each packet number space (RFC 9002 §A.3).</summary>
internal sealed class SpaceRecovery
{
    public SentPacketLog Log { get; } = new();

    public PersistentCongestion Persistent { get; } = new();

    /// <summary>loss_time: when the oldest packet that a later one overtook will be lost.</summary>
    public TimeUs? LossTime { get; set; }
}
