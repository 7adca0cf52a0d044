using System;
using CoQuic.Engine;

namespace CoQuic.Interop;

/// <summary>CoQuic.Engine in this process. Its results are values and own no memory but their own.</summary>
internal sealed class EmbeddedDriver : IDriver
{
    public const Capabilities Everything =
        Capabilities.ExplicitReceiveCredit | Capabilities.SendProgress | Capabilities.StreamLimits
        | Capabilities.CloseReasons | Capabilities.HandshakeInformation | Capabilities.InjectedSources
        | Capabilities.DatagramRuns | Capabilities.OwnedInput | Capabilities.Statistics | Capabilities.KeyLog
        | Capabilities.HandshakeTimeout | Capabilities.KeepAlive | Capabilities.Qlog | Capabilities.DropCounts
        | Capabilities.TicketKeys | Capabilities.EarlyDataRefusal
        | Capabilities.ClientCertificates | Capabilities.AsynchronousVerdicts;

    private readonly QuicEndpoint _endpoint;

    public EmbeddedDriver(EndpointConfig config) => _endpoint = new QuicEndpoint(config);

    public Capabilities Capabilities => Everything;

    public int ConnectionCount => _endpoint.ConnectionCount;

    public TimeUs? NextWakeup => _endpoint.NextWakeup;

    public bool HasSendContinuationPending => _endpoint.HasSendContinuationPending;

    public bool HasPendingStreamSend => _endpoint.HasPendingStreamSend;

    public ConnectionStatistics? GetStatistics(ConnectionHandle connection) => _endpoint.GetStatistics(connection);

    public ulong CountDropped(DropReason reason) => _endpoint.CountDropped(reason);

    public QueryResult Connect(TimeUs now, OpenConnection input, out ConnectionHandle connection) =>
        new(_endpoint.OpenConnection(now, input, out connection));

    public QueryResult ReceiveDatagram(TimeUs now, in InboundDatagram input) => new(_endpoint.ReceiveDatagram(now, input));

    public QueryResult ReceiveOwnedDatagram(TimeUs now, in OwnedDatagram input) =>
        new(_endpoint.ReceiveOwnedDatagram(now, input));

    public QueryResult TimerExpired(TimeUs now) => new(_endpoint.TimerExpired(now));

    public QueryResult UpdatePathMtu(TimeUs now, in PathMtuUpdate input) => new(_endpoint.UpdatePathMtu(now, input));

    public QueryResult AnchorCalendar(TimeUs now, DateTimeOffset utc) => new(_endpoint.AnchorCalendar(now, utc));

    public QueryResult SendStream(
        TimeUs now, ConnectionHandle connection, StreamId stream, ReadOnlySpan<byte> bytes, bool fin, int priority) =>
        new(_endpoint.SendStreamData(now, connection, stream, bytes, fin, priority));

    public QueryResult SendOwnedStream(TimeUs now, ConnectionHandle connection, in SendStreamData input) =>
        new(_endpoint.SendStreamData(now, connection, input));

    public QueryResult SendDatagram(TimeUs now, ConnectionHandle connection, in SendDatagramData input) =>
        new(_endpoint.SendDatagram(now, connection, input));

    public QueryResult ConsumeStreamData(TimeUs now, ConnectionHandle connection, StreamId stream, ulong bytes) =>
        new(_endpoint.ConsumeStreamData(now, connection, stream, bytes));

    public QueryResult ResetStream(
        TimeUs now, ConnectionHandle connection, StreamId stream, ulong applicationErrorCode) =>
        new(_endpoint.ResetStream(now, connection, stream, applicationErrorCode));

    public QueryResult StopSending(
        TimeUs now, ConnectionHandle connection, StreamId stream, ulong applicationErrorCode) =>
        new(_endpoint.StopSending(now, connection, stream, applicationErrorCode));

    public QueryResult CloseConnection(
        TimeUs now, ConnectionHandle connection, ulong applicationErrorCode, string reason) =>
        new(_endpoint.CloseConnection(now, connection, applicationErrorCode, reason));

    public QueryResult RequestKeyUpdate(TimeUs now, ConnectionHandle connection) =>
        new(_endpoint.RequestKeyUpdate(now, connection));

    public QueryResult RequestMigration(TimeUs now, ConnectionHandle connection, in RequestMigration input) =>
        new(_endpoint.RequestMigration(now, connection, input));

    public QueryResult AnswerCertificate(
        TimeUs now, ConnectionHandle connection, ulong questionId, CertificateVerdict verdict) =>
        new(_endpoint.AnswerCertificate(now, connection, questionId, verdict));

    public QueryResult AnswerIdentity(TimeUs now, ConnectionHandle connection, ulong questionId, string? name) =>
        new(_endpoint.AnswerIdentity(now, connection, questionId, name));

    public void Dispose() => _endpoint.Dispose();
}
