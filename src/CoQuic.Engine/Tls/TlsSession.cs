using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>
/// One side of a TLS 1.3 handshake for QUIC (RFC 9001 §4.1): handshake bytes of an encryption level go in; bytes to send,
/// secrets and the peer's transport parameters come out as events, in the order in which they must be acted on.
/// </summary>
internal abstract class TlsSession : IDisposable
{
    private readonly TlsConfig _config;
    private readonly MessageAssembler _assembler = new();
    private readonly Queue<TlsEvent> _events = [];
    private TransportError? _failure;
    private KeySchedule? _keySchedule;
    private byte[]? _resumptionSecret;

    protected TlsSession(TlsConfig config) => _config = config;

    public abstract Role Role { get; }

    public bool IsHandshakeComplete { get; private set; }

    /// <summary>The ALPN protocol, once it is negotiated.</summary>
    public string? ApplicationProtocol { get; protected set; }

    /// <summary>The cipher suite, once it is negotiated.</summary>
    public CipherSuite CipherSuite { get; private set; }

    /// <summary>The key exchange group, once it is negotiated.</summary>
    public NamedGroup Group { get; protected set; }

    /// <summary>The certificates that the peer showed, DER, its own first; empty when it showed none.</summary>
    public IReadOnlyList<Bytes> PeerCertificates { get; protected set; } = [];

    /// <summary>Whether an earlier session was resumed.</summary>
    public bool WasResumed { get; protected set; }

    /// <summary>
    /// The level whose handshake bytes come next. Bytes of a later level are for the caller to keep (RFC 9001 §4.1.3).
    /// </summary>
    public EncryptionLevel ReadLevel { get; private set; } = EncryptionLevel.Initial;

    /// <summary>What the application must answer before the handshake goes on; null when it waits for the peer alone.</summary>
    public TlsQuestion? OpenQuestion { get; private set; }

    protected Transcript Transcript { get; } = new();

    protected KeySchedule KeySchedule =>
        _keySchedule ?? throw new InvalidOperationException("No cipher suite is negotiated yet.");

    /// <summary>The client's random, which names the connection in a key log.</summary>
    protected Bytes ClientRandom { get; set; }

    /// <summary>Takes in handshake bytes: those of one level in order, without gaps or repetition.</summary>
    /// <returns>Null, or the error with which to close the connection; the session is dead after an error.</returns>
    public TransportError? OnCryptoData(EncryptionLevel level, ReadOnlySpan<byte> bytes)
    {
        _failure ??= CheckLevel(level);
        if (_failure is not null)
            return _failure;

        _assembler.Append(bytes);
        return Proceed();
    }

    /// <summary>The verdict on the peer's certificate, which <see cref="OpenQuestion"/> asks for.</summary>
    public TransportError? Answer(CertificateVerdict verdict)
    {
        Debug.Assert(OpenQuestion is TlsQuestion.Verdict, "a verdict was asked for");
        OpenQuestion = null;
        _failure ??= ErrorOf(verdict);
        return Proceed();
    }

    /// <summary>The server's identity, which <see cref="OpenQuestion"/> asks for; none refuses the client.</summary>
    public TransportError? Answer(CertificateIdentity? identity)
    {
        Debug.Assert(OpenQuestion is TlsQuestion.Identity, "an identity was asked for");
        OpenQuestion = null;
        EncryptionLevel level = ReadLevel;
        _failure ??= OnIdentity(identity) ?? CheckChangeOfKeys(level);
        return Proceed();
    }

    /// <summary>Takes out the next event.</summary>
    public bool TryGetEvent([NotNullWhen(true)] out TlsEvent? e) => _events.TryDequeue(out e);

    public virtual void Dispose()
    {
        _keySchedule?.Dispose();
        CryptographicOperations.ZeroMemory(_resumptionSecret);
        while (_events.TryDequeue(out TlsEvent? untold))
            untold.Clear();
        Transcript.Dispose();
    }

    protected abstract TransportError? OnMessage(HandshakeMessage message);

    /// <summary>Goes on with the identity that was asked for: a server's.</summary>
    protected virtual TransportError? OnIdentity(CertificateIdentity? identity) => null;

