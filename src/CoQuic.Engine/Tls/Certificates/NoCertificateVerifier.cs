namespace CoQuic.Engine;

/// <summary>
/// Accepts every chain and every name. The peer still proves that it holds the key of what it showed.
/// </summary>
public sealed class NoCertificateVerifier : ICertificateVerifier
{
    /// <summary>The only instance: it holds nothing.</summary>
    public static readonly NoCertificateVerifier Instance = new();

    private NoCertificateVerifier()
    {
    }

    /// <inheritdoc/>
    public CertificateVerdict Verify(CertificateQuestion question) => CertificateVerdict.Accept;
}
