using System;
using System.Collections.Generic;

namespace CoQuic.Engine;

/// <summary>
/// Which connection a stateless reset ends (RFC 9000 §10.3.1): the tokens of the connection IDs that connections send to. Each has at
/// most as many as its active_connection_id_limit.
/// </summary>
/// <remarks>
/// A reset comes to an ID that nobody has. Tokens are found by a fingerprint under a secret key, so that the time of a look-up tells
/// nothing about them, and it allocates nothing.
/// </remarks>
/// <param name="tokens">Holds the secret key.</param>
internal sealed class StatelessResetTable(StatelessResetTokens tokens)
{
    private readonly Dictionary<ulong, Entry> _entries = [];

    /// <summary>How many tokens there are.</summary>
    public int Count => _entries.Count;

    /// <summary>An ID is sent to from now on. A token that is known already stays with its connection.</summary>
    public void Add(in StatelessResetToken token, Connection connection) =>
        _entries.TryAdd(tokens.FingerprintOf(token.Span), new Entry(token, connection));

    /// <summary>An ID is not sent to any more (RFC 9000 §10.3.1: then its token must not be looked for).</summary>
    public void Remove(in StatelessResetToken token, Connection connection)
    {
        ulong fingerprint = tokens.FingerprintOf(token.Span);
        if (_entries.TryGetValue(fingerprint, out Entry entry) && entry.Connection == connection)
            _entries.Remove(fingerprint);
    }

    /// <summary>The connection whose peer has lost its state, if that is what a datagram says.</summary>
    public Connection? Find(ReadOnlySpan<byte> datagram)
    {
        if (_entries.Count == 0 || !StatelessReset.TryReadToken(datagram, out StatelessResetToken token))
            return null;
        bool isKnown = _entries.TryGetValue(tokens.FingerprintOf(token.Span), out Entry entry) && entry.Token == token;
        return isKnown ? entry.Connection : null;
    }

    private readonly record struct Entry(StatelessResetToken Token, Connection Connection);
}
