using System.Collections.Generic;

namespace CoQuic.Engine;

/// <summary>
/// The tokens of NEW_TOKEN frames that clients have used last: none is good twice (RFC 9000 §8.1.4). Each is known by its first bytes,
/// which are random.
/// </summary>
internal sealed class UsedTokens
{
    /// <summary>How many are remembered. Whoever replays an older one still has to send from its address, within its lifetime.</summary>
    public const int MaximumRemembered = 16_384;

    private readonly HashSet<ulong> _known = [];
    private readonly Queue<ulong> _order = new();

    /// <summary>A token is used; false when it was before.</summary>
    public bool TryUse(ulong token)
    {
        if (!_known.Add(token))
            return false;
        _order.Enqueue(token);
        if (_order.Count > MaximumRemembered)
            _known.Remove(_order.Dequeue());
        return true;
    }
}
