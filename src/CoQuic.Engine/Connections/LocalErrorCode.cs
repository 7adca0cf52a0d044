namespace CoQuic.Engine;

/// <summary>Why an operation that the application asked for was refused. The numbers are those of the C ABI.</summary>
/// <remarks>A refused operation changes nothing.</remarks>
public enum LocalErrorCode : byte
{
    /// <summary>The connection cannot do this, or cannot do it now.</summary>
    UnsupportedOperation = 0,

    /// <summary>The stream does not exist, or opening it would exceed a stream limit (RFC 9000 §4.6).</summary>
    InvalidStreamId = 1,

    /// <summary>The stream does not carry data that way (RFC 9000 §2.1).</summary>
    InvalidStreamDirection = 2,

    /// <summary>The sending part was finished, reset, or stopped by the peer (RFC 9000 §3.1).</summary>
    SendSideClosed = 3,

    /// <summary>The receiving part is over (RFC 9000 §3.2).</summary>
    ReceiveSideClosed = 4,

    /// <summary>The operation contradicts the stream's final size (RFC 9000 §4.5).</summary>
    FinalSizeConflict = 5,

    /// <summary>The peer does not take DATAGRAM frames (RFC 9221 §3).</summary>
    DatagramNotSupported = 6,

    /// <summary>The DATAGRAM frame would be larger than the peer takes (RFC 9221 §3).</summary>
    DatagramTooLarge = 7,

    /// <summary>The operation would break flow control: more was consumed than was delivered.</summary>
    FlowControlViolation = 8,
}
