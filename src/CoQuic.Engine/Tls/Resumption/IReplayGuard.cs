using System;

namespace CoQuic.Engine;

/// <summary>
/// Remembers which tickets early data has come with, so that it is taken once (RFC 8446 §8). All endpoints that share ticket keys need
/// to share one guard: what a guard does not know, it cannot refuse.
/// </summary>
/// <remarks>
/// An endpoint asks from the thread that drives it. A guard that endpoints on several threads share has to be thread-safe, and must not
/// block: early data waits for nobody. Refusing costs a client one round trip, no more; so whoever is in doubt refuses.
/// </remarks>
public interface IReplayGuard
{
    /// <summary>Claims a ticket for a handshake that brings early data.</summary>
    /// <param name="ticketId">A digest of the ticket, 32 bytes.</param>
    /// <param name="sentAt">When the client sent its ClientHello, as far as the ticket's age tells: within seconds of now.</param>
    /// <param name="now">Calendar time.</param>
    /// <param name="expires">Until when the same ClientHello would be taken for a fresh one: so long the claim has to be remembered.</param>
    /// <returns>Whether early data may be taken: true at most once for a ticket until it expires.</returns>
    bool TryClaim(Bytes ticketId, DateTimeOffset sentAt, DateTimeOffset now, DateTimeOffset expires);
}
