using System;
using System.Text;
using CoQuic.Abi;
using CoQuic.Engine;

namespace CoQuic.Native;

/// <summary>
/// What the caller hands in, as the engine's values. Everything is copied. NULL is empty whatever length comes with it, any byte but
/// zero is true, and a number out of range becomes the nearest that means something.
/// </summary>
internal static unsafe class Incoming
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static ReadOnlySpan<byte> Span(byte* data, nuint length)
    {
        if (data == null)
            return default;
        if (length > int.MaxValue)
            throw new OutOfMemoryException();
        return new ReadOnlySpan<byte>(data, (int)length);
    }

    public static ReadOnlySpan<byte> Span(in CoquicBytes bytes) => Span(bytes.Data, bytes.Length);

    public static Bytes Copy(in CoquicBytes bytes) => Bytes.CopyOf(Span(bytes));

    public static string Text(byte* data, nuint length) => Encoding.UTF8.GetString(Span(data, length));

    /// <summary>Text that has to be valid UTF-8; none otherwise.</summary>
    public static string ValidText(byte* data, nuint length)
    {
        try
        {
            return StrictUtf8.GetString(Span(data, length));
        }
        catch (DecoderFallbackException)
        {
            return "";
        }
    }

    public static bool Flag(byte value) => value != 0;

    /// <summary>A value of an enumeration whose numbers run without a gap from 0, the first value, which stands for all others.</summary>
    public static byte EnumOr0(byte value, byte last) => value <= last ? value : (byte)0;

    public static int Clamp(ulong value, int minimum, int maximum) =>
        (int)Math.Clamp(value, (ulong)minimum, (ulong)maximum);

    public static TimeSpan Milliseconds(ulong value) => Microseconds(value > ulong.MaxValue / 1000 ? ulong.MaxValue : value * 1000);

    /// <summary>A duration; a century and a half stands for all longer ones.</summary>
    public static TimeSpan Microseconds(ulong value)
    {
        const long longest = 150L * 365 * 24 * 3600 * 1_000_000;
        return TimeSpan.FromTicks((long)Math.Min(value, longest) * TimeSpan.TicksPerMicrosecond);
    }

    /// <summary>Instants are signed inside.</summary>
    public static TimeUs Instant(ulong now) => new((long)now);

    public static RouteHandle? Route(in CoquicOptionalRouteHandle route) =>
        Flag(route.HasValue) ? new RouteHandle(route.Value) : null;

    /// <summary>RFC 9000 §19.4: an error code is a variable-length integer.</summary>
    public static ulong ErrorCode(ulong code) => Math.Min(code, (1UL << 62) - 1);

    public static ZeroRttConfig ZeroRtt(in CoquicZeroRttConfig config) => new()
    {
        Attempt = Flag(config.Attempt),
        Allow = Flag(config.Allow),
        StrictUpdatedTransportParameters = Flag(config.StrictUpdatedTransportParameters),
        ApplicationContext = Copy(config.ApplicationContext),
        ResendRejected = true, // A caller is never told that early data was refused, so nothing may be lost by it.
    };

    /// <summary>A connection ID; none when it is too long to be one.</summary>
    public static ConnectionId? Id(in CoquicBytes bytes)
    {
        ReadOnlySpan<byte> span = Span(bytes);
        return span.Length <= ConnectionId.MaximumLength ? new ConnectionId(span) : null;
    }

    public static OpenConnection Open(CoquicOpenConnection* input)
    {
        ref readonly CoquicClientConnectionConfig connection = ref input->Connection;
        return new OpenConnection
        {
            ServerName = Text(connection.ServerName, connection.ServerNameLength),
            Route = new RouteHandle(input->InitialRouteHandle),
            AddressValidationIdentity = Copy(input->AddressValidationIdentity),
            SourceConnectionId = Id(connection.SourceConnectionId),
            InitialDestinationConnectionId = Id(connection.InitialDestinationConnectionId),
            InitialVersion = new QuicVersion(connection.InitialVersion),
            ResumptionState = connection.ResumptionState == null ? Bytes.Empty : Copy(connection.ResumptionState->Serialized),
            Token = Copy(connection.RetryToken),
            OriginalDestinationConnectionId = Flag(connection.HasOriginalDestinationConnectionId)
                ? Id(connection.OriginalDestinationConnectionId)
                : null,
            RetrySourceConnectionId = Flag(connection.HasRetrySourceConnectionId)
                ? Id(connection.RetrySourceConnectionId)
                : null,
            HasReactedToVersionNegotiation = Flag(connection.ReactedToVersionNegotiation),
            ZeroRtt = ZeroRtt(connection.ZeroRtt),
        };
    }
}
