using System.Linq;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>The client's key exchange: ServerHello and HelloRetryRequest (RFC 8446 §4.1.3, §4.1.4).</summary>
internal sealed partial class ClientHandshake
{
    private ClientKeyShares? _keyShares;
    private ServerHello? _retryRequest;
    private TrafficSecrets? _handshakeSecrets;

    private TransportError? OnServerHello(HandshakeMessage message)
    {
        if (!ServerHello.TryRead(message.Body, out ServerHello? hello, out TransportError? error))
            return error;
        error = CheckServerHello(hello);
        if (error is not null)
            return error;
        return hello.IsHelloRetryRequest ? OnHelloRetryRequest(hello, message) : OnKeyShare(hello, message);
    }

    /// <summary>What holds for a ServerHello and a HelloRetryRequest alike.</summary>
    private TransportError? CheckServerHello(ServerHello hello)
    {
        // RFC 8446 §4.1.3: without supported_versions the server chose an older version, which QUIC does not have.
        if (hello.SelectedVersion is null && hello.HasDowngradeSentinel)
            return AlertDescription.IllegalParameter.Because("a downgrade to an older version of TLS");
        if (hello.SelectedVersion is null)
            return AlertDescription.ProtocolVersion.Because("the server does not speak TLS 1.3");
        if (hello.SelectedVersion != SupportedVersionsExtension.Tls13)
            return AlertDescription.IllegalParameter.Because("a version of TLS that was not offered");
        if (!_config.CipherSuites.Contains(hello.CipherSuite))
            return AlertDescription.IllegalParameter.Because("a cipher suite that was not offered");

        ExtensionPlaces place = hello.IsHelloRetryRequest ? ExtensionPlaces.HelloRetryRequest : ExtensionPlaces.ServerHello;
        return ExtensionRules.Check(hello.Extensions, place, _offered);
    }

    private TransportError? OnHelloRetryRequest(ServerHello retry, HandshakeMessage message)
    {
        // RFC 8446 §4.1.4: one HelloRetryRequest at most, and it must change something.
        if (_retryRequest is not null)
            return AlertDescription.UnexpectedMessage.Because("a second HelloRetryRequest");
        if (retry.SelectedGroup is null && retry.Cookie is null)
            return AlertDescription.IllegalParameter.Because("a HelloRetryRequest that changes nothing");
        if (retry.SelectedGroup is { } wanted && (_keyShares!.Groups.Contains(wanted) || !_config.Groups.Contains(wanted)))
            return AlertDescription.IllegalParameter.Because("a HelloRetryRequest for a group already shared or not offered");

        _retryRequest = retry;
        SelectCipherSuite(retry.CipherSuite);
        OnResumptionRetried(retry.CipherSuite);
        Transcript.ReplaceWithMessageHash();
        Transcript.Append(message.Encoded);
        SendClientHello(retry.SelectedGroup is { } group ? [group] : _keyShares!.Groups, retry.Cookie);
        return null;
    }

    /// <summary>
    /// RFC 8446 §4.1.4: a key of another hash is not offered again; §4.2.10: and there is no early data after a HelloRetryRequest.
    /// </summary>
    private void OnResumptionRetried(CipherSuite suite)
    {
        if (_offersEarlyData)
            Tell(new TlsEvent.EarlyDataAnswered(IsAccepted: false));
        _offersEarlyData = false;
        if (_resumption?.Fits(suite) == false)
            DropResumption();
    }

    private void DropResumption()
    {
        _resumption?.Dispose();
        _resumption = null;
    }

    /// <summary>RFC 8446 §4.2.11: what the server took must have been offered, and fit the cipher suite.</summary>
    private TransportError? CheckSelectedIdentity(ServerHello hello)
    {
        if (hello.SelectedIdentity is not { } identity)
            return null;
        return identity == 0 && _resumption?.Fits(hello.CipherSuite) == true
            ? null
            : AlertDescription.IllegalParameter.Because("a pre-shared key that was not offered, or of another hash");
    }

    /// <summary>The key schedule goes on from the resumed session's key, or begins without one.</summary>
    private void BeginKeySchedule(ServerHello hello)
    {
        WasResumed = hello.SelectedIdentity is not null;
        BeginKeySchedule(WasResumed ? _resumption!.TakeSchedule() : new KeySchedule(hello.CipherSuite.Traits().Hash));
        DropResumption();
    }

    private TransportError? OnKeyShare(ServerHello hello, HandshakeMessage message)
    {
        if (_retryRequest is not null && hello.CipherSuite != _retryRequest.CipherSuite)
            return AlertDescription.IllegalParameter.Because("a cipher suite other than the HelloRetryRequest's");
        if (hello.KeyShare is null)
            return AlertDescription.MissingExtension.Because("a ServerHello without key_share");
        if (_keyShares!.Find(hello.KeyShare.Group) is not { } share)
            return AlertDescription.IllegalParameter.Because("a key share of a group for which there was none of ours");
        if (CheckSelectedIdentity(hello) is { } misfit)
            return misfit;
        if (!share.TryAgree(hello.KeyShare.PublicKey, out byte[]? sharedSecret))
            return AlertDescription.IllegalParameter.Because("a key share that is not a public key of its group");

        Group = hello.KeyShare.Group;
        if (_retryRequest is null)
            SelectCipherSuite(hello.CipherSuite);
        BeginKeySchedule(hello);
        Transcript.Append(message.Encoded);
        KeySchedule.MixSharedSecret(sharedSecret);
        CryptographicOperations.ZeroMemory(sharedSecret);
        _keyShares.Dispose();
        _keyShares = null;

        _handshakeSecrets = DeriveHandshakeSecrets();
        TellSecret(EncryptionLevel.Handshake, KeyDirection.Read, _handshakeSecrets.Server);
        TellSecret(EncryptionLevel.Handshake, KeyDirection.Write, _handshakeSecrets.Client);
        ReadFrom(EncryptionLevel.Handshake);
        _state = State.WaitEncryptedExtensions;
        return null;
    }
}
