using System;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text;

namespace CoQuic.Engine;

/// <summary>server_name (RFC 6066 §3).</summary>
internal static class ServerNameExtension
{
    private const byte HostName = 0;

    /// <summary>
    /// Reads a client's list: the host name in it. There is exactly one kind of name, and one name of a kind.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> data, [NotNullWhen(true)] out string? hostName)
    {
        hostName = null;
        TlsReader reader = new(data);
        if (!reader.TryReadVector16(out ReadOnlySpan<byte> content) || !reader.IsAtEnd)
            return false;

        TlsReader names = new(content);
        if (!names.TryReadUInt8(out byte type) || !names.TryReadVector16(out ReadOnlySpan<byte> name) || !names.IsAtEnd)
            return false;
        if (type != HostName || name.IsEmpty || !Ascii.IsValid(name) || name.Contains((byte)0))
            return false;
        hostName = Encoding.ASCII.GetString(name);
        return true;
    }

    public static void Write(TlsWriter writer, string hostName)
    {
        int extension = writer.BeginExtension(ExtensionType.ServerName);
        int list = writer.Begin(2);
        writer.WriteUInt8(HostName);
        writer.WriteVector16(Encoding.ASCII.GetBytes(hostName));
        writer.End(list, 2);
        writer.End(extension, 2);
    }

    /// <summary>
    /// The name to send for a server, null when there is none: RFC 6066 §3 allows neither IP address literals nor a
    /// trailing dot.
    /// </summary>
    public static string? HostNameFor(string serverName)
    {
        string name = serverName.TrimEnd('.');
        bool isHostName = name.Length is > 0 and <= 255 && Ascii.IsValid(name) && !IPAddress.TryParse(name, out _);
        return isHostName ? name : null;
    }
}
