using System;

namespace CoQuic.Engine;

/// <summary>
/// The secrets of Initial packets (RFC 9001 §5.2): anyone who sees the first packet can compute them.
/// </summary>
/// <param name="Client">Protects what the client sends.</param>
/// <param name="Server">Protects what the server sends.</param>
internal readonly record struct InitialSecrets(byte[] Client, byte[] Server)
{
    /// <summary>Derives both secrets.</summary>
    /// <param name="version">Version 1 or 2: each has its salt.</param>
    /// <param name="destinationConnectionId">
    /// The Destination Connection ID of the client's first Initial; after a Retry, of the next.
    /// </param>
    public static InitialSecrets Derive(QuicVersion version, in ConnectionId destinationConnectionId)
    {
        CipherSuiteTraits suite = CipherSuites.Initial.Traits();
        Span<byte> initial = stackalloc byte[suite.HashLength];
        Hkdf.Extract(suite.Hash, VersionProfile.Of(version).InitialSalt, destinationConnectionId.Span, initial);

        var secrets = new InitialSecrets(new byte[suite.HashLength], new byte[suite.HashLength]);
        using HmacKey key = new(suite.Hash, initial);
        Hkdf.ExpandLabel(key, "client in"u8, [], secrets.Client);
        Hkdf.ExpandLabel(key, "server in"u8, [], secrets.Server);
        return secrets;
    }

    /// <summary>The secret of what an endpoint of this role sends.</summary>
    public byte[] SentBy(Role role) => role == Role.Client ? Client : Server;
}
