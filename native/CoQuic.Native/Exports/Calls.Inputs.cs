using System.Runtime.CompilerServices;
using CoQuic.Abi;
using CoQuic.Engine;
using CoQuic.Interop;

namespace CoQuic.Native;

/// <content>Inputs of an endpoint.</content>
internal static unsafe partial class Calls
{
    private const int SmallestClientConnectionConfig = 168;
    private const int SmallestOpenConnection = 200;
    private const int SmallestInboundDatagram = 57;
    private const int SmallestPathMtuUpdate = 32;
    private const int QuotedPacketEnd = 48;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Status OpenConnection(nint endpoint, CoquicOpenConnection* input, ulong now, ResultBlock** result) =>
        Open(endpoint, input, now, result, out _);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Status Connect(
        nint endpoint, CoquicOpenConnection* input, ulong now, ulong* connection, ResultBlock** result)
    {
        if (connection == null)
        {
            Clear(result);
            return Status.InvalidArgument;
        }

        *connection = 0;
        Status status = Open(endpoint, input, now, result, out ConnectionHandle opened);
        if (status == Status.Ok)
            *connection = opened.Value;
        return status;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Status InputDatagram(nint endpoint, CoquicInboundDatagram* input, ulong now, ResultBlock** result) => Run(
        endpoint, 0, input, SmallestInboundDatagram, now, result, static (target, now, _, input) => target.ReceiveDatagram(
            now,
            Incoming.Span(input->Bytes),
            Incoming.Route(input->RouteHandle),
            (EcnCodepoint)Incoming.EnumOr0(input->Ecn, (byte)EcnCodepoint.Ce),
            Incoming.Span(input->AddressValidationIdentity)));

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Status UpdatePathMtu(nint endpoint, CoquicPathMtuUpdate* input, ulong now, ResultBlock** result) => Run(
        endpoint, 0, input, SmallestPathMtuUpdate, now, result, static (target, now, _, input) =>
        {
            if (Incoming.Route(input->RouteHandle) is not { } route)
                return target.UpdatePathMtu(now, null);
            Bytes quoted = input->Size >= QuotedPacketEnd ? Incoming.Copy(input->QuotedPacket) : Bytes.Empty;
            int size = Incoming.Clamp(input->MaxUdpPayloadSize, 0, int.MaxValue);
            return target.UpdatePathMtu(now, new PathMtuUpdate(route, size, quoted));
        });

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Status TimerExpired(nint endpoint, ulong now, ResultBlock** result) =>
        Run(endpoint, 0, (byte*)null, now, result, static (target, now, _, _) => target.TimerExpired(now));

    private static Status Open(
        nint endpoint, CoquicOpenConnection* input, ulong now, ResultBlock** result, out ConnectionHandle opened)
    {
        opened = ConnectionHandle.None;
        if (input == null || input->Connection.Size < SmallestClientConnectionConfig)
        {
            Clear(result);
            return Status.InvalidArgument;
        }

        ConnectionHandle handle = ConnectionHandle.None;
        Status status = Run(
            endpoint, 0, input, SmallestOpenConnection, now, result, (target, now, _, input) =>
                target.Open(now, Incoming.Open(input), out handle));
        opened = handle;
        return status;
    }
}
