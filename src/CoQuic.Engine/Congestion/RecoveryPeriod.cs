namespace CoQuic.Engine;

/// <summary>
/// A recovery period (RFC 9002 §7.3.2): the window is reduced at most once for packets that were in flight together. When all that
/// was lost in it turns out to have been only late, the reduction was for nothing (RFC 9438 §4.9.2).
/// </summary>
internal struct RecoveryPeriod
{
    private TimeUs? _start;
    private TimeUs? _previousStart;
    private bool _isBeyondDoubt;
    private int _lost;

    /// <summary>Whether a packet was sent before the last reduction, which therefore covers it.</summary>
    public readonly bool Contains(TimeUs sentTime) => sentTime <= _start;

    /// <summary>The window is reduced now, and not again for what is in flight.</summary>
    /// <param name="now">The congestion_recovery_start_time.</param>
    /// <param name="isMarked">Whether the network said so itself, by a mark: then nothing refutes it.</param>
    public void Begin(TimeUs now, bool isMarked)
    {
        _previousStart = _start;
        _start = now;
        _lost = 0;
        _isBeyondDoubt = isMarked;
    }

    /// <summary>The network marked a packet that the period contains.</summary>
    public void Confirm() => _isBeyondDoubt = true;

    /// <summary>Counts a lost packet that the period contains.</summary>
    public void OnLost(TimeUs sentTime)
    {
        if (IsOfThisPeriod(sentTime))
            _lost++;
    }

    /// <summary>A packet that was lost arrived after all.</summary>
    /// <returns>Whether it was the last that had caused the period, which ends by that: the reduction is to be undone.</returns>
    public bool TryRefute(TimeUs sentTime)
    {
        if (!IsOfThisPeriod(sentTime) || _lost == 0 || --_lost > 0 || _isBeyondDoubt)
            return false;
        _start = _previousStart;
        return true;
    }

    /// <summary>Persistent congestion: whatever is lost next is news (RFC 9002 §B.8).</summary>
    public void End() => this = default;

    private readonly bool IsOfThisPeriod(TimeUs sentTime) =>
        sentTime <= _start && !(sentTime <= _previousStart);
}
