using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;

namespace CoQuic.Engine;

/// <summary>ClientHello (RFC 8446 §4.1.2). A member that is null stands for an absent extension.</summary>
internal sealed record ClientHello
{
    public const int RandomSize = 32;

    public required Bytes Random { get; init; }

    /// <summary>In the client's order of preference, with values we do not know.</summary>
    public required IReadOnlyList<CipherSuite> CipherSuites { get; init; }

    public string? ServerName { get; init; }

    public IReadOnlyList<NamedGroup>? Groups { get; init; }

    public IReadOnlyList<SignatureScheme>? SignatureSchemes { get; init; }

    public IReadOnlyList<SignatureScheme>? CertificateSignatureSchemes { get; init; }

    public IReadOnlyList<Bytes>? ApplicationProtocols { get; init; }

    public IReadOnlyList<ushort>? Versions { get; init; }

    /// <summary>psk_key_exchange_modes: whether psk_dhe_ke is among them.</summary>
    public bool? HasDheMode { get; init; }

    /// <summary>early_data: 0-RTT packets under the first pre-shared key.</summary>
    public bool OffersEarlyData { get; init; }

    public OfferedPsks? PreSharedKeys { get; init; }

    public Bytes? Cookie { get; init; }

    public IReadOnlyList<KeyShareEntry>? KeyShares { get; init; }

    public Bytes? TransportParameters { get; init; }

    /// <summary>
    /// All extensions as they came: for comparing a second ClientHello with the first, and answers with what was asked.
    /// </summary>
    public ExtensionList Extensions { get; init; } = ExtensionList.Empty;

    public static bool TryRead(
        ReadOnlySpan<byte> body,
        [NotNullWhen(true)] out ClientHello? hello,
        [NotNullWhen(false)] out TransportError? error)
    {
        hello = null;
        TlsReader reader = new(body);
        if (!TryReadFixedPart(ref reader, out Bytes random, out ushort[]? suites, out error))
            return false;
        if (reader.IsAtEnd)
        {
            error = AlertDescription.ProtocolVersion.Because("a ClientHello without extensions is not of TLS 1.3");
            return false;
        }
        if (!reader.TryReadVector16(out ReadOnlySpan<byte> content) || !reader.IsAtEnd)
        {
            error = AlertDescription.DecodeError.Because("a malformed ClientHello");
            return false;
        }
        if (!ExtensionList.TryRead(content, out ExtensionList? extensions, out error))
            return false;
        hello = Decode(random, suites, extensions, out error);
        return error is null;
    }

    /// <summary>The fields before the extensions.</summary>
    private static bool TryReadFixedPart(
        ref TlsReader reader,
        out Bytes random,
        [NotNullWhen(true)] out ushort[]? suites,
        [NotNullWhen(false)] out TransportError? error)
    {
        suites = null;
        random = default;
        error = AlertDescription.DecodeError.Because("a malformed ClientHello");
        if (!reader.TryReadUInt16(out _)
            || !reader.TryReadBytes(RandomSize, out ReadOnlySpan<byte> randomBytes)
            || !reader.TryReadVector8(out ReadOnlySpan<byte> legacySessionId)
            || !reader.TryReadVector16(out ReadOnlySpan<byte> suiteBytes)
            || !UInt16List.TryReadContent(suiteBytes, out ushort[]? values)
            || !reader.TryReadVector8(out ReadOnlySpan<byte> compressionMethods))
        {
            return false;
        }

        error = CheckLegacyFields(legacySessionId, compressionMethods);
        if (error is not null)
            return false;
        random = Bytes.CopyOf(randomBytes);
        suites = values;
        return true;
    }

    private static TransportError? CheckLegacyFields(ReadOnlySpan<byte> sessionId, ReadOnlySpan<byte> compressionMethods)
    {
        // RFC 9001 §8.4: QUIC has no middlebox compatibility mode.
        if (!sessionId.IsEmpty)
            return new TransportError(TransportErrorCode.ProtocolViolation, "a legacy_session_id that is not empty");

        // RFC 8446 §4.1.2: the null compression method and no other.
        return compressionMethods is [0]
            ? null
            : AlertDescription.IllegalParameter.Because("legacy_compression_methods other than null");
    }

