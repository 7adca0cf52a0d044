using System;
using System.Runtime.InteropServices;
using CoQuic.Engine;
using CoQuic.Interop;

namespace CoQuic.Native;

/// <summary>
/// The functions behind the exports, a method each. No exception leaves one: what goes wrong becomes a status. None is inlined into
/// its export, since an export that uses the stack guard must not be the first ever called: the runtime starts inside it.
/// </summary>
/// <remarks>The parts: what all share is here; then configuration and lifetime, inputs, connections, queries, and results.</remarks>
internal static unsafe partial class Calls
{
    /// <summary>What a call does once its arguments are found to be there.</summary>
    private delegate EndpointResult Operation<TInput>(
        CoquicEndpoint endpoint, TimeUs now, ConnectionHandle connection, TInput* input)
        where TInput : unmanaged;

    /// <summary>A call that has an input with a size: NULL or a size that is too small makes it a bad call.</summary>
    private static Status Run<TInput>(
        nint endpoint,
        ulong connection,
        TInput* input,
        nuint smallestSize,
        ulong now,
        ResultBlock** result,
        Operation<TInput> operation)
        where TInput : unmanaged
    {
        if (input == null || *(nuint*)input < smallestSize)
        {
            Clear(result);
            return Status.InvalidArgument;
        }

        return Run(endpoint, connection, input, now, result, operation);
    }

    /// <summary>A call that runs whatever its input says.</summary>
    private static Status Run<TInput>(
        nint endpoint, ulong connection, TInput* input, ulong now, ResultBlock** result, Operation<TInput> operation)
        where TInput : unmanaged
    {
        Clear(result);
        if (endpoint == 0 || result == null)
            return Status.InvalidArgument;
        try
        {
            CoquicEndpoint target = Find(endpoint);
            EndpointResult done = operation(target, Incoming.Instant(now), new ConnectionHandle(connection), input);
            *result = ResultBlock.Write(done);
            target.OnResultCopied();
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

    private static void Clear(ResultBlock** result)
    {
        if (result != null)
            *result = null;
    }

    /// <summary>The endpoint that a handle names.</summary>
    private static CoquicEndpoint Find(nint endpoint) => (CoquicEndpoint)GCHandle.FromIntPtr(endpoint).Target!;
}
