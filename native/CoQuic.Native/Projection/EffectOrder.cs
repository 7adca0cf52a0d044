using System.Collections.Generic;
using CoQuic.Engine;

namespace CoQuic.Native;

/// <summary>
/// The order that the ABI promises within what one connection has to tell: datagrams to send, what was received, resets, then how the
/// connection fares, its end last. A connection that was accepted says so first, one that was opened says so last.
/// </summary>
internal static class EffectOrder
{
    /// <summary>Not an effect of the ABI.</summary>
    public const int None = -1;

    private const int First = 0;
    private const int Last = 100;

    /// <summary>Where an effect stands; <see cref="None"/> for those that the ABI does not have.</summary>
    public static int RankOf(Effect effect) => effect.Kind switch
    {
        EffectKind.SendDatagram => 1,
        EffectKind.ReceiveStreamData => 2,
        EffectKind.ReceiveDatagramData => 3,
        EffectKind.PeerResetStream => 4,
        EffectKind.PeerStopSending => 5,
        EffectKind.StateEvent => 6,
        EffectKind.PeerPreferredAddressAvailable => 7,
        EffectKind.ResumptionStateAvailable => 8,
        EffectKind.ZeroRttStatusEvent => 9,
        EffectKind.NewTokenAvailable => 10,
        EffectKind.PacketInspection => 11,
        EffectKind.ConnectionLifecycleEvent => ((ConnectionLifecycleEventEffect)effect).Event switch
        {
            Lifecycle.Accepted => First,
            Lifecycle.Closed => 12,
            _ => Last,
        },
        _ => None,
    };

    /// <summary>Sorts neighbours of one connection; equal ranks, and connections, keep their order.</summary>
    public static void Sort(List<Effect> effects)
    {
        // By insertion: the engine's order differs in few places, and results are short.
        for (int index = 1; index < effects.Count; index++)
        {
            Effect moving = effects[index];
            int rank = RankOf(moving);
            int place = index;
            while (place > 0 && effects[place - 1].Connection == moving.Connection && RankOf(effects[place - 1]) > rank)
            {
                effects[place] = effects[place - 1];
                place--;
            }

            effects[place] = moving;
        }
    }
}
