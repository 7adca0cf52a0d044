using System;
using System.Net;
using CoQuic.Abi;
using CoQuic.Engine;

namespace CoQuic.Native;

/// <summary>Writes the engine's effects as C structs, and the bytes that they show behind them. A run becomes single datagrams.</summary>
internal unsafe ref struct EffectWriter
{
    private CoquicEffect* _next;
    private byte* _bytes;

    /// <param name="effects">Room for as many effects as will be written.</param>
    /// <param name="bytes">Room for all their bytes.</param>
    public EffectWriter(CoquicEffect* effects, byte* bytes)
    {
        _next = effects;
        _bytes = bytes;
    }

    /// <summary>How many C structs an effect becomes.</summary>
    public static int CountOf(Effect effect) =>
        effect is SendDatagramEffect run ? Math.Max(1, (run.Bytes.Length + run.SegmentSize - 1) / run.SegmentSize) : 1;

    /// <summary>How many bytes an effect shows.</summary>
    public static nuint BytesOf(Effect effect) => (nuint)(effect switch
    {
        SendDatagramEffect run => run.Bytes.Length,
        ReceiveStreamDataEffect data => data.Bytes.Length,
        ReceiveDatagramDataEffect datagram => datagram.Bytes.Length,
        ResumptionStateAvailableEffect state => state.Serialized.Length,
        NewTokenAvailableEffect token => token.Token.Length,
        PeerPreferredAddressAvailableEffect preferred => preferred.Address.ConnectionId.Length,
        PacketInspectionEffect packet => packet.DestinationConnectionId.Length
            + packet.SourceConnectionId.GetValueOrDefault().Length
            + packet.Token.Length
            + packet.Ciphertext.Length
            + packet.Plaintext.Length,
        _ => 0,
    });

    public void Write(Effect effect)
    {
        switch (effect)
        {
            case SendDatagramEffect run:
                WriteRun(run);
                break;
            case ReceiveStreamDataEffect data:
                Begin(effect).ReceiveStreamData = new CoquicReceiveStreamDataEffect
                {
                    Connection = data.Connection.Value,
                    StreamId = data.StreamId.Value,
                    Offset = data.Offset,
                    Bytes = Copy(data.Bytes.Span),
                    Fin = Outgoing.Flag(data.Fin),
                    FinalSize = Outgoing.Number(data.FinalSize),
                };
                break;
            case ReceiveDatagramDataEffect datagram:
                Begin(effect).ReceiveDatagramData = new CoquicReceiveDatagramDataEffect
                {
                    Connection = datagram.Connection.Value,
                    Bytes = Copy(datagram.Bytes.Span),
                };
                break;
            default:
                WriteRare(effect);
                break;
        }
    }

    /// <summary>Effects that are few a connection.</summary>
    private void WriteRare(Effect effect)
    {
        ref CoquicEffect written = ref Begin(effect);
        ulong connection = effect.Connection.Value;
        switch (effect)
        {
            case PeerResetStreamEffect reset:
                written.PeerResetStream = new CoquicPeerResetStreamEffect
                {
                    Connection = connection,
                    StreamId = reset.StreamId.Value,
                    ApplicationErrorCode = reset.ApplicationErrorCode,
                    FinalSize = reset.FinalSize,
                };
                break;
            case PeerStopSendingEffect stop:
                written.PeerStopSending = new CoquicPeerStopSendingEffect
                {
                    Connection = connection,
                    StreamId = stop.StreamId.Value,
                    ApplicationErrorCode = stop.ApplicationErrorCode,
                };
                break;
            case StateEventEffect state:
                written.StateEvent = new CoquicStateEventEffect { Connection = connection, Change = (byte)state.Change };
                break;
            case ConnectionLifecycleEventEffect life:
                written.ConnectionLifecycleEvent = new CoquicConnectionLifecycleEventEffect
                {
                    Connection = connection,
                    Event = (byte)life.Event,
                };
                break;
            case PeerPreferredAddressAvailableEffect preferred:
                written.PeerPreferredAddressAvailable.Connection = connection;
                WriteAddress(preferred.Address, ref written.PeerPreferredAddressAvailable.PreferredAddress);
                break;
            case ResumptionStateAvailableEffect state:
                written.ResumptionStateAvailable = new CoquicResumptionStateAvailableEffect
                {
                    Connection = connection,
                    Serialized = Copy(state.Serialized.Span),
                };
                break;
            case ZeroRttStatusEventEffect early:
                written.ZeroRttStatusEvent = new CoquicZeroRttStatusEventEffect
                {
                    Connection = connection,
                    Status = (byte)early.Status,
                };
                break;
            case NewTokenAvailableEffect token:
                written.NewTokenAvailable = new CoquicNewTokenAvailableEffect
                {
                    Connection = connection,
                    Token = Copy(token.Token.Span),
                };
                break;
            case PacketInspectionEffect packet:
                WritePacket(packet, ref written.PacketInspection);
                break;
            default:
                throw new ArgumentException($"The ABI has no effect of kind {effect.Kind}.", nameof(effect));
        }
    }

    private void WriteRun(SendDatagramEffect run)
    {
        ReadOnlySpan<byte> rest = run.Bytes.Span;
        do
        {
            ReadOnlySpan<byte> datagram = rest[..Math.Min(run.SegmentSize, rest.Length)];
            Begin(run).SendDatagram = new CoquicSendDatagramEffect
            {
                Connection = run.Connection.Value,
                RouteHandle = Outgoing.Route(run.Route),
                Bytes = Copy(datagram),
                Ecn = (byte)run.Ecn,
                IsPmtuProbe = Outgoing.Flag(run.IsPmtuProbe),
            };
            rest = rest[datagram.Length..];
        }
        while (!rest.IsEmpty);
    }

    private void WritePacket(PacketInspectionEffect packet, ref CoquicPacketInspectionEffect written)
    {
        ConnectionId destination = packet.DestinationConnectionId;
        ConnectionId source = packet.SourceConnectionId.GetValueOrDefault();
        written = new CoquicPacketInspectionEffect
        {
            Connection = packet.Connection.Value,
            Direction = (byte)packet.Direction,
            PacketType = (byte)packet.PacketType,
            DatagramId = packet.DatagramId,
            DatagramLength = (nuint)packet.DatagramLength,
            DatagramOffset = (nuint)packet.DatagramOffset,
            PacketLength = (nuint)packet.PacketLength,
            Version = packet.Version.GetValueOrDefault().Value,
            DestinationConnectionId = Copy(destination.Span),
            SourceConnectionId = Copy(source.Span),
            Token = Copy(packet.Token.Span),
            SpinBit = Outgoing.Flag(packet.SpinBit),
            KeyPhase = Outgoing.Flag(packet.KeyPhase),
            PacketNumberLength = (byte)packet.PacketNumberLength,
            PacketNumber = packet.PacketNumber,
            EncryptedPacket = Copy(packet.Ciphertext.Span),
            PlaintextPayload = Copy(packet.Plaintext.Span),
        };
    }

    private void WriteAddress(PreferredAddress address, ref CoquicPreferredAddress written)
    {
        fixed (CoquicPreferredAddress* target = &written)
        {
            target->Ipv4Port = WriteEndPoint(address.IPv4, new Span<byte>(target->Ipv4Address, 4));
            target->Ipv6Port = WriteEndPoint(address.IPv6, new Span<byte>(target->Ipv6Address, 16));
            address.StatelessResetToken.Span.CopyTo(new Span<byte>(target->StatelessResetToken, 16));
            ConnectionId id = address.ConnectionId;
            target->ConnectionId = Copy(id.Span);
        }
    }

    private static ushort WriteEndPoint(IPEndPoint? endPoint, Span<byte> address)
    {
        if (endPoint is null)
            return 0;
        endPoint.Address.TryWriteBytes(address, out _);
        return (ushort)endPoint.Port;
    }

    /// <summary>The next effect, all zero but for its kind.</summary>
    private ref CoquicEffect Begin(Effect effect)
    {
        *_next = new CoquicEffect { Kind = (byte)effect.Kind };
        return ref *_next++;
    }

    private CoquicBytesView Copy(scoped ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return default;
        var view = new CoquicBytesView { Data = _bytes, Length = (nuint)bytes.Length };
        bytes.CopyTo(new Span<byte>(_bytes, bytes.Length));
        _bytes += bytes.Length;
        return view;
    }
}
