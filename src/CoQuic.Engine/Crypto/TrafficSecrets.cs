using System;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>The secrets of one encryption level, one for each side (RFC 8446 §7.1, RFC 9001 §5.2).</summary>
internal sealed class TrafficSecrets(byte[] client, byte[] server) : IDisposable
{
    public byte[] Client { get; } = client;

    public byte[] Server { get; } = server;

    /// <summary>Expands the secret that both have in common, with a label for each side.</summary>
    public static TrafficSecrets Derive(
        HashAlgorithmName hash,
        ReadOnlySpan<byte> secret,
        ReadOnlySpan<byte> clientLabel,
        ReadOnlySpan<byte> serverLabel,
        ReadOnlySpan<byte> context)
    {
        using HmacKey key = new(hash, secret);
        TrafficSecrets secrets = new(new byte[key.CodeLength], new byte[key.CodeLength]);
        Hkdf.ExpandLabel(key, clientLabel, context, secrets.Client);
        Hkdf.ExpandLabel(key, serverLabel, context, secrets.Server);
        return secrets;
    }

    /// <summary>The secret under which a side sends.</summary>
    public byte[] SentBy(Role role) => role == Role.Client ? Client : Server;

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(Client);
        CryptographicOperations.ZeroMemory(Server);
    }
}