    protected static TransportError Unexpected(HandshakeMessage message) =>
        AlertDescription.UnexpectedMessage.Because($"a {message.Type} message that is not expected now");

    protected void Tell(TlsEvent e) => _events.Enqueue(e);

    /// <summary>Asks the application: until it answers, no message is taken.</summary>
    protected void Ask(TlsQuestion question)
    {
        OpenQuestion = question;
        Tell(new TlsEvent.QuestionAsked(question));
    }

    /// <summary>Has the peer's certificate judged: by a verifier, or by the application where there is none.</summary>
    protected TransportError? Judge(CertificateQuestion question, ICertificateVerifier? verifier)
    {
        if (verifier is not null)
            return ErrorOf(verifier.Verify(question));
        Ask(new TlsQuestion.Verdict(question));
        return null;
    }

    /// <summary>Sends messages, which are in the transcript already.</summary>
    protected void TellBytes(EncryptionLevel level, byte[] messages) =>
        Tell(new TlsEvent.HandshakeBytes(level, Bytes.Wrap(messages)));

    /// <summary>Gives a secret out: a copy, which is the receiver's.</summary>
    protected void TellSecret(EncryptionLevel level, KeyDirection direction, ReadOnlySpan<byte> secret) =>
        Tell(new TlsEvent.SecretsAvailable(level, direction, CipherSuite, Bytes.CopyOf(secret)));

    /// <summary>
    /// Gives out the secret of 0-RTT packets (RFC 9001 §4.6), which is the client's; the transcript is its first ClientHello, whole.
    /// </summary>
    protected void TellEarlySecret(KeyDirection direction, CipherSuite suite, KeySchedule early)
    {
        byte[] hash = Transcript.CurrentHash(early.Hash);
        byte[] secret = early.DeriveSecret("c e traffic"u8, hash);
        LogKeys("CLIENT_EARLY_TRAFFIC_SECRET", secret);
        LogExporter("EARLY_EXPORTER_SECRET", early, "e exp master"u8, hash);
        Tell(new TlsEvent.SecretsAvailable(EncryptionLevel.ZeroRtt, direction, suite, Bytes.Wrap(secret)));
    }

    /// <summary>Settles cipher suite and transcript hash.</summary>
    protected void SelectCipherSuite(CipherSuite suite)
    {
        CipherSuite = suite;
        Transcript.SelectHash(suite.Traits().Hash);
    }

    /// <summary>Settles the key schedule, which is the session's from now on: with a pre-shared key or without.</summary>
    protected void BeginKeySchedule(KeySchedule schedule)
    {
        _keySchedule?.Dispose();
        _keySchedule = schedule;
    }

    /// <summary>From here on, handshake bytes come at the next level.</summary>
    protected void ReadFrom(EncryptionLevel level) => ReadLevel = level;

    protected TrafficSecrets DeriveHandshakeSecrets()
    {
        byte[] hash = Transcript.CurrentHash();
        TrafficSecrets secrets = KeySchedule.DeriveTrafficSecrets("c hs traffic"u8, "s hs traffic"u8, hash);
        LogKeys("CLIENT_HANDSHAKE_TRAFFIC_SECRET", secrets.Client);
        LogKeys("SERVER_HANDSHAKE_TRAFFIC_SECRET", secrets.Server);
        return secrets;
    }

    /// <summary>Goes on to the Master Secret; the transcript reaches to the server's Finished.</summary>
    protected TrafficSecrets DeriveApplicationSecrets()
    {
        byte[] hash = Transcript.CurrentHash();
        KeySchedule.AdvanceToMasterSecret();
        TrafficSecrets secrets = KeySchedule.DeriveTrafficSecrets("c ap traffic"u8, "s ap traffic"u8, hash);
        LogKeys("CLIENT_TRAFFIC_SECRET_0", secrets.Client);
        LogKeys("SERVER_TRAFFIC_SECRET_0", secrets.Server);
        LogExporter("EXPORTER_SECRET", KeySchedule, "exp master"u8, hash);
        return secrets;
    }

