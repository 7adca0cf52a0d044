using System.Collections.Generic;
using CoQuic.Engine;

namespace CoQuic.Interop;

/// <summary>What the driver remembers of one connection of a native library.</summary>
internal sealed class NativeConnection
{
    private readonly Dictionary<StreamId, Written> _written = [];
    private readonly List<StreamId> _unreported = [];
    private ulong _unreportedBytes;
    private ulong _sentBytes;

    /// <summary>The close that the application asked for.</summary>
    public CloseReason? Asked { get; set; }

    /// <summary>Whether the handshake is ready.</summary>
    public bool IsReady { get; set; }

    /// <summary>Whether the connection's end was told.</summary>
    public bool IsEndTold { get; set; }

    /// <summary>Streams of which the driver knows what was written: those that may get more, or whose last progress is to be told.</summary>
    public int RememberedStreams => _written.Count;

    public void OnWritten(StreamId stream, ulong length)
    {
        Written before = _written.GetValueOrDefault(stream);
        if (!before.IsUnreported)
            _unreported.Add(stream);
        _written[stream] = before with { Total = before.Total + length, IsUnreported = true };
        _unreportedBytes += length;
    }

    /// <summary>Nothing more will be written to a stream: it is forgotten, once its progress is told.</summary>
    public void OnStreamEnd(StreamId stream)
    {
        if (!_written.TryGetValue(stream, out Written written))
            return;
        if (written.IsUnreported)
            _written[stream] = written with { IsAll = true };
        else
            _written.Remove(stream);
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
            effects.Add(new SendProgressEffect(connection, stream, Report(stream), Buffered: 0));
        _unreported.Clear();
        _unreportedBytes = 0;
        _sentBytes = 0;
        return true;
    }

    private ulong Report(StreamId stream)
    {
        Written written = _written[stream];
        if (written.IsAll)
            _written.Remove(stream);
        else
            _written[stream] = written with { IsUnreported = false };
        return written.Total;
    }

    /// <param name="Total">Bytes since the stream began.</param>
    /// <param name="IsUnreported">Whether some of them are not told to have left.</param>
    /// <param name="IsAll">Whether no more will come.</param>
    private readonly record struct Written(ulong Total, bool IsUnreported, bool IsAll);
}
