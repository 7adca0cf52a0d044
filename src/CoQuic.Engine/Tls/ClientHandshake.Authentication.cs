using System.Collections.Generic;

namespace CoQuic.Engine;

/// <summary>
/// From EncryptedExtensions to Finished: the server says what it chose and proves who it is (RFC 8446 §4.3, §4.4).
/// </summary>
internal sealed partial class ClientHandshake
{
    private readonly PeerAuthentication _peer;
    private CertificateRequestMessage? _certificateRequest;

    private TransportError? OnEncryptedExtensions(HandshakeMessage message)
    {
        if (!EncryptedExtensions.TryRead(message.Body, out EncryptedExtensions? extensions, out TransportError? error))
            return error;
        error = ExtensionRules.Check(extensions.Extensions, ExtensionPlaces.EncryptedExtensions, _offered)
            ?? CheckApplicationProtocol(extensions.ApplicationProtocols)
            ?? CheckEarlyData(extensions.AcceptsEarlyData);
        if (error is not null)
            return error;
        if (extensions.TransportParameters is not { } parameters)
            return AlertDescription.MissingExtension.Because("EncryptedExtensions without quic_transport_parameters");

        Transcript.Append(message.Encoded);
        if (_offersEarlyData)
            Tell(new TlsEvent.EarlyDataAnswered(extensions.AcceptsEarlyData));
        Tell(new TlsEvent.PeerTransportParameters(parameters));
        // RFC 8446 §2.2: who has the key needs no certificate.
        _state = WasResumed ? State.WaitFinished : State.WaitCertificateOrRequest;
        return null;
    }

    /// <summary>RFC 8446 §4.2.10: early data is accepted only with its key, its cipher suite and its application protocol.</summary>
    private TransportError? CheckEarlyData(bool isAccepted)
    {
        bool isSame = WasResumed && CipherSuite == _config.Session!.CipherSuite
            && ApplicationProtocol == _config.Session.ApplicationProtocol;
        return isSame || !isAccepted
            ? null
            : AlertDescription.IllegalParameter.Because("early data accepted for another key, cipher suite or protocol");
    }

    /// <summary>
    /// RFC 9001 §8.1: an application protocol must be negotiated; RFC 7301 §3.1: exactly one, of those we named.
    /// </summary>
    private TransportError? CheckApplicationProtocol(IReadOnlyList<Bytes>? chosen)
    {
        if (chosen is null)
            return AlertDescription.NoApplicationProtocol.Because("the server chose no application protocol");
        if (chosen.Count != 1)
            return AlertDescription.DecodeError.Because("more than one application protocol chosen");
        ApplicationProtocol = ApplicationProtocolsExtension.Select(_config.ApplicationProtocols, chosen);
        return ApplicationProtocol is null
            ? AlertDescription.IllegalParameter.Because("an application protocol that was not offered")
            : null;
    }

    private TransportError? OnCertificateRequest(HandshakeMessage message)
    {
        if (!CertificateRequestMessage.TryRead(message.Body, out CertificateRequestMessage? request, out TransportError? error))
            return error;
        error = ExtensionRules.Check(request.Extensions, ExtensionPlaces.CertificateRequest, _offered);
        if (error is not null)
            return error;
        Transcript.Append(message.Encoded);
        _certificateRequest = request;
        _state = State.WaitCertificate;
        return null;
    }

    private TransportError? OnCertificate(HandshakeMessage message)
    {
        if (_peer.OnCertificate(message, _offered) is { } error)
            return error;
        // RFC 8446 §4.4.2.4: a server must show a certificate.
        if (_peer.Chain.Count == 0)
            return AlertDescription.DecodeError.Because("a server's Certificate without a certificate");
        PeerCertificates = _peer.Chain;
        Transcript.Append(message.Encoded);
        _state = State.WaitCertificateVerify;
        return null;
    }

    /// <summary>The chain and the name are judged after the cheaper proof that the server holds the key.</summary>
    private TransportError? OnCertificateVerify(HandshakeMessage message)
    {
        if (_peer.OnCertificateVerify(message, Transcript.CurrentHash()) is { } error)
            return error;
        Transcript.Append(message.Encoded);
        _state = State.WaitFinished;
        return Judge(new CertificateQuestion(PeerCertificates, _config.ServerName, _config.Time, Role.Server), _config.Verifier);
    }

    private TransportError? OnFinished(HandshakeMessage message)
    {
        if (CheckFinished(message, _handshakeSecrets!) is { } error)
            return error;

        using TrafficSecrets application = DeriveApplicationSecrets();
        byte[] authentication = _certificateRequest is { } request ? AnswerRequest(request) : [];
        byte[] finished = MakeFinished(_handshakeSecrets!);
        _handshakeSecrets!.Dispose();
        (_handshakeSecrets, _certificateRequest, _offered) = (null, null, ExtensionList.Empty);

        TellBytes(EncryptionLevel.Handshake, [.. authentication, .. finished]);
        TellSecret(EncryptionLevel.OneRtt, KeyDirection.Write, application.Client);
        TellSecret(EncryptionLevel.OneRtt, KeyDirection.Read, application.Server);
        ReadFrom(EncryptionLevel.OneRtt);
        _state = State.Connected;
        Complete();
        return null;
    }

    /// <summary>RFC 8446 §4.4.2: a client without a suitable certificate answers a request with an empty one.</summary>
    private byte[] AnswerRequest(CertificateRequestMessage request)
    {
        CertificateIdentity? identity =
            _config.Identities?.Select(new ClientIdentityQuestion(_config.ServerName, request.SignatureSchemes));
        if (identity is not null && OwnAuthentication.SchemeFor(identity, request.SignatureSchemes) is { } scheme)
            return OwnAuthentication.Prove(identity, scheme, Role.Client, Transcript);
        byte[] empty = CertificateMessage.Encode([], []);
        Transcript.Append(empty);
        return empty;
    }

    private TransportError? OnNewSessionTicket(HandshakeMessage message)
    {
        if (!NewSessionTicket.TryRead(message.Body, out NewSessionTicket? ticket, out TransportError? error))
            return error;
        Tell(new TlsEvent.SessionTicketReceived(ticket, Bytes.Wrap(TicketKey(ticket.Nonce))));
        return null;
    }
}
