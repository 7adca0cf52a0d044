using System.Collections.Generic;
using CoQuic.Engine;

namespace CoQuic.Native;

/// <summary>
/// The tokens of NEW_TOKEN frames, which a client endpoint of the ABI keeps by itself: the next open to the same server in the same
/// version uses the newest, once (RFC 9000 §8.1.3).
/// </summary>
internal sealed class RememberedTokens
{
    /// <summary>How many tokens of one server are kept; older ones are forgotten.</summary>
    private const int MaximumPerServer = 8;

    /// <summary>How many servers are remembered; the one that is remembered longest goes first.</summary>
    private const int MaximumServers = 256;

    private readonly Dictionary<ConnectionHandle, Server> _opened = [];
    private readonly Dictionary<Server, List<Bytes>> _tokens = [];
    private readonly Queue<Server> _order = new();

    /// <summary>The newest token for a server that was not used yet; empty when there is none.</summary>
    public Bytes NewestOf(string serverName, QuicVersion version) =>
        _tokens.TryGetValue(new Server(serverName, version), out List<Bytes>? tokens) && tokens.Count > 0
            ? tokens[^1]
            : Bytes.Empty;

    /// <summary>A connection was opened, and the token that it was opened with, if any, is used.</summary>
    public void OnOpened(ConnectionHandle connection, string serverName, QuicVersion version, Bytes token)
    {
        var server = new Server(serverName, version);
        _opened[connection] = server;
        if (_tokens.TryGetValue(server, out List<Bytes>? tokens))
            tokens.Remove(token);
    }

    /// <summary>Its handshake settled another version than it began with, perhaps.</summary>
    public void OnHandshake(HandshakeInformationEffect information)
    {
        if (_opened.TryGetValue(information.Connection, out Server server))
            _opened[information.Connection] = server with { Version = information.Version };
    }

    /// <summary>The server of a connection gave a token.</summary>
    public void OnToken(NewTokenAvailableEffect token)
    {
        if (!_opened.TryGetValue(token.Connection, out Server server))
            return;
        if (!_tokens.TryGetValue(server, out List<Bytes>? tokens))
        {
            _tokens.Add(server, tokens = []);
            _order.Enqueue(server);
            if (_order.Count > MaximumServers)
                _tokens.Remove(_order.Dequeue());
        }

        if (tokens.Count == MaximumPerServer)
            tokens.RemoveAt(0);
        tokens.Add(token.Token);
    }

    /// <summary>A connection has ended.</summary>
    public void OnClosed(ConnectionHandle connection) => _opened.Remove(connection);

    private readonly record struct Server(string Name, QuicVersion Version);
}
