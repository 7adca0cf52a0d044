using System.Collections.Generic;
using System.Diagnostics;

namespace CoQuic.Engine;

/// <summary>The tokens that a server gives on one connection by NEW_TOKEN (RFC 9000 §8.1.3, §19.7): each is sent until it arrives.</summary>
internal sealed class NewTokenIssuer
{
    /// <summary>The most tokens of a connection that wait for their arrival.</summary>
    public const int MaximumTokens = 8;

    private readonly List<Entry> _entries = [];
    private ulong _nextNumber;

    /// <summary>Whether one more may be given.</summary>
    public bool HasRoom => _entries.Count < MaximumTokens;

    /// <summary>Whether a NEW_TOKEN frame is due.</summary>
    public bool HasPending => TryGetPending(out _, out _);

    /// <summary>Gives a token: NEW_TOKEN is pending for it.</summary>
    public void Issue(Bytes token)
    {
        Debug.Assert(_entries.Count < MaximumTokens, "the configuration bounds how many are given");
        _entries.Add(new Entry(_nextNumber++, token, IsPending: true));
    }

    /// <summary>Finds a token that is to be sent, for the first time or again.</summary>
    public bool TryGetPending(out ulong number, out Bytes token)
    {
        foreach (Entry entry in _entries)
        {
            if (!entry.IsPending)
                continue;
            (number, token) = (entry.Number, entry.Token);
            return true;
        }

        (number, token) = (0, default);
        return false;
    }

    public void OnSent(ulong number) => SetPending(number, false);

    public void OnLost(ulong number) => SetPending(number, true);

    public void OnAcked(ulong number) => _entries.RemoveAll(entry => entry.Number == number);

    private void SetPending(ulong number, bool isPending)
    {
        int index = _entries.FindIndex(entry => entry.Number == number);
        if (index >= 0)
            _entries[index] = _entries[index] with { IsPending = isPending };
    }

    private readonly record struct Entry(ulong Number, Bytes Token, bool IsPending);
}
