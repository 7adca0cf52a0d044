using System;

namespace CoQuic.Engine;

/// <summary>
/// Bounds on what an endpoint sends without state, so that nobody can make it spend its time, or anybody's bandwidth, on answers. Each of
/// them is smaller than what it answers.
/// </summary>
internal sealed class StatelessLimits
{
    /// <summary>Version Negotiation packets in each second (RFC 9000 §6.1).</summary>
    public const int MaximumVersionNegotiations = 1000;

    /// <summary>Refusals in each second: CONNECTION_CLOSE for connections that are not made.</summary>
    public const int MaximumRefusals = 1000;

    /// <summary>Stateless resets in each second (RFC 9000 §10.3.3).</summary>
    public const int MaximumResets = 1000;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    public IntervalLimit VersionNegotiations { get; } = new(MaximumVersionNegotiations, Interval);

    public IntervalLimit Refusals { get; } = new(MaximumRefusals, Interval);

    public IntervalLimit Resets { get; } = new(MaximumResets, Interval);
}
