using System.Collections.Generic;

namespace CoQuic.Engine;

/// <summary>PATH_CHALLENGE frames that wait for their PATH_RESPONSE (RFC 9000 §8.2.2).</summary>
internal sealed class PathResponses
{
    /// <summary>Challenges that are remembered; a peer that asks faster than we may answer gets no more (RFC 9000 §21.9).</summary>
    public const int MaximumPending = 8;

    private readonly Queue<ulong> _pending = new();

    public bool HasPending => _pending.Count > 0;

    public void Add(ulong challenge)
    {
        if (_pending.Count < MaximumPending)
            _pending.Enqueue(challenge);
    }

    public bool TryTake(out ulong challenge) => _pending.TryDequeue(out challenge);
}
