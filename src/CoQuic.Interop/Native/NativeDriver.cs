using System;
using System.Collections.Generic;
using System.Text;
using CoQuic.Abi;
using CoQuic.Engine;

namespace CoQuic.Interop;

/// <summary>Any shared library with the CoQUIC C ABI. Its results become the same values as the embedded engine's.</summary>
internal sealed unsafe class NativeDriver : IDriver
{
    /// <summary>
    /// Send progress is made up: it says that data was sent, not that it was acknowledged. Runs are split and joined here.
    /// </summary>
    public const Capabilities Available = Capabilities.DatagramRuns | Capabilities.SendProgress;

    private readonly EndpointConfig _config;
    private readonly EndpointHandle _endpoint;
    private readonly NativeResultReader _results = new();
    private readonly UntoldEffects _untold;
    private readonly WaitingSends _waiting = new();

    public NativeDriver(EndpointConfig config)
    {
        NativeEngine.Require();
        _config = config;
        _untold = new UntoldEffects(config);
        using var arena = new NativeArena();
        CoquicEndpointConfig* written = arena.Allocate<CoquicEndpointConfig>(1);
        NativeConfiguration.Write(config, written, arena);
        Status status = NativeMethods.CreateEndpoint(written, out nint endpoint);
        if (status != Status.Ok)
            throw new EngineUnavailableException($"The native library refuses the configuration: {status.Describe()}.");
        _endpoint = new EndpointHandle(endpoint);
    }

    public Capabilities Capabilities => Available;

    public int ConnectionCount => (int)NativeMethods.ConnectionCount(_endpoint);

    public TimeUs? NextWakeup => Earlier(NativeResultReader.Instant(NativeMethods.NextWakeup(_endpoint)), _waiting.NextTry);

    public bool HasSendContinuationPending => NativeMethods.HasSendContinuationPending(_endpoint) != 0;

    public bool HasPendingStreamSend => _waiting.NextTry is not null || NativeMethods.HasPendingStreamSend(_endpoint) != 0;

    /// <summary>The ABI has no statistics.</summary>
    public ConnectionStatistics? GetStatistics(ConnectionHandle connection) => null;

    /// <summary>Nor does it count what it drops.</summary>
    public ulong CountDropped(DropReason reason) => 0;

    public QueryResult Connect(TimeUs now, OpenConnection input, out ConnectionHandle connection)
    {
        using var arena = new NativeArena();
        CoquicOpenConnection* written = arena.Allocate<CoquicOpenConnection>(1);
        NativeConfiguration.WriteOpen(_config, input, written, arena);
        Begin();
        Take(NativeMethods.Connect(_endpoint, written, Time(now), out ulong handle, out nint result), result);
        connection = new ConnectionHandle(handle);
        return Finish(now, _results.LocalError);
    }

    public QueryResult ReceiveDatagram(TimeUs now, in InboundDatagram input)
    {
        Begin(input.Bytes.Length);
        return Receive(now, input.Bytes.Span, input.SegmentSize, input.Route, input.Ecn, input.AddressValidationIdentity);
    }

    public QueryResult ReceiveOwnedDatagram(TimeUs now, in OwnedDatagram input)
    {
        _results.Begin(input.Buffer);
        return Receive(now, input.Buffer.Span, input.SegmentSize, input.Route, input.Ecn, input.AddressValidationIdentity);
    }

    public QueryResult TimerExpired(TimeUs now)
    {
        Begin();
        Take(NativeMethods.TimerExpired(_endpoint, Time(now), out nint result), result);
        return Finish(now);
    }

    public QueryResult UpdatePathMtu(TimeUs now, in PathMtuUpdate input)
    {
        Begin();
        fixed (byte* quoted = input.QuotedPacket.Span)
        {
            var written = new CoquicPathMtuUpdate
            {
                Size = (nuint)sizeof(CoquicPathMtuUpdate),
                RouteHandle = NativeConfiguration.Route(input.Route),
                MaxUdpPayloadSize = (nuint)input.MaxUdpPayloadSize,
                QuotedPacket = new CoquicBytes { Data = quoted, Length = (nuint)input.QuotedPacket.Length },
            };
            Take(NativeMethods.UpdatePathMtu(_endpoint, &written, Time(now), out nint result), result);
        }

        return Finish(now);
    }

    /// <summary>The ABI has no calendar: a native library reads the system's.</summary>
    public QueryResult AnchorCalendar(TimeUs now, DateTimeOffset utc) =>
        new(new EndpointResult([], NextWakeup, null, HasSendContinuationPending));

