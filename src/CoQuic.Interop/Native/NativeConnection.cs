using System.Collections.Generic;
using CoQuic.Engine;

namespace CoQuic.Interop;

/// <summary>What the driver remembers of one connection of a native library.</summary>
internal sealed class NativeConnection
{
    private readonly Dictionary<StreamId, ulong> _written = [];
    private readonly List<StreamId> _unreported = [];
    private ulong _unreportedBytes;
    private ulong _sentBytes;

    /// <summary>The close that the application asked for.</summary>
    public CloseReason? Asked { get; set; }

    /// <summary>Whether the handshake is ready.</summary>
    public bool IsReady { get; set; }

    /// <summary>Whether the connection's end was told.</summary>
    public bool IsEndTold { get; set; }

    public void OnWritten(StreamId stream, ulong length)
    {
        _written[stream] = _written.GetValueOrDefault(stream) + length;
        if (!_unreported.Contains(stream))
            _unreported.Add(stream);
        _unreportedBytes += length;
    }

    /// <summary>Datagrams left.</summary>
    public void OnSent(ulong length)
    {
        if (_unreportedBytes > 0)
            _sentBytes += length;
    }

    /// <summary>
    /// Says that all was sent. A stream that its limit blocks counts as having nothing to send, so no more is said to have left than the
    /// datagrams can have held.
    /// </summary>
    /// <returns>False when some of it cannot have left yet.</returns>
    public bool TellProgress(ConnectionHandle connection, List<Effect> effects)
    {
        if (IsEndTold || _unreported.Count == 0)
            return true;
        if (_sentBytes < _unreportedBytes)
            return false;
        foreach (StreamId stream in _unreported)
            effects.Add(new SendProgressEffect(connection, stream, _written[stream], Buffered: 0));
        _unreported.Clear();
        _unreportedBytes = 0;
        _sentBytes = 0;
        return true;
    }
}
