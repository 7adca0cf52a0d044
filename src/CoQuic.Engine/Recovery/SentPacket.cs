namespace CoQuic.Engine;

/// <summary>
/// A packet that was sent (RFC 9002 §A.1.1). Who builds a packet fills in what <c>required</c> names;
/// the path that sends it adds the rest.
/// </summary>
internal readonly record struct SentPacket
{
    public required ulong PacketNumber { get; init; }

    public required EncryptionLevel Level { get; init; }

    /// <summary>sent_bytes: the packet's size in the datagram, with header and AEAD tag, without UDP and IP.</summary>
    public required int Size { get; init; }

    public required bool IsAckEliciting { get; init; }

    /// <summary>Whether it counts toward bytes in flight: it is ack-eliciting or has PADDING (RFC 9002 §2).</summary>
    public required bool IsInFlight { get; init; }

    /// <summary>Whether it probes the path's MTU: its loss says nothing about congestion (RFC 9000 §14.4).</summary>
    public bool IsMtuProbe { get; init; }

    /// <summary>How its datagram was marked, for ECN validation (RFC 9000 §13.4.2).</summary>
    public EcnCodepoint Ecn { get; init; }

    /// <summary>Whether its datagram was marked as ECN-capable.</summary>
    public bool IsEcnMarked => Ecn is EcnCodepoint.Ect0 or EcnCodepoint.Ect1;

    /// <summary>time_sent.</summary>
    public TimeUs TimeSent { get; init; }

    /// <summary>The path it was sent on: another path's estimates ignore its fate (RFC 9000 §9.4).</summary>
    public uint PathId { get; init; }

    /// <summary>Whether it was sent while there was less to send than the window allows.</summary>
    public bool IsAppLimited { get; init; }

    /// <summary>Bytes in flight on its path once it was sent, itself included.</summary>
    public ulong BytesInFlight { get; init; }

    /// <summary>Bytes that its path had delivered when it was sent, the base of a delivery-rate sample.</summary>
    public ulong Delivered { get; init; }

    /// <summary>When <see cref="Delivered"/> was reached.</summary>
    public TimeUs DeliveredTime { get; init; }

    /// <summary>When the flight that it belongs to began, so that a sample knows the sending rate too.</summary>
    public TimeUs FirstSentTime { get; init; }

    /// <summary>Bytes that its path had lost when it was sent.</summary>
    public ulong Lost { get; init; }

    /// <summary>Set when it is acknowledged after it had been declared lost: congestion control heard of it already.</summary>
    public bool WasDeclaredLost { get; init; }

    public PacketNumberSpaceId Space => PacketNumberSpaceIds.Of(Level);
}
