using CoQuic.Abi;
using CoQuic.Engine;

namespace CoQuic.Native;

/// <summary>The engine's values as the caller gets them. What is absent is written as zeros.</summary>
internal static class Outgoing
{
    public static byte Flag(bool value) => value ? (byte)1 : (byte)0;

    public static CoquicOptionalTimeUs Instant(TimeUs? instant) => instant is { } value
        ? new CoquicOptionalTimeUs { HasValue = 1, Value = (ulong)value.Microseconds }
        : default;

    public static CoquicOptionalRouteHandle Route(RouteHandle? route) => route is { } value
        ? new CoquicOptionalRouteHandle { HasValue = 1, Value = value.Value }
        : default;

    public static CoquicOptionalU64 Number(ulong? number) => number is { } value
        ? new CoquicOptionalU64 { HasValue = 1, Value = value }
        : default;

    public static CoquicLocalError Error(LocalError error) => new()
    {
        Connection = error.Connection is { } connection
            ? new CoquicOptionalConnectionHandle { HasValue = 1, Value = connection.Value }
            : default,
        Code = (byte)error.Code,
        StreamId = error.StreamId is { } stream
            ? new CoquicOptionalStreamId { HasValue = 1, Value = stream.Value }
            : default,
    };
}
