using System;
using CoQuic.Engine;

namespace CoQuic.Interop;

/// <summary>One engine behind an <see cref="Endpoint"/>: the only place where "managed or native" is a question.</summary>
internal interface IDriver : IDisposable
{
    Capabilities Capabilities { get; }

    int ConnectionCount { get; }

    TimeUs? NextWakeup { get; }

    bool HasSendContinuationPending { get; }

    bool HasPendingStreamSend { get; }

    ConnectionStatistics? GetStatistics(ConnectionHandle connection);

    ulong CountDropped(DropReason reason);

    QueryResult Connect(TimeUs now, OpenConnection input, out ConnectionHandle connection);

    QueryResult ReceiveDatagram(TimeUs now, in InboundDatagram input);

    QueryResult ReceiveOwnedDatagram(TimeUs now, in OwnedDatagram input);

    QueryResult TimerExpired(TimeUs now);

    QueryResult UpdatePathMtu(TimeUs now, in PathMtuUpdate input);

    QueryResult AnchorCalendar(TimeUs now, DateTimeOffset utc);

    QueryResult SendStream(
        TimeUs now, ConnectionHandle connection, StreamId stream, ReadOnlySpan<byte> bytes, bool fin, int priority);

    QueryResult SendOwnedStream(TimeUs now, ConnectionHandle connection, in SendStreamData input);

    QueryResult SendDatagram(TimeUs now, ConnectionHandle connection, in SendDatagramData input);

    QueryResult ConsumeStreamData(TimeUs now, ConnectionHandle connection, StreamId stream, ulong bytes);

    QueryResult ResetStream(TimeUs now, ConnectionHandle connection, StreamId stream, ulong applicationErrorCode);

    QueryResult StopSending(TimeUs now, ConnectionHandle connection, StreamId stream, ulong applicationErrorCode);

    QueryResult CloseConnection(TimeUs now, ConnectionHandle connection, ulong applicationErrorCode, string reason);

    QueryResult RequestKeyUpdate(TimeUs now, ConnectionHandle connection);

    QueryResult RequestMigration(TimeUs now, ConnectionHandle connection, in RequestMigration input);

    QueryResult AnswerCertificate(TimeUs now, ConnectionHandle connection, ulong questionId, CertificateVerdict verdict);

    QueryResult AnswerIdentity(TimeUs now, ConnectionHandle connection, ulong questionId, string? name);
}

/// <summary>Makes the driver that a source names.</summary>
internal static class Drivers
{
    public static IDriver Create(EngineSource source, EndpointConfig config)
    {
        switch (source)
        {
            case EngineSource.Embedded:
                CapabilityRules.Check(config, EmbeddedDriver.Everything);
                return new EmbeddedDriver(config);
            case EngineSource.Native:
                CapabilityRules.Check(config, NativeDriver.Available);
                return new NativeDriver(config);
            default:
                throw new ArgumentOutOfRangeException(nameof(source), source, "There is no such engine source.");
        }
    }
}
