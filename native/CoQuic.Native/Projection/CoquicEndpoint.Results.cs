using System;
using System.Collections.Generic;
using CoQuic.Engine;

namespace CoQuic.Native;

/// <content>What the engine told, as the ABI tells it.</content>
internal sealed partial class CoquicEndpoint
{
    /// <param name="result">What the engine said.</param>
    /// <param name="addressed">The connection that the input was for, where that is known.</param>
    private EndpointResult Project(EndpointResult result, ConnectionHandle addressed = default)
    {
        NextWakeup = result.NextWakeup;
        ReadOnlySpan<Effect> told = result.EffectSpan;
        if (_endings.CountGone(_endpoint.ConnectionCount) == 0 && IsToldAsItIs(told))
            return result;
        var effects = new List<Effect>(told.Length + 1);
        foreach (Effect effect in told)
            Project(effect, result, addressed, effects);
        EffectOrder.Sort(effects);
        _endings.TellClosed(_endpoint, effects);
        return result with { Effects = effects };
    }

    /// <summary>Most results are one of these, or nothing.</summary>
    private static bool IsToldAsItIs(ReadOnlySpan<Effect> effects) => effects
        is [] or [ReceiveStreamDataEffect or ReceiveDatagramDataEffect or SendDatagramEffect { Connection.Value: not 0 }];

    private void Project(Effect effect, EndpointResult result, ConnectionHandle addressed, List<Effect> effects)
    {
        switch (effect)
        {
            case StateEventEffect { Change: StateChange.Failed } or ConnectionLifecycleEventEffect { Event: Lifecycle.Closed }:
                break; // Both follow from how the connection ended, which comes with the same result.
            case ConnectionLifecycleEventEffect:
                _endings.OnBegun();
                effects.Add(effect);
                break;
            case ConnectionClosedEffect closed:
                OnClosed(closed, result, effects);
                break;
            case SendDatagramEffect { Connection.Value: 0 } run when addressed != ConnectionHandle.None:
                effects.Add(run with { Connection = addressed }); // The close again, to one that has not heard it yet.
                break;
            case HandshakeInformationEffect information:
                _tokens.OnHandshake(information);
                break;
            case NewTokenAvailableEffect token:
                _tokens.OnToken(token);
                effects.Add(token);
                break;
            case ResumptionStateAvailableEffect when !_resumable.Add(effect.Connection):
                break; // Servers may give several tickets; the first is told.
            case ZeroRttStatusEventEffect { Status: not (ZeroRttStatus.Unavailable or ZeroRttStatus.Attempted) }:
                break; // What became of early data is never told.
            default:
                if (EffectOrder.RankOf(effect) != EffectOrder.None)
                    effects.Add(effect);
                break;
        }
    }

    private void OnClosed(ConnectionClosedEffect closed, EndpointResult result, List<Effect> effects)
    {
        _tokens.OnClosed(closed.Connection);
        _earlyWrites.OnClosed(closed.Connection);
        _resumable.Remove(closed.Connection);
        if (IsToldAsFailed(closed.Reason))
            effects.Add(new StateEventEffect(closed.Connection, StateChange.Failed));
        bool isClosing = closed.Reason.Origin == CloseOrigin.Local;
        _endings.Add(closed.Connection, isClosing, isHidden: isClosing && WasAccepted(closed.Connection, result));
    }

    /// <summary>Connections have become ready, perhaps: what was written to them before leaves with the same result.</summary>
    private EndpointResult Release(TimeUs now, EndpointResult received)
    {
        var effects = new List<Effect>(received.Effects);
        EndpointResult last = received;
        foreach (Effect effect in received.EffectSpan)
        {
            if (effect is not StateEventEffect { Change: StateChange.HandshakeReady } ready)
                continue;
            foreach (SendStreamData write in _earlyWrites.Release(ready.Connection))
            {
                last = Project(_endpoint.SendStreamData(now, ready.Connection, write));
                effects.AddRange(last.Effects);
            }
        }

        EffectOrder.Sort(effects);
        return last with { Effects = effects, LocalError = received.LocalError };
    }

    /// <summary>
    /// Stateless resets are for those who had a connection here; the key of their tokens is drawn for each endpoint. While none has gone,
    /// a datagram that is nobody's is noise, which the ABI ignores.
    /// </summary>
    private static EndpointResult WithoutStatelessAnswer(EndpointResult received)
    {
        ReadOnlySpan<Effect> effects = received.EffectSpan;
        int place = 0;
        while (place < effects.Length && effects[place] is not SendDatagramEffect { Connection.Value: 0 })
            place++;
        if (place == effects.Length)
            return received;
        var others = new List<Effect>(received.Effects);
        others.RemoveAt(place);
        return received with { Effects = others };
    }

    /// <summary>Not an idle timeout, and not an error of the transport that we found ourselves.</summary>
    private static bool IsToldAsFailed(CloseReason reason) => reason.Origin switch
    {
        CloseOrigin.Local => reason.IsApplicationError,
        CloseOrigin.IdleTimeout => false,
        _ => true,
    };

    /// <summary>Whether the same input began a connection that it also ended: then no caller ever gets to use it.</summary>
    private static bool WasAccepted(ConnectionHandle connection, EndpointResult result)
    {
        foreach (Effect effect in result.EffectSpan)
        {
            if (effect is ConnectionLifecycleEventEffect { Event: Lifecycle.Accepted } && effect.Connection == connection)
                return true;
        }

        return false;
    }
}
