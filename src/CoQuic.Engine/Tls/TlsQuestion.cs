namespace CoQuic.Engine;

/// <summary>What a handshake asks of the application. It takes no further message until it is answered.</summary>
internal abstract record TlsQuestion
{
    private TlsQuestion()
    {
    }

    /// <summary>Whether the peer's certificate is good.</summary>
    public sealed record Verdict(CertificateQuestion About) : TlsQuestion;

    /// <summary>Who the server is for this client.</summary>
    public sealed record Identity(ServerIdentityQuestion About) : TlsQuestion;
}
