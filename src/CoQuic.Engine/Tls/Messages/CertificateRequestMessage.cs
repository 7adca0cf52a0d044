using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;

namespace CoQuic.Engine;

/// <summary>CertificateRequest (RFC 8446 §4.3.2): a server's wish, during the handshake, to see the client's certificate.</summary>
internal sealed record CertificateRequestMessage
{
    /// <summary>Our request: for a certificate of any kind that we can verify.</summary>
    public static readonly CertificateRequestMessage OfOurs = new()
    {
        SignatureSchemes = SignatureAlgorithm.HandshakeSchemes,
        CertificateSignatureSchemes = SignatureAlgorithm.CertificateSchemes,
    };

    /// <summary>What the server can verify in a CertificateVerify.</summary>
    public required IReadOnlyList<SignatureScheme> SignatureSchemes { get; init; }

    /// <summary>What it can verify in certificates, null when it is the same.</summary>
    public IReadOnlyList<SignatureScheme>? CertificateSignatureSchemes { get; init; }

    /// <summary>All extensions as they came.</summary>
    public ExtensionList Extensions { get; init; } = ExtensionList.Empty;

    public static bool TryRead(
        ReadOnlySpan<byte> body,
        [NotNullWhen(true)] out CertificateRequestMessage? message,
        [NotNullWhen(false)] out TransportError? error)
    {
        message = null;
        error = AlertDescription.DecodeError.Because("a malformed CertificateRequest");
        TlsReader reader = new(body);
        if (!reader.TryReadVector8(out ReadOnlySpan<byte> context)
            || !reader.TryReadVector16(out ReadOnlySpan<byte> content)
            || !reader.IsAtEnd)
        {
            return false;
        }
        if (!ExtensionList.TryRead(content, out ExtensionList? extensions, out error))
            return false;
        // RFC 8446 §4.3.2: a context is for requests after the handshake.
        if (!context.IsEmpty)
        {
            error = AlertDescription.IllegalParameter.Because("a certificate_request_context during the handshake");
            return false;
        }
        message = Decode(extensions, out error);
        return error is null;
    }

    private static CertificateRequestMessage? Decode(ExtensionList extensions, out TransportError? error)
    {
        error = null;
        IReadOnlyList<SignatureScheme>? schemes = extensions.Decode<IReadOnlyList<SignatureScheme>>(
            ExtensionType.SignatureAlgorithms, UInt16List.TryReadSchemes, ref error);
        IReadOnlyList<SignatureScheme>? certificateSchemes = extensions.Decode<IReadOnlyList<SignatureScheme>>(
            ExtensionType.SignatureAlgorithmsCert, UInt16List.TryReadSchemes, ref error);
        if (error is null && schemes is null)
            error = AlertDescription.MissingExtension.Because("a CertificateRequest without signature_algorithms");
        return error is not null
            ? null
            : new CertificateRequestMessage
            {
                SignatureSchemes = schemes!,
                CertificateSignatureSchemes = certificateSchemes,
                Extensions = extensions,
            };
    }

    public byte[] Encode()
    {
        TlsWriter writer = new();
        writer.WriteVector8([]); // certificate_request_context: empty during the handshake
        int extensions = writer.Begin(2);
        UInt16List.WriteSchemes(writer, ExtensionType.SignatureAlgorithms, SignatureSchemes);
        if (CertificateSignatureSchemes is not null)
            UInt16List.WriteSchemes(writer, ExtensionType.SignatureAlgorithmsCert, CertificateSignatureSchemes);
        writer.End(extensions, 2);
        return HandshakeMessage.Encode(HandshakeType.CertificateRequest, writer.ToBytes());
    }
}
