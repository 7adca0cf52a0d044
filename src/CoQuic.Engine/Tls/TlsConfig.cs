using System;
using System.Collections.Generic;

namespace CoQuic.Engine;

/// <summary>What both sides of a handshake are told. Validated by whoever makes it.</summary>
internal abstract record TlsConfig
{
    /// <summary>ALPN protocol names, most preferred first; at least one, 1 to 255 bytes of UTF-8 each.</summary>
    public required IReadOnlyList<string> ApplicationProtocols { get; init; }

    public required IEntropy Entropy { get; init; }

    public IKeyExchange KeyExchange { get; init; } = CoQuic.Engine.KeyExchange.Instance;

    /// <summary>Groups, most preferred first.</summary>
    public IReadOnlyList<NamedGroup> Groups { get; init; } = [NamedGroup.X25519, NamedGroup.Secp256r1];

    /// <summary>Cipher suites, most preferred first.</summary>
    public IReadOnlyList<CipherSuite> CipherSuites { get; init; } =
        [CipherSuite.Aes128GcmSha256, CipherSuite.Aes256GcmSha384, CipherSuite.ChaCha20Poly1305Sha256];

    /// <summary>The peers' certificates that were read before: an endpoint's, so that its sessions share them.</summary>
    public KnownCertificates Certificates { get; init; } = new();

    /// <summary>Whether secrets are also told as <see cref="TlsEvent.KeyLog"/>.</summary>
    public bool EnableKeyLog { get; init; }
}

/// <summary>What a client is told.</summary>
internal sealed record TlsClientConfig : TlsConfig
{
    /// <summary>Our quic_transport_parameters, encoded; opaque here.</summary>
    public required Bytes TransportParameters { get; init; }

    /// <summary>
    /// The name the certificate must bear: a DNS name, also sent as SNI, or an IP address literal, which is not.
    /// </summary>
    public required string ServerName { get; init; }

    /// <summary>The groups of the key shares in the first ClientHello; none sends one share, of the first group.</summary>
    public IReadOnlyList<NamedGroup> KeyShareGroups { get; init; } = [];

    /// <summary>Who judges the server's certificate; none asks whoever owns the session.</summary>
    public required ICertificateVerifier? Verifier { get; init; }

    /// <summary>Who the client is for a server that asks; none has no certificate to show.</summary>
    public IClientIdentitySelector? Identities { get; init; }

    /// <summary>Calendar time, for certificates.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>
    /// An earlier session to go on with, none for a new one. Its cipher suite is among ours, and its protocol too.
    /// </summary>
    public SessionToResume? Session { get; init; }
}

/// <summary>What a server is told.</summary>
internal sealed record TlsServerConfig : TlsConfig
{
    /// <summary>Who takes the client's quic_transport_parameters, and gives ours.</summary>
    public required IServerParameters Parameters { get; init; }

    /// <summary>Who the server is for a client; none asks whoever owns the session.</summary>
    public required IServerIdentitySelector? Identities { get; init; }

    /// <summary>How clients prove who they are; none when they are not asked.</summary>
    public ClientAuthentication? ClientAuthentication { get; init; }
}

/// <summary>How a server deals with clients' certificates.</summary>
/// <param name="IsRequired">Whether a client must show one.</param>
/// <param name="Verifier">Who judges it; none asks whoever owns the session.</param>
/// <param name="Time">Calendar time, for certificates.</param>
internal sealed record ClientAuthentication(bool IsRequired, ICertificateVerifier? Verifier, DateTimeOffset Time);
