namespace CoQuic.Engine;

/// <summary>Bounds on what a peer can make TLS keep or compute.</summary>
internal static class TlsLimits
{
    /// <summary>
    /// The largest handshake message that is buffered, header included; certificate chains are the largest in practice.
    /// </summary>
    public const int MaximumHandshakeMessageSize = 64 * 1024;

    /// <summary>Of the tickets that a client offers, so many are looked at: each costs an AEAD operation.</summary>
    public const int MaximumTicketsTried = 4;

    /// <summary>The longest certificate chain that is looked at.</summary>
    public const int MaximumCertificateChainLength = 16;

    /// <summary>The RSA keys that are accepted, in bits. Verifying takes time quadratic in the length.</summary>
    public const int MinimumRsaKeyBits = 2048;
    public const int MaximumRsaKeyBits = 8192;
}
