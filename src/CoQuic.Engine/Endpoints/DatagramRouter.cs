using System.Collections.Generic;

namespace CoQuic.Engine;

/// <summary>Which connection a destination connection ID belongs to (RFC 9000 §5.2). Looking one up allocates nothing.</summary>
internal sealed class DatagramRouter
{
    private readonly Dictionary<ConnectionId, Connection> _connections = [];

    /// <summary>Finds the connection that a datagram is for.</summary>
    public Connection? Find(ConnectionId destination) => _connections.GetValueOrDefault(destination);

    /// <summary>Datagrams to an ID go to a connection from now on; false when the ID is taken.</summary>
    public bool TryAdd(ConnectionId id, Connection connection) => _connections.TryAdd(id, connection);

    /// <summary>Datagrams to an ID go to a connection from now on, whoever had them so far.</summary>
    public void Set(ConnectionId id, Connection connection) => _connections[id] = connection;

    /// <summary>An ID is retired, or its connection gone. Nothing happens when it belongs to another connection.</summary>
    public void Remove(ConnectionId id, Connection connection)
    {
        if (_connections.TryGetValue(id, out Connection? owner) && owner == connection)
            _connections.Remove(id);
    }
}
