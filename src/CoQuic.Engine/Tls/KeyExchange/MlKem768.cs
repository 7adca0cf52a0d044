using System;
using Org.BouncyCastle.Crypto.Kems;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Prng;
using Org.BouncyCastle.Security;

namespace CoQuic.Engine;

/// <summary>ML-KEM-768, the lattice-based key encapsulation of FIPS 203: the library's arithmetic, with bits that we draw.</summary>
internal static class MlKem768
{
    /// <summary>d and z, from which a key pair follows (FIPS 203, algorithm 16).</summary>
    public const int SeedSize = 64;
    public const int EncapsulationKeySize = 1184;
    public const int CiphertextSize = 1088;
    public const int SecretSize = 32;

    /// <summary>The encapsulation key's polynomials: three of 256 coefficients of 12 bits.</summary>
    private const int PolynomialsSize = 3 * 256 * 12 / 8;

    /// <summary>q, the modulus of the coefficients.</summary>
    private const int Modulus = 3329;

    /// <summary>The encapsulation key that belongs to a seed.</summary>
    public static byte[] EncapsulationKeyOf(byte[] seed) => Expand(seed).GetPublicKeyEncoded();

    /// <summary>
    /// Whether the bytes are an encapsulation key: of the right length, every coefficient below q (FIPS 203, section 7.2).
    /// </summary>
    public static bool IsEncapsulationKey(ReadOnlySpan<byte> key)
    {
        if (key.Length != EncapsulationKeySize)
            return false;
        for (ReadOnlySpan<byte> rest = key[..PolynomialsSize]; !rest.IsEmpty; rest = rest[3..])
        {
            int first = rest[0] | ((rest[1] & 0x0f) << 8);
            int second = (rest[1] >> 4) | (rest[2] << 4);
            if (first >= Modulus || second >= Modulus)
                return false;
        }
        return true;
    }

    /// <summary>Draws a secret and encapsulates it for the holder of a key, which is valid.</summary>
    public static void Encapsulate(ReadOnlySpan<byte> key, IEntropy entropy, Span<byte> ciphertext, Span<byte> secret)
    {
        MLKemEncapsulator encapsulator = new(MLKemParameters.ml_kem_768);
        encapsulator.Init(new ParametersWithRandom(
            MLKemPublicKeyParameters.FromEncoding(MLKemParameters.ml_kem_768, key.ToArray()),
            new SecureRandom(new EntropyGenerator(entropy))));
        encapsulator.Encapsulate(ciphertext, secret);
    }

    /// <summary>
    /// The secret in a ciphertext of the right size. One that was not made for the key gives a secret that nobody knows: that it is
    /// wrong shows in the first Finished.
    /// </summary>
    public static void Decapsulate(byte[] seed, ReadOnlySpan<byte> ciphertext, Span<byte> secret)
    {
        MLKemDecapsulator decapsulator = new(MLKemParameters.ml_kem_768);
        decapsulator.Init(Expand(seed));
        decapsulator.Decapsulate(ciphertext, secret);
    }

    private static MLKemPrivateKeyParameters Expand(byte[] seed) =>
        MLKemPrivateKeyParameters.FromSeed(MLKemParameters.ml_kem_768, seed);

    /// <summary>Gives the library our random bytes and no others.</summary>
    private sealed class EntropyGenerator(IEntropy entropy) : IRandomGenerator
    {
        public void AddSeedMaterial(byte[] seed)
        {
        }

        public void AddSeedMaterial(ReadOnlySpan<byte> seed)
        {
        }

        public void AddSeedMaterial(long seed)
        {
        }

        public void NextBytes(byte[] bytes) => entropy.Fill(bytes);

        public void NextBytes(byte[] bytes, int start, int len) => entropy.Fill(bytes.AsSpan(start, len));

        public void NextBytes(Span<byte> bytes) => entropy.Fill(bytes);
    }
}
