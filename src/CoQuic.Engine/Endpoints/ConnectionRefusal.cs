using System;

namespace CoQuic.Engine;

/// <summary>
/// What a server answers that takes no more connections: an Initial packet with CONNECTION_REFUSED (RFC 9000 §5.2.2). It keeps no
/// state, and only an Initial that authenticates gets it.
/// </summary>
internal static class ConnectionRefusal
{
    /// <summary>No answer is longer: far below what the smallest Initial allows (RFC 9000 §8.1).</summary>
    public const int MaximumLength = 128;

    private const int PacketNumberLength = 1;

    private static ReadOnlySpan<byte> Reason => "the server takes no more connections"u8;

    /// <summary>Writes the answer to a client's first datagram.</summary>
    /// <param name="datagram">The datagram: when it is authentic, its first packet is decrypted in place.</param>
    /// <param name="room">Where to: at least <see cref="MaximumLength"/> bytes.</param>
    /// <returns>The answer's length; 0 when none is due, since the datagram begins with no authentic Initial.</returns>
    public static int Write(Span<byte> datagram, Span<byte> room)
    {
        if (!PacketParser.TryReadNext(datagram, 0, out ProtectedPacket packet)
            || packet.Type != PacketType.Initial
            || !packet.HasFixedBit)
        {
            return 0;
        }

        InitialSecrets secrets = InitialSecrets.Derive(packet.Version, packet.DestinationConnectionId);
        return IsAuthentic(datagram[..packet.Length], packet, secrets) ? WriteClose(room, packet, secrets) : 0;
    }

    private static bool IsAuthentic(Span<byte> bytes, in ProtectedPacket packet, in InitialSecrets secrets)
    {
        using PacketProtection client = PacketProtection.Create(packet.Version, CipherSuites.Initial, secrets.Client);
        return PacketOpener.TryOpen(client, bytes, packet.PacketNumberOffset, null, out _);
    }

    private static int WriteClose(Span<byte> room, in ProtectedPacket packet, in InitialSecrets secrets)
    {
        // The client's own choice of our connection ID stays: for one packet none has to be made.
        var header = new LongHeader(
            PacketType.Initial,
            packet.Version,
            packet.SourceConnectionId,
            packet.DestinationConnectionId,
            PacketNumber: 0,
            PacketNumberLength);
        PacketBuilder builder = PacketBuilder.Begin(room, header);
        ConnectionCloseFrame.Transport(TransportErrorCode.ConnectionRefused, 0, Reason).Write(ref builder.Payload);
        using PacketProtection server = PacketProtection.Create(packet.Version, CipherSuites.Initial, secrets.Server);
        return builder.Seal(server);
    }
}
