using System;
using System.Diagnostics.CodeAnalysis;

namespace CoQuic.Engine;

/// <summary>
/// early_data (RFC 8446 §4.2.10): empty in a ClientHello and in EncryptedExtensions, max_early_data_size in a ticket.
/// </summary>
internal static class EarlyDataExtension
{
    /// <summary>The only max_early_data_size in QUIC: how much is allowed, flow control says (RFC 9001 §4.6.1).</summary>
    public const uint QuicMaximumSize = 0xffffffff;

    /// <summary>Reads the indication of a ClientHello or of EncryptedExtensions.</summary>
    public static bool TryReadIndication(ReadOnlySpan<byte> data, [NotNullWhen(true)] out bool? isThere)
    {
        isThere = data.IsEmpty ? true : null;
        return data.IsEmpty;
    }

    public static bool TryReadMaximumSize(ReadOnlySpan<byte> data, [NotNullWhen(true)] out uint? size)
    {
        TlsReader reader = new(data);
        bool isRead = reader.TryReadUInt32(out uint value) && reader.IsAtEnd;
        size = isRead ? value : null;
        return isRead;
    }

    public static void WriteIndication(TlsWriter writer) => writer.WriteExtension(ExtensionType.EarlyData, []);

    public static void WriteMaximumSize(TlsWriter writer)
    {
        int extension = writer.BeginExtension(ExtensionType.EarlyData);
        writer.WriteUInt32(QuicMaximumSize);
        writer.End(extension, 2);
    }
}
