using System;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>The traffic secrets of one encryption level (RFC 8446 §7.1), one for each side.</summary>
internal sealed class TrafficSecrets(byte[] client, byte[] server) : IDisposable
{
    public byte[] Client { get; } = client;

    public byte[] Server { get; } = server;

    /// <summary>The secret under which a side sends.</summary>
    public byte[] SentBy(Role role) => role == Role.Client ? Client : Server;

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(Client);
        CryptographicOperations.ZeroMemory(Server);
    }
}
