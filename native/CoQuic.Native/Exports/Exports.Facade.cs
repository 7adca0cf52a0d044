using System.Runtime.InteropServices;
using CoQuic.Abi;
using CoQuic.Interop;

namespace CoQuic.Native;

/// <content>The same under other names, and shorter forms for streams.</content>
internal static unsafe partial class Exports
{
    [UnmanagedCallersOnly(EntryPoint = "coquic_quic_connect")]
    public static Status QuicConnect(
        nint endpoint, CoquicOpenConnection* input, ulong now, ulong* connection, ResultBlock** result) =>
        Calls.Connect(endpoint, input, now, connection, result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_quic_receive_datagram")]
    public static Status QuicReceiveDatagram(
        nint endpoint, CoquicInboundDatagram* input, ulong now, ResultBlock** result) =>
        Calls.InputDatagram(endpoint, input, now, result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_quic_update_path_mtu")]
    public static Status QuicUpdatePathMtu(
        nint endpoint, CoquicPathMtuUpdate* input, ulong now, ResultBlock** result) =>
        Calls.UpdatePathMtu(endpoint, input, now, result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_quic_timer_expired")]
    public static Status QuicTimerExpired(nint endpoint, ulong now, ResultBlock** result) =>
        Calls.TimerExpired(endpoint, now, result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_quic_connection_send_stream")]
    public static Status QuicConnectionSendStream(
        nint endpoint, ulong connection, CoquicSendStreamData* input, ulong now, ResultBlock** result) =>
        Calls.SendStream(endpoint, connection, input, now, result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_quic_connection_send_datagram")]
    public static Status QuicConnectionSendDatagram(
        nint endpoint, ulong connection, CoquicSendDatagramData* input, ulong now, ResultBlock** result) =>
        Calls.SendDatagram(endpoint, connection, input, now, result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_quic_connection_reset_stream")]
    public static Status QuicConnectionResetStream(
        nint endpoint, ulong connection, CoquicResetStream* input, ulong now, ResultBlock** result) =>
        Calls.ResetStream(endpoint, connection, input, now, result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_quic_connection_stop_sending")]
    public static Status QuicConnectionStopSending(
        nint endpoint, ulong connection, CoquicStopSending* input, ulong now, ResultBlock** result) =>
        Calls.StopSending(endpoint, connection, input, now, result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_quic_connection_close")]
    public static Status QuicConnectionClose(
        nint endpoint, ulong connection, CoquicCloseConnection* input, ulong now, ResultBlock** result) =>
        Calls.Close(endpoint, connection, input, now, result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_quic_connection_request_key_update")]
    public static Status QuicConnectionRequestKeyUpdate(
        nint endpoint, ulong connection, ulong now, ResultBlock** result) =>
        Calls.RequestKeyUpdate(endpoint, connection, now, result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_quic_connection_advance")]
    public static Status QuicConnectionAdvance(
        nint endpoint, ulong connection, CoquicConnectionInput* input, ulong now, ResultBlock** result) =>
        Calls.Advance(endpoint, connection, input, now, result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_quic_stream_send")]
    public static Status QuicStreamSend(
        nint endpoint, ulong connection, ulong stream, CoquicBytes bytes, byte fin, ulong now, ResultBlock** result) =>
        Calls.StreamSend(endpoint, connection, stream, bytes, fin, now, result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_quic_stream_finish")]
    public static Status QuicStreamFinish(
        nint endpoint, ulong connection, ulong stream, ulong now, ResultBlock** result) =>
        Calls.StreamFinish(endpoint, connection, stream, now, result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_quic_stream_reset")]
    public static Status QuicStreamReset(
        nint endpoint, ulong connection, ulong stream, ulong errorCode, ulong now, ResultBlock** result) =>
        Calls.StreamReset(endpoint, connection, stream, errorCode, now, result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_quic_stream_stop_sending")]
    public static Status QuicStreamStopSending(
        nint endpoint, ulong connection, ulong stream, ulong errorCode, ulong now, ResultBlock** result) =>
        Calls.StreamStopSending(endpoint, connection, stream, errorCode, now, result);
}