    public QueryResult SendStream(
        TimeUs now, ConnectionHandle connection, StreamId stream, ReadOnlySpan<byte> bytes, bool fin, int priority) =>
        SendOwnedStream(now, connection, new SendStreamData(stream, Bytes.CopyOf(bytes), fin, priority));

    public QueryResult SendOwnedStream(TimeUs now, ConnectionHandle connection, in SendStreamData input)
    {
        Begin();
        LocalError? error = null;
        if (_waiting.Contains(connection, input.StreamId))
            _waiting.Add(now, connection, input);
        else if (Write(now, connection, input) is { } refused && !TryHold(now, connection, input, refused))
            error = refused;
        return Finish(now, error);
    }

    public QueryResult SendDatagram(TimeUs now, ConnectionHandle connection, in SendDatagramData input)
    {
        Begin();
        fixed (byte* bytes = input.Bytes.Span)
        {
            var written = new CoquicSendDatagramData
            {
                Size = (nuint)sizeof(CoquicSendDatagramData),
                Bytes = new CoquicBytes { Data = bytes, Length = (nuint)input.Bytes.Length },
                Priority = input.Priority,
            };
            Take(NativeMethods.SendDatagram(_endpoint, connection.Value, &written, Time(now), out nint result), result);
        }

        return Finish(now, _results.LocalError);
    }

    /// <summary>The ABI consumes what it tells.</summary>
    public QueryResult ConsumeStreamData(TimeUs now, ConnectionHandle connection, StreamId stream, ulong bytes) =>
        Refuse(connection, stream);

    public QueryResult ResetStream(TimeUs now, ConnectionHandle connection, StreamId stream, ulong applicationErrorCode)
    {
        Begin();
        var written = new CoquicResetStream
        {
            Size = (nuint)sizeof(CoquicResetStream),
            StreamId = stream.Value,
            ApplicationErrorCode = applicationErrorCode,
        };
        Take(NativeMethods.ResetStream(_endpoint, connection.Value, &written, Time(now), out nint result), result);
        _untold.OnAbandoned(connection, stream);
        return Finish(now, _results.LocalError);
    }

    public QueryResult StopSending(TimeUs now, ConnectionHandle connection, StreamId stream, ulong applicationErrorCode)
    {
        Begin();
        var written = new CoquicStopSending
        {
            Size = (nuint)sizeof(CoquicStopSending),
            StreamId = stream.Value,
            ApplicationErrorCode = applicationErrorCode,
        };
        Take(NativeMethods.StopSending(_endpoint, connection.Value, &written, Time(now), out nint result), result);
        return Finish(now, _results.LocalError);
    }

    public QueryResult CloseConnection(
        TimeUs now, ConnectionHandle connection, ulong applicationErrorCode, string reason)
    {
        Begin();
        byte[] phrase = Encoding.UTF8.GetBytes(reason);
        fixed (byte* bytes = phrase)
        {
            var written = new CoquicCloseConnection
            {
                Size = (nuint)sizeof(CoquicCloseConnection),
                ApplicationErrorCode = applicationErrorCode,
                ReasonPhrase = bytes,
                ReasonPhraseLength = (nuint)phrase.Length,
            };
            Take(NativeMethods.Close(_endpoint, connection.Value, &written, Time(now), out nint result), result);
        }

        if (_results.LocalError is null)
            _untold.OnClose(connection, applicationErrorCode, reason);
        return Finish(now, _results.LocalError);
    }

    public QueryResult RequestKeyUpdate(TimeUs now, ConnectionHandle connection)
    {
        Begin();
        Take(NativeMethods.RequestKeyUpdate(_endpoint, connection.Value, Time(now), out nint result), result);
        return Finish(now, _results.LocalError);
    }

    public QueryResult RequestMigration(TimeUs now, ConnectionHandle connection, in RequestMigration input)
    {
        Begin();
        fixed (byte* identity = input.AddressValidationIdentity.Span)
        {
            var written = new CoquicRequestConnectionMigration
            {
                Size = (nuint)sizeof(CoquicRequestConnectionMigration),
                RouteHandle = input.Route.Value,
                Reason = (byte)input.Reason,
                AddressValidationIdentity =
                    new CoquicBytes { Data = identity, Length = (nuint)input.AddressValidationIdentity.Length },
            };
            Take(NativeMethods.RequestMigration(_endpoint, connection.Value, &written, Time(now), out nint result), result);
        }

        return Finish(now, _results.LocalError);
    }

