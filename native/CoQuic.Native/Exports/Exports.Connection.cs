using System.Runtime.InteropServices;
using CoQuic.Abi;
using CoQuic.Interop;

namespace CoQuic.Native;

/// <content>Operations on a connection.</content>
internal static unsafe partial class Exports
{
    [UnmanagedCallersOnly(EntryPoint = "coquic_connection_send_stream")]
    public static Status ConnectionSendStream(
        nint endpoint, ulong connection, CoquicSendStreamData* input, ulong now, ResultBlock** result) =>
        Calls.SendStream(endpoint, connection, input, now, result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_connection_send_datagram")]
    public static Status ConnectionSendDatagram(
        nint endpoint, ulong connection, CoquicSendDatagramData* input, ulong now, ResultBlock** result) =>
        Calls.SendDatagram(endpoint, connection, input, now, result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_connection_reset_stream")]
    public static Status ConnectionResetStream(
        nint endpoint, ulong connection, CoquicResetStream* input, ulong now, ResultBlock** result) =>
        Calls.ResetStream(endpoint, connection, input, now, result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_connection_stop_sending")]
    public static Status ConnectionStopSending(
        nint endpoint, ulong connection, CoquicStopSending* input, ulong now, ResultBlock** result) =>
        Calls.StopSending(endpoint, connection, input, now, result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_connection_close")]
    public static Status ConnectionClose(
        nint endpoint, ulong connection, CoquicCloseConnection* input, ulong now, ResultBlock** result) =>
        Calls.Close(endpoint, connection, input, now, result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_connection_request_key_update")]
    public static Status ConnectionRequestKeyUpdate(
        nint endpoint, ulong connection, ulong now, ResultBlock** result) =>
        Calls.RequestKeyUpdate(endpoint, connection, now, result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_connection_request_migration")]
    public static Status ConnectionRequestMigration(
        nint endpoint, ulong connection, CoquicRequestConnectionMigration* input, ulong now, ResultBlock** result) =>
        Calls.RequestMigration(endpoint, connection, input, now, result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_connection_advance")]
    public static Status ConnectionAdvance(
        nint endpoint, ulong connection, CoquicConnectionInput* input, ulong now, ResultBlock** result) =>
        Calls.Advance(endpoint, connection, input, now, result);
}
