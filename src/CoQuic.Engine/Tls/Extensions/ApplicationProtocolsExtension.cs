using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Linq;
using System.Text;

namespace CoQuic.Engine;

/// <summary>
/// application_layer_protocol_negotiation (RFC 7301 §3.1): a list from a client, a list of one from a server.
/// </summary>
internal static class ApplicationProtocolsExtension
{
    public static bool TryRead(ReadOnlySpan<byte> data, [NotNullWhen(true)] out IReadOnlyList<Bytes>? protocols)
    {
        protocols = null;
        TlsReader reader = new(data);
        if (!reader.TryReadVector16(out ReadOnlySpan<byte> content) || !reader.IsAtEnd || content.IsEmpty)
            return false;

        List<Bytes> list = [];
        TlsReader names = new(content);
        while (!names.IsAtEnd)
        {
            if (!names.TryReadVector8(out ReadOnlySpan<byte> name) || name.IsEmpty)
                return false;
            list.Add(Bytes.CopyOf(name));
        }
        protocols = list;
        return true;
    }

    public static void Write(TlsWriter writer, IReadOnlyList<Bytes> protocols)
    {
        int extension = writer.BeginExtension(ExtensionType.ApplicationLayerProtocolNegotiation);
        int list = writer.Begin(2);
        foreach (Bytes protocol in protocols)
            writer.WriteVector8(protocol);
        writer.End(list, 2);
        writer.End(extension, 2);
    }

    /// <summary>The names of protocols on the wire.</summary>
    public static IReadOnlyList<Bytes> NamesOf(IReadOnlyList<string> protocols) => [.. protocols.Select(NameOf)];

    /// <summary>Our most preferred protocol that the peer named too.</summary>
    public static string? Select(IReadOnlyList<string> ours, IReadOnlyList<Bytes> theirs)
    {
        foreach (string protocol in ours)
        {
            Bytes name = NameOf(protocol);
            foreach (Bytes candidate in theirs)
            {
                if (candidate == name)
                    return protocol;
            }
        }
        return null;
    }

    private static Bytes NameOf(string protocol) => Bytes.Wrap(Encoding.UTF8.GetBytes(protocol));
}
