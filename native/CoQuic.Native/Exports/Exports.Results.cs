using System.Runtime.InteropServices;
using CoQuic.Abi;
using CoQuic.Interop;

namespace CoQuic.Native;

/// <content>What endpoints and results say of themselves.</content>
internal static unsafe partial class Exports
{
    [UnmanagedCallersOnly(EntryPoint = "coquic_endpoint_connection_count")]
    public static nuint EndpointConnectionCount(nint endpoint) =>
        Calls.ConnectionCount(endpoint);

    [UnmanagedCallersOnly(EntryPoint = "coquic_endpoint_has_send_continuation_pending")]
    public static byte EndpointHasSendContinuationPending(nint endpoint) =>
        Calls.HasSendContinuationPending(endpoint);

    [UnmanagedCallersOnly(EntryPoint = "coquic_endpoint_has_pending_stream_send")]
    public static byte EndpointHasPendingStreamSend(nint endpoint) =>
        Calls.HasPendingStreamSend(endpoint);

    [UnmanagedCallersOnly(EntryPoint = "coquic_endpoint_next_wakeup")]
    public static CoquicOptionalTimeUs EndpointNextWakeup(nint endpoint) =>
        Calls.NextWakeup(endpoint);

    [UnmanagedCallersOnly(EntryPoint = "coquic_result_destroy")]
    public static void ResultDestroy(ResultBlock* result) =>
        Calls.DestroyResult(result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_result_effect_count")]
    public static nuint ResultEffectCount(ResultBlock* result) =>
        Calls.EffectCount(result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_result_effect_at")]
    public static Status ResultEffectAt(ResultBlock* result, nuint index, CoquicEffect* effect) =>
        Calls.EffectAt(result, index, effect);

    [UnmanagedCallersOnly(EntryPoint = "coquic_result_next_wakeup")]
    public static CoquicOptionalTimeUs ResultNextWakeup(ResultBlock* result) =>
        Calls.ResultNextWakeup(result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_result_has_local_error")]
    public static byte ResultHasLocalError(ResultBlock* result) =>
        Calls.HasLocalError(result);

    [UnmanagedCallersOnly(EntryPoint = "coquic_result_local_error")]
    public static Status ResultLocalError(ResultBlock* result, CoquicLocalError* error) =>
        Calls.LocalError(result, error);

    [UnmanagedCallersOnly(EntryPoint = "coquic_result_send_continuation_pending")]
    public static byte ResultSendContinuationPending(ResultBlock* result) =>
        Calls.SendContinuationPending(result);
}
