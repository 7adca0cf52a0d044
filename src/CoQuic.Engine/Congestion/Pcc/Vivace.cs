using System;

namespace CoQuic.Engine;

/// <summary>
/// PCC Vivace (Dong et al., NSDI 2018): climbs the gradient of a utility that knows rate, loss and growing queues. Sections are of the
/// paper.
/// </summary>
internal sealed class Vivace : IRateLearner
{
    /// <summary>b and c of the utility, with x in megabits per second (§3.1).</summary>
    private const double LatencyCoefficient = 900;
    private const double LossCoefficient = 11.35;

    /// <summary>A slope that noise explains counts as none (§5).</summary>
    private const double GradientNoise = 0.01;

    /// <summary>ε: by how much trials differ from the rate (§4.1).</summary>
    private const double TrialStep = 0.05;

    /// <summary>θ_0: megabits per second for a gradient of one (§4.2).</summary>
    private const double ConversionFactor = 1;

    /// <summary>ω_0 and δ: the first bound on a change, as a share of the rate, and how it widens (§4.3).</summary>
    private const double InitialChangeBound = 0.05;
    private const double ChangeBoundStep = 0.1;

    /// <summary>So many steps in one direction are taken with a factor that grows by one; after that by two.</summary>
    private const int CautiousSteps = 3;

    private const double BytesPerMegabit = 125_000;

    private PccTrial _firstTrial;
    private double _previousRate;
    private double _previousUtility = double.NegativeInfinity;
    private double _firstUtility;
    private int _begun;
    private int _answered;
    private bool _isSpoiled;
    private int _sameDirection;
    private int _boundSteps;
    private int _direction;

    public Vivace(double rate) => Rate = _previousRate = rate;

    public double Rate { get; private set; }

    public bool IsStarting { get; private set; } = true;

    private int TrialsWanted => IsStarting ? 1 : 2;

    /// <summary>u = x^0.9 - b x dRTT/dT - c x L.</summary>
    public static double Utility(double rate, double lossRate, double rttGradient)
    {
        double x = rate / BytesPerMegabit;
        double slope = Math.Abs(rttGradient) < GradientNoise ? 0 : rttGradient;
        return (x / Math.Max(PortableMath.TenthRoot(x), double.Epsilon)) - (LatencyCoefficient * x * slope) - (LossCoefficient * x * lossRate);
    }

    public double RoundTrips(double chance) => 1 + (0.1 * chance);

    public (PccTrial Trial, double Rate) Next(bool coin)
    {
        if (_begun == TrialsWanted)
            return (PccTrial.None, Rate);
        _begun++;
        if (IsStarting)
            return (PccTrial.Plain, Rate);
        bool isHigher = _begun == 1 ? coin : _firstTrial == PccTrial.Lower;
        PccTrial trial = isHigher ? PccTrial.Higher : PccTrial.Lower;
        if (_begun == 1)
            _firstTrial = trial;
        return (trial, Rate * (isHigher ? 1 + TrialStep : 1 - TrialStep));
    }

    public void OnAnswer(MonitorInterval interval)
    {
        double utility = Utility(interval.Rate, interval.LossRate, interval.RttGradient);
        _isSpoiled |= interval.IsAppLimited;
        if (++_answered < TrialsWanted)
        {
            _firstUtility = utility;
            return;
        }

        if (!_isSpoiled)
            Learn(utility);
        BeginTrials();
    }

    public void Restart(double rate)
    {
        Rate = _previousRate = rate;
        _previousUtility = double.NegativeInfinity;
        IsStarting = true;
        BeginTrials();
    }

    private void BeginTrials()
    {
        _begun = 0;
        _answered = 0;
        _isSpoiled = false;
    }

    private void Learn(double utility)
    {
        if (!IsStarting)
        {
            bool isFirstHigher = _firstTrial == PccTrial.Higher;
            Climb(isFirstHigher ? _firstUtility : utility, isFirstHigher ? utility : _firstUtility);
        }
        else if (utility > _previousUtility)
        {
            _previousUtility = utility;
            _previousRate = Rate;
            Rate *= 2;
        }
        else
        {
            Rate = _previousRate;
            IsStarting = false;
        }
    }

    /// <summary>A step along the gradient (§4.2), amplified by confidence and bounded (§4.3).</summary>
    private void Climb(double higher, double lower)
    {
        double megabits = Rate / BytesPerMegabit;
        double gradient = (higher - lower) / (2 * TrialStep * megabits);
        int direction = Math.Sign(gradient);
        if (direction != _direction)
        {
            _sameDirection = 0;
            _boundSteps = 0;
        }

        _direction = direction;
        _sameDirection++;
        int confidence = _sameDirection <= CautiousSteps ? _sameDirection : (2 * _sameDirection) - CautiousSteps;
        double change = confidence * ConversionFactor * gradient;
        double bound = (InitialChangeBound + (_boundSteps * ChangeBoundStep)) * megabits;
        if (Math.Abs(change) > bound)
        {
            change = direction * bound;
            _boundSteps++;
        }
        else
        {
            _boundSteps = Math.Max(0, _boundSteps - 1);
        }

        Rate = Math.Max(Rate + (change * BytesPerMegabit), Rate / 2);
    }
}
