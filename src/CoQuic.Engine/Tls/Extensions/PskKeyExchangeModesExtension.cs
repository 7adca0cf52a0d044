namespace CoQuic.Engine;

/// <summary>
/// psk_key_exchange_modes (RFC 8446 §4.2.9): a server issues tickets only to a client that names a mode.
/// </summary>
internal static class PskKeyExchangeModesExtension
{
    private const byte PskDheKe = 1;

    /// <summary>Offers resumption with a fresh key exchange, the only mode with forward secrecy.</summary>
    public static void Write(TlsWriter writer) => writer.WriteExtension(ExtensionType.PskKeyExchangeModes, [1, PskDheKe]);
}
