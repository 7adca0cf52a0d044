using System;
using System.Collections.Generic;

namespace CoQuic.Engine;

/// <summary>Shows every packet of a connection in the clear, when asked for. It copies what it shows.</summary>
/// <param name="connection">The connection.</param>
internal sealed class PacketInspector(ConnectionHandle connection)
{
    private readonly List<PacketInspectionEffect> _unsent = [];
    private ulong _datagramId;
    private int _datagramLength;
    private int _offset;

    /// <summary>A datagram came in; its packets follow.</summary>
    public void OnDatagramReceived(int length)
    {
        _datagramId++;
        _datagramLength = length;
        _offset = 0;
    }

    /// <summary>The next packet of the received datagram was dealt with.</summary>
    public void OnPacketPassed(int length) => _offset += length;

    /// <summary>A received packet was opened.</summary>
    /// <param name="packet">The packet, without protection.</param>
    /// <param name="wire">The packet as it arrived.</param>
    public PacketInspectionEffect OnPacketOpened(in SeenPacket packet, Bytes wire) =>
        Show(PacketDirection.Inbound, packet, wire, _offset);

    /// <summary>A packet was sealed; its datagram is not complete.</summary>
    /// <param name="packet">The packet, without protection.</param>
    /// <param name="wire">The packet as it will be sent.</param>
    public void OnPacketSealed(in SeenPacket packet, ReadOnlySpan<byte> wire)
    {
        int offset = 0;
        foreach (PacketInspectionEffect before in _unsent)
            offset += before.PacketLength;
        _unsent.Add(Show(PacketDirection.Outbound, packet, Bytes.CopyOf(wire), offset));
    }

    /// <summary>The datagram of the packets sealed last is complete.</summary>
    /// <param name="length">Its length.</param>
    /// <param name="effects">Where its packets are shown.</param>
    public void OnDatagramSent(int length, GatheredEffects effects)
    {
        _datagramId++;
        foreach (PacketInspectionEffect packet in _unsent)
            effects.Tell(packet with { DatagramId = _datagramId, DatagramLength = length });
        _unsent.Clear();
    }

    private PacketInspectionEffect Show(PacketDirection direction, in SeenPacket packet, Bytes wire, int offset) => new(connection)
    {
        Direction = direction,
        PacketType = TypeOf(packet.Header.Type),
        DatagramId = _datagramId,
        DatagramLength = _datagramLength,
        DatagramOffset = offset,
        PacketLength = wire.Length,
        Version = packet.IsShort ? null : packet.Header.Version,
        DestinationConnectionId = packet.Header.DestinationConnectionId,
        SourceConnectionId = packet.IsShort ? null : packet.Header.SourceConnectionId,
        Token = Bytes.CopyOf(packet.Header.Token),
        SpinBit = packet.Spin,
        KeyPhase = packet.KeyPhase,
        PacketNumberLength = packet.PacketNumberLength,
        PacketNumber = packet.PacketNumber,
        Ciphertext = wire,
        Plaintext = Bytes.CopyOf(packet.Payload),
    };

    private static InspectedPacketType TypeOf(PacketType type) => type switch
    {
        PacketType.Initial => InspectedPacketType.Initial,
        PacketType.ZeroRtt => InspectedPacketType.ZeroRtt,
        PacketType.Handshake => InspectedPacketType.Handshake,
        _ => InspectedPacketType.OneRtt,
    };
}
