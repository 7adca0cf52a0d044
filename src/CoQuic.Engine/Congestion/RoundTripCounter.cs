namespace CoQuic.Engine;

/// <summary>
/// Counts round trips by packets: one is over when a packet is acknowledged that was sent after it began
/// (draft-cardwell-iccrg-bbr-congestion-control-02 §4.5.1).
/// </summary>
internal struct RoundTripCounter
{
    private ulong _nextRoundDelivered;

    /// <summary>Round trips so far.</summary>
    public ulong Count { get; private set; }

    /// <summary>Whether the last ACK frame ended one.</summary>
    public bool HasJustBegun { get; private set; }

    /// <summary>Takes an ACK frame.</summary>
    /// <returns>Whether a round trip is over, and the next begins.</returns>
    public bool Update(in DeliverySample delivery)
    {
        HasJustBegun = delivery.NewlyAcked > 0 && delivery.PriorDelivered >= _nextRoundDelivered;
        if (HasJustBegun)
        {
            Begin(delivery.TotalDelivered);
            Count++;
        }

        return HasJustBegun;
    }

    /// <summary>A round trip begins now, wherever the last one was.</summary>
    public void Begin(ulong totalDelivered) => _nextRoundDelivered = totalDelivered;
}
