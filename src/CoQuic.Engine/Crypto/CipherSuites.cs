using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>What QUIC needs to know of a cipher suite (RFC 8446 §B.4, RFC 9001 §5.3, §5.4, §6.6).</summary>
/// <param name="Hash">The hash of its key schedule.</param>
/// <param name="HashLength">The length of its secrets in bytes.</param>
/// <param name="KeyLength">The length in bytes of the AEAD's key and of the header protection key.</param>
/// <param name="ConfidentialityLimit">Packets that one key may seal.</param>
/// <param name="IntegrityLimit">Packets that one connection may fail to open.</param>
internal readonly record struct CipherSuiteTraits(
    HashAlgorithmName Hash, int HashLength, int KeyLength, ulong ConfidentialityLimit, ulong IntegrityLimit);

internal static class CipherSuites
{
    private const ulong GcmConfidentialityLimit = 1UL << 23;
    private const ulong GcmIntegrityLimit = 1UL << 52;
    private const ulong ChaChaIntegrityLimit = 1UL << 36;

    /// <summary>The suite that protects Initial packets (RFC 9001 §5.2).</summary>
    public const CipherSuite Initial = CipherSuite.Aes128GcmSha256;

    public static CipherSuiteTraits Traits(this CipherSuite suite) => suite switch
    {
        CipherSuite.Aes256GcmSha384 => new(HashAlgorithmName.SHA384, 48, 32, GcmConfidentialityLimit, GcmIntegrityLimit),
        CipherSuite.ChaCha20Poly1305Sha256 =>
            new(HashAlgorithmName.SHA256, 32, 32, PacketNumber.MaxValue, ChaChaIntegrityLimit),
        CipherSuite.Aes128GcmSha256 or _ => new(HashAlgorithmName.SHA256, 32, 16, GcmConfidentialityLimit, GcmIntegrityLimit),
    };

    /// <summary>Whether the platform has what the suite needs.</summary>
    public static bool IsSupported(CipherSuite suite) => suite switch
    {
        CipherSuite.Aes128GcmSha256 or CipherSuite.Aes256GcmSha384 => IntrinsicAesGcm.IsSupported || AesGcm.IsSupported,
        CipherSuite.ChaCha20Poly1305Sha256 => ChaCha20Poly1305.IsSupported,
        _ => false,
    };
}
