using System;

namespace CoQuic.Engine;

/// <summary>
/// The secrets of Initial packets (RFC 9001 §5.2): anyone who sees the first packet can compute them.
/// </summary>
internal static class InitialSecrets
{
    /// <summary>Derives the secrets of both sides.</summary>
    /// <param name="version">Version 1 or 2: each has its salt.</param>
    /// <param name="destinationConnectionId">
    /// The Destination Connection ID of the client's first Initial; after a Retry, of the next.
    /// </param>
    public static TrafficSecrets Derive(QuicVersion version, in ConnectionId destinationConnectionId)
    {
        CipherSuiteTraits suite = CipherSuites.Initial.Traits();
        Span<byte> initial = stackalloc byte[suite.HashLength];
        Hkdf.Extract(suite.Hash, VersionProfile.Of(version).InitialSalt, destinationConnectionId.Span, initial);
        return TrafficSecrets.Derive(suite.Hash, initial, "client in"u8, "server in"u8, []);
    }
}
