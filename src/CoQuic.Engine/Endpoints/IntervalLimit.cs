using System;

namespace CoQuic.Engine;

/// <summary>A bound on how often something is done in each interval.</summary>
/// <param name="maximum">How often.</param>
/// <param name="interval">In what time; intervals begin with the first use after the last one ended.</param>
internal sealed class IntervalLimit(int maximum, TimeSpan interval)
{
    private TimeUs? _end;
    private int _used;

    /// <summary>Whether it may be done once more now; if so, it counts.</summary>
    public bool TryUse(TimeUs now)
    {
        if (_end is not { } end || now >= end)
        {
            _end = now + interval;
            _used = 0;
        }

        if (_used == maximum)
            return false;
        _used++;
        return true;
    }
}
