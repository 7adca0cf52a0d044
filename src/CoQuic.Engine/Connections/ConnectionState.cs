namespace CoQuic.Engine;

/// <summary>The life of a connection (RFC 9000 §10, RFC 9001 §4.1).</summary>
internal enum ConnectionState : byte
{
    /// <summary>The TLS handshake is under way.</summary>
    Handshaking,

    /// <summary>The handshake is complete: 1-RTT packets go both ways (RFC 9001 §4.1.1).</summary>
    Complete,

    /// <summary>The handshake is confirmed (RFC 9001 §4.1.2).</summary>
    Confirmed,

    /// <summary>We closed: only the CONNECTION_CLOSE is repeated (RFC 9000 §10.2.1).</summary>
    Closing,

    /// <summary>The peer closed: nothing is sent (RFC 9000 §10.2.2).</summary>
    Draining,

    /// <summary>Nothing is left: the endpoint forgets the connection.</summary>
    Terminated,
}
