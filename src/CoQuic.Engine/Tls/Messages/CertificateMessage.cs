using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;

namespace CoQuic.Engine;

/// <summary>One certificate, DER, and what was said about it.</summary>
internal readonly record struct CertificateEntry(Bytes Certificate, ExtensionList Extensions);

/// <summary>Certificate (RFC 8446 §4.4.2): the chain, the sender's own certificate first.</summary>
internal sealed record CertificateMessage(Bytes RequestContext, IReadOnlyList<CertificateEntry> Entries)
{
    public static bool TryRead(
        ReadOnlySpan<byte> body,
        [NotNullWhen(true)] out CertificateMessage? message,
        [NotNullWhen(false)] out TransportError? error)
    {
        message = null;
        error = AlertDescription.DecodeError.Because("a malformed Certificate");
        TlsReader reader = new(body);
        if (!reader.TryReadVector8(out ReadOnlySpan<byte> context)
            || !reader.TryReadVector24(out ReadOnlySpan<byte> list)
            || !reader.IsAtEnd)
        {
            return false;
        }

        List<CertificateEntry> entries = [];
        TlsReader rest = new(list);
        while (!rest.IsAtEnd)
        {
            error = ReadEntry(ref rest, entries);
            if (error is not null)
                return false;
        }
        message = new CertificateMessage(Bytes.CopyOf(context), entries);
        error = null;
        return true;
    }

    private static TransportError? ReadEntry(ref TlsReader reader, List<CertificateEntry> entries)
    {
        if (entries.Count == TlsLimits.MaximumCertificateChainLength)
            return AlertDescription.BadCertificate.Because("too many certificates");
        if (!reader.TryReadVector24(out ReadOnlySpan<byte> certificate)
            || !reader.TryReadVector16(out ReadOnlySpan<byte> content)
            || certificate.IsEmpty)
        {
            return AlertDescription.DecodeError.Because("a malformed CertificateEntry");
        }
        if (!ExtensionList.TryRead(content, out ExtensionList? extensions, out TransportError? error))
            return error;
        entries.Add(new CertificateEntry(Bytes.CopyOf(certificate), extensions));
        return null;
    }

    /// <summary>Encodes a chain without extensions; an empty one says that there is no certificate to show.</summary>
    public static byte[] Encode(ReadOnlySpan<byte> requestContext, IReadOnlyList<Bytes> chain)
    {
        TlsWriter writer = new();
        writer.WriteVector8(requestContext);
        int list = writer.Begin(3);
        foreach (Bytes certificate in chain)
        {
            writer.WriteVector24(certificate);
            writer.WriteVector16([]);
        }
        writer.End(list, 3);
        return HandshakeMessage.Encode(HandshakeType.Certificate, writer.ToBytes());
    }
}
