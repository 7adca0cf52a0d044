using System;
using System.Net;

namespace CoQuic.Engine;

/// <summary>
/// The value of preferred_address (RFC 9000 §18.2, Figure 22). An address of zeros and port 0 stands for none.
/// </summary>
internal static class PreferredAddressCodec
{
    private const int IPv4Length = 4;
    private const int IPv6Length = 16;

    public static int Size(PreferredAddress address) =>
        IPv4Length + sizeof(ushort) + IPv6Length + sizeof(ushort) + 1 + address.ConnectionId.Length + StatelessResetToken.Length;

    /// <summary>Reads the whole value. An empty connection ID, or bytes too many, are errors.</summary>
    public static bool TryRead(ReadOnlySpan<byte> value, out PreferredAddress? address)
    {
        address = null;
        var reader = new QuicReader(value);
        if (!TryReadEndPoint(ref reader, IPv4Length, out IPEndPoint? ipv4)
            || !TryReadEndPoint(ref reader, IPv6Length, out IPEndPoint? ipv6)
            || !reader.TryReadByteLengthPrefixed(out ReadOnlySpan<byte> connectionId)
            || !reader.TryReadBytes(StatelessResetToken.Length, out ReadOnlySpan<byte> token))
        {
            return false;
        }

        if (!reader.IsAtEnd || connectionId.Length is < 1 or > ConnectionId.MaximumLength)
            return false;
        address = new PreferredAddress(ipv4, ipv6, new ConnectionId(connectionId), Bytes.CopyOf(token));
        return true;
    }

    public static void Write(PreferredAddress address, ref QuicWriter writer)
    {
        WriteEndPoint(address.IPv4, IPv4Length, ref writer);
        WriteEndPoint(address.IPv6, IPv6Length, ref writer);
        writer.WriteByteLengthPrefixed(address.ConnectionId.Span);
        writer.WriteBytes(address.StatelessResetToken.Span);
    }

    private static bool TryReadEndPoint(ref QuicReader reader, int addressLength, out IPEndPoint? endPoint)
    {
        endPoint = null;
        if (!reader.TryReadBytes(addressLength, out ReadOnlySpan<byte> address) || !reader.TryReadUInt16(out ushort port))
            return false;
        bool isGiven = port != 0 || address.ContainsAnyExcept((byte)0);
        endPoint = isGiven ? new IPEndPoint(new IPAddress(address), port) : null;
        return true;
    }

    private static void WriteEndPoint(IPEndPoint? endPoint, int addressLength, ref QuicWriter writer)
    {
        if (endPoint is null)
        {
            writer.WriteZeros(addressLength + sizeof(ushort));
            return;
        }

        bool fits = endPoint.Address.TryWriteBytes(writer.Free, out int written) && written == addressLength;
        if (!fits)
            throw new ArgumentException("A preferred address is of the wrong address family.", nameof(endPoint));
        writer.Advance(addressLength);
        writer.WriteUInt16((ushort)endPoint.Port);
    }
}
