using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;

namespace CoQuic.Engine;

/// <summary>
/// Lists of two-byte code points: cipher suites, groups, signature algorithms, versions. Unknown values stay in.
/// </summary>
internal static class UInt16List
{
    /// <summary>Reads the content of a vector: at least one code point, nothing else.</summary>
    public static bool TryReadContent(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out ushort[]? values)
    {
        values = null;
        if (bytes.IsEmpty || bytes.Length % 2 != 0)
            return false;
        values = new ushort[bytes.Length / 2];
        TlsReader reader = new(bytes);
        for (int i = 0; i < values.Length; i++)
            reader.TryReadUInt16(out values[i]);
        return true;
    }

    /// <summary>Reads supported_groups (RFC 8446 §4.2.7).</summary>
    public static bool TryReadGroups(ReadOnlySpan<byte> data, [NotNullWhen(true)] out IReadOnlyList<NamedGroup>? groups)
    {
        groups = TryReadVector(data, out ushort[]? values) ? Array.ConvertAll(values, value => (NamedGroup)value) : null;
        return groups is not null;
    }

    /// <summary>Reads signature_algorithms and signature_algorithms_cert (RFC 8446 §4.2.3).</summary>
    public static bool TryReadSchemes(ReadOnlySpan<byte> data, [NotNullWhen(true)] out IReadOnlyList<SignatureScheme>? schemes)
    {
        schemes = TryReadVector(data, out ushort[]? values) ? Array.ConvertAll(values, value => (SignatureScheme)value) : null;
        return schemes is not null;
    }

    public static void WriteGroups(TlsWriter writer, IReadOnlyList<NamedGroup> groups)
    {
        int extension = writer.BeginExtension(ExtensionType.SupportedGroups);
        int list = writer.Begin(2);
        foreach (NamedGroup group in groups)
            writer.WriteUInt16((ushort)group);
        writer.End(list, 2);
        writer.End(extension, 2);
    }

    public static void WriteSchemes(TlsWriter writer, ExtensionType type, IReadOnlyList<SignatureScheme> schemes)
    {
        int extension = writer.BeginExtension(type);
        int list = writer.Begin(2);
        foreach (SignatureScheme scheme in schemes)
            writer.WriteUInt16((ushort)scheme);
        writer.End(list, 2);
        writer.End(extension, 2);
    }

    private static bool TryReadVector(ReadOnlySpan<byte> data, [NotNullWhen(true)] out ushort[]? values)
    {
        values = null;
        TlsReader reader = new(data);
        return reader.TryReadVector16(out ReadOnlySpan<byte> content) && reader.IsAtEnd
            && TryReadContent(content, out values);
    }
}
