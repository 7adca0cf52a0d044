using System;
using System.Diagnostics.CodeAnalysis;

namespace CoQuic.Engine;

/// <summary>CertificateVerify (RFC 8446 §4.4.3): proof that the sender holds the key of its certificate.</summary>
internal sealed record CertificateVerify(SignatureScheme Scheme, Bytes Signature)
{
    private const int PaddingSize = 64;

    public static bool TryRead(
        ReadOnlySpan<byte> body,
        [NotNullWhen(true)] out CertificateVerify? message,
        [NotNullWhen(false)] out TransportError? error)
    {
        message = null;
        error = AlertDescription.DecodeError.Because("a malformed CertificateVerify");
        TlsReader reader = new(body);
        if (!reader.TryReadUInt16(out ushort scheme)
            || !reader.TryReadVector16(out ReadOnlySpan<byte> signature)
            || !reader.IsAtEnd)
        {
            return false;
        }
        message = new CertificateVerify((SignatureScheme)scheme, Bytes.CopyOf(signature));
        error = null;
        return true;
    }

    public byte[] Encode()
    {
        TlsWriter writer = new();
        writer.WriteUInt16((ushort)Scheme);
        writer.WriteVector16(Signature);
        return HandshakeMessage.Encode(HandshakeType.CertificateVerify, writer.ToBytes());
    }

    /// <summary>What is signed: 64 spaces, a context string, a zero, and the transcript hash.</summary>
    public static byte[] SignedContent(Role signer, ReadOnlySpan<byte> transcriptHash)
    {
        ReadOnlySpan<byte> context = signer == Role.Server
            ? "TLS 1.3, server CertificateVerify"u8
            : "TLS 1.3, client CertificateVerify"u8;
        byte[] content = new byte[PaddingSize + context.Length + 1 + transcriptHash.Length];
        content.AsSpan(0, PaddingSize).Fill((byte)' ');
        context.CopyTo(content.AsSpan(PaddingSize));
        transcriptHash.CopyTo(content.AsSpan(PaddingSize + context.Length + 1));
        return content;
    }
}
