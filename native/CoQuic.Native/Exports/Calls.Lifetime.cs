using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CoQuic.Abi;
using CoQuic.Engine;
using CoQuic.Interop;

namespace CoQuic.Native;

/// <content>Version, initialisers, and the life of an endpoint.</content>
internal static unsafe partial class Calls
{
    /// <summary>A configuration reaches at least through <c>allow_peer_address_change</c>.</summary>
    private const int SmallestEndpointConfig = 267;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static uint AbiVersion() => CoquicAbi.Version;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void InitialiseTransport(CoquicTransportConfig* config)
    {
        if (config != null)
            *config = Initialisers.Transport();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void InitialiseEndpoint(CoquicEndpointConfig* config)
    {
        if (config != null)
            *config = Initialisers.Endpoint();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void InitialiseClientConnection(CoquicClientConnectionConfig* config)
    {
        if (config != null)
            *config = Initialisers.ClientConnection();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Status Create(CoquicEndpointConfig* config, nint* endpoint) =>
        Create(config, endpoint, PlatformSources.Instance);

    /// <summary>As the export, on given sources.</summary>
    public static Status Create(CoquicEndpointConfig* config, nint* endpoint, ISources sources)
    {
        if (endpoint != null)
            *endpoint = 0;
        if (config == null || endpoint == null || config->Size < SmallestEndpointConfig)
            return Status.InvalidArgument;
        try
        {
            var calendar = new CalendarAnchor(sources.UtcNow, TimeUs.Zero);
            EndpointConfig read = ConfigurationReader.Read(config, sources.Entropy, calendar);
            *endpoint = GCHandle.ToIntPtr(GCHandle.Alloc(new CoquicEndpoint(read, sources)));
            return Status.Ok;
        }
        catch (OutOfMemoryException)
        {
            return Status.OutOfMemory;
        }
        catch (Exception)
        {
            return Status.InternalError;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Destroy(nint endpoint)
    {
        if (endpoint == 0)
            return;
        try
        {
            GCHandle handle = GCHandle.FromIntPtr(endpoint);
            ((CoquicEndpoint)handle.Target!).Dispose();
            handle.Free();
        }
        catch (Exception)
        {
            // There is nobody to tell.
        }
    }
}
