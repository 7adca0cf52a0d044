namespace CoQuic.Engine;

/// <summary>Finds out when Startup has filled the pipe: the rate no longer grows (§4.3.1.2), or losses are persistent (§4.3.1.3).</summary>
internal struct BbrFullPipe
{
    private const double Growth = 1.25;
    private const int RoundsWithoutGrowth = 3;

    /// <summary>BBRStartupFullLossCnt: separate losses in a round trip that tell a full queue from a burst.</summary>
    private const int SeparateLosses = 3;

    private double _baseline;
    private int _roundsWithoutGrowth;
    private int _lossesInRound;
    private ulong _lastLost;
    private bool _wasInRecoveryAllRound;

    /// <summary>BBR.filled_pipe.</summary>
    public bool IsFull { get; private set; }

    /// <summary>BBRCheckStartupFullBandwidth: once a round trip.</summary>
    public void OnRound(double maximumBandwidth, bool isAppLimited)
    {
        if (IsFull || isAppLimited)
            return;
        if (maximumBandwidth >= _baseline * Growth)
        {
            _baseline = maximumBandwidth;
            _roundsWithoutGrowth = 0;
            return;
        }

        IsFull = ++_roundsWithoutGrowth >= RoundsWithoutGrowth;
    }

    /// <summary>Counts losses that do not touch each other.</summary>
    public void OnPacketLost(ulong packetNumber)
    {
        if (_lossesInRound == 0 || packetNumber != _lastLost + 1)
            _lossesInRound++;
        _lastLost = packetNumber;
    }

    /// <summary>BBRCheckStartupHighLoss: at the end of a round trip of loss detection.</summary>
    /// <param name="isInRecovery">Whether losses are being repaired.</param>
    /// <param name="isLossTooHigh">Whether more than BBRLossThresh of the flight was lost.</param>
    public void OnLossRound(bool isInRecovery, bool isLossTooHigh)
    {
        if (isInRecovery && _wasInRecoveryAllRound && isLossTooHigh && _lossesInRound >= SeparateLosses)
            IsFull = true;
        _wasInRecoveryAllRound = isInRecovery;
        _lossesInRound = 0;
    }
}
