using System.Collections.Generic;

namespace CoQuic.Engine;

/// <summary>
/// All streams of a connection (RFC 9000 §2 to §4): which exist, what they may carry, which have something to send, and what
/// the application should hear. No call walks every stream but the one in which the peer's limits arrive, once in a connection.
/// </summary>
/// <remarks>
/// The parts of this class follow the four kinds of member of a connection: frames that came in (StreamSet.Receive), what
/// the application wants (StreamSet.Commands), what goes out and what became of it (StreamSet.Transmit), and here what all
/// of them share, with the drains.
/// </remarks>
internal sealed partial class StreamSet
{
    private readonly StreamSettings _settings;
    private readonly StreamTable _table = new();
    private readonly SendLimit _sendLimit = new(0);
    private readonly ReceiveLimit _receiveLimit;
    private readonly StreamOpenLimit _openBidi = new();
    private readonly StreamOpenLimit _openUni = new();
    private readonly StreamAcceptLimit _acceptBidi;
    private readonly StreamAcceptLimit _acceptUni;
    private readonly StreamQueue _control = new(StreamQueueKind.Control);
    private readonly StreamSchedule _creditless = new(StreamQueueKind.Creditless);
    private readonly StreamSchedule _fresh = new(StreamQueueKind.Fresh);
    private readonly StreamQueue _readable = new(StreamQueueKind.Readable);
    private readonly Queue<StreamEvent> _events = new();
    private PeerStreamLimits _peerLimits;

    public StreamSet(StreamSettings settings)
    {
        _settings = settings;
        _receiveLimit = new ReceiveLimit(settings.InitialMaxData, settings.MaximumConnectionWindow);
        _acceptBidi = new StreamAcceptLimit(settings.InitialMaxStreamsBidi);
        _acceptUni = new StreamAcceptLimit(settings.InitialMaxStreamsUni);
    }

    /// <summary>Streams that are neither finished nor untouched.</summary>
    public int ActiveCount => _table.ActiveCount;

    /// <summary>Bytes of all streams that were written and are not acknowledged.</summary>
    public ulong BufferedBytes { get; private set; }

    /// <summary>Bytes of all streams that were sent, each once.</summary>
    public ulong BytesSent => _sendLimit.Used;

    /// <summary>Bytes of all streams that arrived, each once, up to the last of each stream.</summary>
    public ulong BytesReceived => _receiveLimit.Received;

    /// <summary>Tells the oldest event that was not told yet. Read stream data first, so that it comes before a reset.</summary>
    public bool TryGetEvent(out StreamEvent streamEvent) => _events.TryDequeue(out streamEvent);

    /// <summary>Gives out received bytes. With <see cref="ReceiveCredit.Automatic"/> this consumes them.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="offset">Where the bytes begin.</param>
    /// <param name="data">The bytes; none when only the end is told.</param>
    /// <param name="isFin">Whether the stream ends behind them; told once.</param>
    public bool TryReadStreamData(out StreamId streamId, out ulong offset, out Bytes data, out bool isFin)
    {
        (streamId, offset, data, isFin) = (default, 0, default, false);
        if (!_readable.TryPeek(out Stream? stream) || stream.Receiving is not { } receiving)
            return false;
        streamId = stream.Id;
        bool found = receiving.TryRead(out offset, out data, out isFin);
        OnChanged(stream);
        return found;
    }

    /// <summary>The peer's transport parameters are known, or remembered ones for 0-RTT (RFC 9000 §7.4.1): limits only rise.</summary>
    public void OnPeerParameters(PeerStreamLimits limits)
    {
        _peerLimits = limits;
        _sendLimit.Raise(limits.MaxData);
        OnMaxStreams(StreamKind.Bidirectional, limits.MaxStreamsBidi);
        OnMaxStreams(StreamKind.Unidirectional, limits.MaxStreamsUni);

        // Streams opened under remembered limits, in the order of their numbers.
        RaiseOpened(StreamKind.Bidirectional, limits.MaxStreamDataBidiRemote);
        RaiseOpened(StreamKind.Unidirectional, limits.MaxStreamDataUni);
    }

    /// <summary>
    /// Early data was refused, and what was sent is to be sent again: the limits under which that was done give way to the peer's new
    /// ones, even where those are lower.
    /// </summary>
    /// <returns>False, with nothing changed, when more was opened or sent than they allow.</returns>
    public bool TryReplaceLimits(PeerStreamLimits limits)
    {
        bool fits = _sendLimit.Used <= limits.MaxData
            && FitsOpened(StreamKind.Bidirectional, limits.MaxStreamsBidi, limits.MaxStreamDataBidiRemote)
            && FitsOpened(StreamKind.Unidirectional, limits.MaxStreamsUni, limits.MaxStreamDataUni);
        if (!fits)
            return false;
        _peerLimits = limits;
        _sendLimit.Replace(limits.MaxData);
        ReplaceOpened(StreamKind.Bidirectional, limits.MaxStreamsBidi, limits.MaxStreamDataBidiRemote);
        ReplaceOpened(StreamKind.Unidirectional, limits.MaxStreamsUni, limits.MaxStreamDataUni);
        return true;
    }