    private static ClientHello? Decode(Bytes random, ushort[] suites, ExtensionList extensions, out TransportError? error)
    {
        error = null;
        ClientHello hello = new()
        {
            Random = random,
            CipherSuites = Array.ConvertAll(suites, value => (CipherSuite)value),
            Extensions = extensions,
            ServerName = extensions.Decode<string>(ExtensionType.ServerName, ServerNameExtension.TryRead, ref error),
            Groups = extensions.Decode<IReadOnlyList<NamedGroup>>(
                ExtensionType.SupportedGroups, UInt16List.TryReadGroups, ref error),
            SignatureSchemes = extensions.Decode<IReadOnlyList<SignatureScheme>>(
                ExtensionType.SignatureAlgorithms, UInt16List.TryReadSchemes, ref error),
            CertificateSignatureSchemes = extensions.Decode<IReadOnlyList<SignatureScheme>>(
                ExtensionType.SignatureAlgorithmsCert, UInt16List.TryReadSchemes, ref error),
            ApplicationProtocols = extensions.Decode<IReadOnlyList<Bytes>>(
                ExtensionType.ApplicationLayerProtocolNegotiation, ApplicationProtocolsExtension.TryRead, ref error),
            Versions = extensions.Decode<ushort[]>(
                ExtensionType.SupportedVersions, SupportedVersionsExtension.TryReadList, ref error),
            KeyShares = extensions.Decode<IReadOnlyList<KeyShareEntry>>(
                ExtensionType.KeyShare, KeyShareExtension.TryReadList, ref error),
            HasDheMode = extensions.Decode<bool?>(
                ExtensionType.PskKeyExchangeModes, PskKeyExchangeModesExtension.TryRead, ref error),
            OffersEarlyData = extensions.Decode<bool?>(
                ExtensionType.EarlyData, EarlyDataExtension.TryReadIndication, ref error) == true,
            PreSharedKeys = extensions.Decode<OfferedPsks>(
                ExtensionType.PreSharedKey, PreSharedKeyExtension.TryReadOffer, ref error),
            TransportParameters = extensions.Find(ExtensionType.QuicTransportParameters),
        };
        return error is null ? hello : null;
    }

    public byte[] Encode()
    {
        TlsWriter writer = new();
        writer.WriteUInt16(SupportedVersionsExtension.Tls12);
        writer.WriteBytes(Random);
        writer.WriteVector8([]); // legacy_session_id: empty in QUIC (RFC 9001 §8.4)
        int suites = writer.Begin(2);
        foreach (CipherSuite suite in CipherSuites)
            writer.WriteUInt16((ushort)suite);
        writer.End(suites, 2);
        writer.WriteVector8([0]); // legacy_compression_methods: null alone

        int extensions = writer.Begin(2);
        WriteExtensions(writer);
        writer.End(extensions, 2);
        return HandshakeMessage.Encode(HandshakeType.ClientHello, writer.ToBytes());
    }

    private void WriteExtensions(TlsWriter writer)
    {
        if (ServerName is not null)
            ServerNameExtension.Write(writer, ServerName);
        if (Groups is not null)
            UInt16List.WriteGroups(writer, Groups);
        if (SignatureSchemes is not null)
            UInt16List.WriteSchemes(writer, ExtensionType.SignatureAlgorithms, SignatureSchemes);
        if (CertificateSignatureSchemes is not null)
            UInt16List.WriteSchemes(writer, ExtensionType.SignatureAlgorithmsCert, CertificateSignatureSchemes);
        if (ApplicationProtocols is not null)
            ApplicationProtocolsExtension.Write(writer, ApplicationProtocols);
        SupportedVersionsExtension.WriteList(writer);
        PskKeyExchangeModesExtension.Write(writer);
        if (Cookie is { } cookie)
            CookieExtension.Write(writer, cookie);
        if (KeyShares is not null)
            KeyShareExtension.WriteList(writer, KeyShares);
        if (TransportParameters is { } parameters)
            writer.WriteExtension(ExtensionType.QuicTransportParameters, parameters);
        if (OffersEarlyData)
            EarlyDataExtension.WriteIndication(writer);
        // RFC 8446 §4.2.11: it comes last, since its end is not among what its binders cover.
        if (PreSharedKeys is not null)
            PreSharedKeyExtension.WriteOffer(writer, PreSharedKeys);
    }
}
