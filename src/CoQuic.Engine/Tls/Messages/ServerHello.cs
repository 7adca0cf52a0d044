using System;
using System.Diagnostics.CodeAnalysis;

namespace CoQuic.Engine;

/// <summary>ServerHello (RFC 8446 §4.1.3), and HelloRetryRequest (§4.1.4), which differs by its random.</summary>
internal sealed record ServerHello
{
    /// <summary>The random of a HelloRetryRequest: the SHA-256 of its name (RFC 8446 §4.1.3).</summary>
    public static readonly Bytes HelloRetryRequestRandom =
        Bytes.FromHex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c");

    public required Bytes Random { get; init; }

    public required CipherSuite CipherSuite { get; init; }

    /// <summary>supported_versions: the version chosen, null when the extension is absent.</summary>
    public ushort? SelectedVersion { get; init; }

    /// <summary>key_share of a ServerHello.</summary>
    public KeyShareEntry? KeyShare { get; init; }

    /// <summary>key_share of a HelloRetryRequest: the group that the server wants.</summary>
    public NamedGroup? SelectedGroup { get; init; }

    /// <summary>pre_shared_key of a ServerHello: which of the client's identities the server took.</summary>
    public ushort? SelectedIdentity { get; init; }

    /// <summary>cookie of a HelloRetryRequest.</summary>
    public Bytes? Cookie { get; init; }

    /// <summary>All extensions as they came.</summary>
    public ExtensionList Extensions { get; init; } = ExtensionList.Empty;

    public bool IsHelloRetryRequest => Random == HelloRetryRequestRandom;

    /// <summary>Whether the random says that the server knows TLS 1.3 and yet chose less (RFC 8446 §4.1.3).</summary>
    public bool HasDowngradeSentinel =>
        Random.Span[24..].SequenceEqual("DOWNGRD\x01"u8) || Random.Span[24..].SequenceEqual("DOWNGRD\0"u8);

    public static bool TryRead(
        ReadOnlySpan<byte> body,
        [NotNullWhen(true)] out ServerHello? hello,
        [NotNullWhen(false)] out TransportError? error)
    {
        hello = null;
        error = AlertDescription.DecodeError.Because("a malformed ServerHello");
        TlsReader reader = new(body);
        if (!reader.TryReadUInt16(out ushort legacyVersion)
            || !reader.TryReadBytes(ClientHello.RandomSize, out ReadOnlySpan<byte> random)
            || !reader.TryReadVector8(out ReadOnlySpan<byte> legacySessionIdEcho)
            || !reader.TryReadUInt16(out ushort suite)
            || !reader.TryReadUInt8(out byte compressionMethod))
        {
            return false;
        }

        // RFC 8446 §4.1.3: the session ID is the one we sent, and we send none; version and compression are fixed.
        if (legacyVersion != SupportedVersionsExtension.Tls12 || !legacySessionIdEcho.IsEmpty || compressionMethod != 0)
        {
            error = AlertDescription.IllegalParameter.Because("a legacy field of the ServerHello with a wrong value");
            return false;
        }

        ReadOnlySpan<byte> content = default;
        bool isComplete = reader.IsAtEnd || (reader.TryReadVector16(out content) && reader.IsAtEnd);
        if (!isComplete || !ExtensionList.TryRead(content, out ExtensionList? extensions, out error))
            return false;
        hello = Decode(Bytes.CopyOf(random), (CipherSuite)suite, extensions, out error);
        return error is null;
    }

    private static ServerHello? Decode(Bytes random, CipherSuite suite, ExtensionList extensions, out TransportError? error)
    {
        error = null;
        bool isRetry = random == HelloRetryRequestRandom;
        ServerHello hello = new()
        {
            Random = random,
            CipherSuite = suite,
            Extensions = extensions,
            SelectedVersion = extensions.Decode<ushort?>(
                ExtensionType.SupportedVersions, SupportedVersionsExtension.TryReadSelected, ref error),
            KeyShare = isRetry
                ? null
                : extensions.Decode<KeyShareEntry>(ExtensionType.KeyShare, KeyShareExtension.TryReadEntry, ref error),
            SelectedGroup = isRetry
                ? extensions.Decode<NamedGroup?>(
                    ExtensionType.KeyShare, KeyShareExtension.TryReadSelectedGroup, ref error)
                : null,
            SelectedIdentity = isRetry
                ? null
                : extensions.Decode<ushort?>(ExtensionType.PreSharedKey, PreSharedKeyExtension.TryReadSelected, ref error),
            Cookie = isRetry ? extensions.Decode<Bytes?>(ExtensionType.Cookie, CookieExtension.TryRead, ref error) : null,
        };
        return error is null ? hello : null;
    }

    public byte[] Encode()
    {
        TlsWriter writer = new();
        writer.WriteUInt16(SupportedVersionsExtension.Tls12);
        writer.WriteBytes(Random);
        writer.WriteVector8([]); // legacy_session_id_echo: the client's, which is empty (RFC 9001 §8.4)
        writer.WriteUInt16((ushort)CipherSuite);
        writer.WriteUInt8(0); // legacy_compression_method

        int extensions = writer.Begin(2);
        SupportedVersionsExtension.WriteSelected(writer);
        if (KeyShare is not null)
            KeyShareExtension.WriteEntry(writer, KeyShare);
        if (SelectedGroup is { } group)
            KeyShareExtension.WriteSelectedGroup(writer, group);
        if (Cookie is { } cookie)
            CookieExtension.Write(writer, cookie);
        if (SelectedIdentity is { } identity)
            PreSharedKeyExtension.WriteSelected(writer, identity);
        writer.End(extensions, 2);
        return HandshakeMessage.Encode(HandshakeType.ServerHello, writer.ToBytes());
    }
}
