using System;
using System.Diagnostics.CodeAnalysis;

namespace CoQuic.Engine;

/// <summary>
/// supported_versions (RFC 8446 §4.2.1). QUIC has TLS 1.3 or newer, and here it is TLS 1.3 alone (RFC 9001 §4.2).
/// </summary>
internal static class SupportedVersionsExtension
{
    public const ushort Tls12 = 0x0303;
    public const ushort Tls13 = 0x0304;

    /// <summary>Reads a client's list.</summary>
    public static bool TryReadList(ReadOnlySpan<byte> data, [NotNullWhen(true)] out ushort[]? versions)
    {
        versions = null;
        TlsReader reader = new(data);
        return reader.TryReadVector8(out ReadOnlySpan<byte> content) && reader.IsAtEnd
            && UInt16List.TryReadContent(content, out versions);
    }

    /// <summary>Reads a server's selected version.</summary>
    public static bool TryReadSelected(ReadOnlySpan<byte> data, [NotNullWhen(true)] out ushort? version)
    {
        TlsReader reader = new(data);
        bool isRead = reader.TryReadUInt16(out ushort value) && reader.IsAtEnd;
        version = isRead ? value : null;
        return isRead;
    }

    public static void WriteList(TlsWriter writer)
    {
        int extension = writer.BeginExtension(ExtensionType.SupportedVersions);
        int list = writer.Begin(1);
        writer.WriteUInt16(Tls13);
        writer.End(list, 1);
        writer.End(extension, 2);
    }

    public static void WriteSelected(TlsWriter writer)
    {
        int extension = writer.BeginExtension(ExtensionType.SupportedVersions);
        writer.WriteUInt16(Tls13);
        writer.End(extension, 2);
    }
}
