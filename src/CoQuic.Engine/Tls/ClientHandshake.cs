using System.Collections.Generic;
using System.Diagnostics;

namespace CoQuic.Engine;

/// <summary>
/// The client's side of the handshake (RFC 8446 §A.1): what it expects next, and the ClientHello that begins it.
/// </summary>
internal sealed partial class ClientHandshake : TlsSession
{
    private readonly TlsClientConfig _config;
    private ExtensionList _offered = ExtensionList.Empty;
    private ClientResumption? _resumption;
    private bool _offersEarlyData;
    private State _state = State.Start;

    public ClientHandshake(TlsClientConfig config)
        : base(config)
    {
        _config = config;
        _peer = new PeerAuthentication(Role.Server, config.Certificates);
        _resumption = config.Session is { } session ? new ClientResumption(session) : null;
        _offersEarlyData = config.Session is { OffersEarlyData: true };
    }

    /// <summary>The states of RFC 8446 §A.1.</summary>
    private enum State : byte
    {
        Start,
        WaitServerHello,
        WaitEncryptedExtensions,
        WaitCertificateOrRequest,
        WaitCertificate,
        WaitCertificateVerify,
        WaitFinished,
        Connected,
    }

    public override Role Role => Role.Client;

    /// <summary>Begins the handshake: the ClientHello becomes an event.</summary>
    public void Start()
    {
        Debug.Assert(_state == State.Start, "a handshake starts once");
        byte[] random = new byte[ClientHello.RandomSize];
        _config.Entropy.Fill(random);
        ClientRandom = Bytes.Wrap(random);
        SendClientHello(_config.KeyShareGroups.Count > 0 ? _config.KeyShareGroups : [_config.Groups[0]], cookie: null);
    }

    public override void Dispose()
    {
        _keyShares?.Dispose();
        _handshakeSecrets?.Dispose();
        _resumption?.Dispose();
        base.Dispose();
    }

    protected override TransportError? OnMessage(HandshakeMessage message) => (_state, message.Type) switch
    {
        (State.WaitServerHello, HandshakeType.ServerHello) => OnServerHello(message),
        (State.WaitEncryptedExtensions, HandshakeType.EncryptedExtensions) => OnEncryptedExtensions(message),
        (State.WaitCertificateOrRequest, HandshakeType.CertificateRequest) => OnCertificateRequest(message),
        (State.WaitCertificateOrRequest or State.WaitCertificate, HandshakeType.Certificate) => OnCertificate(message),
        (State.WaitCertificateVerify, HandshakeType.CertificateVerify) => OnCertificateVerify(message),
        (State.WaitFinished, HandshakeType.Finished) => OnFinished(message),
        (State.Connected, HandshakeType.NewSessionTicket) => OnNewSessionTicket(message),
        // RFC 9001 §4.4: a server must not ask for a certificate after the handshake. (KeyUpdate, §6, is unexpected too.)
        (State.Connected, HandshakeType.CertificateRequest) =>
            new TransportError(TransportErrorCode.ProtocolViolation, "a CertificateRequest after the handshake"),
        _ => Unexpected(message),
    };

    /// <summary>
    /// Sends a ClientHello with fresh key shares; the second is the first but for the shares, a cookie, and what belongs to a session
    /// that is resumed (RFC 8446 §4.1.2).
    /// </summary>
    private void SendClientHello(IReadOnlyList<NamedGroup> groups, Bytes? cookie)
    {
        _keyShares?.Dispose();
        _keyShares = new ClientKeyShares(groups, _config.KeyExchange, _config.Entropy);

        ClientHello hello = new()
        {
            Random = ClientRandom,
            CipherSuites = _config.CipherSuites,
            ServerName = ServerNameExtension.HostNameFor(_config.ServerName),
            Groups = _config.Groups,
            SignatureSchemes = SignatureAlgorithm.HandshakeSchemes,
            CertificateSignatureSchemes = SignatureAlgorithm.CertificateSchemes,
            ApplicationProtocols = ApplicationProtocolsExtension.NamesOf(_config.ApplicationProtocols),
            Cookie = cookie,
            KeyShares = _keyShares.Entries,
            TransportParameters = _config.TransportParameters,
            OffersEarlyData = _offersEarlyData,
            PreSharedKeys = _resumption?.Offer,
        };
        byte[] message = hello.Encode();
        if (_resumption is null)
            Transcript.Append(message);
        else
            _resumption.AppendWithBinder(Transcript, message);
        _offered = ExtensionsOf(message);
        TellBytes(EncryptionLevel.Initial, message);
        if (_offersEarlyData)
            TellEarlySecret(KeyDirection.Write, _resumption!.Session.CipherSuite, _resumption.Schedule);
        _state = State.WaitServerHello;
    }

    private static ExtensionList ExtensionsOf(byte[] clientHello)
    {
        bool isRead = ClientHello.TryRead(new HandshakeMessage(clientHello).Body, out ClientHello? hello, out _);
        Debug.Assert(isRead, "what we encode, we can read");
        return hello?.Extensions ?? ExtensionList.Empty;
    }
}
