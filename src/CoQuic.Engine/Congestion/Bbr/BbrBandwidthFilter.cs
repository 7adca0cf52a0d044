using System;

namespace CoQuic.Engine;

/// <summary>BBR.max_bw: the highest delivery rate of this bandwidth probing cycle and the one before (§4.5.2).</summary>
internal struct BbrBandwidthFilter
{
    private double _previousCycle;
    private double _thisCycle;

    /// <summary>Bytes per second; 0 before the first sample.</summary>
    public readonly double Maximum => Math.Max(_previousCycle, _thisCycle);

    /// <summary>Takes a sample. What an application that lacks data has shown counts only if it is more than was known (§4.5.2.3).</summary>
    public void Update(in DeliverySample delivery)
    {
        if (!delivery.IsAppLimited || delivery.Rate >= Maximum)
            _thisCycle = Math.Max(_thisCycle, delivery.Rate);
    }

    /// <summary>BBRAdvanceMaxBwFilter: a cycle is over, and the one before it is forgotten. A cycle without samples is none.</summary>
    public void Advance()
    {
        if (_thisCycle == 0)
            return;
        _previousCycle = _thisCycle;
        _thisCycle = 0;
    }
}