    /// <summary>The ABI asks no questions.</summary>
    public QueryResult AnswerCertificate(
        TimeUs now, ConnectionHandle connection, ulong questionId, CertificateVerdict verdict) => Refuse(connection, null);

    /// <summary>The ABI asks no questions.</summary>
    public QueryResult AnswerIdentity(TimeUs now, ConnectionHandle connection, ulong questionId, string? name) =>
        Refuse(connection, null);

    public void Dispose() => _endpoint.Dispose();

    /// <summary>What the ABI has no call for.</summary>
    private QueryResult Refuse(ConnectionHandle connection, StreamId? stream) => new(new EndpointResult(
        [],
        NextWakeup,
        new LocalError(connection, LocalErrorCode.UnsupportedOperation, stream),
        HasSendContinuationPending));

    private static ulong Time(TimeUs now) => (ulong)now.Microseconds;

    private static TimeUs? Earlier(TimeUs? left, TimeUs? right) =>
        left is { } first && right is { } second ? TimeUs.Min(first, second) : left ?? right;

    private void Begin(int bytes = 0) => _results.Begin(bytes);

    private void Take(Status status, nint result) => _results.Take(status, result);

    private QueryResult Receive(
        TimeUs now, ReadOnlySpan<byte> run, int segmentSize, RouteHandle? route, EcnCodepoint ecn, Bytes identity)
    {
        int segment = segmentSize > 0 ? segmentSize : Math.Max(1, run.Length);
        fixed (byte* bytes = run)
        fixed (byte* identityBytes = identity.Span)
        {
            var written = new CoquicInboundDatagram
            {
                Size = (nuint)sizeof(CoquicInboundDatagram),
                RouteHandle = NativeConfiguration.Route(route),
                AddressValidationIdentity = new CoquicBytes { Data = identityBytes, Length = (nuint)identity.Length },
                Ecn = (byte)ecn,
            };
            for (int start = 0; start < run.Length; start += segment)
            {
                int length = Math.Min(segment, run.Length - start);
                written.Bytes.Data = bytes + start;
                written.Bytes.Length = (nuint)length;
                Status status = NativeMethods.InputDatagram(_endpoint, &written, Time(now), out nint result);
                _results.OnFed(start + length);
                _results.Take(status, result, isLast: start + length == run.Length);
            }
        }

        return Finish(now);
    }

    /// <summary>Writes to a stream.</summary>
    /// <returns>Why it was refused, if it was.</returns>
    private LocalError? Write(TimeUs now, ConnectionHandle connection, in SendStreamData input)
    {
        fixed (byte* bytes = input.Bytes.Span)
        {
            var written = new CoquicSendStreamData
            {
                Size = (nuint)sizeof(CoquicSendStreamData),
                StreamId = input.StreamId.Value,
                Bytes = new CoquicBytes { Data = bytes, Length = (nuint)input.Bytes.Length },
                Fin = NativeConfiguration.Flag(input.Fin),
                Priority = input.Priority,
            };
            Take(NativeMethods.SendStream(_endpoint, connection.Value, &written, Time(now), out nint result), result);
        }

        if (_results.LocalError is null)
            _untold.OnWritten(connection, input.StreamId, (ulong)input.Bytes.Length, input.Fin);
        return _results.LocalError;
    }

    /// <summary>A stream of ours that the peer does not admit yet waits, once the connection could have it.</summary>
    private bool TryHold(TimeUs now, ConnectionHandle connection, in SendStreamData input, LocalError refused)
    {
        bool isHeld = refused.Code == LocalErrorCode.InvalidStreamId
            && input.StreamId.IsInitiatedBy(_config.Role)
            && _untold.IsReady(connection);
        if (isHeld)
            _waiting.Add(now, connection, input);
        return isHeld;
    }

    private QueryResult Finish(TimeUs now, LocalError? error = null)
    {
        _waiting.Try(now, (connection, data) =>
            Write(now, connection, data) is not { Code: LocalErrorCode.InvalidStreamId });
        List<Effect> effects = _untold.Complete(_results.Effects);
        if (_untold.AwaitsProgress && NativeMethods.HasPendingStreamSend(_endpoint) == 0)
            _untold.TellProgress(effects);
        return new QueryResult(new EndpointResult(
            effects.Count == 0 ? [] : effects.ToArray(),
            Earlier(_results.NextWakeup, _waiting.NextTry),
            error,
            _results.SendContinuationPending));
    }
}
