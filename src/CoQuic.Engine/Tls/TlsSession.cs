using System;
using System.Collections.Generic;
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
        while (_failure is null && _assembler.TryTake(out HandshakeMessage message, out _failure))
        {
            _failure = OnMessage(message);
            // RFC 9001 §4.1.3, RFC 8446 §5.1: nothing of a level may be left when its successor's keys come.
            if (_failure is null && ReadLevel != level && _assembler.HasRest)
                _failure = Violation("handshake data across a change of keys");
        }
        _assembler.ReleaseIfEmpty();
        return _failure;
    }

    /// <summary>Takes out the next event.</summary>
    public bool TryGetEvent([NotNullWhen(true)] out TlsEvent? e) => _events.TryDequeue(out e);

    public virtual void Dispose()
    {
        _keySchedule?.Dispose();
        CryptographicOperations.ZeroMemory(_resumptionSecret);
        Transcript.Dispose();
    }

    protected abstract TransportError? OnMessage(HandshakeMessage message);

    protected static TransportError Unexpected(HandshakeMessage message) =>
        AlertDescription.UnexpectedMessage.Because($"a {message.Type} message that is not expected now");

    protected void Tell(TlsEvent e) => _events.Enqueue(e);

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
        byte[] secret = early.DeriveSecret("c e traffic"u8, Transcript.CurrentHash(early.Hash));
        LogKeys("CLIENT_EARLY_TRAFFIC_SECRET", secret);
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
        TrafficSecrets secrets = new(
            KeySchedule.DeriveSecret("c hs traffic"u8, hash), KeySchedule.DeriveSecret("s hs traffic"u8, hash));
        LogKeys("CLIENT_HANDSHAKE_TRAFFIC_SECRET", secrets.Client);
        LogKeys("SERVER_HANDSHAKE_TRAFFIC_SECRET", secrets.Server);
        return secrets;
    }

    /// <summary>Goes on to the Master Secret; the transcript reaches to the server's Finished.</summary>
    protected TrafficSecrets DeriveApplicationSecrets()
    {
        byte[] hash = Transcript.CurrentHash();
        KeySchedule.AdvanceToMasterSecret();
        TrafficSecrets secrets = new(
            KeySchedule.DeriveSecret("c ap traffic"u8, hash), KeySchedule.DeriveSecret("s ap traffic"u8, hash));
        LogKeys("CLIENT_TRAFFIC_SECRET_0", secrets.Client);
        LogKeys("SERVER_TRAFFIC_SECRET_0", secrets.Server);
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
    /// resumption_master_secret is kept.
    /// </summary>
    protected void Complete()
    {
        IsHandshakeComplete = true;
        _resumptionSecret = KeySchedule.DeriveSecret("res master"u8, Transcript.CurrentHash());
        KeySchedule.Dispose();
        Tell(new TlsEvent.HandshakeComplete());
    }

    /// <summary>The pre-shared key of a ticket with this nonce (RFC 8446 §4.6.1); the handshake is complete.</summary>
    protected byte[] TicketKey(Bytes nonce) => KeySchedule.TicketKey(KeySchedule.Hash, _resumptionSecret, nonce);

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
}
