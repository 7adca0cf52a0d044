using System;
using System.Collections.Generic;
using System.Text;

namespace CoQuic.Engine;

/// <content>What the connection tells: after each input, everything that has gathered, sends first.</content>
internal sealed partial class Connection
{
    private readonly List<Effect> _told = [];
    private readonly List<Effect> _gathered = [];
    private readonly List<Effect> _lastWords = [];
    private readonly List<Effect> _receivedDatagrams = [];

    /// <summary>Transmits what may be sent now and gives out what there is to tell.</summary>
    /// <param name="now">The instant of the input.</param>
    /// <param name="runs">Where datagrams are written.</param>
    /// <param name="effects">
    /// Where all of it goes: UDP datagrams, then how the connection fares, then what its streams received, and its end last of all.
    /// </param>
    public void Drain(TimeUs now, DatagramRuns runs, List<Effect> effects)
    {
        _qlog?.OnTurn(now);
        // Reading comes first, since with automatic credit it is consumption, and the credit travels with what is sent now.
        if (IsAlive)
            GatherReceived();
        Transmit(now, runs, effects);
        runs.Flush(effects);
        Observe();
        Move(_told, effects);
        Move(_gathered, effects);
        Move(_lastWords, effects);
    }

    /// <summary>Gives out what there is to tell; what there is to send, and the connection's end, wait for the next drain.</summary>
    /// <param name="now">The instant of the input.</param>
    /// <param name="effects">Where it goes, in the order of <see cref="Drain"/>.</param>
    public void Report(TimeUs now, List<Effect> effects)
    {
        _qlog?.OnTurn(now);
        if (IsAlive)
            GatherReceived();
        Move(_told, effects);
        Move(_gathered, effects);
    }

    /// <summary>Gives out what a client's connection has told before another one takes its place: why that is.</summary>
    public void GiveOutTold(List<Effect> effects) => Move(_told, effects);

    private static void Move(List<Effect> from, List<Effect> to)
    {
        to.AddRange(from);
        from.Clear();
    }

    private void Tell(Effect effect)
    {
        _qlog?.OnTold(effect);
        _told.Add(effect);
    }

    private void TellState(StateChange change) => Tell(new StateEventEffect(Handle, change));

    private void GatherReceived()
    {
        while (_streams.TryReadStreamData(out StreamId streamId, out ulong offset, out Bytes data, out bool isFin))
        {
            ulong? finalSize = isFin ? offset + (ulong)data.Length : null;
            _gathered.Add(new ReceiveStreamDataEffect(Handle, streamId, offset, data, isFin, finalSize));
        }

        _gathered.AddRange(_receivedDatagrams);
        _receivedDatagrams.Clear();
        while (_streams.TryGetEvent(out StreamEvent streamEvent))
        {
            _qlog?.OnStream(streamEvent);
            if (ToEffect(streamEvent) is { } effect)
                _gathered.Add(effect);
        }
    }

    private Effect? ToEffect(in StreamEvent streamEvent) => streamEvent.Kind switch
    {
        StreamEventKind.PeerReset =>
            new PeerResetStreamEffect(Handle, streamEvent.StreamId, streamEvent.ErrorCode, streamEvent.FinalSize),
        StreamEventKind.PeerStopSending => new PeerStopSendingEffect(Handle, streamEvent.StreamId, streamEvent.ErrorCode),
        StreamEventKind.SendProgress =>
            new SendProgressEffect(Handle, streamEvent.StreamId, streamEvent.Released, streamEvent.Buffered),
        StreamEventKind.StreamsAvailable => new StreamsAvailableEffect(Handle, streamEvent.StreamKind, streamEvent.Limit),
        _ => null,
    };

    /// <summary>The handshake is done: once, what it settled.</summary>
    private void TellHandshakeInformation()
    {
        Tell(new HandshakeInformationEffect(
            Handle,
            _version.Current,
            _tls.ApplicationProtocol ?? "",
            _tls.CipherSuite,
            _tls.Group,
            _tls.PeerCertificates.Count > 0 ? _tls.PeerCertificates[0] : Bytes.Empty,
            _tls.WasResumed));
        TellState(StateChange.HandshakeReady);
    }

    /// <summary>The connection's last words, once: what its streams received before is still given out.</summary>
    private void TellClosed(CloseReason reason)
    {
        GatherReceived();
        _lastWords.Add(new StateEventEffect(Handle, StateChange.Failed));
        _lastWords.Add(new ConnectionLifecycleEventEffect(Handle, Lifecycle.Closed));
        _lastWords.Add(new ConnectionClosedEffect(Handle, reason));
    }

    private static string TextOf(ReadOnlySpan<byte> reasonPhrase) => Encoding.UTF8.GetString(reasonPhrase);
}
