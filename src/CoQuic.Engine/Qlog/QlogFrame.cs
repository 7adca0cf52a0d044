using System;

namespace CoQuic.Engine;

/// <summary>A frame as qlog shows it: what it says, and of what it carries only the length.</summary>
public abstract record QlogFrame
{
    private protected QlogFrame()
    {
    }
}

/// <summary>A run of PADDING frames.</summary>
/// <param name="Length">How many bytes.</param>
public sealed record QlogPaddingFrame(int Length) : QlogFrame;

/// <summary>PING.</summary>
public sealed record QlogPingFrame : QlogFrame;

/// <summary>Packet numbers from <paramref name="First"/> to <paramref name="Last"/>, both included.</summary>
/// <param name="First">The smallest.</param>
/// <param name="Last">The largest.</param>
public readonly record struct QlogAckRange(ulong First, ulong Last);

/// <summary>ACK.</summary>
/// <param name="AckDelay">How long the peer says that it waited.</param>
/// <param name="Ranges">What is acknowledged, the largest first.</param>
/// <param name="Ect0">Packets received with ECT(0); none in a frame without ECN counts.</param>
/// <param name="Ect1">Packets received with ECT(1).</param>
/// <param name="Ce">Packets received with CE.</param>
public sealed record QlogAckFrame(TimeSpan AckDelay, QlogList<QlogAckRange> Ranges, ulong? Ect0, ulong? Ect1, ulong? Ce)
    : QlogFrame;

/// <summary>RESET_STREAM.</summary>
/// <param name="StreamId">The stream.</param>
/// <param name="ErrorCode">The application's error code.</param>
/// <param name="FinalSize">The stream's length, in bytes.</param>
public sealed record QlogResetStreamFrame(StreamId StreamId, ulong ErrorCode, ulong FinalSize) : QlogFrame;

/// <summary>STOP_SENDING.</summary>
/// <param name="StreamId">The stream.</param>
/// <param name="ErrorCode">The application's error code.</param>
public sealed record QlogStopSendingFrame(StreamId StreamId, ulong ErrorCode) : QlogFrame;

/// <summary>CRYPTO.</summary>
/// <param name="Offset">Where its data begins.</param>
/// <param name="Length">How much data it has, in bytes.</param>
public sealed record QlogCryptoFrame(ulong Offset, int Length) : QlogFrame;

/// <summary>NEW_TOKEN.</summary>
/// <param name="TokenLength">The token's length, in bytes.</param>
public sealed record QlogNewTokenFrame(int TokenLength) : QlogFrame;

/// <summary>STREAM.</summary>
/// <param name="StreamId">The stream.</param>
/// <param name="Offset">Where its data begins.</param>
/// <param name="Length">How much data it has, in bytes.</param>
/// <param name="Fin">Whether the stream ends with it.</param>
public sealed record QlogStreamFrame(StreamId StreamId, ulong Offset, int Length, bool Fin) : QlogFrame;

/// <summary>MAX_DATA.</summary>
/// <param name="Maximum">The limit, in bytes.</param>
public sealed record QlogMaxDataFrame(ulong Maximum) : QlogFrame;

/// <summary>MAX_STREAM_DATA.</summary>
/// <param name="StreamId">The stream.</param>
/// <param name="Maximum">The limit, in bytes.</param>
public sealed record QlogMaxStreamDataFrame(StreamId StreamId, ulong Maximum) : QlogFrame;

/// <summary>MAX_STREAMS.</summary>
/// <param name="Kind">The kind of streams.</param>
/// <param name="Maximum">How many may be opened in all.</param>
public sealed record QlogMaxStreamsFrame(StreamKind Kind, ulong Maximum) : QlogFrame;

/// <summary>DATA_BLOCKED.</summary>
/// <param name="Limit">The limit that stops the sender, in bytes.</param>
public sealed record QlogDataBlockedFrame(ulong Limit) : QlogFrame;

/// <summary>STREAM_DATA_BLOCKED.</summary>
/// <param name="StreamId">The stream.</param>
/// <param name="Limit">The limit that stops the sender, in bytes.</param>
public sealed record QlogStreamDataBlockedFrame(StreamId StreamId, ulong Limit) : QlogFrame;

/// <summary>STREAMS_BLOCKED.</summary>
/// <param name="Kind">The kind of streams.</param>
/// <param name="Limit">The limit that stops the sender.</param>
public sealed record QlogStreamsBlockedFrame(StreamKind Kind, ulong Limit) : QlogFrame;

/// <summary>NEW_CONNECTION_ID, without its stateless reset token, which is a secret.</summary>
/// <param name="SequenceNumber">Its number.</param>
/// <param name="RetirePriorTo">IDs with smaller numbers are to be retired.</param>
/// <param name="ConnectionId">The ID.</param>
public sealed record QlogNewConnectionIdFrame(ulong SequenceNumber, ulong RetirePriorTo, ConnectionId ConnectionId) : QlogFrame;

/// <summary>RETIRE_CONNECTION_ID.</summary>
/// <param name="SequenceNumber">The ID's number.</param>
public sealed record QlogRetireConnectionIdFrame(ulong SequenceNumber) : QlogFrame;

/// <summary>PATH_CHALLENGE.</summary>
/// <param name="Data">Its eight bytes as a number.</param>
public sealed record QlogPathChallengeFrame(ulong Data) : QlogFrame;

/// <summary>PATH_RESPONSE.</summary>
/// <param name="Data">Its eight bytes as a number.</param>
public sealed record QlogPathResponseFrame(ulong Data) : QlogFrame;

/// <summary>CONNECTION_CLOSE.</summary>
/// <param name="IsApplicationError">Whether the code is the application protocol's.</param>
/// <param name="ErrorCode">The code.</param>
/// <param name="TriggerFrameType">The frame at fault; 0 when unknown.</param>
/// <param name="Reason">The reason phrase.</param>
public sealed record QlogConnectionCloseFrame(bool IsApplicationError, ulong ErrorCode, ulong TriggerFrameType, string Reason)
    : QlogFrame;

/// <summary>HANDSHAKE_DONE.</summary>
public sealed record QlogHandshakeDoneFrame : QlogFrame;

/// <summary>DATAGRAM (RFC 9221).</summary>
/// <param name="Length">Its payload, in bytes.</param>
public sealed record QlogDatagramFrame(int Length) : QlogFrame;

/// <summary>A frame that could not be read, with all that follows it in its packet.</summary>
/// <param name="FrameType">Its type.</param>
/// <param name="Length">Bytes from its type to the packet's end.</param>
public sealed record QlogUnknownFrame(ulong FrameType, int Length) : QlogFrame;
