using System;
using System.Diagnostics.CodeAnalysis;

namespace CoQuic.Engine;

/// <summary>cookie (RFC 8446 §4.2.2): a client returns what a HelloRetryRequest held.</summary>
internal static class CookieExtension
{
    public static bool TryRead(ReadOnlySpan<byte> data, [NotNullWhen(true)] out Bytes? cookie)
    {
        TlsReader reader = new(data);
        bool isRead = reader.TryReadVector16(out ReadOnlySpan<byte> content) && reader.IsAtEnd && !content.IsEmpty;
        cookie = isRead ? Bytes.CopyOf(content) : null;
        return isRead;
    }

    public static void Write(TlsWriter writer, Bytes cookie)
    {
        int extension = writer.BeginExtension(ExtensionType.Cookie);
        writer.WriteVector16(cookie);
        writer.End(extension, 2);
    }
}
