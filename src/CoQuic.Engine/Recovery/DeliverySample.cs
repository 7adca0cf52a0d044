namespace CoQuic.Engine;

/// <summary>What one ACK frame tells about how the path delivers (draft-cheng-iccrg-delivery-rate-estimation-02 §3.3).</summary>
internal readonly record struct DeliverySample
{
    /// <summary>delivery_rate, in bytes per second; 0 when the interval was too short to be relied on.</summary>
    public ulong Rate { get; init; }

    /// <summary>Bytes delivered on the path so far.</summary>
    public ulong TotalDelivered { get; init; }

    /// <summary>Bytes delivered on the path when the newest packet of the frame was sent.</summary>
    public ulong PriorDelivered { get; init; }

    /// <summary>Bytes delivered over the sample's interval.</summary>
    public ulong Delivered => TotalDelivered - PriorDelivered;

    /// <summary>Whether the application had sent too little when that packet left.</summary>
    public bool IsAppLimited { get; init; }

    /// <summary>tx_in_flight: bytes in flight when that packet was sent, itself included.</summary>
    public ulong SentInFlight { get; init; }

    /// <summary>Bytes lost since that packet was sent.</summary>
    public ulong Lost { get; init; }

    /// <summary>Bytes that the frame newly acknowledges.</summary>
    public ulong NewlyAcked { get; init; }

    /// <summary>Bytes found lost since the frame before.</summary>
    public ulong NewlyLost { get; init; }

    /// <summary>Bytes in flight now.</summary>
    public ulong BytesInFlight { get; init; }
}
