namespace CoQuic.Engine;

/// <summary>v: how fast COPA's window moves, doubled each round trip once it has moved the same way for three (§2.1).</summary>
internal struct CopaVelocity
{
    private const int SteadyRounds = 3;

    private bool _isUp;
    private int _rounds;
    private ulong _windowAtRoundStart;

    public CopaVelocity() => Value = 1;

    public double Value { get; private set; }

    /// <summary>Another direction begins slowly.</summary>
    public void OnDirection(bool isUp)
    {
        if (isUp == _isUp)
            return;
        _isUp = isUp;
        _rounds = 0;
        Value = 1;
    }

    /// <summary>A round trip is over.</summary>
    /// <param name="window">The window now, in bytes: it has to have moved in the direction that it tries.</param>
    public void OnRound(ulong window)
    {
        bool hasMoved = _isUp ? window > _windowAtRoundStart : window < _windowAtRoundStart;
        _windowAtRoundStart = window;
        _rounds = hasMoved ? _rounds + 1 : 0;
        if (!hasMoved)
            Value = 1;
        else if (_rounds >= SteadyRounds)
            Value *= 2;
    }
}
