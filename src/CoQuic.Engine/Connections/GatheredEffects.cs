using System.Collections.Generic;

namespace CoQuic.Engine;

/// <summary>
/// What a connection has to tell, until it is given out: how the connection fares, then what its streams received, and its end last of
/// all.
/// </summary>
/// <param name="connection">The connection.</param>
internal sealed class GatheredEffects(ConnectionHandle connection)
{
    private readonly List<Effect> _told = [];
    private readonly List<Effect> _received = [];
    private readonly List<Effect> _receivedDatagrams = [];
    private readonly List<Effect> _lastWords = [];

    /// <summary>How the connection fares.</summary>
    public void Tell(Effect effect) => _told.Add(effect);

    /// <summary>A DATAGRAM came in.</summary>
    public void OnDatagram(Bytes data) => _receivedDatagrams.Add(new ReceiveDatagramDataEffect(connection, data));

    /// <summary>The connection's last words, once.</summary>
    public void Close(CloseReason reason)
    {
        _lastWords.Add(new StateEventEffect(connection, StateChange.Failed));
        _lastWords.Add(new ConnectionLifecycleEventEffect(connection, Lifecycle.Closed));
        _lastWords.Add(new ConnectionClosedEffect(connection, reason));
    }

    /// <summary>Gathers what streams have received, and what else happened to them.</summary>
    /// <param name="streams">The streams.</param>
    /// <param name="qlog">Who watches, if anybody does.</param>
    public void Gather(StreamSet streams, ConnectionQlog? qlog)
    {
        while (streams.TryReadStreamData(out StreamId streamId, out ulong offset, out Bytes data, out bool isFin))
        {
            ulong? finalSize = isFin ? offset + (ulong)data.Length : null;
            _received.Add(new ReceiveStreamDataEffect(connection, streamId, offset, data, isFin, finalSize));
        }

        Move(_receivedDatagrams, _received);
        while (streams.TryGetEvent(out StreamEvent streamEvent))
        {
            qlog?.OnStream(streamEvent);
            if (ToEffect(streamEvent) is { } effect)
                _received.Add(effect);
        }
    }

    /// <summary>Gives out how the connection fares.</summary>
    public void GiveOutTold(List<Effect> effects) => Move(_told, effects);

    /// <summary>Gives out all but the connection's end.</summary>
    public void GiveOutNews(List<Effect> effects)
    {
        Move(_told, effects);
        Move(_received, effects);
    }

    /// <summary>Gives out all.</summary>
    public void GiveOut(List<Effect> effects)
    {
        GiveOutNews(effects);
        Move(_lastWords, effects);
    }

    private static void Move(List<Effect> from, List<Effect> to)
    {
        if (from.Count == 0)
            return;
        to.AddRange(from);
        from.Clear();
    }

    private Effect? ToEffect(in StreamEvent streamEvent) => streamEvent.Kind switch
    {
        StreamEventKind.PeerReset =>
            new PeerResetStreamEffect(connection, streamEvent.StreamId, streamEvent.ErrorCode, streamEvent.FinalSize),
        StreamEventKind.PeerStopSending => new PeerStopSendingEffect(connection, streamEvent.StreamId, streamEvent.ErrorCode),
        StreamEventKind.SendProgress =>
            new SendProgressEffect(connection, streamEvent.StreamId, streamEvent.Released, streamEvent.Buffered),
        StreamEventKind.StreamsAvailable => new StreamsAvailableEffect(connection, streamEvent.StreamKind, streamEvent.Limit),
        _ => null,
    };
}
