using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;

namespace CoQuic.Engine;

/// <summary>
/// Streams that wait for their turn to send (RFC 9000 §2.3): the highest priority first, and those of one priority in turn. There are
/// as many levels as priorities that the application has in use, which is one as a rule.
/// </summary>
/// <param name="kind">Which of a stream's links its queues use.</param>
internal sealed class StreamSchedule(StreamQueueKind kind)
{
    // The highest priority first; none is empty.
    private readonly List<StreamQueue> _levels = [];
    private StreamQueue? _spare;

    public bool IsEmpty => _levels.Count == 0;

    /// <summary>Lets a stream join the others of its priority, move there, stay where it is, or leave.</summary>
    public void Update(Stream stream, bool isWanted)
    {
        if (stream.Link(kind).Queue is { } queue && !(isWanted && queue.Priority == stream.Priority))
            Leave(queue, stream);
        if (isWanted)
            LevelOf(stream.Priority).Update(stream, isWanted: true);
    }

    /// <summary>The first stream of the highest priority. It stays where it is.</summary>
    public bool TryPeek([NotNullWhen(true)] out Stream? stream)
    {
        stream = null;
        return _levels.Count > 0 && _levels[0].TryPeek(out stream);
    }

    /// <summary>Lets the others of its priority go before the stream, if it still waits.</summary>
    public void Rotate(Stream stream) => stream.Link(kind).Queue?.Rotate(stream);

    private void Leave(StreamQueue queue, Stream stream)
    {
        queue.Update(stream, isWanted: false);
        if (!queue.IsEmpty)
            return;
        _levels.Remove(queue);
        _spare = queue;
    }

    private StreamQueue LevelOf(int priority)
    {
        int index = 0;
        while (index < _levels.Count && _levels[index].Priority > priority)
            index++;
        if (index == _levels.Count || _levels[index].Priority != priority)
            _levels.Insert(index, TakeSpare(priority));
        return _levels[index];
    }

    /// <summary>With one priority at a time, sending allocates nothing.</summary>
    private StreamQueue TakeSpare(int priority)
    {
        StreamQueue queue = _spare ?? new StreamQueue(kind);
        _spare = null;
        queue.Priority = priority;
        return queue;
    }
}
