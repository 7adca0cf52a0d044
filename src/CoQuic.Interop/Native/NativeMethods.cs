using System.Runtime.InteropServices;
using CoQuic.Abi;

namespace CoQuic.Interop;

/// <summary>The functions of the C ABI that the driver calls. <see cref="NativeEngine"/> says which library they are in.</summary>
internal static unsafe partial class NativeMethods
{
    public const string Library = "coquic";

    [LibraryImport(Library, EntryPoint = "coquic_ffi_abi_version")]
    public static partial uint AbiVersion();

    [LibraryImport(Library, EntryPoint = "coquic_endpoint_config_init")]
    public static partial void InitialiseEndpoint(CoquicEndpointConfig* config);

    [LibraryImport(Library, EntryPoint = "coquic_client_connection_config_init")]
    public static partial void InitialiseClientConnection(CoquicClientConnectionConfig* config);

    [LibraryImport(Library, EntryPoint = "coquic_endpoint_create")]
    public static partial Status CreateEndpoint(CoquicEndpointConfig* config, out nint endpoint);

    [LibraryImport(Library, EntryPoint = "coquic_endpoint_destroy")]
    public static partial void DestroyEndpoint(nint endpoint);

    [LibraryImport(Library, EntryPoint = "coquic_quic_connect")]
    public static partial Status Connect(
        EndpointHandle endpoint, CoquicOpenConnection* input, ulong now, out ulong connection, out nint result);

    [LibraryImport(Library, EntryPoint = "coquic_endpoint_input_datagram")]
    public static partial Status InputDatagram(
        EndpointHandle endpoint, CoquicInboundDatagram* input, ulong now, out nint result);

    [LibraryImport(Library, EntryPoint = "coquic_endpoint_update_path_mtu")]
    public static partial Status UpdatePathMtu(
        EndpointHandle endpoint, CoquicPathMtuUpdate* input, ulong now, out nint result);

    [LibraryImport(Library, EntryPoint = "coquic_endpoint_timer_expired")]
    public static partial Status TimerExpired(EndpointHandle endpoint, ulong now, out nint result);

    [LibraryImport(Library, EntryPoint = "coquic_connection_send_stream")]
    public static partial Status SendStream(
        EndpointHandle endpoint, ulong connection, CoquicSendStreamData* input, ulong now, out nint result);

    [LibraryImport(Library, EntryPoint = "coquic_connection_send_datagram")]
    public static partial Status SendDatagram(
        EndpointHandle endpoint, ulong connection, CoquicSendDatagramData* input, ulong now, out nint result);

    [LibraryImport(Library, EntryPoint = "coquic_connection_reset_stream")]
    public static partial Status ResetStream(
        EndpointHandle endpoint, ulong connection, CoquicResetStream* input, ulong now, out nint result);

    [LibraryImport(Library, EntryPoint = "coquic_connection_stop_sending")]
    public static partial Status StopSending(
        EndpointHandle endpoint, ulong connection, CoquicStopSending* input, ulong now, out nint result);

    [LibraryImport(Library, EntryPoint = "coquic_connection_close")]
    public static partial Status Close(
        EndpointHandle endpoint, ulong connection, CoquicCloseConnection* input, ulong now, out nint result);

    [LibraryImport(Library, EntryPoint = "coquic_connection_request_key_update")]
    public static partial Status RequestKeyUpdate(EndpointHandle endpoint, ulong connection, ulong now, out nint result);

    [LibraryImport(Library, EntryPoint = "coquic_connection_request_migration")]
    public static partial Status RequestMigration(
        EndpointHandle endpoint, ulong connection, CoquicRequestConnectionMigration* input, ulong now, out nint result);

    [LibraryImport(Library, EntryPoint = "coquic_endpoint_connection_count")]
    public static partial nuint ConnectionCount(EndpointHandle endpoint);

    [LibraryImport(Library, EntryPoint = "coquic_endpoint_has_send_continuation_pending")]
    public static partial byte HasSendContinuationPending(EndpointHandle endpoint);

    [LibraryImport(Library, EntryPoint = "coquic_endpoint_has_pending_stream_send")]
    public static partial byte HasPendingStreamSend(EndpointHandle endpoint);

    [LibraryImport(Library, EntryPoint = "coquic_endpoint_next_wakeup")]
    public static partial CoquicOptionalTimeUs NextWakeup(EndpointHandle endpoint);

    [LibraryImport(Library, EntryPoint = "coquic_result_destroy")]
    public static partial void DestroyResult(nint result);

    [LibraryImport(Library, EntryPoint = "coquic_result_effect_count")]
    [SuppressGCTransition]
    public static partial nuint EffectCount(nint result);

    [LibraryImport(Library, EntryPoint = "coquic_result_effect_at")]
    [SuppressGCTransition]
    public static partial Status EffectAt(nint result, nuint index, CoquicEffect* effect);

    [LibraryImport(Library, EntryPoint = "coquic_result_next_wakeup")]
    [SuppressGCTransition]
    public static partial CoquicOptionalTimeUs ResultNextWakeup(nint result);

    [LibraryImport(Library, EntryPoint = "coquic_result_local_error")]
    [SuppressGCTransition]
    public static partial Status LocalError(nint result, CoquicLocalError* error);

    [LibraryImport(Library, EntryPoint = "coquic_result_send_continuation_pending")]
    [SuppressGCTransition]
    public static partial byte SendContinuationPending(nint result);
}

/// <summary>Owns a native endpoint: destroyed with its driver, or by the finalizer where that was forgotten.</summary>
internal sealed class EndpointHandle : SafeHandle
{
    /// <param name="endpoint">The endpoint to own.</param>
    public EndpointHandle(nint endpoint)
        : base(0, ownsHandle: true) => SetHandle(endpoint);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        NativeMethods.DestroyEndpoint(handle);
        return true;
    }
}
