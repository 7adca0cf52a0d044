using System.Runtime.CompilerServices;
using CoQuic.Abi;
using CoQuic.Engine;
using CoQuic.Interop;

namespace CoQuic.Native;

/// <content>Operations on a connection.</content>
internal static unsafe partial class Calls
{
    private const int SmallestSendStreamData = 33;
    private const int StreamPriorityEnd = 40;
    private const int SmallestSendDatagramData = 24;
    private const int DatagramPriorityEnd = 28;
    private const int SmallestResetStream = 24;
    private const int SmallestStopSending = 24;
    private const int SmallestCloseConnection = 32;
    private const int SmallestRequestMigration = 40;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Status SendStream(
        nint endpoint, ulong connection, CoquicSendStreamData* input, ulong now, ResultBlock** result) => Run(
        endpoint, connection, input, SmallestSendStreamData, now, result, static (target, now, connection, input) =>
            target.SendStream(
                now,
                connection,
                new StreamId(input->StreamId),
                Incoming.Span(input->Bytes),
                Incoming.Flag(input->Fin),
                input->Size >= StreamPriorityEnd ? input->Priority : 0));

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Status SendDatagram(
        nint endpoint, ulong connection, CoquicSendDatagramData* input, ulong now, ResultBlock** result) => Run(
        endpoint, connection, input, SmallestSendDatagramData, now, result, static (target, now, connection, input) =>
        {
            int priority = input->Size >= DatagramPriorityEnd ? input->Priority : 0;
            return target.SendDatagram(now, connection, new SendDatagramData(Incoming.Copy(input->Bytes), priority));
        });

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Status ResetStream(
        nint endpoint, ulong connection, CoquicResetStream* input, ulong now, ResultBlock** result) => Run(
        endpoint, connection, input, SmallestResetStream, now, result, static (target, now, connection, input) =>
            target.ResetStream(
                now, connection, new StreamId(input->StreamId), Incoming.ErrorCode(input->ApplicationErrorCode)));

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Status StopSending(
        nint endpoint, ulong connection, CoquicStopSending* input, ulong now, ResultBlock** result) => Run(
        endpoint, connection, input, SmallestStopSending, now, result, static (target, now, connection, input) =>
            target.StopSending(
                now, connection, new StreamId(input->StreamId), Incoming.ErrorCode(input->ApplicationErrorCode)));

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Status Close(
        nint endpoint, ulong connection, CoquicCloseConnection* input, ulong now, ResultBlock** result) => Run(
        endpoint, connection, input, SmallestCloseConnection, now, result, static (target, now, connection, input) =>
            target.Close(
                now,
                connection,
                Incoming.ErrorCode(input->ApplicationErrorCode),
                Incoming.ValidText(input->ReasonPhrase, input->ReasonPhraseLength)));

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Status RequestKeyUpdate(nint endpoint, ulong connection, ulong now, ResultBlock** result) => Run(
        endpoint, connection, (byte*)null, now, result, static (target, now, connection, _) =>
            target.RequestKeyUpdate(now, connection));

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Status RequestMigration(
        nint endpoint, ulong connection, CoquicRequestConnectionMigration* input, ulong now, ResultBlock** result) => Run(
        endpoint, connection, input, SmallestRequestMigration, now, result, static (target, now, connection, input) =>
            target.RequestMigration(now, connection, new RequestMigration(
                new RouteHandle(input->RouteHandle),
                (MigrationReason)Incoming.EnumOr0(input->Reason, (byte)MigrationReason.PreferredAddress),
                Incoming.Copy(input->AddressValidationIdentity))));

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Status Advance(
        nint endpoint, ulong connection, CoquicConnectionInput* input, ulong now, ResultBlock** result)
    {
        Clear(result);
        if (input == null)
            return Status.InvalidArgument;
        return input->Kind switch
        {
            CoquicConnectionInputKind.SendStream => SendStream(endpoint, connection, &input->SendStream, now, result),
            CoquicConnectionInputKind.SendDatagram => SendDatagram(endpoint, connection, &input->SendDatagram, now, result),
            CoquicConnectionInputKind.ResetStream => ResetStream(endpoint, connection, &input->ResetStream, now, result),
            CoquicConnectionInputKind.StopSending => StopSending(endpoint, connection, &input->StopSending, now, result),
            CoquicConnectionInputKind.Close => Close(endpoint, connection, &input->Close, now, result),
            CoquicConnectionInputKind.RequestKeyUpdate => RequestKeyUpdate(endpoint, connection, now, result),
            CoquicConnectionInputKind.RequestMigration =>
                RequestMigration(endpoint, connection, &input->RequestMigration, now, result),
            _ => Status.InvalidArgument,
        };
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Status StreamSend(
        nint endpoint, ulong connection, ulong stream, CoquicBytes bytes, byte fin, ulong now, ResultBlock** result)
    {
        var input = new CoquicSendStreamData
        {
            Size = (nuint)sizeof(CoquicSendStreamData),
            StreamId = stream,
            Bytes = bytes,
            Fin = fin,
        };
        return SendStream(endpoint, connection, &input, now, result);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Status StreamFinish(nint endpoint, ulong connection, ulong stream, ulong now, ResultBlock** result) =>
        StreamSend(endpoint, connection, stream, default, 1, now, result);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Status StreamReset(
        nint endpoint, ulong connection, ulong stream, ulong errorCode, ulong now, ResultBlock** result)
    {
        var input = new CoquicResetStream
        {
            Size = (nuint)sizeof(CoquicResetStream),
            StreamId = stream,
            ApplicationErrorCode = errorCode,
        };
        return ResetStream(endpoint, connection, &input, now, result);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Status StreamStopSending(
        nint endpoint, ulong connection, ulong stream, ulong errorCode, ulong now, ResultBlock** result)
    {
        var input = new CoquicStopSending
        {
            Size = (nuint)sizeof(CoquicStopSending),
            StreamId = stream,
            ApplicationErrorCode = errorCode,
        };
        return StopSending(endpoint, connection, &input, now, result);
    }
}
