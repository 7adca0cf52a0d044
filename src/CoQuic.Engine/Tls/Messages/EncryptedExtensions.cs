using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;

namespace CoQuic.Engine;

/// <summary>EncryptedExtensions (RFC 8446 §4.3.1): what a server answers that needs no key exchange.</summary>
internal sealed record EncryptedExtensions
{
    /// <summary>The protocol that the server chose: a list of one (RFC 7301 §3.1).</summary>
    public IReadOnlyList<Bytes>? ApplicationProtocols { get; init; }

    public Bytes? TransportParameters { get; init; }

    /// <summary>Whether the server used the name that the client sent.</summary>
    public bool AcknowledgesServerName { get; init; }

    /// <summary>early_data: the server takes the client's 0-RTT packets (RFC 9001 §4.6.2).</summary>
    public bool AcceptsEarlyData { get; init; }

    /// <summary>All extensions as they came.</summary>
    public ExtensionList Extensions { get; init; } = ExtensionList.Empty;

    public static bool TryRead(
        ReadOnlySpan<byte> body,
        [NotNullWhen(true)] out EncryptedExtensions? message,
        [NotNullWhen(false)] out TransportError? error)
    {
        message = null;
        error = AlertDescription.DecodeError.Because("malformed EncryptedExtensions");
        TlsReader reader = new(body);
        if (!reader.TryReadVector16(out ReadOnlySpan<byte> content) || !reader.IsAtEnd)
            return false;
        if (!ExtensionList.TryRead(content, out ExtensionList? extensions, out error))
            return false;

        EncryptedExtensions decoded = new()
        {
            Extensions = extensions,
            ApplicationProtocols = extensions.Decode<IReadOnlyList<Bytes>>(
                ExtensionType.ApplicationLayerProtocolNegotiation, ApplicationProtocolsExtension.TryRead, ref error),
            TransportParameters = extensions.Find(ExtensionType.QuicTransportParameters),
            AcknowledgesServerName = extensions.Contains(ExtensionType.ServerName),
            AcceptsEarlyData = extensions.Decode<bool?>(
                ExtensionType.EarlyData, EarlyDataExtension.TryReadIndication, ref error) == true,
        };
        message = error is null ? decoded : null;
        return error is null;
    }

    public byte[] Encode()
    {
        TlsWriter writer = new();
        int extensions = writer.Begin(2);
        if (AcknowledgesServerName)
            writer.WriteExtension(ExtensionType.ServerName, []);
        if (ApplicationProtocols is not null)
            ApplicationProtocolsExtension.Write(writer, ApplicationProtocols);
        if (TransportParameters is { } parameters)
            writer.WriteExtension(ExtensionType.QuicTransportParameters, parameters);
        if (AcceptsEarlyData)
            EarlyDataExtension.WriteIndication(writer);
        writer.End(extensions, 2);
        return HandshakeMessage.Encode(HandshakeType.EncryptedExtensions, writer.ToBytes());
    }
}
