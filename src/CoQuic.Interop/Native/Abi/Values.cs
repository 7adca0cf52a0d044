using System.Runtime.InteropServices;

namespace CoQuic.Abi;

/// <summary>Bytes that a result owns: valid until it is destroyed.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CoquicBytesView
{
    public byte* Data;
    public nuint Length;
}

/// <summary>Bytes that the caller owns: copied during the call. NULL or no length means none.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CoquicBytes
{
    public byte* Data;
    public nuint Length;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CoquicOptionalRouteHandle
{
    public byte HasValue;
    public ulong Value;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CoquicOptionalConnectionHandle
{
    public byte HasValue;
    public ulong Value;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CoquicOptionalStreamId
{
    public byte HasValue;
    public ulong Value;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CoquicOptionalTimeUs
{
    public byte HasValue;
    public ulong Value;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CoquicOptionalU64
{
    public byte HasValue;
    public ulong Value;
}

/// <summary>Why a well-formed call was refused.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CoquicLocalError
{
    public CoquicOptionalConnectionHandle Connection;
    public byte Code;
    public CoquicOptionalStreamId StreamId;
}
