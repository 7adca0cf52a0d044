using System;

namespace CoQuic.Engine;

/// <summary>What a connection is made from.</summary>
internal sealed record ConnectionSetup
{
    /// <summary>The endpoint's configuration.</summary>
    public required EndpointConfig Config { get; init; }

    /// <summary>Makes stateless reset tokens for our connection IDs.</summary>
    public required StatelessResetTokens ResetTokens { get; init; }

    /// <summary>Where the stateless reset tokens of the peer's connection IDs are found.</summary>
    public required StatelessResetTable Resets { get; init; }

    /// <summary>Where datagrams to our connection IDs are found.</summary>
    public required DatagramRouter Router { get; init; }

    /// <summary>The peers' certificates that were read before.</summary>
    public required KnownCertificates Certificates { get; init; }

    /// <summary>The connection's name at the endpoint.</summary>
    public required ConnectionHandle Handle { get; init; }

    /// <summary>The version of the first flight.</summary>
    public required QuicVersion Version { get; init; }

    /// <summary>Our first connection ID, which the peer sends to.</summary>
    public required ConnectionId LocalId { get; init; }

    /// <summary>The first connection ID that we send to: a client's choice, or the client's own ID on a server.</summary>
    public required ConnectionId RemoteId { get; init; }

    /// <summary>The destination of the first Initial that this connection sees: Initial keys derive from it (RFC 9001 §5.2).</summary>
    public required ConnectionId InitialDestinationId { get; init; }

    /// <summary>The destination of the client's very first Initial, before any Retry (RFC 9000 §7.3).</summary>
    public required ConnectionId OriginalDestinationId { get; init; }

    /// <summary>A server: the connection ID of its preferred address (RFC 9000 §5.1.1); none when it offers no such address.</summary>
    public ConnectionId? PreferredAddressId { get; init; }

    /// <summary>The route of the first path.</summary>
    public required RouteHandle? Route { get; init; }

    /// <summary>A client: the server's name, for SNI and the certificate.</summary>
    public string ServerName { get; init; } = "";

    /// <summary>The Source Connection ID of the Retry that went before (RFC 9000 §7.3); none when there was none.</summary>
    public ConnectionId? RetrySourceId { get; init; }

    /// <summary>Whether the peer is known to be at its address: a client takes that for granted (RFC 9000 §8.1).</summary>
    public required bool IsAddressValidated { get; init; }

    /// <summary>What the host says of the peer's address on that path; may be empty.</summary>
    public Bytes AddressIdentity { get; init; }

    /// <summary>A server: who makes tokens for later connections.</summary>
    public AddressTokens? Tokens { get; init; }

    /// <summary>A client: the token of its Initial packets (RFC 9000 §8.1.3), or empty.</summary>
    public Bytes Token { get; init; }

    /// <summary>A client: whether it has obeyed a Version Negotiation packet already (RFC 9000 §6.2).</summary>
    public bool HasNegotiatedVersion { get; init; }

    /// <summary>Calendar time when it was made, for certificates and tickets.</summary>
    public required DateTimeOffset CalendarTime { get; init; }

    /// <summary>A client: the session to go on with.</summary>
    public ResumptionPlan Resumption { get; init; } = ResumptionPlan.None;

    /// <summary>A client: the early data settings of this connection.</summary>
    public ZeroRttConfig ZeroRtt { get; init; } = ZeroRttConfig.Disabled;

    /// <summary>A server: seals session tickets; none when sessions are not resumed.</summary>
    public StateSealer? TicketSealer { get; init; }

    /// <summary>A server: knows the early data that it has seen.</summary>
    public IReplayGuard? ReplayGuard { get; init; }
}
