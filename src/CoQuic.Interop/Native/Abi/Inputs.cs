using System.Runtime.InteropServices;

namespace CoQuic.Abi;

[StructLayout(LayoutKind.Sequential)]
internal struct CoquicOpenConnection
{
    public nuint Size;
    public CoquicClientConnectionConfig Connection;
    public ulong InitialRouteHandle;
    public CoquicBytes AddressValidationIdentity;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CoquicInboundDatagram
{
    public nuint Size;
    public CoquicBytes Bytes;
    public CoquicOptionalRouteHandle RouteHandle;
    public CoquicBytes AddressValidationIdentity;
    public byte Ecn;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CoquicPathMtuUpdate
{
    public nuint Size;
    public CoquicOptionalRouteHandle RouteHandle;
    public nuint MaxUdpPayloadSize;
    public CoquicBytes QuotedPacket;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CoquicSendStreamData
{
    public nuint Size;
    public ulong StreamId;
    public CoquicBytes Bytes;
    public byte Fin;
    public int Priority;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CoquicSendDatagramData
{
    public nuint Size;
    public CoquicBytes Bytes;
    public int Priority;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CoquicResetStream
{
    public nuint Size;
    public ulong StreamId;
    public ulong ApplicationErrorCode;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CoquicStopSending
{
    public nuint Size;
    public ulong StreamId;
    public ulong ApplicationErrorCode;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CoquicCloseConnection
{
    public nuint Size;
    public ulong ApplicationErrorCode;
    public byte* ReasonPhrase;
    public nuint ReasonPhraseLength;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CoquicRequestConnectionMigration
{
    public nuint Size;
    public ulong RouteHandle;
    public byte Reason;
    public CoquicBytes AddressValidationIdentity;
}

/// <summary>The tagged form of all operations on a connection.</summary>
[StructLayout(LayoutKind.Explicit)]
internal struct CoquicConnectionInput
{
    [FieldOffset(0)]
    public CoquicConnectionInputKind Kind;

    [FieldOffset(8)]
    public CoquicSendStreamData SendStream;

    [FieldOffset(8)]
    public CoquicSendDatagramData SendDatagram;

    [FieldOffset(8)]
    public CoquicResetStream ResetStream;

    [FieldOffset(8)]
    public CoquicStopSending StopSending;

    [FieldOffset(8)]
    public CoquicCloseConnection Close;

    [FieldOffset(8)]
    public CoquicRequestConnectionMigration RequestMigration;
}
