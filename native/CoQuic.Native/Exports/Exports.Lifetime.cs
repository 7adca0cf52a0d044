using System.Runtime.InteropServices;
using CoQuic.Abi;
using CoQuic.Interop;

namespace CoQuic.Native;

/// <summary>
/// The exported functions, in the order of the header: each a line that goes on to <see cref="Calls"/>.
/// </summary>
internal static unsafe partial class Exports
{
    [UnmanagedCallersOnly(EntryPoint = "coquic_ffi_abi_version")]
    public static uint FfiAbiVersion() =>
        Calls.AbiVersion();

    [UnmanagedCallersOnly(EntryPoint = "coquic_transport_config_init")]
    public static void TransportConfigInit(CoquicTransportConfig* config) =>
        Calls.InitialiseTransport(config);

    [UnmanagedCallersOnly(EntryPoint = "coquic_endpoint_config_init")]
    public static void EndpointConfigInit(CoquicEndpointConfig* config) =>
        Calls.InitialiseEndpoint(config);

    [UnmanagedCallersOnly(EntryPoint = "coquic_client_connection_config_init")]
    public static void ClientConnectionConfigInit(CoquicClientConnectionConfig* config) =>
        Calls.InitialiseClientConnection(config);

    [UnmanagedCallersOnly(EntryPoint = "coquic_endpoint_create")]
    public static Status EndpointCreate(CoquicEndpointConfig* config, nint* endpoint) =>
        Calls.Create(config, endpoint);

    [UnmanagedCallersOnly(EntryPoint = "coquic_endpoint_destroy")]
    public static void EndpointDestroy(nint endpoint) =>
        Calls.Destroy(endpoint);
}
