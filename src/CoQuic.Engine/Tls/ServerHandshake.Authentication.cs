using System;
using System.Collections.Generic;

namespace CoQuic.Engine;

/// <content>The client's flight: who it is, where it is asked, its Finished, and the tickets that follow (RFC 8446 §4.4, §4.6.1).</content>
internal sealed partial class ServerHandshake
{
    private readonly PeerAuthentication _peer;

    private TransportError? OnCertificate(HandshakeMessage message)
    {
        // Our request asks for no extension.
        if (_peer.OnCertificate(message, ExtensionList.Empty) is { } error)
            return error;
        // RFC 8446 §4.4.2.4: it is for us to say whether a client may go without.
        bool isEmpty = _peer.Chain.Count == 0;
        if (isEmpty && _config.ClientAuthentication!.IsRequired)
            return AlertDescription.CertificateRequired.Because("a client must show a certificate here");
        PeerCertificates = _peer.Chain;
        Transcript.Append(message.Encoded);
        _state = isEmpty ? State.WaitFinished : State.WaitCertificateVerify;
        return null;
    }

    private TransportError? OnCertificateVerify(HandshakeMessage message)
    {
        if (_peer.OnCertificateVerify(message, Transcript.CurrentHash()) is { } error)
            return error;
        Transcript.Append(message.Encoded);
        _state = State.WaitFinished;
        ClientAuthentication authentication = _config.ClientAuthentication!;
        return Judge(
            new CertificateQuestion(PeerCertificates, ServerName: "", authentication.Time, Role.Client), authentication.Verifier);
    }

    private TransportError? OnFinished(HandshakeMessage message)
    {
        if (CheckFinished(message, _handshakeSecrets!) is { } error)
            return error;

        // RFC 9001 §5.7: a server processes no 1-RTT packet before the handshake is complete.
        TellSecret(EncryptionLevel.OneRtt, KeyDirection.Read, _applicationSecrets!.Client);
        _handshakeSecrets!.Dispose();
        _applicationSecrets.Dispose();
        (_handshakeSecrets, _applicationSecrets) = (null, null);
        ReadFrom(EncryptionLevel.OneRtt);
        _state = State.Connected;
        Complete();
        return null;
    }

    /// <summary>
    /// Sends session tickets (RFC 8446 §4.6.1), once and when the handshake is complete, to a client that names a mode in which it can use
    /// them.
    /// </summary>
    /// <param name="now">Calendar time.</param>
    public void IssueTickets(DateTimeOffset now)
    {
        if (_resumption is not { } resumption || !_takesTickets)
            return;
        _resumption = null;
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
