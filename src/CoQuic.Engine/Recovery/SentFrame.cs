namespace CoQuic.Engine;

/// <summary>What a sent packet carried, as far as its fate concerns a machine (RFC 9000 §13.3).</summary>
internal enum SentFrameKind : byte
{
    Ack,
    Crypto,
    Stream,
    ResetStream,
    StopSending,
    MaxData,
    MaxStreamData,
    MaxStreams,
    DataBlocked,
    StreamDataBlocked,
    StreamsBlocked,
    NewConnectionId,
    RetireConnectionId,
    NewToken,
    HandshakeDone,
    PathChallenge,
    PathResponse,
    Ping,
    Datagram,
}

/// <summary>
/// A record of one frame that was sent: enough to tell its owner that it arrived or was lost, never its bytes.
/// One flat value for all kinds, so that a packet's records lie side by side without an object each.
/// </summary>
internal readonly record struct SentFrame
{
    private readonly ulong _subject;
    private readonly ulong _value;
    private readonly int _length;
    private readonly bool _flag;

    private SentFrame(SentFrameKind kind, ulong subject = 0, ulong value = 0, int length = 0, bool flag = false)
    {
        Kind = kind;
        _subject = subject;
        _value = value;
        _length = length;
        _flag = flag;
    }

    public SentFrameKind Kind { get; }

    /// <summary>The stream of STREAM, RESET_STREAM, STOP_SENDING, MAX_STREAM_DATA and STREAM_DATA_BLOCKED.</summary>
    public StreamId StreamId => new(_subject);

    /// <summary>The kind of streams of MAX_STREAMS and STREAMS_BLOCKED.</summary>
    public StreamKind StreamKind => (StreamKind)_subject;

    /// <summary>The sequence number of NEW_CONNECTION_ID and RETIRE_CONNECTION_ID, or a number that names a DATAGRAM or a token.</summary>
    public ulong Sequence => _subject;

    /// <summary>The first byte of CRYPTO and STREAM.</summary>
    public ulong Offset => _value;

    /// <summary>The bytes of CRYPTO and STREAM.</summary>
    public int Length => _length;

    /// <summary>Whether STREAM ended its stream.</summary>
    public bool HasFin => _flag;

    /// <summary>The limit of MAX_… and …_BLOCKED, the Largest Acknowledged of ACK.</summary>
    public ulong Value => _value;

    public static SentFrame Ack(ulong largestAcknowledged) => new(SentFrameKind.Ack, 0, largestAcknowledged);

    public static SentFrame Crypto(ulong offset, int length) => new(SentFrameKind.Crypto, 0, offset, length);

    public static SentFrame Stream(StreamId streamId, ulong offset, int length, bool hasFin) =>
        new(SentFrameKind.Stream, streamId.Value, offset, length, hasFin);

    public static SentFrame ResetStream(StreamId streamId) => new(SentFrameKind.ResetStream, streamId.Value);

    public static SentFrame StopSending(StreamId streamId) => new(SentFrameKind.StopSending, streamId.Value);

    public static SentFrame MaxData(ulong maximumData) => new(SentFrameKind.MaxData, 0, maximumData);

    public static SentFrame MaxStreamData(StreamId streamId, ulong maximumStreamData) =>
        new(SentFrameKind.MaxStreamData, streamId.Value, maximumStreamData);

    public static SentFrame MaxStreams(StreamKind kind, ulong maximumStreams) =>
        new(SentFrameKind.MaxStreams, (ulong)kind, maximumStreams);

    public static SentFrame DataBlocked(ulong limit) => new(SentFrameKind.DataBlocked, 0, limit);

    public static SentFrame StreamDataBlocked(StreamId streamId, ulong limit) =>
        new(SentFrameKind.StreamDataBlocked, streamId.Value, limit);

    public static SentFrame StreamsBlocked(StreamKind kind, ulong limit) =>
        new(SentFrameKind.StreamsBlocked, (ulong)kind, limit);

    public static SentFrame NewConnectionId(ulong sequence) => new(SentFrameKind.NewConnectionId, sequence);

    public static SentFrame RetireConnectionId(ulong sequence) => new(SentFrameKind.RetireConnectionId, sequence);

    public static SentFrame NewToken(ulong sequence) => new(SentFrameKind.NewToken, sequence);

    public static SentFrame HandshakeDone() => new(SentFrameKind.HandshakeDone);

    /// <summary>Never sent again: a new challenge has new data (RFC 9000 §13.3).</summary>
    public static SentFrame PathChallenge() => new(SentFrameKind.PathChallenge);

    /// <summary>Never sent again: the peer asks anew (RFC 9000 §13.3).</summary>
    public static SentFrame PathResponse() => new(SentFrameKind.PathResponse);

    public static SentFrame Ping() => new(SentFrameKind.Ping);

    public static SentFrame Datagram(ulong number) => new(SentFrameKind.Datagram, number);
}