    private bool FitsOpened(StreamKind kind, ulong count, ulong bytes)
    {
        ulong opened = _table.OpenedCount(StreamId.Create(_settings.Role, kind, 0));
        bool fits = opened <= count;
        for (ulong index = 0; fits && index < opened; index++)
        {
            fits = !_table.TryGetActive(StreamId.Create(_settings.Role, kind, index), out Stream? stream)
                || stream.Sending is not { } sending || sending.Limit.Used <= bytes;
        }

        return fits;
    }

    private void ReplaceOpened(StreamKind kind, ulong count, ulong bytes)
    {
        OpenLimit(kind).Replace(count);
        _events.Enqueue(StreamEvent.StreamsAvailable(kind, count));
        ulong opened = _table.OpenedCount(StreamId.Create(_settings.Role, kind, 0));
        for (ulong index = 0; index < opened; index++)
        {
            if (_table.TryGetActive(StreamId.Create(_settings.Role, kind, index), out Stream? stream) && stream.Sending is { } sending)
            {
                sending.Limit.Replace(bytes);
                OnChanged(stream);
            }
        }
    }

    private void RaiseOpened(StreamKind kind, ulong limit)
    {
        ulong opened = _table.OpenedCount(StreamId.Create(_settings.Role, kind, 0));
        for (ulong index = 0; index < opened; index++)
        {
            StreamId id = StreamId.Create(_settings.Role, kind, index);
            if (_table.TryGetActive(id, out Stream? stream) && stream.Sending is { } sending && sending.Limit.Raise(limit))
                OnChanged(stream);
        }
    }

    private Stream Open(StreamId id)
    {
        bool isLocal = id.IsInitiatedBy(_settings.Role);
        SendingPart? sending = isLocal || id.IsBidirectional
            ? new SendingPart(InitialSendLimit(id, isLocal), _settings.SendLowWaterMark)
            : null;
        ReceivingPart? receiving = !isLocal || id.IsBidirectional ? NewReceivingPart(id, isLocal) : null;
        var stream = new Stream(id, sending, receiving);
        _table.Add(stream);
        if (_settings.TellOpened)
            _events.Enqueue(StreamEvent.StreamOpened(id));
        return stream;
    }

    // RFC 9000 §18.2: what the peer calls local are the streams that the peer opens.
    private ulong InitialSendLimit(StreamId id, bool isLocal)
    {
        if (id.IsUnidirectional)
            return _peerLimits.MaxStreamDataUni;
        return isLocal ? _peerLimits.MaxStreamDataBidiRemote : _peerLimits.MaxStreamDataBidiLocal;
    }

    private ReceivingPart NewReceivingPart(StreamId id, bool isLocal)
    {
        ulong window = id.IsUnidirectional ? _settings.InitialMaxStreamDataUni
            : isLocal ? _settings.InitialMaxStreamDataBidiLocal
            : _settings.InitialMaxStreamDataBidiRemote;
        var limit = new ReceiveLimit(window, _settings.MaximumStreamWindow);
        return new ReceivingPart(limit, _receiveLimit, _settings.Credit, _settings.OutOfOrderReceive);
    }

    /// <summary>After every change: puts the stream in the queues where it belongs and takes it out of others; retires it.</summary>
    private void OnChanged(Stream stream)
    {
        _control.Update(stream, stream.HasControl);
        _creditless.Update(stream, stream.HasCreditless);
        _fresh.Update(stream, stream.HasFresh);
        _readable.Update(stream, stream.HasReadable);
        if (stream.IsFinished && _table.Retire(stream.Id))
            OnRetired(stream.Id);
    }

    private void OnRetired(StreamId id)
    {
        if (!id.IsInitiatedBy(_settings.Role))
            AcceptLimit(id.Kind).OnReleased();
        _events.Enqueue(StreamEvent.StreamClosed(id));
    }

    private StreamOpenLimit OpenLimit(StreamKind kind) => kind == StreamKind.Bidirectional ? _openBidi : _openUni;

    private StreamAcceptLimit AcceptLimit(StreamKind kind) => kind == StreamKind.Bidirectional ? _acceptBidi : _acceptUni;
}
