using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;

namespace CoQuic.Engine;

/// <summary>
/// Streams that wait for one thing, each at most once, in the order in which they came. A stream whose reason is gone stays
/// until it comes to the front, and is dropped there: no call walks the queue.
/// </summary>
/// <param name="membership">The flag that says a stream is in here.</param>
/// <param name="isWanted">Whether the reason to wait still holds.</param>
internal sealed class StreamQueue(StreamQueues membership, Func<Stream, bool> isWanted)
{
    private readonly Queue<Stream> _streams = new();

    /// <summary>Adds a stream at the end, if there is a reason and it does not wait yet.</summary>
    public void EnqueueIfWanted(Stream stream)
    {
        if ((stream.Queues & membership) != 0 || !isWanted(stream))
            return;
        stream.Queues |= membership;
        _streams.Enqueue(stream);
    }

    /// <summary>The first stream that still has a reason to wait. It stays where it is.</summary>
    public bool TryPeek([NotNullWhen(true)] out Stream? stream)
    {
        while (_streams.TryPeek(out stream))
        {
            if (isWanted(stream))
                return true;
            Dequeue();
        }

        return false;
    }

    /// <summary>Moves the first stream to the end.</summary>
    public void Rotate()
    {
        if (_streams.Count > 1)
            _streams.Enqueue(_streams.Dequeue());
    }

    private void Dequeue() => _streams.Dequeue().Queues &= ~membership;
}
