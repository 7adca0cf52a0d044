using System.Runtime.InteropServices;
using CoQuic.Abi;
using CoQuic.Interop;

namespace CoQuic.Native;

/// <content>Inputs of an endpoint.</content>
internal static unsafe partial class Exports
{
    [UnmanagedCallersOnly(EntryPoint = "coquic_endpoint_open_connection")]
    public static Status EndpointOpenConnection(
        nint endpoint, CoquicOpenConnection* input, ulong now, ResultBlock** result) =>
        Calls.OpenConnection(endpoint, input, now, result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_endpoint_input_datagram")]
    public static Status EndpointInputDatagram(
        nint endpoint, CoquicInboundDatagram* input, ulong now, ResultBlock** result) =>
        Calls.InputDatagram(endpoint, input, now, result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_endpoint_update_path_mtu")]
    public static Status EndpointUpdatePathMtu(
        nint endpoint, CoquicPathMtuUpdate* input, ulong now, ResultBlock** result) =>
        Calls.UpdatePathMtu(endpoint, input, now, result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_endpoint_timer_expired")]
    public static Status EndpointTimerExpired(nint endpoint, ulong now, ResultBlock** result) =>
        Calls.TimerExpired(endpoint, now, result);
}
