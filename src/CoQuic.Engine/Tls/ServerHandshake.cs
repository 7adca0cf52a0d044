using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>The server's side of the handshake (RFC 8446 §A.2).</summary>
/// <remarks>The parts: ClientHellos here, our flight in ServerHandshake.Flight, the client's in ServerHandshake.Authentication.</remarks>
internal sealed partial class ServerHandshake : TlsSession
{
    private readonly TlsServerConfig _config;
    private State _state = State.WaitClientHello;
    private ClientHello? _firstHello;
    private ServerChoice? _firstChoice;
    private Bytes _parameters;
    private ServerResumption? _resumption;
    private TrafficSecrets? _handshakeSecrets;
    private TrafficSecrets? _applicationSecrets;
    private bool _acceptsEarlyData;
    private bool _takesTickets;

    public ServerHandshake(TlsServerConfig config)
        : base(config)
    {
        _config = config;
        _peer = new PeerAuthentication(Role.Client, config.Certificates);
    }

    /// <summary>The states of RFC 8446 §A.2 in which a server waits.</summary>
    private enum State : byte
    {
        WaitClientHello,
        WaitSecondClientHello,
        WaitCertificate,
        WaitCertificateVerify,
        WaitFinished,
        Connected,
    }

    public override Role Role => Role.Server;

    /// <summary>The host name that the client asked for, null when it named none.</summary>
    public string? ServerName { get; private set; }

    public override void Dispose()
    {
        _handshakeSecrets?.Dispose();
        _applicationSecrets?.Dispose();
        base.Dispose();
    }

    protected override TransportError? OnMessage(HandshakeMessage message) => (_state, message.Type) switch
    {
        (State.WaitClientHello, HandshakeType.ClientHello) => OnClientHello(message),
        (State.WaitSecondClientHello, HandshakeType.ClientHello) => OnSecondClientHello(message),
        (State.WaitCertificate, HandshakeType.Certificate) => OnCertificate(message),
        (State.WaitCertificateVerify, HandshakeType.CertificateVerify) => OnCertificateVerify(message),
        (State.WaitFinished, HandshakeType.Finished) => OnFinished(message),
        // EndOfEarlyData (RFC 9001 §8.3) and KeyUpdate (§6) have no place in QUIC.
        _ => Unexpected(message),
    };

    private TransportError? OnClientHello(HandshakeMessage message)
    {
        if (!ClientHello.TryRead(message.Body, out ClientHello? hello, out TransportError? error))
            return error;
        if (!ServerNegotiation.TryChoose(_config, hello, out ServerChoice? choice, out error))
            return error;

        ClientRandom = hello.Random;
        SelectCipherSuite(choice.CipherSuite);
        // RFC 9369 §4.1: they decide about the version, in which also a HelloRetryRequest is sent.
        if (_config.Parameters.Answer(choice.PeerTransportParameters, out _parameters) is { } refused)
            return refused;
        _resumption = _config.Parameters.Resumption;
        if (choice.KeyShare is not null)
            return Answer(hello, choice, choice.KeyShare, message);
        Transcript.Append(message.Encoded);
        SendHelloRetryRequest(hello, choice);
        return null;
    }

    private void SendHelloRetryRequest(ClientHello hello, ServerChoice choice)
    {
        ServerHello retry = new()
        {
            Random = ServerHello.HelloRetryRequestRandom,
            CipherSuite = choice.CipherSuite,
            SelectedGroup = choice.Group,
        };
        byte[] message = retry.Encode();
        Transcript.ReplaceWithMessageHash();
        Transcript.Append(message);
        TellBytes(EncryptionLevel.Initial, message);
        (_firstHello, _firstChoice) = (hello, choice);
        _state = State.WaitSecondClientHello;
    }

    private TransportError? OnSecondClientHello(HandshakeMessage message)
    {
        if (!ClientHello.TryRead(message.Body, out ClientHello? hello, out TransportError? error))
            return error;
        error = ServerNegotiation.CheckSecondHello(_firstHello!, hello, _firstChoice!.Group);
        if (error is not null)
            return error;

        return Answer(hello, _firstChoice, hello.KeyShares![0], message);
    }

    /// <summary>
    /// The last ClientHello is there: a session is resumed, or a new one begun, for which it must be known who we are.
    /// </summary>
    private TransportError? Answer(ClientHello hello, ServerChoice choice, KeyShareEntry peerShare, HandshakeMessage message)
    {
        OfferedTicket? ticket = _resumption?.Find(hello, choice);
        if (BeginKeySchedule(hello, ticket, message) is { } error)
            return error;
        WasResumed = ticket is not null;
        _takesTickets = hello.HasDheMode == true;
        // RFC 8446 §4.2.10: early data belongs to the first identity alone.
        _acceptsEarlyData = ticket is { Index: 0 } first && hello.OffersEarlyData
            && _resumption!.EarlyData.Accepts(first.Content, first.Identity, choice, _resumption.Time);
        _flight = new Flight(hello, choice, peerShare, ticket?.Index);
        return WasResumed ? SendFlight(_flight, null) : SelectIdentity(_flight);
    }

    /// <summary>Takes the ClientHello into the transcript; with a ticket, its binder must verify (RFC 8446 §4.2.11).</summary>
    private TransportError? BeginKeySchedule(ClientHello hello, OfferedTicket? ticket, HandshakeMessage message)
    {
        if (ticket is null)
        {
            Transcript.Append(message.Encoded);
            BeginKeySchedule(new KeySchedule(CipherSuite.Traits().Hash));
            return null;
        }

        int covered = message.Encoded.Length - hello.PreSharedKeys!.BindersSize;
        BeginKeySchedule(new KeySchedule(CipherSuite.Traits().Hash, ticket.Content.Key.Span));
        Transcript.Append(message.Encoded[..covered]);
        byte[] binder = KeySchedule.Binder(Transcript.CurrentHash());
        if (!CryptographicOperations.FixedTimeEquals(binder, ticket.Binder.Span))
            return AlertDescription.DecryptError.Because("a binder that does not verify");
        Transcript.Append(message.Encoded[covered..]);
        return null;
    }
}
