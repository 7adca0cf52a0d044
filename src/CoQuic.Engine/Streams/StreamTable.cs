using System.Collections.Generic;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace CoQuic.Engine;

/// <summary>What is known about a stream identifier.</summary>
internal enum StreamPresence : byte
{
    /// <summary>Beyond every stream of its type that was opened.</summary>
    Unopened,

    /// <summary>Opened because one with a higher number was (RFC 9000 §2.1), and never mentioned itself.</summary>
    Untouched,

    Active,

    /// <summary>Finished and forgotten: late frames for it are ignored.</summary>
    Retired,
}

/// <summary>
/// Which streams were opened, are active, or are over, without keeping anything for those that are over: an identifier below
/// the opened count that is neither active nor untouched has been retired.
/// </summary>
internal sealed class StreamTable
{
    private const int StreamTypes = 4;

    private readonly Dictionary<ulong, Stream> _active = [];
    private readonly ulong[] _opened = new ulong[StreamTypes];

    // Indexes that were skipped: at most half as many ranges as the stream limits allow streams.
    private readonly OffsetRanges[] _untouched = [new(), new(), new(), new()];

    public int ActiveCount => _active.Count;

    /// <summary>How many streams of an identifier's type were opened, those opened implicitly included.</summary>
    public ulong OpenedCount(StreamId type) => _opened[TypeOf(type)];

    public StreamPresence Find(StreamId id, out Stream? stream)
    {
        if (_active.TryGetValue(id.Value, out stream))
            return StreamPresence.Active;
        if (id.Index >= OpenedCount(id))
            return StreamPresence.Unopened;
        return _untouched[TypeOf(id)].Contains(id.Index) ? StreamPresence.Untouched : StreamPresence.Retired;
    }

    public bool TryGetActive(StreamId id, [NotNullWhen(true)] out Stream? stream) => _active.TryGetValue(id.Value, out stream);

    /// <summary>Opens a stream and, implicitly, all of its type with lower numbers (RFC 9000 §2.1).</summary>
    public void Add(Stream stream)
    {
        Debug.Assert(Find(stream.Id, out _) is StreamPresence.Unopened or StreamPresence.Untouched, "a stream opens once");
        int type = TypeOf(stream.Id);
        ulong index = stream.Id.Index;
        if (index >= _opened[type])
        {
            _untouched[type].Add(_opened[type], index);
            _opened[type] = index + 1;
        }
        else
        {
            _untouched[type].Remove(index, index + 1);
        }

        _active.Add(stream.Id.Value, stream);
    }

    /// <summary>Forgets a stream that is over.</summary>
    /// <returns>False when it was forgotten before.</returns>
    public bool Retire(StreamId id) => _active.Remove(id.Value);

    private static int TypeOf(StreamId id) => (int)(id.Value & (StreamTypes - 1));
}
