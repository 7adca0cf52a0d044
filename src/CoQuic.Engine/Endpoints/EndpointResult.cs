using System.Collections.Generic;

namespace CoQuic.Engine;

/// <summary>What one input to an endpoint brought about.</summary>
/// <param name="Effects">What to do and what to know, in order.</param>
/// <param name="NextWakeup">When the timer input is due, for the whole endpoint; none when nothing is.</param>
/// <param name="LocalError">Why the operation was refused, if it was.</param>
/// <param name="SendContinuationPending">
/// Whether a bound on the work of one call cut it short: call the timer input again without waiting.
/// </param>
public sealed record EndpointResult(
    IReadOnlyList<Effect> Effects,
    TimeUs? NextWakeup,
    LocalError? LocalError,
    bool SendContinuationPending);
