namespace CoQuic.Engine;

/// <summary>How much one AEAD key may do before it wears out (RFC 9001 §6.6).</summary>
/// <param name="Confidentiality">Packets that one key may seal.</param>
/// <param name="Integrity">Packets that one connection may fail to open, with all its keys.</param>
internal readonly record struct AeadLimits(ulong Confidentiality, ulong Integrity)
{
    /// <summary>The limits of a cipher suite.</summary>
    public static AeadLimits Of(CipherSuite suite)
    {
        CipherSuiteTraits traits = suite.Traits();
        return new AeadLimits(traits.ConfidentialityLimit, traits.IntegrityLimit);
    }
}
