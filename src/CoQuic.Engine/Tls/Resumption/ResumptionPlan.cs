using System;
using System.Linq;

namespace CoQuic.Engine;

/// <summary>
/// What a client makes of the resumption state that the application gave: whether it goes on with that session, and whether it sends
/// early data. A state that cannot be used fails nothing: the session is a new one.
/// </summary>
internal sealed record ResumptionPlan
{
    /// <summary>A new session, about which there is nothing to tell.</summary>
    public static readonly ResumptionPlan None = new();

    /// <summary>The session to go on with; none for a new one.</summary>
    public SessionToResume? Session { get; private init; }

    /// <summary>The server's parameters under which early data is sent; none when none is.</summary>
    public TransportParameters? Remembered { get; private init; }

    /// <summary>What to tell the application of early data at once; none when its fate is open, or nobody asked.</summary>
    public ZeroRttStatus? Status { get; private init; }

    /// <summary>Whether the certificate behind the session was verified.</summary>
    public bool IsVerified { get; private init; }

    /// <summary>Whether early data will be offered.</summary>
    public bool OffersEarlyData => Session is { OffersEarlyData: true };

    /// <summary>Makes the plan of a connection.</summary>
    /// <param name="config">The endpoint's configuration.</param>
    /// <param name="input">State, name and early data settings.</param>
    /// <param name="version">The version of the first flight.</param>
    /// <param name="now">Calendar time.</param>
    public static ResumptionPlan Of(EndpointConfig config, OpenConnection input, QuicVersion version, DateTimeOffset now)
    {
        if (input.ResumptionState.IsEmpty)
            return None;
        ZeroRttConfig zeroRtt = input.ZeroRtt;
        if (!ResumptionState.TryRead(input.ResumptionState.Span, out ResumptionState? state)
            || !IsUsable(state, config, input.ServerName, version, now))
        {
            return new ResumptionPlan { Status = zeroRtt.Attempt ? ZeroRttStatus.Unavailable : ZeroRttStatus.NotAttempted };
        }

        bool mayOffer = state.AllowsEarlyData && state.ApplicationContext == zeroRtt.ApplicationContext;
        TransportParameters? remembered =
            zeroRtt.Attempt && mayOffer ? RememberedParameters.TryDecode(state.Parameters.Span) : null;
        return new ResumptionPlan
        {
            Session = SessionOf(state, now, offersEarlyData: remembered is not null),
            Remembered = remembered,
            Status = !zeroRtt.Attempt ? ZeroRttStatus.NotAttempted : remembered is null ? ZeroRttStatus.Unavailable : null,
            IsVerified = state.IsVerified,
        };
    }

    /// <summary>
    /// The plan of a connection that begins again with another version: the session belonged to the old one (RFC 9369 §5).
    /// </summary>
    public ResumptionPlan Abandoned() => new() { Status = OffersEarlyData ? ZeroRttStatus.Rejected : null };

    /// <summary>
    /// The session must be of the same server, version and kind; young enough (RFC 8446 §4.2.11.1); and behind a certificate that was
    /// verified, when one has to be.
    /// </summary>
    private static bool IsUsable(
        ResumptionState state, EndpointConfig config, string serverName, QuicVersion version, DateTimeOffset now) =>
        state.Version == version
        && state.ServerName == serverName
        && config.CipherSuites.Contains(state.CipherSuite)
        && config.ApplicationProtocols.Contains(state.ApplicationProtocol)
        && (state.IsVerified || !config.VerifyPeer)
        && now - state.ReceivedAt <= state.Lifetime
        && state.ReceivedAt - now <= EarlyDataPolicy.AgeTolerance;

    private static SessionToResume SessionOf(ResumptionState state, DateTimeOffset now, bool offersEarlyData)
    {
        double age = Math.Max(0, (now - state.ReceivedAt).TotalMilliseconds);
        return new SessionToResume
        {
            Ticket = state.Ticket,
            Key = state.Key,
            CipherSuite = state.CipherSuite,
            ApplicationProtocol = state.ApplicationProtocol,
            ObfuscatedTicketAge = unchecked((uint)age + state.AgeAdd),
            OffersEarlyData = offersEarlyData,
        };
    }
}
