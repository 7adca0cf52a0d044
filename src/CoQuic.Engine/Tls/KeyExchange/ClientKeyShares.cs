using System;
using System.Collections.Generic;
using System.Linq;

namespace CoQuic.Engine;

/// <summary>The key shares of one ClientHello, one a group, in the client's order of preference (RFC 8446 §4.2.8).</summary>
internal sealed class ClientKeyShares : IDisposable
{
    private readonly List<(NamedGroup Group, IKeyShare Share)> _shares = [];

    public ClientKeyShares(IReadOnlyList<NamedGroup> groups, IKeyExchange exchange, IEntropy entropy)
    {
        foreach (NamedGroup group in groups)
            _shares.Add((group, exchange.Generate(group, entropy)));
    }

    /// <summary>The groups that there is a share of.</summary>
    public IReadOnlyList<NamedGroup> Groups => [.. _shares.Select(each => each.Group)];

    /// <summary>What the key_share extension holds.</summary>
    public IReadOnlyList<KeyShareEntry> Entries =>
        [.. _shares.Select(each => new KeyShareEntry(each.Group, each.Share.PublicKey))];

    /// <summary>The share of a group, null when there is none.</summary>
    public IKeyShare? Find(NamedGroup group) => _shares.FirstOrDefault(each => each.Group == group).Share;

    /// <summary>Clears the private keys.</summary>
    public void Dispose()
    {
        foreach ((_, IKeyShare share) in _shares)
            share.Dispose();
    }
}
