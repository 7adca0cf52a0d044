using System;
using System.Collections.Generic;
using System.Net;
using CoQuic.Abi;
using CoQuic.Engine;

namespace CoQuic.Interop;

/// <summary>
/// Native results as the engine's values, gathered over one input: a run of datagrams takes several calls. Bytes are copied, results
/// destroyed at once, and single datagrams that can travel together become runs again.
/// </summary>
internal sealed unsafe class NativeResultReader
{
    /// <summary>As the engine's own runs: the kernel's limits on UDP segmentation.</summary>
    private const int LargestRun = 65_000;
    private const int MostSegments = 64;

    private readonly List<Effect> _effects = [];
    private readonly ReceivedStreamData _streamData = new();
    private CoquicEffect[] _raw = new CoquicEffect[8];

    /// <summary>The effects gathered over the input, which is at its end.</summary>
    public List<Effect> Effects
    {
        get
        {
            _streamData.Finish(_effects);
            return _effects;
        }
    }

    /// <summary>The wake-up of the last result.</summary>
    public TimeUs? NextWakeup { get; private set; }

    /// <summary>The local error of the last result.</summary>
    public LocalError? LocalError { get; private set; }

    /// <summary>Whether the last result was cut short.</summary>
    public bool SendContinuationPending { get; private set; }

    /// <summary>An input begins, of which nothing is gathered yet.</summary>
    /// <param name="bytes">How many bytes of datagrams it brings.</param>
    public void Begin(int bytes = 0)
    {
        _effects.Clear();
        _streamData.Begin(bytes);
    }

    /// <summary>A run of datagrams begins, whose memory is the driver's: what was in them goes where they lie.</summary>
    /// <param name="run">The datagrams.</param>
    public void Begin(Memory<byte> run)
    {
        _effects.Clear();
        _streamData.Begin(run);
    }

    /// <summary>The run has been fed to the library up to here.</summary>
    /// <param name="end">Where the last datagram ends.</param>
    public void OnFed(int end) => _streamData.OnFed(end);

    /// <summary>Takes a call's result over.</summary>
    /// <param name="status">The call's status.</param>
    /// <param name="result">Its result.</param>
    /// <param name="isLast">Whether no other call follows for the same input, whose state would be newer.</param>
    /// <exception cref="StatusException">The call was not well formed, or the library failed.</exception>
    public void Take(Status status, nint result, bool isLast = true)
    {
        if (status != Status.Ok)
            throw new StatusException(status);
        try
        {
            if (isLast)
                ReadState(result);
            ReadEffects(result);
        }
        finally
        {
            NativeMethods.DestroyResult(result);
        }
    }

    /// <summary>An instant as the ABI has it.</summary>
    public static TimeUs? Instant(CoquicOptionalTimeUs instant) =>
        instant.HasValue != 0 ? new TimeUs((long)instant.Value) : null;

    private void ReadState(nint result)
    {
        NextWakeup = Instant(NativeMethods.ResultNextWakeup(result));
        SendContinuationPending = NativeMethods.SendContinuationPending(result) != 0;
        CoquicLocalError error;
        LocalError = NativeMethods.LocalError(result, &error) == Status.Ok ? ReadError(error) : null;
    }

    private void ReadEffects(nint result)
    {
        int count = (int)NativeMethods.EffectCount(result);
        if (count > _raw.Length)
            _raw = new CoquicEffect[Math.Max(count, 2 * _raw.Length)];
        fixed (CoquicEffect* raw = _raw)
        {
            for (int index = 0; index < count; index++)
                NativeMethods.EffectAt(result, (nuint)index, raw + index);
            for (int index = 0; index < count;)
                index += ReadNext(raw + index, count - index);
        }
    }

    /// <returns>How many effects were read.</returns>
    private int ReadNext(CoquicEffect* effect, int count)
    {
        if (effect->Kind == (byte)EffectKind.ReceiveStreamData)
        {
            _streamData.Add(effect->ReceiveStreamData, _effects);
            return 1;
        }

        _streamData.Finish(_effects);
        if (effect->Kind == (byte)EffectKind.SendDatagram)
            return ReadRun(effect, count);
        if (ReadOne(effect) is { } read)
            _effects.Add(read);
        return 1;
    }

    private int ReadRun(CoquicEffect* effects, int count)
    {
        ref readonly CoquicSendDatagramEffect first = ref effects->SendDatagram;
        int segment = (int)first.Bytes.Length;
        int total = segment;
        int segments = 1;
        while (segments < count && segments < MostSegments && CanJoin(first, effects + segments)
            && total + (int)effects[segments].SendDatagram.Bytes.Length <= LargestRun)
        {
            int length = (int)effects[segments++].SendDatagram.Bytes.Length;
            total += length;
            if (length < segment)
                break;
        }

        byte[] bytes = GC.AllocateUninitializedArray<byte>(total);
        Span<byte> rest = bytes;
        for (int index = 0; index < segments; index++)
        {
            ReadOnlySpan<byte> datagram = Span(effects[index].SendDatagram.Bytes);
            datagram.CopyTo(rest);
            rest = rest[datagram.Length..];
        }

        _effects.Add(new SendDatagramEffect(
            new ConnectionHandle(first.Connection),
            first.RouteHandle.HasValue != 0 ? new RouteHandle(first.RouteHandle.Value) : null,
            (EcnCodepoint)first.Ecn,
            first.IsPmtuProbe != 0,
            Bytes.Wrap(bytes),
            segment));
        return segments;
    }

