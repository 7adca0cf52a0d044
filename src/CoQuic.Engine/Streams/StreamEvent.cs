namespace CoQuic.Engine;

/// <summary>What a <see cref="StreamEvent"/> tells.</summary>
internal enum StreamEventKind : byte
{
    /// <summary>The peer has reset its sending part: error code and final size.</summary>
    PeerReset,

    /// <summary>The peer will not read on: error code. RESET_STREAM answers it already (RFC 9000 §3.5).</summary>
    PeerStopSending,

    /// <summary>The buffer of a stream fell below the low-water mark, or is empty: bytes released in all, bytes buffered.</summary>
    SendProgress,

    /// <summary>The peer allows more streams: kind and limit.</summary>
    StreamsAvailable,

    /// <summary>A stream is over in both directions and forgotten.</summary>
    StreamClosed,

    /// <summary>A stream was opened, by us or by the peer; told only when asked for.</summary>
    StreamOpened,
}

/// <summary>Something that happened on streams and that the application should hear of: one flat value for all kinds.</summary>
internal readonly record struct StreamEvent
{
    private readonly ulong _subject;
    private readonly ulong _first;
    private readonly ulong _second;

    private StreamEvent(StreamEventKind kind, ulong subject, ulong first, ulong second)
    {
        Kind = kind;
        _subject = subject;
        _first = first;
        _second = second;
    }

    public StreamEventKind Kind { get; }

    /// <summary>Of all kinds but StreamsAvailable.</summary>
    public StreamId StreamId => new(_subject);

    /// <summary>Of StreamsAvailable.</summary>
    public StreamKind StreamKind => (StreamKind)_subject;

    /// <summary>The application's error code of PeerReset and PeerStopSending.</summary>
    public ulong ErrorCode => _first;

    /// <summary>Of PeerReset: the length of the stream, in bytes.</summary>
    public ulong FinalSize => _second;

    /// <summary>Of SendProgress: bytes from the start of the stream that are acknowledged and forgotten.</summary>
    public ulong Released => _first;

    /// <summary>Of SendProgress: bytes that were written and are not released.</summary>
    public ulong Buffered => _second;

    /// <summary>Of StreamsAvailable: how many streams of the kind may be opened since the connection began.</summary>
    public ulong Limit => _first;

    public static StreamEvent PeerReset(StreamId id, ulong errorCode, ulong finalSize) =>
        new(StreamEventKind.PeerReset, id.Value, errorCode, finalSize);

    public static StreamEvent PeerStopSending(StreamId id, ulong errorCode) =>
        new(StreamEventKind.PeerStopSending, id.Value, errorCode, 0);

    public static StreamEvent SendProgress(StreamId id, ulong released, ulong buffered) =>
        new(StreamEventKind.SendProgress, id.Value, released, buffered);

    public static StreamEvent StreamsAvailable(StreamKind kind, ulong limit) =>
        new(StreamEventKind.StreamsAvailable, (ulong)kind, limit, 0);

    public static StreamEvent StreamClosed(StreamId id) => new(StreamEventKind.StreamClosed, id.Value, 0, 0);

    public static StreamEvent StreamOpened(StreamId id) => new(StreamEventKind.StreamOpened, id.Value, 0, 0);
}
