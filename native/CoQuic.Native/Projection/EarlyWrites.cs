using System;
using System.Collections.Generic;
using CoQuic.Engine;

namespace CoQuic.Native;

/// <summary>
/// What was written to connections that were opened for early data and got no keys for it. The engine opens no stream before the peer's
/// limits are known; the ABI keeps such data, and it leaves after the handshake.
/// </summary>
internal sealed class EarlyWrites
{
    private readonly Dictionary<ConnectionHandle, List<SendStreamData>> _kept = [];

    /// <summary>Whether there are such connections.</summary>
    public bool Any => _kept.Count > 0;

    /// <summary>Whether anything was written to one of them.</summary>
    public bool HasWrites
    {
        get
        {
            foreach (List<SendStreamData> writes in _kept.Values)
            {
                if (writes.Count > 0)
                    return true;
            }

            return false;
        }
    }

    /// <summary>A connection was opened: its writes are kept, if it asked for early data and was told that there is none.</summary>
    public void OnOpened(ConnectionHandle connection, EndpointResult opened)
    {
        foreach (Effect effect in opened.Effects)
        {
            if (effect is ZeroRttStatusEventEffect { Status: ZeroRttStatus.Unavailable })
                _kept[connection] = [];
        }
    }

    /// <summary>Keeps a write, if it is one to keep. Its bytes are copied.</summary>
    public bool TryKeep(ConnectionHandle connection, StreamId stream, ReadOnlySpan<byte> bytes, bool fin, int priority)
    {
        bool isKept = stream.IsInitiatedBy(Role.Client) && _kept.ContainsKey(connection);
        if (isKept && (fin || !bytes.IsEmpty))
            _kept[connection].Add(new SendStreamData(stream, Bytes.CopyOf(bytes), fin, priority));
        return isKept;
    }

    /// <summary>The writes of a connection that is ready, in order; from now on none of its writes is kept.</summary>
    public IReadOnlyList<SendStreamData> Release(ConnectionHandle connection) =>
        _kept.Remove(connection, out List<SendStreamData>? writes) ? writes : [];

    /// <summary>A connection has ended.</summary>
    public void OnClosed(ConnectionHandle connection) => _kept.Remove(connection);
}
