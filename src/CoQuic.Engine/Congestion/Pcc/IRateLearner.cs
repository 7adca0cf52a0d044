namespace CoQuic.Engine;

/// <summary>What sets the members of the PCC family apart: how they judge an interval, and which rates they try next.</summary>
internal interface IRateLearner
{
    /// <summary>The rate it believes in, in bytes per second.</summary>
    double Rate { get; }

    /// <summary>Whether it still doubles its rate.</summary>
    bool IsStarting { get; }

    /// <summary>The length of an interval in round trips, for a number from 0 up to 1 that chance decided.</summary>
    double RoundTrips(double chance);

    /// <summary>What the next interval tries, and at which rate.</summary>
    (PccTrial Trial, double Rate) Next(bool coin);

    /// <summary>The answer to a trial, in the order in which they were begun. An interval that tells nothing is told as such.</summary>
    void OnAnswer(MonitorInterval interval);

    /// <summary>Everything was lost for long: it starts again from a low rate, in bytes per second.</summary>
    void Restart(double rate);
}
