using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;

namespace CoQuic.Engine;

/// <summary>One key share: a group and a public key of it.</summary>
internal sealed record KeyShareEntry(NamedGroup Group, Bytes PublicKey)
{
    public static bool TryRead(ref TlsReader reader, [NotNullWhen(true)] out KeyShareEntry? entry)
    {
        entry = null;
        if (!reader.TryReadUInt16(out ushort group) || !reader.TryReadVector16(out ReadOnlySpan<byte> publicKey))
            return false;
        if (publicKey.IsEmpty)
            return false;
        entry = new KeyShareEntry((NamedGroup)group, Bytes.CopyOf(publicKey));
        return true;
    }

    public void Write(TlsWriter writer)
    {
        writer.WriteUInt16((ushort)Group);
        writer.WriteVector16(PublicKey);
    }
}

/// <summary>
/// key_share (RFC 8446 §4.2.8): a list from a client, one entry in a ServerHello, a group in a HelloRetryRequest.
/// </summary>
internal static class KeyShareExtension
{
    public static bool TryReadList(ReadOnlySpan<byte> data, [NotNullWhen(true)] out IReadOnlyList<KeyShareEntry>? entries)
    {
        entries = null;
        TlsReader reader = new(data);
        if (!reader.TryReadVector16(out ReadOnlySpan<byte> content) || !reader.IsAtEnd)
            return false;

        List<KeyShareEntry> list = [];
        TlsReader rest = new(content);
        while (!rest.IsAtEnd)
        {
            if (!KeyShareEntry.TryRead(ref rest, out KeyShareEntry? entry))
                return false;
            list.Add(entry);
        }
        entries = list;
        return true;
    }

    public static bool TryReadEntry(ReadOnlySpan<byte> data, [NotNullWhen(true)] out KeyShareEntry? entry)
    {
        TlsReader reader = new(data);
        return KeyShareEntry.TryRead(ref reader, out entry) && reader.IsAtEnd;
    }

    public static bool TryReadSelectedGroup(ReadOnlySpan<byte> data, [NotNullWhen(true)] out NamedGroup? group)
    {
        TlsReader reader = new(data);
        bool isRead = reader.TryReadUInt16(out ushort value) && reader.IsAtEnd;
        group = isRead ? (NamedGroup)value : null;
        return isRead;
    }

    public static void WriteList(TlsWriter writer, IReadOnlyList<KeyShareEntry> entries)
    {
        int extension = writer.BeginExtension(ExtensionType.KeyShare);
        int list = writer.Begin(2);
        foreach (KeyShareEntry entry in entries)
            entry.Write(writer);
        writer.End(list, 2);
        writer.End(extension, 2);
    }

    public static void WriteEntry(TlsWriter writer, KeyShareEntry entry)
    {
        int extension = writer.BeginExtension(ExtensionType.KeyShare);
        entry.Write(writer);
        writer.End(extension, 2);
    }

    public static void WriteSelectedGroup(TlsWriter writer, NamedGroup group)
    {
        int extension = writer.BeginExtension(ExtensionType.KeyShare);
        writer.WriteUInt16((ushort)group);
        writer.End(extension, 2);
    }
}
