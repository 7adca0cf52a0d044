using System;
using System.Collections.Generic;
using CoQuic.Engine;

namespace CoQuic.Interop;

/// <summary>What one call to an <see cref="Endpoint"/> brought about.</summary>
/// <remarks>
/// The rows of the wrapper checklist: <c>Effects</c>, <c>ForEachEffect</c>, <c>LocalError</c>, <c>NextWakeup</c> and
/// <c>SendContinuationPending</c> have their names here; <c>Destroy</c> is <see cref="Dispose"/>, which may be called
/// repeatedly. A use after it throws <see cref="ObjectDisposedException"/>, where Go returns an error or nothing. What effects
/// hold belongs to them and outlives the result and its endpoint.
/// </remarks>
public sealed class QueryResult : IDisposable
{
    private readonly EndpointResult _result;
    private bool _isDisposed;

    internal QueryResult(EndpointResult result) => _result = result;

    /// <summary>What to do and what to know, in order.</summary>
    /// <exception cref="ObjectDisposedException">The result was disposed of.</exception>
    public IReadOnlyList<Engine.Effect> Effects => Result.Effects;

    /// <summary>When <see cref="Endpoint.TimerExpired"/> is due, for the whole endpoint; none when nothing is.</summary>
    /// <exception cref="ObjectDisposedException">The result was disposed of.</exception>
    public TimeUs? NextWakeup => Result.NextWakeup;

    /// <summary>Why the operation was refused; none when it was not.</summary>
    /// <exception cref="ObjectDisposedException">The result was disposed of.</exception>
    public LocalError? LocalError => Result.LocalError;

    /// <summary>Whether a bound cut the call's work short: send, then call <see cref="Endpoint.TimerExpired"/> at once.</summary>
    /// <exception cref="ObjectDisposedException">The result was disposed of.</exception>
    public bool SendContinuationPending => Result.SendContinuationPending;

    private EndpointResult Result
    {
        get
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _result;
        }
    }

    /// <summary>Shows each effect in turn, as the flat view of the wrappers.</summary>
    /// <param name="visit">What to do with each; an exception it throws ends the walk and passes through.</param>
    /// <exception cref="ArgumentNullException">There is nothing to do.</exception>
    /// <exception cref="ObjectDisposedException">The result was disposed of.</exception>
    public void ForEachEffect(Action<EffectView> visit)
    {
        ArgumentNullException.ThrowIfNull(visit);
        foreach (Engine.Effect effect in Result.Effects)
            visit(EffectView.Of(effect));
    }

    /// <summary>Gives the result up. Calling it again does nothing.</summary>
    public void Dispose() => _isDisposed = true;
}
