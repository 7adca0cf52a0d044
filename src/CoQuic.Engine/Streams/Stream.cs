namespace CoQuic.Engine;

/// <summary>One stream: the parts that its kind and initiator give it (RFC 9000 §3), and the queues that it waits in.</summary>
internal sealed class Stream(StreamId id, SendingPart? sending, ReceivingPart? receiving)
{
    private StreamLinks _links;

    public StreamId Id => id;

    /// <summary>None on a unidirectional stream of the peer.</summary>
    public SendingPart? Sending => sending;

    /// <summary>None on our own unidirectional streams.</summary>
    public ReceivingPart? Receiving => receiving;

    /// <summary>Whether nothing more can happen on it, so that it can be forgotten.</summary>
    public bool IsFinished => (sending is null || sending.IsFinished) && (receiving is null || receiving.IsFinished);

    /// <summary>Whether RESET_STREAM, STOP_SENDING, MAX_STREAM_DATA or STREAM_DATA_BLOCKED is due.</summary>
    public bool HasControl =>
        sending is { IsResetPending: true } or { IsBlockedPending: true }
        || receiving is { IsStopSendingPending: true } or { ShouldUpdateLimit: true };

    public bool HasCreditless => sending is { HasCreditless: true };

    public bool HasFresh => sending is { CanSendFresh: true };

    public bool HasReadable => receiving is { CanRead: true };

    /// <summary>What the application gave it last: higher goes first.</summary>
    public int Priority => sending?.Priority ?? 0;

    /// <summary>Its place in a queue; only the queue changes it.</summary>
    public ref StreamLink Link(StreamQueueKind kind) => ref _links[(int)kind];
}