    private static bool CanJoin(in CoquicSendDatagramEffect first, CoquicEffect* next)
    {
        if (next->Kind != (byte)EffectKind.SendDatagram)
            return false;
        ref readonly CoquicSendDatagramEffect second = ref next->SendDatagram;
        return second.Bytes.Length <= first.Bytes.Length
            && second.Connection == first.Connection
            && second.RouteHandle.HasValue == first.RouteHandle.HasValue
            && second.RouteHandle.Value == first.RouteHandle.Value
            && second.Ecn == first.Ecn
            && (first.IsPmtuProbe | second.IsPmtuProbe) == 0;
    }

    private static Effect? ReadOne(CoquicEffect* effect) => (EffectKind)effect->Kind switch
    {
        EffectKind.ReceiveDatagramData => new ReceiveDatagramDataEffect(
            new ConnectionHandle(effect->ReceiveDatagramData.Connection), Copy(effect->ReceiveDatagramData.Bytes)),
        EffectKind.PeerResetStream => new PeerResetStreamEffect(
            new ConnectionHandle(effect->PeerResetStream.Connection),
            new StreamId(effect->PeerResetStream.StreamId),
            effect->PeerResetStream.ApplicationErrorCode,
            effect->PeerResetStream.FinalSize),
        EffectKind.PeerStopSending => new PeerStopSendingEffect(
            new ConnectionHandle(effect->PeerStopSending.Connection),
            new StreamId(effect->PeerStopSending.StreamId),
            effect->PeerStopSending.ApplicationErrorCode),
        EffectKind.StateEvent => new StateEventEffect(
            new ConnectionHandle(effect->StateEvent.Connection), (StateChange)effect->StateEvent.Change),
        EffectKind.ConnectionLifecycleEvent => new ConnectionLifecycleEventEffect(
            new ConnectionHandle(effect->ConnectionLifecycleEvent.Connection),
            (Lifecycle)effect->ConnectionLifecycleEvent.Event),
        EffectKind.PeerPreferredAddressAvailable => ReadAddress(&effect->PeerPreferredAddressAvailable),
        EffectKind.ResumptionStateAvailable => new ResumptionStateAvailableEffect(
            new ConnectionHandle(effect->ResumptionStateAvailable.Connection),
            Copy(effect->ResumptionStateAvailable.Serialized)),
        EffectKind.ZeroRttStatusEvent => new ZeroRttStatusEventEffect(
            new ConnectionHandle(effect->ZeroRttStatusEvent.Connection), (ZeroRttStatus)effect->ZeroRttStatusEvent.Status),
        EffectKind.PacketInspection => ReadPacket(effect->PacketInspection),
        EffectKind.NewTokenAvailable => new NewTokenAvailableEffect(
            new ConnectionHandle(effect->NewTokenAvailable.Connection), Copy(effect->NewTokenAvailable.Token)),
        _ => null, // A later library's, which this ABI version does not have.
    };

    private static PeerPreferredAddressAvailableEffect ReadAddress(CoquicPeerPreferredAddressAvailableEffect* effect)
    {
        CoquicPreferredAddress* address = &effect->PreferredAddress;
        return new PeerPreferredAddressAvailableEffect(new ConnectionHandle(effect->Connection), new PreferredAddress(
            ReadEndPoint(new ReadOnlySpan<byte>(address->Ipv4Address, 4), address->Ipv4Port),
            ReadEndPoint(new ReadOnlySpan<byte>(address->Ipv6Address, 16), address->Ipv6Port),
            new ConnectionId(Span(address->ConnectionId)),
            Bytes.CopyOf(new ReadOnlySpan<byte>(address->StatelessResetToken, 16))));
    }

    private static IPEndPoint? ReadEndPoint(ReadOnlySpan<byte> address, ushort port) =>
        port == 0 ? null : new IPEndPoint(new IPAddress(address), port);

    private static PacketInspectionEffect ReadPacket(in CoquicPacketInspectionEffect packet)
    {
        bool isLong = (InspectedPacketType)packet.PacketType != InspectedPacketType.OneRtt;
        return new PacketInspectionEffect(new ConnectionHandle(packet.Connection))
        {
            Direction = (PacketDirection)packet.Direction,
            PacketType = (InspectedPacketType)packet.PacketType,
            DatagramId = packet.DatagramId,
            DatagramLength = (int)packet.DatagramLength,
            DatagramOffset = (int)packet.DatagramOffset,
            PacketLength = (int)packet.PacketLength,
            Version = isLong ? new QuicVersion(packet.Version) : null,
            DestinationConnectionId = new ConnectionId(Span(packet.DestinationConnectionId)),
            SourceConnectionId = isLong ? new ConnectionId(Span(packet.SourceConnectionId)) : null,
            Token = Copy(packet.Token),
            SpinBit = packet.SpinBit != 0,
            KeyPhase = packet.KeyPhase != 0,
            PacketNumberLength = packet.PacketNumberLength,
            PacketNumber = packet.PacketNumber,
            Ciphertext = Copy(packet.EncryptedPacket),
            Plaintext = Copy(packet.PlaintextPayload),
        };
    }

    private static LocalError ReadError(in CoquicLocalError error) => new(
        error.Connection.HasValue != 0 ? new ConnectionHandle(error.Connection.Value) : null,
        (LocalErrorCode)error.Code,
        error.StreamId.HasValue != 0 ? new StreamId(error.StreamId.Value) : null);

    private static ReadOnlySpan<byte> Span(in CoquicBytesView view) => new(view.Data, (int)view.Length);

    private static Bytes Copy(in CoquicBytesView view) => Bytes.CopyOf(Span(view));
}
