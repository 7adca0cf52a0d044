using System;
using System.Collections;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;

namespace CoQuic.Engine;

/// <summary>An extension as it came: its type and its bytes.</summary>
internal readonly record struct Extension(ExtensionType Type, Bytes Data);

/// <summary>Reads the content of an extension, all of it.</summary>
internal delegate bool ExtensionDecoder<T>(ReadOnlySpan<byte> data, [NotNullWhen(true)] out T? value);

/// <summary>The extensions of one message, in their order, no type twice (RFC 8446 §4.2).</summary>
internal sealed class ExtensionList : IReadOnlyCollection<Extension>
{
    public static readonly ExtensionList Empty = new([]);

    private readonly List<Extension> _extensions;

    private ExtensionList(List<Extension> extensions) => _extensions = extensions;

    public int Count => _extensions.Count;

    /// <summary>The type of the last extension; a pre_shared_key must be there or nowhere (RFC 8446 §4.2.11).</summary>
    public ExtensionType? Last => Count == 0 ? null : _extensions[^1].Type;

    /// <summary>Reads the content of an extensions vector.</summary>
    public static bool TryRead(
        ReadOnlySpan<byte> bytes,
        [NotNullWhen(true)] out ExtensionList? list,
        [NotNullWhen(false)] out TransportError? error)
    {
        list = null;
        List<Extension> extensions = [];
        HashSet<ushort> types = [];
        TlsReader reader = new(bytes);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadUInt16(out ushort type) || !reader.TryReadVector16(out ReadOnlySpan<byte> data))
            {
                error = AlertDescription.DecodeError.Because("a malformed list of extensions");
                return false;
            }
            if (!types.Add(type))
            {
                error = AlertDescription.IllegalParameter.Because($"the extension {(ExtensionType)type} twice");
                return false;
            }
            extensions.Add(new Extension((ExtensionType)type, Bytes.CopyOf(data)));
        }
        list = new ExtensionList(extensions);
        error = null;
        return true;
    }

    public bool Contains(ExtensionType type) => Find(type) is not null;

    /// <summary>The extension's bytes, null when it is absent.</summary>
    public Bytes? Find(ExtensionType type)
    {
        foreach (Extension extension in _extensions)
        {
            if (extension.Type == type)
                return extension.Data;
        }
        return null;
    }

    /// <summary>The extension's value, the default when it is absent. A malformed one sets the error.</summary>
    public T? Decode<T>(ExtensionType type, ExtensionDecoder<T> decoder, ref TransportError? error)
    {
        if (Find(type) is not { } data)
            return default;
        if (decoder(data.Span, out T? value))
            return value;
        error ??= AlertDescription.DecodeError.Because($"a malformed extension {type}");
        return default;
    }

    public IEnumerator<Extension> GetEnumerator() => _extensions.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
