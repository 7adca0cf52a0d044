using System.Collections.Generic;
using CoQuic.Engine;

namespace CoQuic.Native;

/// <summary>
/// Connections between two ends. The engine tells everything about an end when it begins; the ABI says CLOSED when the closing or
/// draining period is over and the handle is gone.
/// </summary>
/// <remarks>
/// Bounded by the connections that the endpoint holds: each leaves with its connection. Every connection either lives or is ending, so
/// the endpoint's count says how many have gone, and a call in which none has costs nothing. They go about in the order in which they
/// began to end, so that few are looked at for each that has gone.
/// </remarks>
internal sealed class EndingConnections
{
    private readonly LinkedList<Ending> _endings = [];
    private readonly Dictionary<ConnectionHandle, LinkedListNode<Ending>> _places = [];
    private int _livingCount;

    /// <summary>Whether there are any.</summary>
    public bool Any => _places.Count > 0;

    /// <summary>Whether one has gone since the endpoint was made: before that, nobody can ask after a connection that is not there.</summary>
    public bool HasAnyGone { get; private set; }

    /// <summary>How many of them no caller may see any more, although the engine still holds them.</summary>
    public int HiddenCount { get; private set; }

    /// <summary>A connection was opened or accepted.</summary>
    public void OnBegun() => _livingCount++;

    /// <summary>A connection has begun to end.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="isClosing">Whether we closed it, and did not hear that the peer did.</param>
    /// <param name="isHidden">Whether it counts as gone at once, with no CLOSED to come.</param>
    public void Add(ConnectionHandle connection, bool isClosing, bool isHidden)
    {
        _livingCount--;
        _places.Add(connection, _endings.AddLast(new Ending(connection, isClosing, isHidden)));
        if (isHidden)
            HiddenCount++;
    }

    /// <summary>Whether we closed a connection, and its period is not over.</summary>
    public bool IsClosing(ConnectionHandle connection) => Find(connection) is { IsClosing: true };

    /// <summary>Whether no caller may see a connection any more.</summary>
    public bool IsHidden(ConnectionHandle connection) => Find(connection) is { IsHidden: true };

    /// <summary>How many have gone whose CLOSED is due.</summary>
    /// <param name="heldCount">The connections that the engine holds.</param>
    public int CountGone(int heldCount) => _livingCount + _places.Count - heldCount;

    /// <summary>Says CLOSED of those that the engine has forgotten.</summary>
    public void TellClosed(QuicEndpoint endpoint, List<Effect> effects)
    {
        int due = CountGone(endpoint.ConnectionCount);
        for (LinkedListNode<Ending>? place = _endings.First; due > 0 && place is not null;)
        {
            LinkedListNode<Ending>? next = place.Next;
            if (!endpoint.Contains(place.Value.Connection))
            {
                Remove(place, effects);
                due--;
            }

            place = next;
        }
    }

    private void Remove(LinkedListNode<Ending> place, List<Effect> effects)
    {
        Ending gone = place.Value;
        HasAnyGone = true;
        _endings.Remove(place);
        _places.Remove(gone.Connection);
        if (gone.IsHidden)
            HiddenCount--;
        else
            effects.Add(new ConnectionLifecycleEventEffect(gone.Connection, Lifecycle.Closed));
    }

    private Ending? Find(ConnectionHandle connection) =>
        _places.Count > 0 && _places.TryGetValue(connection, out LinkedListNode<Ending>? place) ? place.Value : null;

    private readonly record struct Ending(ConnectionHandle Connection, bool IsClosing, bool IsHidden);
}
