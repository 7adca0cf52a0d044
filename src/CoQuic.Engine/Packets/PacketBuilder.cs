using System;
using System.Diagnostics;

namespace CoQuic.Engine;

/// <summary>
/// One protected packet being written in place: begin with a header, write frames into <see cref="Payload"/>, then
/// seal. The buffer belongs to the caller; the packet begins at its first byte, and may not outgrow it.
/// </summary>
internal ref struct PacketBuilder
{
    /// <summary>What a packet needs beyond header and frames: the AEAD's tag.</summary>
    public const int TagLength = PacketKey.TagLength;

    // The Length field is written last, so its size is fixed beforehand: two bytes, for up to 16,383 bytes.
    private const int LengthFieldSize = 2;
    private const int MaximumLengthField = (1 << 14) - 1;

    // RFC 9001 §5.4.2: the sample is taken as if the packet number had 4 bytes, so number and frames have at least 4
    // together.
    private const int MinimumProtectedLength = PacketNumber.MaximumLength;

    /// <summary>Where frames go. It ends where the tag begins.</summary>
    public QuicWriter Payload;

    private readonly Span<byte> _buffer;
    private readonly bool _isLong;
    private readonly int _packetNumberOffset;
    private readonly int _packetNumberLength;

    private PacketBuilder(Span<byte> buffer, bool isLong, int headerLength, ulong packetNumber, int packetNumberLength)
    {
        _isLong = isLong;
        _packetNumberLength = packetNumberLength;
        _packetNumberOffset = headerLength - packetNumberLength;
        int limit = isLong ? Math.Min(buffer.Length, _packetNumberOffset + MaximumLengthField) : buffer.Length;
        _buffer = buffer[..limit];
        PacketNumberValue = packetNumber;
        Payload = new QuicWriter(_buffer[headerLength..^TagLength]);
    }

    public ulong PacketNumberValue { get; }

    public readonly int HeaderLength => _packetNumberOffset + _packetNumberLength;

    /// <summary>The packet's length if it were sealed now, tag included.</summary>
    public readonly int Length => HeaderLength + Payload.Position + TagLength;

    /// <summary>The bytes before the frames of a long header packet.</summary>
    public static int LongHeaderSize(
        PacketType type, in ConnectionId destination, in ConnectionId source, int tokenLength, int packetNumberLength)
    {
        int size = 1 + sizeof(uint) + 1 + destination.Length + 1 + source.Length + LengthFieldSize + packetNumberLength;
        return type == PacketType.Initial ? size + VarInt.Size((ulong)tokenLength) + tokenLength : size;
    }

    /// <summary>The bytes before the frames of a 1-RTT packet.</summary>
    public static int ShortHeaderSize(in ConnectionId destination, int packetNumberLength) =>
        1 + destination.Length + packetNumberLength;

    /// <summary>Begins an Initial, 0-RTT or Handshake packet (RFC 9000 §17.2).</summary>
    /// <param name="buffer">Room for the header, some frames and the tag.</param>
    /// <param name="header">The fields of the header.</param>
    /// <param name="token">The Token field of an Initial; empty elsewhere.</param>
    public static PacketBuilder Begin(
        Span<byte> buffer, scoped in LongHeader header, scoped ReadOnlySpan<byte> token = default)
    {
        Debug.Assert(token.IsEmpty || header.Type == PacketType.Initial, "only an Initial has a token");
        VersionProfile version = VersionProfile.Of(header.Version);
        var writer = new QuicWriter(buffer);
        writer.WriteByte((byte)(PacketHeader.LongFirstByte(header.Type, version) | (header.PacketNumberLength - 1)));
        writer.WriteUInt32(header.Version.Value);
        writer.WriteByteLengthPrefixed(header.DestinationConnectionId.Span);
        writer.WriteByteLengthPrefixed(header.SourceConnectionId.Span);
        if (header.Type == PacketType.Initial)
            writer.WriteLengthPrefixed(token);
        writer.WriteVarInt(0, LengthFieldSize);
        WritePacketNumber(ref writer, header.PacketNumber, header.PacketNumberLength);
        return new PacketBuilder(buffer, isLong: true, writer.Position, header.PacketNumber, header.PacketNumberLength);
    }

    /// <summary>Begins a 1-RTT packet (RFC 9000 §17.3.1).</summary>
    /// <param name="buffer">Room for the header, some frames and the tag.</param>
    /// <param name="header">The fields of the header.</param>
    public static PacketBuilder Begin(Span<byte> buffer, scoped in ShortHeader header)
    {
        var writer = new QuicWriter(buffer);
        writer.WriteByte((byte)(PacketHeader.ShortFirstByte(header.Spin, header.KeyPhase) | (header.PacketNumberLength - 1)));
        writer.WriteBytes(header.DestinationConnectionId.Span);
        WritePacketNumber(ref writer, header.PacketNumber, header.PacketNumberLength);
        return new PacketBuilder(buffer, isLong: false, writer.Position, header.PacketNumber, header.PacketNumberLength);
    }

    /// <summary>Sets the QUIC bit to 0, which only a peer takes that has said so (RFC 9287 §3).</summary>
    public readonly void ClearFixedBit() => _buffer[0] &= unchecked((byte)~PacketHeader.FixedBit);

    /// <summary>The first byte of the header; without protection until the packet is sealed.</summary>
    public readonly byte FirstByte => _buffer[0];

    /// <summary>The packet as it is now.</summary>
    public readonly ReadOnlySpan<byte> Packet => _buffer[..Length];

    /// <summary>Adds PADDING until the sealed packet has at least this length, and the length that every packet has.</summary>
    public void PadTo(int packetLength)
    {
        int missing = Math.Max(packetLength, _packetNumberOffset + MinimumProtectedLength + TagLength) - Length;
        if (missing > 0)
            Payload.WriteZeros(missing);
    }

    /// <summary>Protects the packet in place (RFC 9001 §5.3, §5.4).</summary>
    /// <returns>Its length.</returns>
    public int Seal(PacketProtection protection)
    {
        PadTo(0);
        Span<byte> packet = _buffer[..Length];
        if (_isLong)
        {
            var lengthField = new QuicWriter(packet[(_packetNumberOffset - LengthFieldSize)..]);
            lengthField.WriteVarInt((ulong)(packet.Length - _packetNumberOffset), LengthFieldSize);
        }

        protection.Key.Seal(PacketNumberValue, packet[..HeaderLength], packet[HeaderLength..]);
        HeaderProtection.Apply(protection.HeaderKey, packet, _packetNumberOffset, _packetNumberLength);
        return packet.Length;
    }

    private static void WritePacketNumber(ref QuicWriter writer, ulong packetNumber, int length)
    {
        for (int shift = 8 * (length - 1); shift >= 0; shift -= 8)
            writer.WriteByte((byte)(packetNumber >> shift));
    }
}

/// <summary>The fields of a long header that its writer chooses (RFC 9000 §17.2).</summary>
internal readonly record struct LongHeader(
    PacketType Type,
    QuicVersion Version,
    ConnectionId DestinationConnectionId,
    ConnectionId SourceConnectionId,
    ulong PacketNumber,
    int PacketNumberLength);

/// <summary>The fields of a short header that its writer chooses (RFC 9000 §17.3.1).</summary>
internal readonly record struct ShortHeader(
    ConnectionId DestinationConnectionId,
    bool Spin,
    bool KeyPhase,
    ulong PacketNumber,
    int PacketNumberLength);
