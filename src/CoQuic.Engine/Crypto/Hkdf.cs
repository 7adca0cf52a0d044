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

    /// <summary>HKDF-Extract.</summary>
    /// <param name="hash">SHA-256 or SHA-384.</param>
    /// <param name="salt">The salt.</param>
    /// <param name="inputKeyingMaterial">The secret input.</param>
    /// <param name="pseudorandomKey">The result: as long as the hash.</param>
    public static void Extract(
        HashAlgorithmName hash, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> inputKeyingMaterial, Span<byte> pseudorandomKey)
    {
        using HmacKey key = new(hash, salt);
        key.Authenticate(inputKeyingMaterial, pseudorandomKey);
    }

    /// <summary>HKDF-Expand.</summary>
    /// <param name="pseudorandomKey">The key.</param>
    /// <param name="info">What tells one use of the key from another, at most 513 bytes.</param>
    /// <param name="output">What to fill: up to 255 times the length of the hash.</param>
    public static void Expand(in HmacKey pseudorandomKey, ReadOnlySpan<byte> info, Span<byte> output)
    {
        Span<byte> buffer = stackalloc byte[SHA384.HashSizeInBytes + MaximumInfoLength + 1];
        Span<byte> code = stackalloc byte[pseudorandomKey.CodeLength];
        // RFC 5869 §2.3: T(n) is the code of T(n − 1), the info and n; T(0) is empty.
        int previous = 0;
        for (byte number = 1; !output.IsEmpty; number++)
        {
            var input = new QuicWriter(buffer);
            input.WriteBytes(code[..previous]);
            input.WriteBytes(info);
            input.WriteByte(number);
            pseudorandomKey.Authenticate(input.Written, code);
            previous = code.Length;

            int taken = Math.Min(code.Length, output.Length);
            code[..taken].CopyTo(output);
            output = output[taken..];
        }

        CryptographicOperations.ZeroMemory(buffer);
        CryptographicOperations.ZeroMemory(code);
    }

    /// <summary>HKDF-Expand-Label (RFC 8446 §7.1) of a secret that is used for this alone.</summary>
    /// <param name="hash">SHA-256 or SHA-384.</param>
    /// <param name="secret">A secret as long as the hash.</param>
    /// <param name="label">The label without "tls13 ".</param>
    /// <param name="context">The context, mostly a transcript hash or nothing.</param>
    /// <param name="output">What to fill; its length takes part in the derivation.</param>
    public static void ExpandLabel(
        HashAlgorithmName hash, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> label, ReadOnlySpan<byte> context, Span<byte> output)
    {
        using HmacKey key = new(hash, secret);
        ExpandLabel(key, label, context, output);
    }

    /// <summary>The same, of a secret that several labels are expanded with.</summary>
    public static void ExpandLabel(in HmacKey secret, ReadOnlySpan<byte> label, ReadOnlySpan<byte> context, Span<byte> output)
    {
        Debug.Assert(output.Length <= ushort.MaxValue, "the length field has two bytes");
        var info = new QuicWriter(stackalloc byte[MaximumInfoLength]);
        info.WriteUInt16((ushort)output.Length);
        info.WriteByte((byte)(LabelPrefix.Length + label.Length));
        info.WriteBytes(LabelPrefix);
        info.WriteBytes(label);
        info.WriteByteLengthPrefixed(context);
        Expand(secret, info.Written, output);
    }
}
