using System;
using CoQuic.Engine;

namespace CoQuic.Interop;

/// <summary>A QUIC endpoint without sockets or clock: inputs go in, results come out. One owner at a time.</summary>
/// <remarks>
/// The rows of the wrapper checklist: <c>NewEndpoint</c> is the constructor and <c>Destroy</c> is <see cref="Dispose"/>, which
/// sends nothing and may be called repeatedly. <c>Connect</c>, <c>ReceiveDatagram</c>, <c>TimerExpired</c>, <c>SendStream</c>,
/// <c>SendStreamWithPriority</c>, <c>CloseConnection</c>, <c>NextWakeup</c>, <c>ConnectionCount</c>,
/// <c>HasSendContinuationPending</c> and <c>HasPendingStreamSend</c> have their names here. The instant comes first in every call.
/// Where Go answers a destroyed endpoint with a status or with zero, this throws <see cref="ObjectDisposedException"/>. What the
/// protocol forbids is never an exception: it is the result's <see cref="QueryResult.LocalError"/>.
/// </remarks>
public sealed class Endpoint : IDisposable
{
    private readonly IDriver _driver;
    private bool _isDisposed;

    /// <summary>Makes an endpoint on the engine that the environment chooses (<see cref="EngineSources"/>).</summary>
    /// <param name="config">Its configuration; <see cref="CoquicDefaults"/> has the values of the C ABI.</param>
    /// <exception cref="ArgumentNullException">There is no configuration.</exception>
    /// <exception cref="ArgumentException">The configuration cannot work; the message lists every fault.</exception>
    /// <exception cref="EngineUnavailableException">The engine cannot be had, or cannot do what is configured.</exception>
    public Endpoint(EndpointConfig config)
        : this(config, EngineSources.FromEnvironment())
    {
    }

    /// <summary>Makes an endpoint on a given engine.</summary>
    /// <param name="config">Its configuration; <see cref="CoquicDefaults"/> has the values of the C ABI.</param>
    /// <param name="source">Where the engine comes from.</param>
    /// <exception cref="ArgumentNullException">There is no configuration.</exception>
    /// <exception cref="ArgumentException">The configuration cannot work; the message lists every fault.</exception>
    /// <exception cref="EngineUnavailableException">The engine cannot be had, or cannot do what is configured.</exception>
    public Endpoint(EndpointConfig config, EngineSource source)
    {
        ArgumentNullException.ThrowIfNull(config);
        _driver = Drivers.Create(source, config);
        Role = config.Role;
    }

    /// <summary>Whether it opens connections or accepts them.</summary>
    public Role Role { get; }

    /// <summary>What its engine can do beyond the C ABI.</summary>
    public Capabilities Capabilities => Driver.Capabilities;

    /// <summary>The connections it holds, closing and draining ones included.</summary>
    public int ConnectionCount => Driver.ConnectionCount;

    /// <summary>When <see cref="TimerExpired"/> is due; none when only input can bring something about.</summary>
    public TimeUs? NextWakeup => Driver.NextWakeup;

    /// <summary>Whether a bound cut the last call short: send, then call <see cref="TimerExpired"/> without waiting.</summary>
    public bool HasSendContinuationPending => Driver.HasSendContinuationPending;

    /// <summary>
    /// Whether streams of any connection have something to send that their own limits allow: the connection's credit or congestion control
    /// holds it back, or a bound cut the last call short. Walks all connections.
    /// </summary>
    public bool HasPendingStreamSend => Driver.HasPendingStreamSend;

