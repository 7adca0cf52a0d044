using System;
using System.Collections.Generic;

namespace CoQuic.Engine;

/// <summary>
/// A replay guard in memory, for one thread: bounded, and deterministic. While it is full it refuses all early data (RFC 8446 §8.2).
/// </summary>
/// <param name="capacity">How many claims are remembered at once, at least 1.</param>
/// <param name="since">
/// When remembering began. Early data sent before is refused: it may have been taken by whoever had the ticket keys then. The least
/// value takes all, which is right where no earlier owner of the keys can have been.
/// </param>
public sealed class ReplayGuard(int capacity, DateTimeOffset since) : IReplayGuard
{
    /// <summary>The default capacity: with a window of 20 seconds, some 3,000 connections with early data a second.</summary>
    public const int DefaultCapacity = 65_536;

    private readonly int _capacity = capacity > 0
        ? capacity
        : throw new ArgumentOutOfRangeException(nameof(capacity), capacity, "A replay guard remembers at least one claim.");

    private readonly HashSet<Bytes> _claimed = [];
    private readonly Queue<Claim> _byAge = [];

    /// <summary>
    /// The guard of an endpoint that is given none. Ticket keys that the endpoint draws are nobody else's. Configured ones may have
    /// opened tickets before a restart, of which the new guard knows nothing: what could have been sent by then is refused (RFC 8446
    /// §8.2).
    /// </summary>
    /// <param name="ticketKeys">The endpoint's ticket keys.</param>
    /// <param name="calendar">Its calendar: remembering begins with it.</param>
    public static ReplayGuard ForEndpoint(SealingKeys ticketKeys, CalendarAnchor calendar)
    {
        ArgumentNullException.ThrowIfNull(ticketKeys);
        ArgumentNullException.ThrowIfNull(calendar);
        DateTimeOffset since = ticketKeys.Current.IsEmpty ? DateTimeOffset.MinValue : calendar.Utc + EarlyDataPolicy.AgeTolerance;
        return new ReplayGuard(DefaultCapacity, since);
    }

    /// <summary>How many claims are remembered.</summary>
    public int Count => _claimed.Count;

    /// <inheritdoc/>
    public bool TryClaim(Bytes ticketId, DateTimeOffset sentAt, DateTimeOffset now, DateTimeOffset expires)
    {
        Forget(now);
        if (sentAt < since || _claimed.Count >= _capacity || !_claimed.Add(ticketId))
            return false;
        _byAge.Enqueue(new Claim(ticketId, expires));
        return true;
    }

    /// <summary>Forgets the oldest claims that are over. One that expires early may wait for an older one, which is safe.</summary>
    private void Forget(DateTimeOffset now)
    {
        while (_byAge.TryPeek(out Claim oldest) && oldest.Expires < now)
            _claimed.Remove(_byAge.Dequeue().TicketId);
    }

    private readonly record struct Claim(Bytes TicketId, DateTimeOffset Expires);
}
