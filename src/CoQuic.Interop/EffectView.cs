using CoQuic.Engine;

namespace CoQuic.Interop;

/// <summary>An effect as the flat struct of the wrappers: fields that a kind does not use stay zero.</summary>
/// <remarks>
/// The kinds that the wrappers pass through (preferred address, resumption state, 0-RTT status, packet inspection, new token, and
/// all that the C ABI does not know) have <see cref="Kind"/> and <see cref="Connection"/> only: their content is in the records of
/// <see cref="QueryResult.Effects"/>.
/// </remarks>
public readonly record struct EffectView
{
    /// <summary>Which effect it is.</summary>
    public EffectKind Kind { get; init; }

    /// <summary>The connection; <see cref="ConnectionHandle.None"/> for none.</summary>
    public ConnectionHandle Connection { get; init; }

    /// <summary>The route to send on.</summary>
    public RouteHandle RouteHandle { get; init; }

    /// <summary>Whether there is a route.</summary>
    public bool HasRouteHandle { get; init; }

    /// <summary>The stream.</summary>
    public StreamId StreamId { get; init; }

    /// <summary>The stream offset of the first byte.</summary>
    public ulong Offset { get; init; }

    /// <summary>The datagrams, stream bytes or payload.</summary>
    public Bytes Bytes { get; init; }

    /// <summary>Each datagram's size in bytes; the last may be shorter.</summary>
    public int SegmentSize { get; init; }

    /// <summary>The mark to set.</summary>
    public EcnCodepoint Ecn { get; init; }

    /// <summary>Whether a datagram probes the path MTU.</summary>
    public bool IsPmtuProbe { get; init; }

    /// <summary>Whether the stream ends behind the bytes.</summary>
    public bool Fin { get; init; }

    /// <summary>The step of the handshake.</summary>
    public StateChange StateChange { get; init; }

    /// <summary>The event of the connection's life.</summary>
    public Lifecycle Lifecycle { get; init; }

    /// <summary>The application protocol's error code.</summary>
    public ulong ApplicationErrorCode { get; init; }

    /// <summary>The stream's length in bytes.</summary>
    public ulong FinalSize { get; init; }

    /// <summary>Whether the final size is known.</summary>
    public bool HasFinalSize { get; init; }

    /// <summary>The flat view of an effect.</summary>
    /// <param name="effect">The effect to show.</param>
    public static EffectView Of(Engine.Effect effect)
    {
        System.ArgumentNullException.ThrowIfNull(effect);
        var view = new EffectView { Kind = effect.Kind, Connection = effect.Connection };
        return effect switch
        {
            SendDatagramEffect run => view with
            {
                RouteHandle = run.Route.GetValueOrDefault(),
                HasRouteHandle = run.Route.HasValue,
                Bytes = run.Bytes,
                SegmentSize = run.SegmentSize,
                Ecn = run.Ecn,
                IsPmtuProbe = run.IsPmtuProbe,
            },
            ReceiveStreamDataEffect data => view with
            {
                StreamId = data.StreamId,
                Offset = data.Offset,
                Bytes = data.Bytes,
                Fin = data.Fin,
                FinalSize = data.FinalSize.GetValueOrDefault(),
                HasFinalSize = data.FinalSize.HasValue,
            },
            ReceiveDatagramDataEffect datagram => view with { Bytes = datagram.Bytes },
            PeerResetStreamEffect reset => view with
            {
                StreamId = reset.StreamId,
                ApplicationErrorCode = reset.ApplicationErrorCode,
                FinalSize = reset.FinalSize,
                HasFinalSize = true,
            },
            PeerStopSendingEffect stop => view with
            {
                StreamId = stop.StreamId,
                ApplicationErrorCode = stop.ApplicationErrorCode,
            },
            StateEventEffect state => view with { StateChange = state.Change },
            ConnectionLifecycleEventEffect life => view with { Lifecycle = life.Event },
            _ => view,
        };
    }
}
