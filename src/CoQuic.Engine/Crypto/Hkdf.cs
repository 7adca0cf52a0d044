using System;
using System.Diagnostics;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>The key derivation of TLS 1.3 (RFC 5869, RFC 8446 §7.1), over spans.</summary>
internal static class Hkdf
{
    // Longest label and context of TLS 1.3 and QUIC: "quicv2 key" and the like, and a hash of up to 48 bytes.
    private const int MaximumInfoLength = sizeof(ushort) + 1 + byte.MaxValue + 1 + byte.MaxValue;

    private static ReadOnlySpan<byte> LabelPrefix => "tls13 "u8;

    /// <summary>HKDF-Extract: an HMAC (RFC 5869 §2.2), which costs the platform less under its own name.</summary>
    /// <param name="hash">SHA-256 or SHA-384.</param>
    /// <param name="salt">The salt.</param>
    /// <param name="inputKeyingMaterial">The secret input.</param>
    /// <param name="pseudorandomKey">The result: as long as the hash.</param>
    public static void Extract(
        HashAlgorithmName hash, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> inputKeyingMaterial, Span<byte> pseudorandomKey) =>
        CryptographicOperations.HmacData(hash, salt, inputKeyingMaterial, pseudorandomKey);

    /// <summary>HKDF-Expand.</summary>
    public static void Expand(
        HashAlgorithmName hash, ReadOnlySpan<byte> pseudorandomKey, ReadOnlySpan<byte> info, Span<byte> output) =>
        HKDF.Expand(hash, pseudorandomKey, output, info);

    /// <summary>HKDF-Expand-Label (RFC 8446 §7.1) of a secret that is used for this alone.</summary>
    /// <param name="hash">SHA-256 or SHA-384.</param>
    /// <param name="secret">A secret as long as the hash.</param>
    /// <param name="label">The label without "tls13 ".</param>
    /// <param name="context">The context, mostly a transcript hash or nothing.</param>
    /// <param name="output">What to fill; its length takes part in the derivation.</param>
    public static void ExpandLabel(
        HashAlgorithmName hash, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> label, ReadOnlySpan<byte> context, Span<byte> output)
    {
        var info = new QuicWriter(stackalloc byte[MaximumInfoLength]);
        WriteInfo(ref info, label, context, output.Length);
        Expand(hash, secret, info.Written, output);
    }

    /// <summary>The same, of a secret that several labels are expanded with.</summary>
    /// <param name="secret">HMAC by the secret.</param>
    /// <param name="label">The label without "tls13 ".</param>
    /// <param name="context">The context, mostly a transcript hash or nothing.</param>
    /// <param name="output">What to fill: no more than a hash, so that RFC 5869 §2.3 asks for one block.</param>
    public static void ExpandLabel(in HmacKey secret, ReadOnlySpan<byte> label, ReadOnlySpan<byte> context, Span<byte> output)
    {
        Debug.Assert(output.Length <= secret.CodeLength, "one block is enough");
        var info = new QuicWriter(stackalloc byte[MaximumInfoLength + 1]);
        WriteInfo(ref info, label, context, output.Length);
        info.WriteByte(1);
        Span<byte> block = stackalloc byte[secret.CodeLength];
        secret.Authenticate(info.Written, block);
        block[..output.Length].CopyTo(output);
        CryptographicOperations.ZeroMemory(block);
    }

    /// <summary>HkdfLabel (RFC 8446 §7.1).</summary>
    private static void WriteInfo(ref QuicWriter info, ReadOnlySpan<byte> label, ReadOnlySpan<byte> context, int length)
    {
        Debug.Assert(length <= ushort.MaxValue, "the length field has two bytes");
        info.WriteUInt16((ushort)length);
        info.WriteByte((byte)(LabelPrefix.Length + label.Length));
        info.WriteBytes(LabelPrefix);
        info.WriteBytes(label);
        info.WriteByteLengthPrefixed(context);
    }
}
