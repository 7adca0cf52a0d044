using System;

namespace CoQuic.Engine;

/// <summary>
/// The smallest of the values of some time back, in constant space: besides the smallest it keeps the smallest of the later part of
/// that time, and of the latest, which follow when the first is too old (the filter that Linux has in win_minmax, after Kathleen Nichols).
/// </summary>
internal struct WindowedMinimum
{
    private Sample _first;
    private Sample _second;
    private Sample _third;
    private bool _hasValue;

    /// <summary>The smallest; null before the first value.</summary>
    public readonly TimeSpan? Value => _hasValue ? _first.Value : null;

    /// <summary>Takes a value.</summary>
    /// <param name="now">When it was seen.</param>
    /// <param name="value">The value.</param>
    /// <param name="window">How far back the minimum reaches.</param>
    /// <returns>The smallest.</returns>
    public TimeSpan Update(TimeUs now, TimeSpan value, TimeSpan window)
    {
        var sample = new Sample(now, value);
        if (!_hasValue || value <= _first.Value || now - _third.At > window)
        {
            _hasValue = true;
            _first = _second = _third = sample;
            return value;
        }

        if (value <= _second.Value)
            _second = _third = sample;
        else if (value <= _third.Value)
            _third = sample;
        Age(sample, window);
        return _first.Value;
    }

    private void Age(in Sample sample, TimeSpan window)
    {
        TimeSpan age = sample.At - _first.At;
        if (age > window)
        {
            Shift(sample);
            if (sample.At - _first.At > window)
                Shift(sample);
        }
        else if (_second.At == _first.At && age > window / 4)
        {
            _second = _third = sample;
        }
        else if (_third.At == _second.At && age > window / 2)
        {
            _third = sample;
        }
    }

    private void Shift(in Sample sample)
    {
        _first = _second;
        _second = _third;
        _third = sample;
    }

    private readonly record struct Sample(TimeUs At, TimeSpan Value);
}
