using System;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>
/// The key schedule of TLS 1.3 (RFC 8446 §7.1) without a pre-shared key: Early Secret, Handshake Secret, Master Secret.
/// </summary>
internal sealed class KeySchedule : IDisposable
{
    private readonly HashAlgorithmName _hash;
    private readonly byte[] _secret;

    /// <summary>Begins at the Early Secret.</summary>
    public KeySchedule(HashAlgorithmName hash)
    {
        _hash = hash;
        _secret = new byte[SizeOf(hash)];
        byte[] zeros = new byte[_secret.Length];
        Hkdf.Extract(_hash, zeros, zeros, _secret);
    }

    /// <summary>The Early, Handshake or Master Secret, whichever has been reached.</summary>
    public ReadOnlySpan<byte> Secret => _secret;

    /// <summary>Goes on to the Handshake Secret.</summary>
    public void MixSharedSecret(ReadOnlySpan<byte> sharedSecret) => Advance(sharedSecret);

    /// <summary>Goes on to the Master Secret.</summary>
    public void AdvanceToMasterSecret() => Advance(stackalloc byte[_secret.Length]);

    /// <summary>Derive-Secret, its messages already hashed.</summary>
    public byte[] DeriveSecret(ReadOnlySpan<byte> label, ReadOnlySpan<byte> transcriptHash)
    {
        byte[] secret = new byte[_secret.Length];
        Hkdf.ExpandLabel(_hash, _secret, label, transcriptHash, secret);
        return secret;
    }

    /// <summary>The verify_data of a Finished (RFC 8446 §4.4.4).</summary>
    public byte[] VerifyData(ReadOnlySpan<byte> trafficSecret, ReadOnlySpan<byte> transcriptHash)
    {
        Span<byte> finishedKey = stackalloc byte[_secret.Length];
        Hkdf.ExpandLabel(_hash, trafficSecret, "finished"u8, default, finishedKey);
        byte[] verifyData = CryptographicOperations.HmacData(_hash, finishedKey, transcriptHash);
        CryptographicOperations.ZeroMemory(finishedKey);
        return verifyData;
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_secret);

    private void Advance(ReadOnlySpan<byte> input)
    {
        byte[] hashOfNothing = CryptographicOperations.HashData(_hash, default(ReadOnlySpan<byte>));
        Span<byte> salt = stackalloc byte[_secret.Length];
        Hkdf.ExpandLabel(_hash, _secret, "derived"u8, hashOfNothing, salt);
        Hkdf.Extract(_hash, salt, input, _secret);
        CryptographicOperations.ZeroMemory(salt);
    }

    private static int SizeOf(HashAlgorithmName hash) =>
        hash == HashAlgorithmName.SHA384 ? SHA384.HashSizeInBytes : SHA256.HashSizeInBytes;
}
