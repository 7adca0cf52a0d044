using System;

namespace CoQuic.Engine;

/// <content>The measurement of round trips without a queue (§4.3.4).</content>
internal sealed partial class Bbr
{
    private static readonly TimeSpan ProbeRttDuration = TimeSpan.FromMilliseconds(200);

    private TimeUs? _probeRttDone;
    private bool _isProbeRttRoundDone;

    /// <summary>BBRCheckProbeRTT (§4.3.4.4).</summary>
    private void UpdateProbeRtt(TimeUs now, in DeliverySample delivery)
    {
        if (_state != BbrState.ProbeRtt && _minimumRtt.IsProbeDue && !_isRestartingFromIdle)
        {
            SaveWindow();
            _state = BbrState.ProbeRtt;
            _probeRttDone = null;
            _ackPhase = AckPhase.Stopping;
            _rounds.Begin(_delivered);
        }

        if (_state == BbrState.ProbeRtt)
            ProbeRtt(now, delivery.BytesInFlight);
        if (delivery.Delivered > 0)
            _isRestartingFromIdle = false;
    }

    /// <summary>BBRHandleProbeRTT: once little is in flight, for a while and for a round trip at least.</summary>
    private void ProbeRtt(TimeUs now, ulong bytesInFlight)
    {
        if (_probeRttDone is not null)
        {
            _isProbeRttRoundDone |= _rounds.HasJustBegun;
            if (_isProbeRttRoundDone)
                EndProbeRttIfDone(now);
        }
        else if (bytesInFlight <= ProbeRttWindow)
        {
            _probeRttDone = now + ProbeRttDuration;
            _isProbeRttRoundDone = false;
            _rounds.Begin(_delivered);
        }
    }

    /// <summary>BBRCheckProbeRTTDone and BBRExitProbeRTT.</summary>
    private void EndProbeRttIfDone(TimeUs now)
    {
        if (_probeRttDone is not { } done || now <= done)
            return;
        _minimumRtt.ScheduleProbe(now);
        RestoreWindow();
        _lowerBounds.Reset();
        if (!_fullPipe.IsFull)
        {
            _state = BbrState.Startup;
            return;
        }

        BeginProbeDown(now);
        _state = BbrState.ProbeBandwidthCruise;
    }
}
