using System;
using System.Diagnostics;

namespace CoQuic.Engine;

/// <summary>
/// All in which versions 1 and 2 differ (RFC 9001 §5, RFC 9369 §3): numbers of packet types, salts, keys, labels.
/// </summary>
internal sealed class VersionProfile
{
    private readonly PacketType[] _longTypes;
    private readonly byte[] _initialSalt;
    private readonly byte[] _retryKey;
    private readonly byte[] _retryNonce;

    private VersionProfile(
        QuicVersion version,
        PacketType[] longTypes,
        string initialSalt,
        string retryKey,
        string retryNonce,
        ReadOnlySpan<byte> labelPrefix)
    {
        Version = version;
        _longTypes = longTypes;
        _initialSalt = Convert.FromHexString(initialSalt);
        _retryKey = Convert.FromHexString(retryKey);
        _retryNonce = Convert.FromHexString(retryNonce);
        KeyLabel = [.. labelPrefix, .. " key"u8];
        IvLabel = [.. labelPrefix, .. " iv"u8];
        HeaderProtectionLabel = [.. labelPrefix, .. " hp"u8];
        KeyUpdateLabel = [.. labelPrefix, .. " ku"u8];
    }

    /// <summary>Version 1: RFC 9000 §17.2, RFC 9001 §5.1, §5.2, §5.8.</summary>
    public static VersionProfile V1 { get; } = new(
        QuicVersion.V1,
        [PacketType.Initial, PacketType.ZeroRtt, PacketType.Handshake, PacketType.Retry],
        initialSalt: "38762cf7f55934b34d179ae6a4c80cadccbb7f0a",
        retryKey: "be0c690b9f66575a1d766b54e368c84e",
        retryNonce: "461599d35d632bf2239825bb",
        "quic"u8);

    /// <summary>Version 2: RFC 9369 §3.2, §3.3.</summary>
    public static VersionProfile V2 { get; } = new(
        QuicVersion.V2,
        [PacketType.Retry, PacketType.Initial, PacketType.ZeroRtt, PacketType.Handshake],
        initialSalt: "0dede3def700a6db819381be6e269dcbf9bd2ed9",
        retryKey: "8fb4b01b56ac48e260fbcbcead7ccc92",
        retryNonce: "d86969bc2d7c6d9990efb04a",
        "quicv2"u8);

    public QuicVersion Version { get; }

    /// <summary>The long packet types in the order of their numbers, 0 to 3.</summary>
    public ReadOnlySpan<PacketType> LongTypes => _longTypes;

    public ReadOnlySpan<byte> InitialSalt => _initialSalt;

    public ReadOnlySpan<byte> RetryKey => _retryKey;

    public ReadOnlySpan<byte> RetryNonce => _retryNonce;

    /// <summary>The labels of HKDF-Expand-Label, without the prefix "tls13 ".</summary>
    public byte[] KeyLabel { get; }

    public byte[] IvLabel { get; }

    public byte[] HeaderProtectionLabel { get; }

    public byte[] KeyUpdateLabel { get; }

    /// <summary>The number of a long packet type, 0 to 3.</summary>
    public int LongTypeNumber(PacketType type) => Array.IndexOf(_longTypes, type);

    /// <summary>Whether the version is one that we speak.</summary>
    public static bool IsKnown(QuicVersion version) => version == QuicVersion.V1 || version == QuicVersion.V2;

    /// <summary>The profile of a version that we speak, or null.</summary>
    public static VersionProfile? Find(QuicVersion version) =>
        version == QuicVersion.V1 ? V1 : version == QuicVersion.V2 ? V2 : null;

    /// <summary>
    /// The profile of a version that is known to be one that we speak. A reserved version, with which a client provokes Version
    /// Negotiation (RFC 9000 §15), looks like version 1.
    /// </summary>
    public static VersionProfile Of(QuicVersion version)
    {
        Debug.Assert(IsKnown(version) || version.IsReserved, "the version was checked when the connection began");
        return version == QuicVersion.V2 ? V2 : V1;
    }
}
