using System;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>Whether a server takes the early data that comes with a ticket (RFC 8446 §4.2.10, §8, RFC 9001 §4.6.3).</summary>
internal sealed record EarlyDataPolicy
{
    /// <summary>
    /// How far the client's view of a ticket's age may be from ours: clocks drift, and the ticket and the ClientHello each travelled.
    /// </summary>
    public static readonly TimeSpan AgeTolerance = TimeSpan.FromSeconds(10);

    /// <summary>Whether early data is taken at all.</summary>
    public required bool IsAllowed { get; init; }

    /// <summary>Whether any change of our transport parameters refuses it, not only a lower limit.</summary>
    public required bool IsStrict { get; init; }

    /// <summary>What the application says early data depends on.</summary>
    public required Bytes ApplicationContext { get; init; }

    /// <summary>Our transport parameters.</summary>
    public required TransportParameters Parameters { get; init; }

    public required IReplayGuard ReplayGuard { get; init; }

    /// <summary>
    /// Judges early data, the guard last: what is refused for another reason claims nothing. The ticket is the first that the client
    /// offered, and its binder is verified.
    /// </summary>
    public bool Accepts(TicketContent ticket, PskIdentity identity, ServerChoice choice, DateTimeOffset now) =>
        IsAllowed
        && ticket.AllowsEarlyData
        && ticket.CipherSuite == choice.CipherSuite
        && ticket.ApplicationProtocol == choice.ApplicationProtocol
        && ticket.ApplicationContext == ApplicationContext
        && SupportsRemembered(ticket.Parameters)
        && IsFreshAndNew(ticket, identity, now);

    /// <summary>RFC 9000 §7.4.1: a server must refuse 0-RTT when it cannot keep to what it said then.</summary>
    private bool SupportsRemembered(Bytes parameters)
    {
        if (IsStrict)
            return parameters == RememberedParameters.Encode(Parameters);
        return RememberedParameters.TryDecode(parameters.Span) is { } remembered
            && !RememberedParameters.AreReduced(remembered, Parameters);
    }

    /// <summary>RFC 8446 §8.3: a ClientHello that was not sent just now is a replay, and so is a second one within the window.</summary>
    private bool IsFreshAndNew(TicketContent ticket, PskIdentity identity, DateTimeOffset now)
    {
        TimeSpan age = TimeSpan.FromMilliseconds(unchecked(identity.ObfuscatedTicketAge - ticket.AgeAdd));
        DateTimeOffset sentAt = ticket.IssuedAt + age;
        bool isFresh = (now - sentAt).Duration() <= AgeTolerance;
        Bytes ticketId = Bytes.Wrap(SHA256.HashData(identity.Identity.Span));
        return isFresh && ReplayGuard.TryClaim(ticketId, sentAt, now, sentAt + AgeTolerance);
    }
}
