using System;

namespace CoQuic.Engine;

/// <summary>
/// Begins packets, with the next number of their space and the header of their level, and seals them. Who watches the connection sees
/// each as it was before.
/// </summary>
/// <param name="setup">What the connection is made from.</param>
/// <param name="keys">The connection's keys.</param>
/// <param name="loss">Who knows the packet numbers.</param>
/// <param name="version">The connection's version.</param>
/// <param name="validation">Who knows the token of a client's Initials.</param>
/// <param name="qlog">Who watches, if anybody does.</param>
/// <param name="inspector">Who else watches.</param>
internal sealed class PacketWriter(
    ConnectionSetup setup,
    ConnectionKeys keys,
    LossDetector loss,
    NegotiatedVersion version,
    ClientAddressValidation validation,
    ConnectionQlog? qlog,
    PacketInspector? inspector)
{
    private readonly QuicBit _quicBit = new(setup.Config.Entropy);
    private readonly PacketNumberSkipper? _skipper =
        setup.Config.Transport.EnableOptimisticAckMitigation ? new PacketNumberSkipper(setup.Config.Entropy) : null;

    /// <summary>The peer takes packets with any QUIC bit (RFC 9287), and we want to make use of it.</summary>
    public void GreaseQuicBit() => _quicBit.Grease();

    /// <summary>Begins a packet: its header is written, its number taken. Ask first whether there are keys.</summary>
    /// <param name="path">The path that it goes on.</param>
    /// <param name="level">Its level.</param>
    /// <param name="room">Where it is written.</param>
    public PacketBuilder Begin(Path path, EncryptionLevel level, Span<byte> room)
    {
        PacketNumberSpaceId space = PacketNumberSpaceIds.Of(level);
        if (level == EncryptionLevel.OneRtt)
            PrepareOneRtt(space);
        ulong number = loss.NextPacketNumber(space);
        int numberLength = PacketNumber.EncodedLength(number, loss.LargestAcknowledged(space));
        ConnectionId destination = path.RemoteId.Id;
        PacketBuilder builder = level == EncryptionLevel.OneRtt
            ? PacketBuilder.Begin(room, new ShortHeader(destination, path.Spin.Value, keys.KeyPhase, number, numberLength))
            : BeginLong(level, room, destination, number, numberLength);
        if (!_quicBit.Next())
            builder.ClearFixedBit();
        return builder;
    }

    /// <summary>Protects a packet in place.</summary>
    /// <returns>Its length.</returns>
    public int Seal(ref PacketBuilder builder, EncryptionLevel level, bool isMtuProbe = false)
    {
        PacketProtection protection = keys.ToSend(level);
        if (qlog is null && inspector is null)
            return builder.Seal(protection);

        builder.PadTo(0);
        byte[] payload = builder.Payload.Written.ToArray();
        byte firstByte = builder.FirstByte;
        int length = builder.Seal(protection);
        SeenPacket packet = SeenPacket.Sealed(
            builder.Packet, builder.HeaderLength, firstByte, builder.PacketNumberValue, payload);
        qlog?.OnPacketSent(packet, length, isMtuProbe);
        inspector?.OnPacketSealed(packet, builder.Packet);
        return length;
    }

    /// <summary>A number may be left out, and keys that are worn out, or are to be, are updated (RFC 9001 §6).</summary>
    private void PrepareOneRtt(PacketNumberSpaceId space)
    {
        if (_skipper?.ShouldSkip(loss.NextPacketNumber(space)) == true)
            loss.SkipPacketNumber(space);
        keys.UpdateIfDue(loss.LargestAcknowledged(space));
    }

    private PacketBuilder BeginLong(
        EncryptionLevel level, Span<byte> room, ConnectionId destination, ulong number, int numberLength)
    {
        var header = new LongHeader(PacketTypes.Of(level), version.Of(level), destination, setup.LocalId, number, numberLength);
        bool hasToken = level == EncryptionLevel.Initial && setup.Config.Role == Role.Client;
        return PacketBuilder.Begin(room, header, hasToken ? validation.Token.Span : default);
    }
}
