using System;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>
/// The key schedule of TLS 1.3 (RFC 8446 §7.1): Early Secret, Handshake Secret, Master Secret.
/// </summary>
internal sealed class KeySchedule : IDisposable
{
    private static readonly byte[] Sha256OfNothing = SHA256.HashData([]);
    private static readonly byte[] Sha384OfNothing = SHA384.HashData([]);

    private readonly HashAlgorithmName _hash;
    private readonly byte[] _secret;

    /// <summary>Begins at the Early Secret without a pre-shared key.</summary>
    public KeySchedule(HashAlgorithmName hash)
        : this(hash, new byte[SizeOf(hash)])
    {
    }

    /// <summary>Begins at the Early Secret of a pre-shared key.</summary>
    public KeySchedule(HashAlgorithmName hash, ReadOnlySpan<byte> preSharedKey)
    {
        _hash = hash;
        _secret = new byte[SizeOf(hash)];
        Hkdf.Extract(_hash, new byte[_secret.Length], preSharedKey, _secret);
    }

    public HashAlgorithmName Hash => _hash;

    /// <summary>The Early, Handshake or Master Secret, whichever has been reached.</summary>
    public ReadOnlySpan<byte> Secret => _secret;

    /// <summary>The pre-shared key that a ticket stands for (RFC 8446 §4.6.1).</summary>
    public static byte[] TicketKey(HashAlgorithmName hash, ReadOnlySpan<byte> resumptionSecret, ReadOnlySpan<byte> ticketNonce)
    {
        byte[] key = new byte[SizeOf(hash)];
        Hkdf.ExpandLabel(hash, resumptionSecret, "resumption"u8, ticketNonce, key);
        return key;
    }

    /// <summary>The binder of a resumed session, while at the Early Secret (RFC 8446 §4.2.11.2).</summary>
    /// <param name="truncatedHash">The transcript up to the binders, hashed.</param>
    public byte[] Binder(ReadOnlySpan<byte> truncatedHash)
    {
        byte[] binderKey = DeriveSecret("res binder"u8, HashOfNothing());
        byte[] binder = VerifyData(binderKey, truncatedHash);
        CryptographicOperations.ZeroMemory(binderKey);
        return binder;
    }

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

    /// <summary>The traffic secrets of both sides.</summary>
    public TrafficSecrets DeriveTrafficSecrets(
        ReadOnlySpan<byte> clientLabel, ReadOnlySpan<byte> serverLabel, ReadOnlySpan<byte> transcriptHash) =>
        TrafficSecrets.Derive(_hash, _secret, clientLabel, serverLabel, transcriptHash);

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
        Span<byte> salt = stackalloc byte[_secret.Length];
        Hkdf.ExpandLabel(_hash, _secret, "derived"u8, HashOfNothing(), salt);
        Hkdf.Extract(_hash, salt, input, _secret);
        CryptographicOperations.ZeroMemory(salt);
    }

    private byte[] HashOfNothing() => _hash == HashAlgorithmName.SHA384 ? Sha384OfNothing : Sha256OfNothing;

    private static int SizeOf(HashAlgorithmName hash) =>
        hash == HashAlgorithmName.SHA384 ? SHA384.HashSizeInBytes : SHA256.HashSizeInBytes;
}
