using System;

namespace CoQuic.Engine;

/// <summary>The packets of versions 1 and 2 (RFC 9000 §17), whatever bits stand for them on the wire.</summary>
internal enum PacketType : byte
{
    Initial,
    ZeroRtt,
    Handshake,
    Retry,
    OneRtt,
    VersionNegotiation,
}

internal static class PacketTypes
{
    /// <summary>The keys that protect the packet: one of any type but Retry and Version Negotiation.</summary>
    public static EncryptionLevel Level(this PacketType type) => type switch
    {
        PacketType.Initial => EncryptionLevel.Initial,
        PacketType.ZeroRtt => EncryptionLevel.ZeroRtt,
        PacketType.Handshake => EncryptionLevel.Handshake,
        PacketType.OneRtt => EncryptionLevel.OneRtt,
        PacketType.Retry or PacketType.VersionNegotiation or _ =>
            throw new ArgumentOutOfRangeException(nameof(type), type, "The packet has no protection."),
    };

    /// <summary>The packet that carries what is protected at a level.</summary>
    public static PacketType Of(EncryptionLevel level) => level switch
    {
        EncryptionLevel.Initial => PacketType.Initial,
        EncryptionLevel.ZeroRtt => PacketType.ZeroRtt,
        EncryptionLevel.Handshake => PacketType.Handshake,
        EncryptionLevel.OneRtt or _ => PacketType.OneRtt,
    };
}
