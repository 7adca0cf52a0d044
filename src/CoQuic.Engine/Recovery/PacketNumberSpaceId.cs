namespace CoQuic.Engine;

/// <summary>A packet number space (RFC 9000 §12.3): packets of 0-RTT and 1-RTT share the last one.</summary>
internal enum PacketNumberSpaceId : byte
{
    Initial,
    Handshake,
    ApplicationData,
}

internal static class PacketNumberSpaceIds
{
    public const int Count = 3;

    public static PacketNumberSpaceId Of(EncryptionLevel level) => level switch
    {
        EncryptionLevel.Initial => PacketNumberSpaceId.Initial,
        EncryptionLevel.Handshake => PacketNumberSpaceId.Handshake,
        _ => PacketNumberSpaceId.ApplicationData,
    };
}
