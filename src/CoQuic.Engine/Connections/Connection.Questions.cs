namespace CoQuic.Engine;

/// <content>
/// What the handshake asks the application: one question at a time. Until the answer TLS takes nothing more, and what the peer sends
/// meanwhile waits within <see cref="CryptoStream.MaximumBuffered"/>.
/// </content>
internal sealed partial class Connection
{
    private ulong _lastQuestionId;

    /// <summary>The application's verdict on the peer's certificate.</summary>
    public LocalErrorCode? AnswerCertificate(TimeUs now, ulong questionId, CertificateVerdict verdict)
    {
        if (!IsOpen(questionId) || _tls.OpenQuestion is not TlsQuestion.Verdict)
            return LocalErrorCode.UnsupportedOperation;
        EncryptionLevel level = _tls.ReadLevel;
        GoOn(now, level, _tls.Answer(verdict));
        return null;
    }

    /// <summary>The application's word on who the server is: the name for which the selector has the identity.</summary>
    public LocalErrorCode? AnswerIdentity(TimeUs now, ulong questionId, string? name)
    {
        if (!IsOpen(questionId) || _tls.OpenQuestion is not TlsQuestion.Identity)
            return LocalErrorCode.UnsupportedOperation;
        EncryptionLevel level = _tls.ReadLevel;
        GoOn(now, level, _tls.Answer(name is null ? null : _config.ServerIdentities!.Select(name)));
        return null;
    }

    private bool IsOpen(ulong questionId) => IsAlive && _closeReason is null && questionId == _lastQuestionId;

    private void TellQuestion(TlsQuestion question)
    {
        _lastQuestionId++;
        switch (question)
        {
            case TlsQuestion.Verdict verdict:
                Tell(new CertificateVerdictNeededEffect(Handle, _lastQuestionId, verdict.About));
                break;
            case TlsQuestion.Identity identity:
                Tell(new ServerIdentityNeededEffect(Handle, _lastQuestionId, identity.About));
                break;
        }
    }

    /// <summary>TLS has gone on with an answer, as far as it got; now it gets what came in meanwhile.</summary>
    private void GoOn(TimeUs now, EncryptionLevel level, TransportError? failure)
    {
        if ((DrainTls(now) ?? failure ?? ReadCrypto(now, level)) is { } error)
            BeginClose(error);
    }
}
