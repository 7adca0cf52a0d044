using System.Runtime.InteropServices;

namespace CoQuic.Abi;

[StructLayout(LayoutKind.Sequential)]
internal struct CoquicSendDatagramEffect
{
    public ulong Connection;
    public CoquicOptionalRouteHandle RouteHandle;
    public CoquicBytesView Bytes;
    public byte Ecn;
    public byte IsPmtuProbe;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CoquicReceiveStreamDataEffect
{
    public ulong Connection;
    public ulong StreamId;
    public ulong Offset;
    public CoquicBytesView Bytes;
    public byte Fin;
    public CoquicOptionalU64 FinalSize;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CoquicReceiveDatagramDataEffect
{
    public ulong Connection;
    public CoquicBytesView Bytes;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CoquicPeerResetStreamEffect
{
    public ulong Connection;
    public ulong StreamId;
    public ulong ApplicationErrorCode;
    public ulong FinalSize;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CoquicPeerStopSendingEffect
{
    public ulong Connection;
    public ulong StreamId;
    public ulong ApplicationErrorCode;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CoquicStateEventEffect
{
    public ulong Connection;
    public byte Change;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CoquicConnectionLifecycleEventEffect
{
    public ulong Connection;
    public byte Event;
}

/// <summary>Ports are numbers of this host's byte order, addresses are in network order.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CoquicPreferredAddress
{
    public fixed byte Ipv4Address[4];
    public ushort Ipv4Port;
    public fixed byte Ipv6Address[16];
    public ushort Ipv6Port;
    public CoquicBytesView ConnectionId;
    public fixed byte StatelessResetToken[16];
}

[StructLayout(LayoutKind.Sequential)]
internal struct CoquicPeerPreferredAddressAvailableEffect
{
    public ulong Connection;
    public CoquicPreferredAddress PreferredAddress;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CoquicResumptionStateAvailableEffect
{
    public ulong Connection;
    public CoquicBytesView Serialized;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CoquicZeroRttStatusEventEffect
{
    public ulong Connection;
    public byte Status;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CoquicPacketInspectionEffect
{
    public ulong Connection;
    public byte Direction;
    public byte PacketType;
    public ulong DatagramId;
    public nuint DatagramLength;
    public nuint DatagramOffset;
    public nuint PacketLength;
    public uint Version;
    public CoquicBytesView DestinationConnectionId;
    public CoquicBytesView SourceConnectionId;
    public CoquicBytesView Token;
    public byte SpinBit;
    public byte KeyPhase;
    public byte PacketNumberLength;
    public ulong PacketNumber;
    public CoquicBytesView EncryptedPacket;
    public CoquicBytesView PlaintextPayload;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CoquicNewTokenAvailableEffect
{
    public ulong Connection;
    public CoquicBytesView Token;
}

/// <summary>One effect: <see cref="Kind"/> says which of the fields behind it is there. The kinds are the engine's first twelve.</summary>
[StructLayout(LayoutKind.Explicit)]
internal struct CoquicEffect
{
    [FieldOffset(0)]
    public byte Kind;

    [FieldOffset(8)]
    public CoquicSendDatagramEffect SendDatagram;

    [FieldOffset(8)]
    public CoquicReceiveStreamDataEffect ReceiveStreamData;

    [FieldOffset(8)]
    public CoquicReceiveDatagramDataEffect ReceiveDatagramData;

    [FieldOffset(8)]
    public CoquicPeerResetStreamEffect PeerResetStream;

    [FieldOffset(8)]
    public CoquicPeerStopSendingEffect PeerStopSending;

    [FieldOffset(8)]
    public CoquicStateEventEffect StateEvent;

    [FieldOffset(8)]
    public CoquicConnectionLifecycleEventEffect ConnectionLifecycleEvent;

    [FieldOffset(8)]
    public CoquicPeerPreferredAddressAvailableEffect PeerPreferredAddressAvailable;

    [FieldOffset(8)]
    public CoquicResumptionStateAvailableEffect ResumptionStateAvailable;

    [FieldOffset(8)]
    public CoquicZeroRttStatusEventEffect ZeroRttStatusEvent;

    [FieldOffset(8)]
    public CoquicPacketInspectionEffect PacketInspection;

    [FieldOffset(8)]
    public CoquicNewTokenAvailableEffect NewTokenAvailable;
}
