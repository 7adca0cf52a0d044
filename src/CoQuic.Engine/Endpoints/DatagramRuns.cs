using System;
using System.Collections.Generic;

namespace CoQuic.Engine;

/// <summary>
/// Where outgoing datagrams are written: fresh chunks, cut into datagrams, one behind the other. Neighbours of equal size on one
/// route become one <see cref="SendDatagramEffect"/>, so that one system call and one small object serve many packets.
/// </summary>
/// <remarks>
/// A chunk is never written again once its bytes were handed out: what an effect holds stays as it is, unless the host says that it has
/// copied it.
/// </remarks>
internal sealed class DatagramRuns
{
    /// <summary>
    /// A chunk's size: below the large-object limit, above what the runtime clears, and no run in it exceeds what UDP segmentation
    /// takes in one call (65,507 bytes).
    /// </summary>
    private const int ChunkSize = 65_000;

    /// <summary>The kernel's limit on the segments of one call.</summary>
    private const int MaximumSegments = 64;

    private byte[] _chunk = [];
    private int _written;
    private int _runStart;
    private int _segmentSize;
    private int _segments;
    private bool _isLastShort;
    private DatagramAddressing _addressing;

    /// <summary>Room for one datagram. Write into it, then call <see cref="Commit"/> with what was used.</summary>
    /// <param name="size">The most that will be written, in bytes.</param>
    /// <param name="effects">Where the run goes that must end because its chunk is full.</param>
    public Span<byte> Reserve(int size, List<Effect> effects)
    {
        if (_chunk.Length - _written < size)
        {
            Flush(effects);
            _chunk = GC.AllocateUninitializedArray<byte>(Math.Max(ChunkSize, size));
            _written = 0;
            _runStart = 0;
        }

        return _chunk.AsSpan(_written, size);
    }

    /// <summary>The datagram in the room reserved last is complete.</summary>
    /// <param name="length">Its length in bytes, above 0.</param>
    /// <param name="addressing">Where it goes, and how it is marked.</param>
    /// <param name="effects">Where a run goes that this datagram cannot join.</param>
    public void Commit(int length, DatagramAddressing addressing, List<Effect> effects)
    {
        if (!CanJoin(length, addressing))
            Flush(effects);
        if (_segments == 0)
        {
            _segmentSize = length;
            _addressing = addressing;
        }

        _segments++;
        _isLastShort = length < _segmentSize;
        _written += length;
    }

    /// <summary>Ends the current run.</summary>
    /// <param name="effects">Where it goes.</param>
    public void Flush(List<Effect> effects)
    {
        if (_segments == 0)
            return;
        var bytes = Bytes.Wrap(_chunk.AsMemory(_runStart, _written - _runStart));
        effects.Add(new SendDatagramEffect(
            _addressing.Connection, _addressing.Route, _addressing.Ecn, _addressing.IsPmtuProbe, bytes, _segmentSize));
        _runStart = _written;
        _segments = 0;
        _isLastShort = false;
    }

    /// <summary>All that was handed out has been copied: the chunk is written from its start again.</summary>
    public void Reclaim()
    {
        if (_segments > 0)
            return;
        _written = 0;
        _runStart = 0;
    }

    private bool CanJoin(int length, DatagramAddressing addressing) =>
        _segments is > 0 and < MaximumSegments
        && !_isLastShort
        && length <= _segmentSize
        && !addressing.IsPmtuProbe
        && addressing == _addressing;
}

/// <summary>What datagrams must have in common to travel as one run.</summary>
internal readonly record struct DatagramAddressing(
    ConnectionHandle Connection,
    RouteHandle? Route,
    EcnCodepoint Ecn = EcnCodepoint.NotEct,
    bool IsPmtuProbe = false);
