namespace CoQuic.Engine;

/// <summary>How far a connection's handshake came. Each at most once a connection.</summary>
public enum StateChange : byte
{
    /// <summary>1-RTT keys and the peer's validated transport parameters are there: streams can be used.</summary>
    HandshakeReady,

    /// <summary>The handshake is confirmed (RFC 9001 §4.1.2).</summary>
    HandshakeConfirmed,

    /// <summary>The connection failed or was closed; <see cref="ConnectionClosedEffect"/> says why.</summary>
    Failed,
}

/// <summary>The life of a connection at its endpoint.</summary>
public enum Lifecycle : byte
{
    /// <summary>A client opened it.</summary>
    Created,

    /// <summary>A server accepted it.</summary>
    Accepted,

    /// <summary>It has ended.</summary>
    Closed,
}

/// <summary>What became of early data (RFC 9001 §4.6).</summary>
public enum ZeroRttStatus : byte
{
    /// <summary>It was asked for, and the resumption state does not allow it: damaged, over, or not of this server or context.</summary>
    Unavailable,

    /// <summary>There is a resumption state, and early data was not asked for.</summary>
    NotAttempted,

    /// <summary>The first of it was sent.</summary>
    Attempted,

    /// <summary>The server takes it.</summary>
    Accepted,

    /// <summary>The server refused it.</summary>
    Rejected,
}

/// <summary>Why a migration is requested.</summary>
public enum MigrationReason : byte
{
    /// <summary>The application wants another path (RFC 9000 §9).</summary>
    Active,

    /// <summary>The server prefers another address (RFC 9000 §9.6).</summary>
    PreferredAddress,
}

/// <summary>What a server does when the ClientHello changes across a Retry.</summary>
public enum RetryHandshakeValidationPolicy : byte
{
    /// <summary>Nothing.</summary>
    Disabled,

    /// <summary>Drops the connection attempt in silence.</summary>
    Discard,

    /// <summary>Closes the connection with an error.</summary>
    ConnectionError,
}

/// <summary>When received stream data gives credit back to the peer.</summary>
public enum ReceiveCredit : byte
{
    /// <summary>Emitting the effect is consumption: for stepping by hand and the C ABI.</summary>
    Automatic,

    /// <summary>Only the command to consume stream data is: for applications that may stop reading.</summary>
    Explicit,
}

/// <summary>Whether a packet was sent or received.</summary>
public enum PacketDirection : byte
{
    /// <summary>Sent.</summary>
    Outbound,

    /// <summary>Received.</summary>
    Inbound,
}

/// <summary>The type of an inspected packet (RFC 9000 §17).</summary>
public enum InspectedPacketType : byte
{
    /// <summary>Initial.</summary>
    Initial,

    /// <summary>0-RTT.</summary>
    ZeroRtt,

    /// <summary>Handshake.</summary>
    Handshake,

    /// <summary>1-RTT.</summary>
    OneRtt,
}
