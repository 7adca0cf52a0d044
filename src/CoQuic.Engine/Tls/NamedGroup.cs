namespace CoQuic.Engine;

/// <summary>Key exchange groups (RFC 8446 §4.2.7).</summary>
public enum NamedGroup : ushort
{
    /// <summary>secp256r1, also called P-256.</summary>
    Secp256r1 = 0x0017,

    /// <summary>x25519 (RFC 7748).</summary>
    X25519 = 0x001d,

    /// <summary>
    /// X25519MLKEM768: post-quantum ML-KEM-768 (FIPS 203) and X25519 together. A client's first flight takes two datagrams with it.
    /// </summary>
    X25519MlKem768 = 0x11ec,
}
