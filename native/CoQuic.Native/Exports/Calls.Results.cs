using System.Runtime.CompilerServices;
using CoQuic.Abi;
using CoQuic.Interop;

namespace CoQuic.Native;

/// <content>What endpoints and results say of themselves.</content>
internal static unsafe partial class Calls
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static nuint ConnectionCount(nint endpoint) => endpoint == 0 ? 0 : (nuint)Find(endpoint).ConnectionCount;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static byte HasSendContinuationPending(nint endpoint) =>
        Outgoing.Flag(endpoint != 0 && Find(endpoint).HasSendContinuationPending);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static byte HasPendingStreamSend(nint endpoint) =>
        Outgoing.Flag(endpoint != 0 && Find(endpoint).HasPendingStreamSend);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static CoquicOptionalTimeUs NextWakeup(nint endpoint) =>
        endpoint == 0 ? default : Outgoing.Instant(Find(endpoint).NextWakeup);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void DestroyResult(ResultBlock* result) => ResultBlock.Free(result);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static nuint EffectCount(ResultBlock* result) => result == null ? 0 : result->EffectCount;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Status EffectAt(ResultBlock* result, nuint index, CoquicEffect* effect)
    {
        if (result == null || effect == null || index >= result->EffectCount)
            return Status.InvalidArgument;
        *effect = ResultBlock.EffectsOf(result)[index];
        return Status.Ok;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static CoquicOptionalTimeUs ResultNextWakeup(ResultBlock* result) => result == null ? default : result->NextWakeup;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static byte HasLocalError(ResultBlock* result) => result == null ? (byte)0 : result->HasLocalError;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Status LocalError(ResultBlock* result, CoquicLocalError* error)
    {
        if (result == null || error == null || result->HasLocalError == 0)
            return Status.InvalidArgument;
        *error = result->LocalError;
        return Status.Ok;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static byte SendContinuationPending(ResultBlock* result) =>
        result == null ? (byte)0 : result->SendContinuationPending;
}
