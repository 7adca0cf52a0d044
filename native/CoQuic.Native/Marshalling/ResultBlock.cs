using System;
using System.Runtime.InteropServices;
using CoQuic.Abi;
using CoQuic.Engine;

namespace CoQuic.Native;

/// <summary>
/// <c>coquic_result_t</c>: one block of unmanaged memory with this head, the effects behind it, and the bytes that they show behind
/// those. It refers to nothing, so that it outlives its endpoint, may be read on any thread, and is destroyed by freeing it.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ResultBlock
{
    public nuint Capacity;
    public nuint EffectCount;
    public CoquicOptionalTimeUs NextWakeup;
    public CoquicLocalError LocalError;
    public byte HasLocalError;
    public byte SendContinuationPending;

    /// <summary>Copies a result. The caller frees it.</summary>
    public static ResultBlock* Write(EndpointResult result)
    {
        ReadOnlySpan<Effect> effects = result.EffectSpan;
        int count = 0;
        nuint bytes = 0;
        foreach (Effect effect in effects)
        {
            count += EffectWriter.CountOf(effect);
            bytes += EffectWriter.BytesOf(effect);
        }

        nuint effectsSize = (nuint)count * (nuint)sizeof(CoquicEffect);
        ResultBlock* block = ResultMemory.Allocate((nuint)sizeof(ResultBlock) + effectsSize + bytes);
        *block = new ResultBlock
        {
            Capacity = block->Capacity,
            EffectCount = (nuint)count,
            NextWakeup = Outgoing.Instant(result.NextWakeup),
            HasLocalError = Outgoing.Flag(result.LocalError is not null),
            LocalError = result.LocalError is { } error ? Outgoing.Error(error) : default,
            SendContinuationPending = Outgoing.Flag(result.SendContinuationPending),
        };
        CoquicEffect* first = EffectsOf(block);
        var writer = new EffectWriter(first, (byte*)(first + count));
        foreach (Effect effect in effects)
            writer.Write(effect);
        return block;
    }

    public static CoquicEffect* EffectsOf(ResultBlock* block) => (CoquicEffect*)(block + 1);

    public static void Free(ResultBlock* block) => ResultMemory.Free(block);
}
