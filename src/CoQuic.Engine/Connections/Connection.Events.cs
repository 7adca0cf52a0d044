using System;
using System.Collections.Generic;
using System.Text;

namespace CoQuic.Engine;

/// <content>What the connection tells: after each input, everything that has gathered, sends first.</content>
internal sealed partial class Connection
{
    private readonly GatheredEffects _gathered;

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
            _gathered.Gather(_streams, _qlog);
        Transmit(now, runs, effects);
        runs.Flush(effects);
        Observe();
        _gathered.GiveOut(effects);
    }

    /// <summary>Gives out what there is to tell; what there is to send, and the connection's end, wait for the next drain.</summary>
    /// <param name="now">The instant of the input.</param>
    /// <param name="effects">Where it goes, in the order of <see cref="Drain"/>.</param>
    public void Report(TimeUs now, List<Effect> effects)
    {
        _qlog?.OnTurn(now);
        if (IsAlive)
            _gathered.Gather(_streams, _qlog);
        _gathered.GiveOutNews(effects);
    }

    /// <summary>Gives out what a client's connection has told before another one takes its place: why that is.</summary>
    public void GiveOutTold(List<Effect> effects) => _gathered.GiveOutTold(effects);

    private void Tell(Effect effect)
    {
        _qlog?.OnTold(effect);
        _gathered.Tell(effect);
    }

    private void TellState(StateChange change) => Tell(new StateEventEffect(Handle, change));

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
        _gathered.Gather(_streams, _qlog);
        _gathered.Close(reason);
    }

    private static string TextOf(ReadOnlySpan<byte> reasonPhrase) => Encoding.UTF8.GetString(reasonPhrase);
}
