namespace CoQuic.Engine;

/// <content>Our flight: who we are for this client, and everything from ServerHello to Finished (RFC 8446 §4.1.3, §4.3, §4.4).</content>
internal sealed partial class ServerHandshake
{
    private Flight? _flight;
    private bool _asksClient;

    /// <summary>What a flight is made from.</summary>
    /// <param name="Hello">The ClientHello that it answers.</param>
    /// <param name="Choice">What we chose.</param>
    /// <param name="PeerShare">The client's key share of the group that we chose.</param>
    /// <param name="Ticket">Which of the tickets offered is resumed, if one is.</param>
    private sealed record Flight(ClientHello Hello, ServerChoice Choice, KeyShareEntry PeerShare, int? Ticket);

    /// <summary>Asks who we are for this client: the selector, or the application where there is none.</summary>
    private TransportError? SelectIdentity(Flight flight)
    {
        ClientHello hello = flight.Hello;
        if (_config.Identities is { } selector)
            return OnIdentity(selector.Select(hello.ServerName));
        Ask(new TlsQuestion.Identity(new ServerIdentityQuestion(
            hello.ServerName, flight.Choice.ApplicationProtocol, hello.SignatureSchemes!)));
        return null;
    }

    protected override TransportError? OnIdentity(CertificateIdentity? identity) => identity is null
        ? AlertDescription.UnrecognizedName.Because("there is no server of that name here")
        : SendFlight(_flight!, identity);

    /// <summary>Everything from ServerHello to Finished, with the keys in between (RFC 9001 §4.1.5).</summary>
    /// <param name="flight">What it is made from.</param>
    /// <param name="identity">Who we are; none in a resumed session, where the key proves it (RFC 8446 §2.2).</param>
    private TransportError? SendFlight(Flight flight, CertificateIdentity? identity)
    {
        ServerChoice choice = flight.Choice;
        SignatureScheme? scheme =
            identity is null ? null : OwnAuthentication.SchemeFor(identity, flight.Hello.SignatureSchemes!);
        if (identity is not null && scheme is null)
            return AlertDescription.HandshakeFailure.Because("no signature scheme in common");
        bool isValid = _config.KeyExchange.TryAnswer(
            choice.Group, flight.PeerShare.PublicKey, _config.Entropy, out KeyShareAnswer? answer);
        using KeyShareAnswer? share = answer;
        if (!isValid || share is null)
            return AlertDescription.IllegalParameter.Because("a key share that is not a public key of its group");

        Group = choice.Group;
        ApplicationProtocol = choice.ApplicationProtocol;
        ServerName = flight.Hello.ServerName;
        Tell(new TlsEvent.PeerTransportParameters(choice.PeerTransportParameters));
        if (_acceptsEarlyData)
            TellEarlySecret(KeyDirection.Read, CipherSuite, KeySchedule);
        SendServerHello(choice, flight.Ticket, share.PublicKey);
        KeySchedule.MixSharedSecret(share.SharedSecret);

        _handshakeSecrets = DeriveHandshakeSecrets();
        TellSecret(EncryptionLevel.Handshake, KeyDirection.Write, _handshakeSecrets.Server);
        TellSecret(EncryptionLevel.Handshake, KeyDirection.Read, _handshakeSecrets.Client);
        byte[] extensions = MakeEncryptedExtensions(choice);
        byte[] authentication = identity is null ? [] : MakeAuthentication(identity, scheme!.Value);
        TellBytes(EncryptionLevel.Handshake, [.. extensions, .. authentication, .. MakeFinished(_handshakeSecrets)]);

        _applicationSecrets = DeriveApplicationSecrets();
        TellSecret(EncryptionLevel.OneRtt, KeyDirection.Write, _applicationSecrets.Server);
        ReadFrom(EncryptionLevel.Handshake);
        (_firstHello, _firstChoice, _flight, _parameters) = (null, null, null, default);
        _state = _asksClient ? State.WaitCertificate : State.WaitFinished;
        return null;
    }

    private void SendServerHello(ServerChoice choice, int? ticket, Bytes publicKey)
    {
        byte[] random = new byte[ClientHello.RandomSize];
        _config.Entropy.Fill(random);
        ServerHello hello = new()
        {
            Random = Bytes.Wrap(random),
            CipherSuite = choice.CipherSuite,
            KeyShare = new KeyShareEntry(choice.Group, publicKey),
            SelectedIdentity = (ushort?)ticket,
        };
        byte[] message = hello.Encode();
        Transcript.Append(message);
        TellBytes(EncryptionLevel.Initial, message);
    }

    private byte[] MakeEncryptedExtensions(ServerChoice choice)
    {
        byte[] extensions = new EncryptedExtensions
        {
            AcknowledgesServerName = ServerName is not null,
            ApplicationProtocols = ApplicationProtocolsExtension.NamesOf([choice.ApplicationProtocol]),
            TransportParameters = _parameters,
            AcceptsEarlyData = _acceptsEarlyData,
        }.Encode();
        Transcript.Append(extensions);
        return extensions;
    }

    /// <summary>CertificateRequest where clients are asked, Certificate and CertificateVerify. RFC 8446 §4.3.2: not in a resumed session.</summary>
    private byte[] MakeAuthentication(CertificateIdentity identity, SignatureScheme scheme)
    {
        _asksClient = _config.ClientAuthentication is not null;
        byte[] request = _asksClient ? CertificateRequestMessage.OfOurs.Encode() : [];
        Transcript.Append(request);
        return [.. request, .. OwnAuthentication.Prove(identity, scheme, Role.Server, Transcript)];
    }
}
