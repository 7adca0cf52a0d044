using System;
using System.Diagnostics.CodeAnalysis;

namespace CoQuic.Engine;

/// <summary>
/// psk_key_exchange_modes (RFC 8446 §4.2.9): a server issues and takes tickets only for a client that names a mode it knows.
/// </summary>
internal static class PskKeyExchangeModesExtension
{
    private const byte PskDheKe = 1;

    /// <summary>Reads whether psk_dhe_ke is among the modes: resumption with a fresh key exchange, the only mode here.</summary>
    public static bool TryRead(ReadOnlySpan<byte> data, [NotNullWhen(true)] out bool? hasDheMode)
    {
        TlsReader reader = new(data);
        bool isRead = reader.TryReadVector8(out ReadOnlySpan<byte> modes) && reader.IsAtEnd && !modes.IsEmpty;
        hasDheMode = isRead ? modes.Contains(PskDheKe) : null;
        return isRead;
    }

    /// <summary>Offers resumption with a fresh key exchange, the only mode with forward secrecy.</summary>
    public static void Write(TlsWriter writer) => writer.WriteExtension(ExtensionType.PskKeyExchangeModes, [1, PskDheKe]);
}
