using System.Collections.Generic;
using CoQuic.Engine;

namespace CoQuic.Native;

/// <summary>
/// Connections between two ends. The engine tells everything about an end when it begins; the ABI says CLOSED when the closing or
/// draining period is over and the handle is gone.
/// </summary>
/// <remarks>Bounded by the connections that the endpoint holds: each leaves with its connection.</remarks>
internal sealed class EndingConnections
{
    private readonly List<Ending> _endings = [];

    /// <summary>Whether there are any.</summary>
    public bool Any => _endings.Count > 0;

    /// <summary>How many of them no caller may see any more, although the engine still holds them.</summary>
    public int HiddenCount { get; private set; }

    /// <summary>A connection has begun to end.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="isClosing">Whether we closed it, and did not hear that the peer did.</param>
    /// <param name="isHidden">Whether it counts as gone at once, with no CLOSED to come.</param>
    public void Add(ConnectionHandle connection, bool isClosing, bool isHidden)
    {
        _endings.Add(new Ending(connection, isClosing, isHidden));
        if (isHidden)
            HiddenCount++;
    }

    /// <summary>Whether we closed a connection, and its period is not over.</summary>
    public bool IsClosing(ConnectionHandle connection) => _endings.Exists(ending => ending.Connection == connection && ending.IsClosing);

    /// <summary>Whether no caller may see a connection any more.</summary>
    public bool IsHidden(ConnectionHandle connection) =>
        HiddenCount > 0 && _endings.Exists(ending => ending.Connection == connection && ending.IsHidden);

    /// <summary>Says CLOSED of those that the engine has forgotten.</summary>
    public void TellClosed(QuicEndpoint endpoint, List<Effect> effects)
    {
        if (_endings.Count == 0)
            return;
        foreach (Ending ending in _endings)
        {
            if (endpoint.Contains(ending.Connection))
                continue;
            if (ending.IsHidden)
                HiddenCount--;
            else
                effects.Add(new ConnectionLifecycleEventEffect(ending.Connection, Lifecycle.Closed));
        }

        _endings.RemoveAll(ending => !endpoint.Contains(ending.Connection));
    }

    private readonly record struct Ending(ConnectionHandle Connection, bool IsClosing, bool IsHidden);
}
