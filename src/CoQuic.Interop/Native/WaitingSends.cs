using System;
using System.Collections.Generic;
using CoQuic.Engine;

namespace CoQuic.Interop;

/// <summary>
/// Writes to streams that the peer does not admit yet. The ABI refuses them and tells nobody when the peer admits more: its callers
/// try again. So does the driver, since other engines hold such a stream back and say when it may open.
/// </summary>
internal sealed class WaitingSends
{
    /// <summary>How long to wait between two tries.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(5);

    private readonly LinkedList<(ConnectionHandle Connection, SendStreamData Data)> _waiting = [];

    /// <summary>When to try again; none when nothing waits.</summary>
    public TimeUs? NextTry { get; private set; }

    /// <summary>Whether a stream has a write waiting, which a later one must not overtake.</summary>
    public bool Contains(ConnectionHandle connection, StreamId stream)
    {
        foreach ((ConnectionHandle held, SendStreamData data) in _waiting)
        {
            if (held == connection && data.StreamId == stream)
                return true;
        }

        return false;
    }

    /// <summary>Keeps a write for later.</summary>
    public void Add(TimeUs now, ConnectionHandle connection, in SendStreamData data)
    {
        _waiting.AddLast((connection, data));
        NextTry ??= now + Interval;
    }

    /// <summary>Tries what waits, in order. What is admitted, or refused for another reason, waits no longer.</summary>
    /// <param name="now">The instant.</param>
    /// <param name="isAdmitted">Tries one; false when it has to wait on.</param>
    public void Try(TimeUs now, Func<ConnectionHandle, SendStreamData, bool> isAdmitted)
    {
        if (NextTry is not { } due || now < due)
            return;
        var blocked = new HashSet<(ConnectionHandle, StreamId)>();
        for (LinkedListNode<(ConnectionHandle Connection, SendStreamData Data)>? node = _waiting.First; node is not null;)
        {
            LinkedListNode<(ConnectionHandle Connection, SendStreamData Data)>? next = node.Next;
            (ConnectionHandle connection, SendStreamData data) = node.Value;
            if (blocked.Contains((connection, data.StreamId)) || !isAdmitted(connection, data))
                blocked.Add((connection, data.StreamId));
            else
                _waiting.Remove(node);
            node = next;
        }

        NextTry = _waiting.Count > 0 ? now + Interval : null;
    }
}
