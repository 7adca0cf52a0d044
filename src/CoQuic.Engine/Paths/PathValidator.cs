using System;
using System.Collections.Generic;

namespace CoQuic.Engine;

/// <summary>
/// The validation of one path (RFC 9000 §8.2): challenges go out, ever more rarely, until one is answered or time is up. An answer to
/// a challenge in a small datagram validates the address alone; another round, with full datagrams, shows that the path is fit for QUIC.
/// </summary>
internal sealed class PathValidator
{
    /// <summary>Challenges of which an answer is still accepted; the timer leaves room for about three (RFC 9000 §8.2.4).</summary>
    public const int MaximumChallenges = 8;

    /// <summary>RFC 9000 §8.2.4: three probe timeouts, so that the loss of one frame is no failure.</summary>
    private const int TimeoutPtos = 3;

    /// <summary>Challenges that are sent when the one before was not answered: as many as probes at a probe timeout (RFC 9002 §6.2.4).</summary>
    private const int ChallengesPerRepeat = 2;

    private readonly Queue<Challenge> _challenges = new();
    private int _due;
    private TimeSpan _timeout;
    private TimeSpan _firstInterval;
    private TimeSpan _interval;
    private TimeUs _next;
    private TimeUs _end;

    /// <summary>Where the validation is.</summary>
    public PathValidation State { get; private set; }

    /// <summary>When something is to be done: a challenge to repeat, or the validation to give up.</summary>
    /// <param name="canSend">Whether a challenge could be sent, or has to wait for bytes from the peer.</param>
    public TimeUs? Deadline(bool canSend)
    {
        if (State != PathValidation.UnderWay)
            return null;
        return canSend ? TimeUs.Min(_next, _end) : _end;
    }

    /// <summary>Begins, unless it is under way already.</summary>
    /// <param name="now">The instant.</param>
    /// <param name="pathPto">The probe timeout of this path, from the initial RTT when it has no sample.</param>
    /// <param name="currentPto">The probe timeout of the current path.</param>
    public void Start(TimeUs now, TimeSpan pathPto, TimeSpan currentPto)
    {
        if (State == PathValidation.UnderWay)
            return;
        _timeout = TimeoutPtos * (pathPto > currentPto ? pathPto : currentPto);
        _firstInterval = pathPto;
        _challenges.Clear();
        Begin(now);
    }

    public bool IsChallengeDue(TimeUs now) => State == PathValidation.UnderWay && now >= _next;

    /// <summary>PATH_CHALLENGE was sent. The next follows no sooner than an Initial would be repeated (RFC 9000 §8.2.1).</summary>
    /// <param name="now">The instant.</param>
    /// <param name="data">Its unpredictable data.</param>
    /// <param name="isExpanded">Whether its datagram was as large as every path has to carry.</param>
    public void OnChallengeSent(TimeUs now, ulong data, bool isExpanded)
    {
        if (_challenges.Count == MaximumChallenges)
            _challenges.Dequeue();
        _challenges.Enqueue(new Challenge(data, now, isExpanded));
        if (--_due > 0)
            return;
        _due = ChallengesPerRepeat;
        _next = now + _interval;
        _interval *= 2;
    }

    /// <summary>PATH_RESPONSE came in, on whatever path (RFC 9000 §8.2.3).</summary>
    /// <param name="now">The instant.</param>
    /// <param name="data">Its data.</param>
    /// <param name="roundTrip">How long the answer took.</param>
    public PathAnswer OnResponse(TimeUs now, ulong data, out TimeSpan roundTrip)
    {
        roundTrip = default;
        if (State != PathValidation.UnderWay || Find(data) is not { } answered)
            return PathAnswer.Unknown;
        roundTrip = now - answered.SentAt;
        if (!answered.IsExpanded)
        {
            Begin(now);
            return PathAnswer.Address;
        }

        _challenges.Clear();
        State = PathValidation.Succeeded;
        return PathAnswer.Path;
    }

    /// <summary>Time has passed.</summary>
    /// <returns>Whether the validation has failed just now.</returns>
    public bool OnTimeout(TimeUs now)
    {
        if (State != PathValidation.UnderWay || now < _end)
            return false;
        Abandon();
        return true;
    }

    /// <summary>The path is not worth validating any more.</summary>
    public void Abandon()
    {
        _challenges.Clear();
        if (State == PathValidation.UnderWay)
            State = PathValidation.Failed;
    }

    private void Begin(TimeUs now)
    {
        State = PathValidation.UnderWay;
        _due = 1;
        _next = now;
        _end = now + _timeout;
        _interval = _firstInterval;
    }

    private Challenge? Find(ulong data)
    {
        foreach (Challenge challenge in _challenges)
        {
            if (challenge.Data == data)
                return challenge;
        }

        return null;
    }

    private readonly record struct Challenge(ulong Data, TimeUs SentAt, bool IsExpanded);
}

/// <summary>Where the validation of a path is.</summary>
internal enum PathValidation : byte
{
    /// <summary>None was asked for.</summary>
    NotStarted,

    /// <summary>A challenge waits to be sent or answered.</summary>
    UnderWay,

    /// <summary>The peer receives on this path, and the path carries what QUIC needs.</summary>
    Succeeded,

    /// <summary>It was given up.</summary>
    Failed,
}

/// <summary>What a PATH_RESPONSE has shown.</summary>
internal enum PathAnswer : byte
{
    /// <summary>Nothing: no challenge had its data.</summary>
    Unknown,

    /// <summary>That the peer receives at the address; not yet that the path carries full datagrams.</summary>
    Address,

    /// <summary>Both.</summary>
    Path,
}
