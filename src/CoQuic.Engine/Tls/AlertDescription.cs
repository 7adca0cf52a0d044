namespace CoQuic.Engine;

/// <summary>
/// The alerts of TLS 1.3 (RFC 8446 §6). In QUIC every alert is fatal and closes the connection (RFC 9001 §4.8).
/// </summary>
public enum AlertDescription : byte
{
    /// <summary>unexpected_message.</summary>
    UnexpectedMessage = 10,

    /// <summary>handshake_failure: no acceptable set of parameters.</summary>
    HandshakeFailure = 40,

    /// <summary>bad_certificate.</summary>
    BadCertificate = 42,

    /// <summary>unsupported_certificate.</summary>
    UnsupportedCertificate = 43,

    /// <summary>certificate_revoked.</summary>
    CertificateRevoked = 44,

    /// <summary>certificate_expired: expired, or not valid yet.</summary>
    CertificateExpired = 45,

    /// <summary>certificate_unknown: some other reason makes the certificate unacceptable.</summary>
    CertificateUnknown = 46,

    /// <summary>illegal_parameter.</summary>
    IllegalParameter = 47,

    /// <summary>unknown_ca: the chain ends in no trusted root.</summary>
    UnknownCa = 48,

    /// <summary>access_denied.</summary>
    AccessDenied = 49,

    /// <summary>decode_error.</summary>
    DecodeError = 50,

    /// <summary>decrypt_error: a signature or a Finished that does not verify.</summary>
    DecryptError = 51,

    /// <summary>protocol_version.</summary>
    ProtocolVersion = 70,

    /// <summary>insufficient_security.</summary>
    InsufficientSecurity = 71,

    /// <summary>internal_error.</summary>
    InternalError = 80,

    /// <summary>missing_extension.</summary>
    MissingExtension = 109,

    /// <summary>unsupported_extension.</summary>
    UnsupportedExtension = 110,

    /// <summary>unrecognized_name.</summary>
    UnrecognizedName = 112,

    /// <summary>certificate_required: a client's, which it did not show.</summary>
    CertificateRequired = 116,

    /// <summary>no_application_protocol (RFC 7301 §3.2).</summary>
    NoApplicationProtocol = 120,
}

internal static class Alerts
{
    /// <summary>The CRYPTO_ERROR that carries the alert (RFC 9001 §4.8).</summary>
    public static TransportError Because(this AlertDescription alert, string reason) =>
        new(TransportErrorCodes.OfAlert((byte)alert), reason);
}
