using System;

namespace CoQuic.Engine;

/// <summary>A client's first Initial packet, which has authenticated.</summary>
internal readonly ref struct IncomingInitial
{
    public required ProtectedPacket Packet { get; init; }

    /// <summary>The server's keys for it. Whoever takes the packet on owns them.</summary>
    public required InitialKeys Keys { get; init; }

    /// <summary>Its frames: a view that is good until the next datagram.</summary>
    public required ReadOnlySpan<byte> Payload { get; init; }
}

/// <summary>
/// Looks at datagrams that could begin a connection, before anything is made for them: what does not authenticate costs one derivation
/// of keys, and nothing else.
/// </summary>
/// <param name="acceptsAnyQuicBit">Whether the fixed bit may be 0 (RFC 9287 §3).</param>
internal sealed class IncomingInitials(bool acceptsAnyQuicBit)
{
    /// <summary>The shortest ID that a client draws for the server to be reached by first (RFC 9000 §7.2).</summary>
    public const int ShortestDestination = 8;

    private byte[] _scratch = [];

    /// <summary>Opens a copy of the first packet; the datagram stays as it is.</summary>
    /// <param name="datagram">A datagram that begins with a long header of a version that is spoken here.</param>
    /// <param name="initial">The packet.</param>
    /// <param name="reason">Why it is dropped.</param>
    public bool TryOpen(ReadOnlySpan<byte> datagram, out IncomingInitial initial, out DropReason reason)
    {
        initial = default;
        if (CheckHeader(datagram, out ProtectedPacket packet) is { } unacceptable)
        {
            reason = unacceptable;
            return false;
        }

        reason = DropReason.NotAuthentic;
        if (_scratch.Length < packet.Length)
            _scratch = new byte[packet.Length];
        Span<byte> copy = _scratch.AsSpan(0, packet.Length);
        datagram[..packet.Length].CopyTo(copy);
        InitialKeys keys = InitialKeys.Derive(packet.Version, packet.DestinationConnectionId, Role.Server);
        if (!PacketOpener.TryOpen(keys.Receiving, copy, packet.PacketNumberOffset, null, out OpenedPacket opened))
        {
            keys.Dispose();
            return false;
        }

        initial = new IncomingInitial
        {
            Packet = packet,
            Keys = keys,
            Payload = copy.Slice(opened.PayloadOffset, opened.PayloadLength),
        };
        return true;
    }

    private DropReason? CheckHeader(ReadOnlySpan<byte> datagram, out ProtectedPacket packet)
    {
        if (!PacketParser.TryReadNext(datagram, 0, out packet) || !(packet.HasFixedBit || acceptsAnyQuicBit))
            return DropReason.Malformed;
        if (packet.Type != PacketType.Initial)
            return DropReason.UnknownConnection;
        if (datagram.Length < DatagramSizes.Smallest)
            return DropReason.TooSmall;
        return packet.DestinationConnectionId.Length < ShortestDestination ? DropReason.Malformed : null;
    }
}
