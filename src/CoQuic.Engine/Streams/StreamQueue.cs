using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace CoQuic.Engine;

/// <summary>The queues of a <see cref="StreamSet"/> that a stream can wait in.</summary>
internal enum StreamQueueKind : byte
{
    /// <summary>RESET_STREAM, STOP_SENDING, MAX_STREAM_DATA or STREAM_DATA_BLOCKED is due.</summary>
    Control,

    /// <summary>Lost bytes or a FIN alone wait: no credit is needed.</summary>
    Creditless,

    /// <summary>Bytes that were never sent wait, and the stream's limit allows some.</summary>
    Fresh,

    /// <summary>The application has something to read.</summary>
    Readable,
}

/// <summary>A stream's place in one queue.</summary>
internal struct StreamLink
{
    public Stream? Previous;
    public Stream? Next;

    /// <summary>The queue that it waits in; none when it waits in none.</summary>
    public StreamQueue? Queue;
}

/// <summary>A stream's places in all queues.</summary>
[InlineArray(4)]
internal struct StreamLinks
{
    private StreamLink _first;
}

/// <summary>
/// Streams that wait for one thing, each at most once, in the order in which they came. The links lie in the streams, so that
/// joining and leaving are O(1), allocate nothing, and a stream that is over is not kept by a queue that does not move.
/// </summary>
/// <param name="kind">Which of a stream's links this queue uses.</param>
internal sealed class StreamQueue(StreamQueueKind kind)
{
    private Stream? _first;
    private Stream? _last;

    public bool IsEmpty => _first is null;

    /// <summary>The priority of the streams in it; only a <see cref="StreamSchedule"/> sets it.</summary>
    public int Priority { get; set; }

    /// <summary>Lets a stream join at the end, stay where it is, or leave.</summary>
    public void Update(Stream stream, bool isWanted)
    {
        bool isQueued = stream.Link(kind).Queue == this;
        if (isWanted && !isQueued)
            Append(stream);
        else if (!isWanted && isQueued)
            Remove(stream);
    }

    /// <summary>The first stream. It stays where it is.</summary>
    public bool TryPeek([NotNullWhen(true)] out Stream? stream)
    {
        stream = _first;
        return stream is not null;
    }

    /// <summary>Moves the stream to the end, if it still waits.</summary>
    public void Rotate(Stream stream)
    {
        if (stream.Link(kind).Queue != this || stream == _last)
            return;
        Remove(stream);
        Append(stream);
    }

    private void Append(Stream stream)
    {
        stream.Link(kind) = new StreamLink { Previous = _last, Queue = this };
        if (_last is null)
            _first = stream;
        else
            _last.Link(kind).Next = stream;
        _last = stream;
    }

    private void Remove(Stream stream)
    {
        StreamLink link = stream.Link(kind);
        if (link.Previous is null)
            _first = link.Next;
        else
            link.Previous.Link(kind).Next = link.Next;
        if (link.Next is null)
            _last = link.Previous;
        else
            link.Next.Link(kind).Previous = link.Previous;
        stream.Link(kind) = default;
    }
}
