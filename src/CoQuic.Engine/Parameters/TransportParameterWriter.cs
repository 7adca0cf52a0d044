using System;
using System.Buffers;

namespace CoQuic.Engine;

/// <summary>
/// Writes transport parameters (RFC 9000 §18) in the order of their numbers, leaving out those at their defaults.
/// </summary>
internal sealed class TransportParameterWriter
{
    private readonly ArrayBufferWriter<byte> _output = new();

    public void WriteAll(TransportParameters p)
    {
        WriteConnectionId(TransportParameterId.OriginalDestinationConnectionId, p.OriginalDestinationConnectionId);
        WriteInteger(TransportParameterId.MaxIdleTimeout, (ulong)p.MaxIdleTimeout.TotalMilliseconds, 0);
        if (p.StatelessResetToken is { } token)
            WriteBytes(TransportParameterId.StatelessResetToken, token.Span);
        WriteInteger(TransportParameterId.MaxUdpPayloadSize, p.MaxUdpPayloadSize, TransportParameters.DefaultMaxUdpPayloadSize);
        WriteFlowControl(p);
        WriteInteger(TransportParameterId.AckDelayExponent, (ulong)p.AckDelayExponent, TransportParameters.DefaultAckDelayExponent);
        WriteInteger(
            TransportParameterId.MaxAckDelay,
            (ulong)p.MaxAckDelay.TotalMilliseconds,
            (ulong)TransportParameters.DefaultMaxAckDelay.TotalMilliseconds);
        WriteFlag(TransportParameterId.DisableActiveMigration, p.DisableActiveMigration);
        if (p.PreferredAddress is { } address)
            WritePreferredAddress(address);
        WriteInteger(
            TransportParameterId.ActiveConnectionIdLimit,
            p.ActiveConnectionIdLimit,
            TransportParameters.DefaultActiveConnectionIdLimit);
        WriteConnectionId(TransportParameterId.InitialSourceConnectionId, p.InitialSourceConnectionId);
        WriteConnectionId(TransportParameterId.RetrySourceConnectionId, p.RetrySourceConnectionId);
        if (p.VersionInformation is { } information)
            WriteVersionInformation(information);
        WriteInteger(TransportParameterId.MaxDatagramFrameSize, p.MaxDatagramFrameSize, 0);
        WriteFlag(TransportParameterId.GreaseQuicBit, p.GreaseQuicBit);
        if (p.Reserved is { } reserved)
            WriteBytes((TransportParameterId)reserved.Id, reserved.Value);
    }

    public byte[] ToArray() => _output.WrittenSpan.ToArray();

    private void WriteFlowControl(TransportParameters p)
    {
        WriteInteger(TransportParameterId.InitialMaxData, p.InitialMaxData, 0);
        WriteInteger(TransportParameterId.InitialMaxStreamDataBidiLocal, p.InitialMaxStreamDataBidiLocal, 0);
        WriteInteger(TransportParameterId.InitialMaxStreamDataBidiRemote, p.InitialMaxStreamDataBidiRemote, 0);
        WriteInteger(TransportParameterId.InitialMaxStreamDataUni, p.InitialMaxStreamDataUni, 0);
        WriteInteger(TransportParameterId.InitialMaxStreamsBidi, p.InitialMaxStreamsBidi, 0);
        WriteInteger(TransportParameterId.InitialMaxStreamsUni, p.InitialMaxStreamsUni, 0);
    }

    private void WriteInteger(TransportParameterId id, ulong value, ulong defaultValue)
    {
        if (value == defaultValue)
            return;
        var writer = new QuicWriter(stackalloc byte[VarInt.MaximumSize]);
        writer.WriteVarInt(value);
        WriteBytes(id, writer.Written);
    }

    private void WriteFlag(TransportParameterId id, bool value)
    {
        if (value)
            WriteBytes(id, []);
    }

    private void WriteConnectionId(TransportParameterId id, ConnectionId? value)
    {
        if (value is { } connectionId)
            WriteBytes(id, connectionId.Span);
    }

    private void WritePreferredAddress(PreferredAddress address)
    {
        var writer = new QuicWriter(new byte[PreferredAddressCodec.Size(address)]);
        PreferredAddressCodec.Write(address, ref writer);
        WriteBytes(TransportParameterId.PreferredAddress, writer.Written);
    }

    private void WriteVersionInformation(VersionInformation information)
    {
        var writer = new QuicWriter(new byte[information.Size]);
        information.Write(ref writer);
        WriteBytes(TransportParameterId.VersionInformation, writer.Written);
    }

    private void WriteBytes(TransportParameterId id, ReadOnlySpan<byte> value)
    {
        int size = VarInt.Size((ulong)id) + VarInt.Size((ulong)value.Length) + value.Length;
        var writer = new QuicWriter(_output.GetSpan(size));
        writer.WriteVarInt((ulong)id);
        writer.WriteLengthPrefixed(value);
        _output.Advance(size);
    }
}
