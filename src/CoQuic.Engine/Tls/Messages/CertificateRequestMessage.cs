using System;
using System.Diagnostics.CodeAnalysis;

namespace CoQuic.Engine;

/// <summary>CertificateRequest (RFC 8446 §4.3.2). We have no client certificate, so only its form matters.</summary>
internal sealed record CertificateRequestMessage(Bytes RequestContext, ExtensionList Extensions)
{
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

        error = Check(context, extensions);
        message = error is null ? new CertificateRequestMessage(Bytes.CopyOf(context), extensions) : null;
        return error is null;
    }

    private static TransportError? Check(ReadOnlySpan<byte> context, ExtensionList extensions)
    {
        // RFC 8446 §4.3.2: the context is for requests after the handshake, and signature_algorithms is mandatory.
        if (!context.IsEmpty)
            return AlertDescription.IllegalParameter.Because("a certificate_request_context during the handshake");
        if (!extensions.Contains(ExtensionType.SignatureAlgorithms))
            return AlertDescription.MissingExtension.Because("a CertificateRequest without signature_algorithms");
        return null;
    }
}
