using System;

namespace CoQuic.Engine;

/// <summary>
/// PCC Allegro (Dong et al., NSDI 2015): tries a little more and a little less, twice each in random order, and moves where both pairs
/// agree that it was better. Sections are of the paper.
/// </summary>
internal sealed class Allegro : IRateLearner
{
    /// <summary>ε_min and ε_max: by how much trials differ from the rate (§3.2).</summary>
    private const double MinimumStep = 0.01;
    private const double MaximumStep = 0.05;

    /// <summary>The loss beyond which utility collapses (§2.2), and how steeply.</summary>
    private const double TolerableLoss = 0.05;
    private const double SigmoidSlope = 100;

    private const int Trials = 4;

    private readonly (PccTrial Trial, double Utility)[] _answers = new (PccTrial, double)[Trials];
    private Phase _phase;
    private double _step = MinimumStep;
    private double _previousRate;
    private double _previousUtility = double.NegativeInfinity;
    private int _direction;
    private int _adjustments;
    private int _begun;
    private int _answered;
    private bool _isSpoiled;

    public Allegro(double rate) => Rate = _previousRate = rate;

    private enum Phase : byte
    {
        Starting,
        Deciding,
        Adjusting,
    }

    public double Rate { get; private set; }

    public bool IsStarting => _phase == Phase.Starting;

    /// <summary>u = T × sigmoid(L - 0.05) - x × L, in megabits per second (§2.2).</summary>
    public static double Utility(double rate, double lossRate)
    {
        double megabits = rate * 8e-6;
        double sigmoid = 1 / (1 + PortableMath.Exponential(SigmoidSlope * (lossRate - TolerableLoss)));
        return (megabits * (1 - lossRate) * sigmoid) - (megabits * lossRate);
    }

    /// <summary>Between 1.7 and 2.2, so that flows do not keep step (§3.1).</summary>
    public double RoundTrips(double chance) => 1.7 + (0.5 * chance);

    public (PccTrial Trial, double Rate) Next(bool coin)
    {
        if (_begun == (_phase == Phase.Deciding ? Trials : 1))
            return (PccTrial.None, Rate);
        _begun++;
        if (_phase != Phase.Deciding)
            return (PccTrial.Plain, Rate);
        // The second of a pair is what the first was not.
        bool isHigher = _begun % 2 == 0 ? _answers[_begun - 2].Trial == PccTrial.Lower : coin;
        PccTrial trial = isHigher ? PccTrial.Higher : PccTrial.Lower;
        _answers[_begun - 1] = (trial, 0);
        return (trial, Rate * (isHigher ? 1 + _step : 1 - _step));
    }

    public void OnAnswer(MonitorInterval interval)
    {
        _isSpoiled |= interval.IsAppLimited;
        double utility = Utility(interval.Rate, interval.LossRate);
        if (_phase == Phase.Deciding)
            OnTrial(interval.Trial, utility);
        else if (_isSpoiled)
            Begin(_phase);
        else if (_phase == Phase.Starting)
            OnDoubled(utility);
        else
            OnAdjusted(utility);
    }

    public void Restart(double rate)
    {
        Rate = _previousRate = rate;
        _previousUtility = double.NegativeInfinity;
        Begin(Phase.Starting);
    }

    private void Begin(Phase phase)
    {
        _phase = phase;
        _begun = 0;
        _answered = 0;
        _isSpoiled = false;
    }

    private void OnDoubled(double utility)
    {
        if (utility > _previousUtility)
        {
            Advance(utility, 2 * Rate);
            return;
        }

        Rate = _previousRate;
        Begin(Phase.Deciding);
    }

    private void OnTrial(PccTrial trial, double utility)
    {
        _answers[_answered++] = (trial, utility);
        if (_answered < Trials)
            return;
        int first = Preference(0);
        int second = Preference(2);
        if (_isSpoiled)
        {
            Begin(Phase.Deciding);
        }
        else if (first == second)
        {
            _direction = first;
            _adjustments = 0;
            _previousUtility = double.NegativeInfinity;
            _previousRate = Rate;
            Adjust();
        }
        else
        {
            // They do not agree: a larger difference may show more than noise.
            _step = Math.Min(_step + MinimumStep, MaximumStep);
            Begin(Phase.Deciding);
        }
    }

    /// <summary>1 when the higher rate of a pair was better, -1 when the lower was.</summary>
    private int Preference(int pair)
    {
        bool isFirstBetter = _answers[pair].Utility > _answers[pair + 1].Utility;
        return isFirstBetter == (_answers[pair].Trial == PccTrial.Higher) ? 1 : -1;
    }

    /// <summary>Ever larger steps in the direction, as long as they help (§3.2).</summary>
    private void OnAdjusted(double utility)
    {
        if (utility > _previousUtility)
        {
            _previousUtility = utility;
            _previousRate = Rate;
            Adjust();
            return;
        }

        Rate = _previousRate;
        _step = MinimumStep;
        Begin(Phase.Deciding);
    }

    private void Adjust()
    {
        _adjustments++;
        Rate *= 1 + (_direction * Math.Min(_adjustments * MinimumStep, 0.5));
        Begin(Phase.Adjusting);
    }

    private void Advance(double utility, double rate)
    {
        _previousUtility = utility;
        _previousRate = Rate;
        Rate = rate;
        Begin(_phase);
    }
}
