using System;

namespace CoQuic.Engine;

/// <summary>BBR.min_rtt, and when it is to be measured anew (§4.3.4.4, §4.5.3).</summary>
internal struct BbrMinimumRtt
{
    /// <summary>MinRTTFilterLen: so long a minimum is believed.</summary>
    private static readonly TimeSpan FilterLength = TimeSpan.FromSeconds(10);

    /// <summary>ProbeRTTInterval: after so long without a lower one, it is looked for.</summary>
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(5);

    private TimeSpan? _probed;
    private TimeUs _probedAt;
    private TimeUs _minimumAt;

    /// <summary>BBR.min_rtt; null before the first sample.</summary>
    public TimeSpan? Value { get; private set; }

    /// <summary>BBR.probe_rtt_expired.</summary>
    public bool IsProbeDue { get; private set; }

    /// <summary>BBRUpdateMinRTT.</summary>
    public void Update(TimeUs now, TimeSpan? sample)
    {
        IsProbeDue = _probed is not null && now > _probedAt + ProbeInterval;
        if (sample is { } rtt && (_probed is null || rtt < _probed || IsProbeDue))
        {
            _probed = rtt;
            _probedAt = now;
        }

        bool isExpired = now > _minimumAt + FilterLength;
        if (_probed is { } probed && (Value is null || probed < Value || isExpired))
        {
            Value = probed;
            _minimumAt = _probedAt;
        }
    }

    /// <summary>It was measured: the next time is an interval away.</summary>
    public void ScheduleProbe(TimeUs now) => _probedAt = now;
}