    /// <summary>Makes our Finished (RFC 8446 §4.4.4) and takes it into the transcript.</summary>
    protected byte[] MakeFinished(TrafficSecrets secrets)
    {
        byte[] verifyData = KeySchedule.VerifyData(secrets.SentBy(Role), Transcript.CurrentHash());
        byte[] finished = HandshakeMessage.Encode(HandshakeType.Finished, verifyData);
        Transcript.Append(finished);
        return finished;
    }

    /// <summary>Checks the peer's Finished and takes it into the transcript.</summary>
    protected TransportError? CheckFinished(HandshakeMessage message, TrafficSecrets secrets)
    {
        byte[] expected = KeySchedule.VerifyData(secrets.SentBy(Role.Opposite()), Transcript.CurrentHash());
        if (message.Body.Length != expected.Length)
            return AlertDescription.DecodeError.Because("a Finished of the wrong length");
        if (!CryptographicOperations.FixedTimeEquals(message.Body, expected))
            return AlertDescription.DecryptError.Because("a Finished that does not verify");
        Transcript.Append(message.Encoded);
        return null;
    }

    /// <summary>
    /// The handshake is complete, and the transcript reaches to the client's Finished. Of the key schedule only the
    /// resumption_master_secret is kept, and of the transcript nothing.
    /// </summary>
    protected void Complete()
    {
        IsHandshakeComplete = true;
        _resumptionSecret = KeySchedule.DeriveSecret("res master"u8, Transcript.CurrentHash());
        KeySchedule.Dispose();
        Transcript.Dispose();
        Tell(new TlsEvent.HandshakeComplete());
    }

    /// <summary>The pre-shared key of a ticket with this nonce (RFC 8446 §4.6.1); the handshake is complete.</summary>
    protected byte[] TicketKey(Bytes nonce) => KeySchedule.TicketKey(KeySchedule.Hash, _resumptionSecret, nonce);

    /// <summary>Takes whole messages, as long as nothing must be answered first.</summary>
    private TransportError? Proceed()
    {
        while (_failure is null && OpenQuestion is null && _assembler.TryTake(out HandshakeMessage message, out _failure))
        {
            EncryptionLevel level = ReadLevel;
            _failure = OnMessage(message) ?? CheckChangeOfKeys(level);
        }
        _assembler.ReleaseIfEmpty();
        return _failure;
    }

    /// <summary>RFC 9001 §4.1.3, RFC 8446 §5.1: nothing of a level may be left when its successor's keys come.</summary>
    private TransportError? CheckChangeOfKeys(EncryptionLevel before) =>
        ReadLevel != before && _assembler.HasRest ? Violation("handshake data across a change of keys") : null;

    private static TransportError? ErrorOf(CertificateVerdict verdict) => verdict switch
    {
        CertificateVerdict.Accepted => null,
        CertificateVerdict.Rejected rejected => rejected.Alert.Because(rejected.Reason),
        _ => AlertDescription.InternalError.Because("the certificate verifier gave no verdict"),
    };

    private TransportError? CheckLevel(EncryptionLevel level)
    {
        if (level == ReadLevel)
            return null;

        // RFC 9001 §8.3: no CRYPTO frame in 0-RTT; §4.1.3: nothing new at a level that is over, nothing early at one to
        // come.
        return Violation($"handshake data at {level} instead of {ReadLevel}");
    }

    private static TransportError Violation(string reason) => new(TransportErrorCode.ProtocolViolation, reason);

    private void LogKeys(string label, byte[] secret)
    {
        if (_config.EnableKeyLog)
            Tell(new TlsEvent.KeyLog(label, ClientRandom, Bytes.CopyOf(secret)));
    }

    /// <summary>Of exporters (RFC 8446 §7.5) we have no use but in the key log, where analysers expect them.</summary>
    private void LogExporter(string label, KeySchedule schedule, ReadOnlySpan<byte> derivation, ReadOnlySpan<byte> transcriptHash)
    {
        if (_config.EnableKeyLog)
            Tell(new TlsEvent.KeyLog(label, ClientRandom, Bytes.Wrap(schedule.DeriveSecret(derivation, transcriptHash))));
    }
}