    private IDriver Driver
    {
        get
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _driver;
        }
    }

    /// <summary>What a connection has done so far; none when it is not held any more, or the engine cannot tell.</summary>
    /// <param name="connection">The connection.</param>
    public ConnectionStatistics? GetStatistics(ConnectionHandle connection) => Driver.GetStatistics(connection);

    /// <summary>How many datagrams and packets were dropped for a reason; 0 when the engine cannot tell.</summary>
    /// <param name="reason">The reason.</param>
    public ulong CountDropped(DropReason reason) => Driver.CountDropped(reason);

    /// <summary>Opens a connection; its first flight is among the effects.</summary>
    /// <param name="now">The instant.</param>
    /// <param name="input">What to open.</param>
    /// <param name="connection">The new connection; <see cref="ConnectionHandle.None"/> when the open was refused.</param>
    public QueryResult Connect(TimeUs now, OpenConnection input, out ConnectionHandle connection)
    {
        ArgumentNullException.ThrowIfNull(input);
        return Driver.Connect(now, input, out connection);
    }

    /// <summary>Takes a run of received datagrams in and leaves its bytes as they are.</summary>
    /// <param name="now">The instant.</param>
    /// <param name="input">The datagrams.</param>
    public QueryResult ReceiveDatagram(TimeUs now, in InboundDatagram input) => Driver.ReceiveDatagram(now, input);

    /// <summary>As <see cref="ReceiveDatagram"/>, but the memory is taken over: the caller must not touch it again.</summary>
    /// <param name="now">The instant.</param>
    /// <param name="input">The datagrams.</param>
    public QueryResult ReceiveOwnedDatagram(TimeUs now, in OwnedDatagram input) => Driver.ReceiveOwnedDatagram(now, input);

    /// <summary>Time has passed: what is due is done, and work that was cut short goes on. An early call is harmless.</summary>
    /// <param name="now">The instant.</param>
    public QueryResult TimerExpired(TimeUs now) => Driver.TimerExpired(now);

    /// <summary>The host heard that a datagram was too big for its path.</summary>
    /// <param name="now">The instant.</param>
    /// <param name="input">The notice.</param>
    public QueryResult UpdatePathMtu(TimeUs now, in PathMtuUpdate input) => Driver.UpdatePathMtu(now, input);

    /// <summary>The calendar as the host knows it now: certificates are judged by it.</summary>
    /// <param name="now">The instant on the monotonic clock.</param>
    /// <param name="utc">The same instant on the calendar.</param>
    public QueryResult AnchorCalendar(TimeUs now, DateTimeOffset utc) => Driver.AnchorCalendar(now, utc);

    /// <summary>Sends bytes on a stream with priority 0, opening it where it is new. The bytes are copied.</summary>
    /// <param name="now">The instant.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="bytes">The bytes; possibly none.</param>
    /// <param name="fin">Whether the stream ends behind them.</param>
    public QueryResult SendStream(
        TimeUs now, ConnectionHandle connection, StreamId stream, ReadOnlySpan<byte> bytes, bool fin) =>
        Driver.SendStream(now, connection, stream, bytes, fin, priority: 0);

    /// <summary>Sends bytes on a stream with a priority. They are held, not copied, until they are acknowledged.</summary>
    /// <param name="now">The instant.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="input">Stream, bytes, end and priority.</param>
    public QueryResult SendStreamWithPriority(TimeUs now, ConnectionHandle connection, in SendStreamData input) =>
        Driver.SendOwnedStream(now, connection, input);

    /// <summary>Queues a DATAGRAM (RFC 9221).</summary>
    /// <param name="now">The instant.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="input">Payload and priority.</param>
    public QueryResult SendDatagram(TimeUs now, ConnectionHandle connection, in SendDatagramData input) =>
        Driver.SendDatagram(now, connection, input);

    /// <summary>The application has used received bytes: with <see cref="ReceiveCredit.Explicit"/> the peer gets credit.</summary>
    /// <param name="now">The instant.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="bytes">How many, not more than were given out.</param>
    public QueryResult ConsumeStreamData(TimeUs now, ConnectionHandle connection, StreamId stream, ulong bytes) =>
        Driver.ConsumeStreamData(now, connection, stream, bytes);

    /// <summary>Abandons the sending part of a stream (RFC 9000 §19.4).</summary>
    /// <param name="now">The instant.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="applicationErrorCode">The application protocol's error code, below 2^62.</param>
    public QueryResult ResetStream(
        TimeUs now, ConnectionHandle connection, StreamId stream, ulong applicationErrorCode) =>
        Driver.ResetStream(now, connection, stream, applicationErrorCode);

    /// <summary>Asks the peer to stop sending on a stream (RFC 9000 §19.5).</summary>
    /// <param name="now">The instant.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="applicationErrorCode">The application protocol's error code, below 2^62.</param>
    public QueryResult StopSending(
        TimeUs now, ConnectionHandle connection, StreamId stream, ulong applicationErrorCode) =>
        Driver.StopSending(now, connection, stream, applicationErrorCode);

    /// <summary>Ends a connection at once (RFC 9000 §10.2).</summary>
    /// <param name="now">The instant.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="applicationErrorCode">The application protocol's error code, below 2^62.</param>
    /// <param name="reason">A sentence for the peer; may be empty.</param>
    public QueryResult CloseConnection(
        TimeUs now, ConnectionHandle connection, ulong applicationErrorCode, string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        return Driver.CloseConnection(now, connection, applicationErrorCode, reason);
    }

    /// <summary>Asks for new packet protection keys (RFC 9001 §6).</summary>
    /// <param name="now">The instant.</param>
    /// <param name="connection">The connection.</param>
    public QueryResult RequestKeyUpdate(TimeUs now, ConnectionHandle connection) => Driver.RequestKeyUpdate(now, connection);

    /// <summary>Asks to move to another route (RFC 9000 §9).</summary>
    /// <param name="now">The instant.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="input">The new route.</param>
    public QueryResult RequestMigration(TimeUs now, ConnectionHandle connection, in RequestMigration input) =>
        Driver.RequestMigration(now, connection, input);

    /// <summary>Answers a <see cref="CertificateVerdictNeededEffect"/>. A late answer is a local error.</summary>
    /// <param name="now">The instant.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="questionId">The question's number.</param>
    /// <param name="verdict">The verdict.</param>
    public QueryResult AnswerCertificate(
        TimeUs now, ConnectionHandle connection, ulong questionId, CertificateVerdict verdict) =>
        Driver.AnswerCertificate(now, connection, questionId, verdict);

    /// <summary>Answers a <see cref="ServerIdentityNeededEffect"/>. A late answer is a local error.</summary>
    /// <param name="now">The instant.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="questionId">The question's number.</param>
    /// <param name="name">The name for which the configured selector has the identity; null refuses the client.</param>
    public QueryResult AnswerIdentity(TimeUs now, ConnectionHandle connection, ulong questionId, string? name) =>
        Driver.AnswerIdentity(now, connection, questionId, name);

    /// <summary>Forgets everything in silence: nothing is sent. Results obtained before stay valid.</summary>
    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        _driver.Dispose();
    }
}
