using System.Collections.Generic;
using CoQuic.Engine;

namespace CoQuic.Interop;

/// <summary>
/// What the C ABI leaves unsaid and every driver tells: that a connection has ended, and how, as its last effect; that streams may be
/// opened; that written data has left. It is made up from what a native library does tell, as far as that goes.
/// </summary>
/// <remarks>
/// The ABI tells no reasons. A close that the application asked for has its own; a FAILED nobody asked for was the peer's, and a CLOSED
/// without FAILED an idle timeout: the commonest cause.
/// </remarks>
internal sealed class UntoldEffects
{
    /// <summary>The ABI tells no stream limits: as many streams as there can be (RFC 9000 §4.6).</summary>
    private const ulong AnyNumber = 1UL << 60;

    private readonly Dictionary<ConnectionHandle, NativeConnection> _connections = [];
    private readonly HashSet<ConnectionHandle> _awaiting = [];
    private readonly bool _tellsProgress;

    /// <param name="config">The endpoint's configuration.</param>
    public UntoldEffects(EndpointConfig config) => _tellsProgress = config.Transport.SendLowWaterMark > 0;

    /// <summary>Whether progress has to be told once written data has left.</summary>
    public bool AwaitsProgress => _awaiting.Count > 0;

    /// <summary>The application closes a connection.</summary>
    public void OnClose(ConnectionHandle connection, ulong errorCode, string reason) =>
        Of(connection).Asked ??= new CloseReason(CloseOrigin.Local, IsApplicationError: true, errorCode, 0, reason);

    /// <summary>The application has written to a stream.</summary>
    public void OnWritten(ConnectionHandle connection, StreamId stream, ulong length, bool fin)
    {
        if (!_tellsProgress)
            return;
        NativeConnection state = Of(connection);
        if (length > 0)
        {
            state.OnWritten(stream, length);
            _awaiting.Add(connection);
        }

        if (fin)
            state.OnStreamEnd(stream);
    }

    /// <summary>The application, or the peer, wants no more of a stream's data sent.</summary>
    public void OnAbandoned(ConnectionHandle connection, StreamId stream)
    {
        if (_connections.TryGetValue(connection, out NativeConnection? state))
            state.OnStreamEnd(stream);
    }

    /// <summary>Completes what one input told.</summary>
    /// <param name="told">The effects of a native library.</param>
    public List<Effect> Complete(List<Effect> told)
    {
        var effects = new List<Effect>(told.Count);
        var ends = new List<Effect>();
        foreach (Effect effect in told)
        {
            switch (effect)
            {
                case SendDatagramEffect run:
                    effects.Add(OnSent(run));
                    break;
                case StateEventEffect { Change: StateChange.HandshakeReady }:
                    effects.Add(effect);
                    TellReady(effect.Connection, effects);
                    break;
                case StateEventEffect { Change: StateChange.Failed }:
                    TellEnd(effect.Connection, CloseOrigin.Peer, ends);
                    break;
                case ConnectionLifecycleEventEffect { Event: Lifecycle.Closed }:
                    // The ABI's CLOSED comes when the handle is gone; ours came with the end.
                    TellEnd(effect.Connection, CloseOrigin.IdleTimeout, ends);
                    _connections.Remove(effect.Connection);
                    break;
                case PeerStopSendingEffect stop:
                    OnAbandoned(stop.Connection, stop.StreamId);
                    effects.Add(effect);
                    break;
                default:
                    effects.Add(effect);
                    break;
            }
        }

        effects.AddRange(ends);
        return effects;
    }

    /// <summary>Whether streams may be opened on a connection.</summary>
    public bool IsReady(ConnectionHandle connection) =>
        _connections.TryGetValue(connection, out NativeConnection? state) && state.IsReady;

    /// <summary>All that was written has left: every stream's progress, and all of it.</summary>
    /// <param name="effects">Where it is told.</param>
    public void TellProgress(List<Effect> effects) => _awaiting.RemoveWhere(connection =>
        !_connections.TryGetValue(connection, out NativeConnection? state) || state.TellProgress(connection, effects));

    private NativeConnection Of(ConnectionHandle connection)
    {
        if (!_connections.TryGetValue(connection, out NativeConnection? state))
            _connections.Add(connection, state = new NativeConnection());
        return state;
    }

    /// <summary>Copies of a close that follow a connection's end belong to no connection: its end is its last effect.</summary>
    private SendDatagramEffect OnSent(SendDatagramEffect run)
    {
        if (!_connections.TryGetValue(run.Connection, out NativeConnection? state))
            return run;
        state.OnSent((ulong)run.Bytes.Length);
        return state.IsEndTold ? run with { Connection = ConnectionHandle.None } : run;
    }

    private void TellReady(ConnectionHandle connection, List<Effect> effects)
    {
        Of(connection).IsReady = true;
        effects.Add(new StreamsAvailableEffect(connection, StreamKind.Bidirectional, AnyNumber));
        effects.Add(new StreamsAvailableEffect(connection, StreamKind.Unidirectional, AnyNumber));
    }

    private void TellEnd(ConnectionHandle connection, CloseOrigin origin, List<Effect> ends)
    {
        NativeConnection state = Of(connection);
        if (state.IsEndTold)
            return;
        state.IsEndTold = true;
        CloseReason reason = state.Asked
            ?? new CloseReason(origin, IsApplicationError: false, 0, 0, "the native library does not say why");
        ends.Add(new StateEventEffect(connection, StateChange.Failed));
        ends.Add(new ConnectionLifecycleEventEffect(connection, Lifecycle.Closed));
        ends.Add(new ConnectionClosedEffect(connection, reason));
    }
}
