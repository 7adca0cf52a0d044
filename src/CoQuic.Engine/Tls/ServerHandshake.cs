using System;
using System.Collections.Generic;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>The server's side of the handshake (RFC 8446 §A.2).</summary>
internal sealed class ServerHandshake : TlsSession
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
        : base(config) => _config = config;

    /// <summary>The states of RFC 8446 §A.2 in which a server waits; there is no client certificate.</summary>
    private enum State : byte
    {
        WaitClientHello,
        WaitSecondClientHello,
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

    /// <summary>The last ClientHello is there: a session is resumed or a new one begun, and our whole flight goes out.</summary>
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
        return SendFlight(hello, choice, ticket?.Index, peerShare);
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

    /// <summary>Everything from ServerHello to Finished, with the keys in between (RFC 9001 §4.1.5).</summary>
    private TransportError? SendFlight(ClientHello hello, ServerChoice choice, int? identity, KeyShareEntry peerShare)
    {
        bool isValid = _config.KeyExchange.TryAnswer(
            choice.Group, peerShare.PublicKey, _config.Entropy, out KeyShareAnswer? answer);
        using KeyShareAnswer? share = answer;
        if (!isValid || share is null)
            return AlertDescription.IllegalParameter.Because("a key share that is not a public key of its group");

        Group = choice.Group;
        ApplicationProtocol = choice.ApplicationProtocol;
        ServerName = hello.ServerName;
        Tell(new TlsEvent.PeerTransportParameters(choice.PeerTransportParameters));
        if (_acceptsEarlyData)
            TellEarlySecret(KeyDirection.Read, CipherSuite, KeySchedule);
        SendServerHello(choice, identity, share.PublicKey);
        KeySchedule.MixSharedSecret(share.SharedSecret);

        _handshakeSecrets = DeriveHandshakeSecrets();
        TellSecret(EncryptionLevel.Handshake, KeyDirection.Write, _handshakeSecrets.Server);
        TellSecret(EncryptionLevel.Handshake, KeyDirection.Read, _handshakeSecrets.Client);
        SendAuthentication(choice, _handshakeSecrets);

        _applicationSecrets = DeriveApplicationSecrets();
        TellSecret(EncryptionLevel.OneRtt, KeyDirection.Write, _applicationSecrets.Server);
        ReadFrom(EncryptionLevel.Handshake);
        (_firstHello, _firstChoice) = (null, null);
        _state = State.WaitFinished;
        return null;
    }

    private void SendServerHello(ServerChoice choice, int? identity, Bytes publicKey)
    {
        byte[] random = new byte[ClientHello.RandomSize];
        _config.Entropy.Fill(random);
        ServerHello hello = new()
        {
            Random = Bytes.Wrap(random),
            CipherSuite = choice.CipherSuite,
            KeyShare = new KeyShareEntry(choice.Group, publicKey),
            SelectedIdentity = (ushort?)identity,
        };
        byte[] message = hello.Encode();
        Transcript.Append(message);
        TellBytes(EncryptionLevel.Initial, message);
    }

    /// <summary>
    /// EncryptedExtensions, Certificate, CertificateVerify and Finished (RFC 8446 §4.3.1, §4.4). In a resumed session the key proves who
    /// we are, and there is no certificate (§2.2).
    /// </summary>
    private void SendAuthentication(ServerChoice choice, TrafficSecrets secrets)
    {
        byte[] extensions = new EncryptedExtensions
        {
            AcknowledgesServerName = ServerName is not null,
            ApplicationProtocols = ApplicationProtocolsExtension.NamesOf([choice.ApplicationProtocol]),
            TransportParameters = _parameters,
            AcceptsEarlyData = _acceptsEarlyData,
        }.Encode();
        if (WasResumed)
        {
            Transcript.Append(extensions);
            TellBytes(EncryptionLevel.Handshake, [.. extensions, .. MakeFinished(secrets)]);
            return;
        }

        byte[] certificate = CertificateMessage.Encode([], choice.Identity.CertificateChain);
        Transcript.Append(extensions);
        Transcript.Append(certificate);

        byte[] content = CertificateVerify.SignedContent(Role.Server, Transcript.CurrentHash());
        byte[] signature = choice.Identity.Signer.Sign(choice.Scheme, content);
        byte[] verify = new CertificateVerify(choice.Scheme, Bytes.Wrap(signature)).Encode();
        Transcript.Append(verify);

        TellBytes(EncryptionLevel.Handshake, [.. extensions, .. certificate, .. verify, .. MakeFinished(secrets)]);
    }

    private TransportError? OnFinished(HandshakeMessage message)
    {
        if (CheckFinished(message, _handshakeSecrets!) is { } error)
            return error;

        // RFC 9001 §5.7: a server processes no 1-RTT packet before the handshake is complete.
        TellSecret(EncryptionLevel.OneRtt, KeyDirection.Read, _applicationSecrets!.Client);
        _handshakeSecrets!.Dispose();
        _applicationSecrets.Dispose();
        ReadFrom(EncryptionLevel.OneRtt);
        _state = State.Connected;
        Complete();
        return null;
    }

    /// <summary>
    /// Sends session tickets (RFC 8446 §4.6.1), once the handshake is complete, to a client that names a mode in which it can use them.
    /// </summary>
    /// <param name="now">Calendar time.</param>
    public void IssueTickets(DateTimeOffset now)
    {
        if (_resumption is not { } resumption || !_takesTickets)
            return;
        List<byte> messages = [];
        for (int number = 0; number < resumption.Count; number++)
        {
            NewSessionTicket ticket = resumption.Issue(
                number, TicketKey, CipherSuite, ApplicationProtocol ?? "", ServerName ?? "", now);
            messages.AddRange(ticket.Encode());
        }

        if (messages.Count > 0)
            TellBytes(EncryptionLevel.OneRtt, [.. messages]);
    }
}
