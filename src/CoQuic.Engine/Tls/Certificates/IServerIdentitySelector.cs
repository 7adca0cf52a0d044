using System;

namespace CoQuic.Engine;

/// <summary>Picks a server's identity by the name that a client asks for (SNI, RFC 6066 §3).</summary>
/// <remarks>Asked once a handshake, so that what it answers can be replaced while the server runs.</remarks>
public interface IServerIdentitySelector
{
    /// <summary>Picks an identity.</summary>
    /// <param name="serverName">The host name that the client sent, null when it sent none; the peer's choice of text.</param>
    /// <returns>The identity; null refuses the handshake with unrecognized_name.</returns>
    ServerIdentity? Select(string? serverName);
}

/// <summary>One identity, whatever name is asked for.</summary>
public sealed class SingleServerIdentity : IServerIdentitySelector
{
    private readonly ServerIdentity _identity;

    /// <summary>Holds the identity.</summary>
    /// <param name="identity">What every client is shown.</param>
    public SingleServerIdentity(ServerIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        _identity = identity;
    }

    /// <inheritdoc/>
    public ServerIdentity Select(string? serverName) => _identity;
}
