namespace CoQuic.Engine;

/// <summary>What a connection tells those who find its way, and hears from them.</summary>
internal interface IMovingConnection
{
    /// <summary>Whether it still takes part in the protocol.</summary>
    bool IsAlive { get; }

    /// <summary>Whether the handshake is confirmed: before that nobody moves (RFC 9000 §9).</summary>
    bool IsHandshakeConfirmed { get; }

    /// <summary>What timers depend on.</summary>
    RecoveryContext RecoveryContext { get; }

    /// <summary>The peer's transport parameters; none before they are known.</summary>
    TransportParameters? PeerParameters { get; }

    /// <summary>Whether a packet with path validation frames can be sent on a path.</summary>
    bool MayProbe(Path path);

    /// <summary>The connection has moved to another path, or learned what became of an attempt.</summary>
    void OnPathChanged(RouteHandle? oldRoute, RouteHandle? newRoute, bool isValidated);

    /// <summary>A client has moved: the server is to learn of it by a packet that is no mere probe (RFC 9000 §9.2).</summary>
    void OnMigrated();

    /// <summary>The peer was just seen to receive where the connection sends to.</summary>
    void OnCurrentPathValidated(TimeUs now);

    /// <summary>The peer answers nowhere (RFC 9000 §9.3.2).</summary>
    void OnNoViablePath();
}
