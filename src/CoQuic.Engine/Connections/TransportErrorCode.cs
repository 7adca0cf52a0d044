namespace CoQuic.Engine;

/// <summary>Transport error codes (RFC 9000 §20.1). CRYPTO_ERROR takes 256 values, one a TLS alert: see <see cref="TransportErrorCodes.OfAlert"/>.</summary>
public enum TransportErrorCode : ulong
{
    /// <summary>NO_ERROR: the connection is closed abruptly without any error.</summary>
    NoError = 0x00,

    /// <summary>INTERNAL_ERROR: the endpoint cannot go on.</summary>
    InternalError = 0x01,

    /// <summary>CONNECTION_REFUSED: the server does not accept the connection.</summary>
    ConnectionRefused = 0x02,

    /// <summary>FLOW_CONTROL_ERROR: more data than was allowed.</summary>
    FlowControlError = 0x03,

    /// <summary>STREAM_LIMIT_ERROR: more streams than were allowed.</summary>
    StreamLimitError = 0x04,

    /// <summary>STREAM_STATE_ERROR: a frame that the stream's state forbids.</summary>
    StreamStateError = 0x05,

    /// <summary>FINAL_SIZE_ERROR: a final size that changed, or data beyond it.</summary>
    FinalSizeError = 0x06,

    /// <summary>FRAME_ENCODING_ERROR: a malformed frame.</summary>
    FrameEncodingError = 0x07,

    /// <summary>TRANSPORT_PARAMETER_ERROR: malformed, missing or contradicting transport parameters.</summary>
    TransportParameterError = 0x08,

    /// <summary>CONNECTION_ID_LIMIT_ERROR: more connection IDs than were allowed.</summary>
    ConnectionIdLimitError = 0x09,

    /// <summary>PROTOCOL_VIOLATION: an error that no other code describes.</summary>
    ProtocolViolation = 0x0a,

    /// <summary>INVALID_TOKEN: a client Initial with an invalid Retry token.</summary>
    InvalidToken = 0x0b,

    /// <summary>APPLICATION_ERROR: the application closed the connection before the handshake was over.</summary>
    ApplicationError = 0x0c,

    /// <summary>CRYPTO_BUFFER_EXCEEDED: more CRYPTO data than can be buffered.</summary>
    CryptoBufferExceeded = 0x0d,

    /// <summary>KEY_UPDATE_ERROR: an invalid key update.</summary>
    KeyUpdateError = 0x0e,

    /// <summary>AEAD_LIMIT_REACHED: the confidentiality or integrity limit of the keys is reached.</summary>
    AeadLimitReached = 0x0f,

    /// <summary>NO_VIABLE_PATH: the path does not support QUIC.</summary>
    NoViablePath = 0x10,

    /// <summary>VERSION_NEGOTIATION_ERROR (RFC 9368 §10.2).</summary>
    VersionNegotiationError = 0x11,

    /// <summary>CRYPTO_ERROR with alert 0; add the TLS alert (RFC 9001 §4.8).</summary>
    CryptoErrorBase = 0x0100,
}

/// <summary>Arithmetic on transport error codes.</summary>
public static class TransportErrorCodes
{
    /// <summary>The CRYPTO_ERROR that carries a TLS alert (RFC 9001 §4.8).</summary>
    /// <param name="alert">The alert description of RFC 8446 §6, 0 to 255.</param>
    public static TransportErrorCode OfAlert(byte alert) => TransportErrorCode.CryptoErrorBase + alert;

    /// <summary>Whether the code is a CRYPTO_ERROR (0x0100 to 0x01ff).</summary>
    /// <param name="code">The code to look at.</param>
    public static bool IsCryptoError(this TransportErrorCode code) => ((ulong)code & ~0xffUL) == 0x0100;
}
