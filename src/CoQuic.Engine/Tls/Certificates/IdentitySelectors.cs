using System;
using System.Collections.Generic;

namespace CoQuic.Engine;

/// <summary>Picks a server's identity by the name that a client asks for (SNI, RFC 6066 §3).</summary>
/// <remarks>Asked once a handshake, so that what it answers can be replaced while the server runs.</remarks>
public interface IServerIdentitySelector
{
    /// <summary>Picks an identity.</summary>
    /// <param name="serverName">The host name that the client sent, null when it sent none; the peer's choice of text.</param>
    /// <returns>The identity; null refuses the handshake with unrecognized_name.</returns>
    CertificateIdentity? Select(string? serverName);
}

/// <summary>One identity, whatever name is asked for.</summary>
public sealed class SingleServerIdentity : IServerIdentitySelector
{
    private readonly CertificateIdentity _identity;

    /// <summary>Holds the identity.</summary>
    /// <param name="identity">What every client is shown.</param>
    public SingleServerIdentity(CertificateIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        _identity = identity;
    }

    /// <inheritdoc/>
    public CertificateIdentity Select(string? serverName) => _identity;
}

/// <summary>What is known of a client when a server has to say who it is.</summary>
/// <param name="ServerName">The host name that the client asked for, null when it named none; the peer's choice of text.</param>
/// <param name="ApplicationProtocol">The ALPN protocol, which is negotiated already.</param>
/// <param name="SignatureSchemes">What the client can verify, with values that we do not know.</param>
public sealed record ServerIdentityQuestion(
    string? ServerName, string ApplicationProtocol, IReadOnlyList<SignatureScheme> SignatureSchemes);

/// <summary>Picks a client's identity for a server that asks for a certificate (RFC 8446 §4.3.2).</summary>
public interface IClientIdentitySelector
{
    /// <summary>Picks an identity.</summary>
    /// <param name="question">What is known of the server and its wishes.</param>
    /// <returns>The identity; null tells the server that there is no certificate to show, which it may or may not accept.</returns>
    CertificateIdentity? Select(ClientIdentityQuestion question);
}

/// <summary>A server's wish for a client's certificate.</summary>
/// <param name="ServerName">The name under which the connection was opened.</param>
/// <param name="SignatureSchemes">What the server can verify, with values that we do not know.</param>
public sealed record ClientIdentityQuestion(string ServerName, IReadOnlyList<SignatureScheme> SignatureSchemes);

/// <summary>One identity for every server that asks.</summary>
public sealed class SingleClientIdentity : IClientIdentitySelector
{
    private readonly CertificateIdentity _identity;

    /// <summary>Holds the identity.</summary>
    /// <param name="identity">What every server is shown that asks.</param>
    public SingleClientIdentity(CertificateIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        _identity = identity;
    }

    /// <inheritdoc/>
    public CertificateIdentity Select(ClientIdentityQuestion question) => _identity;
}
