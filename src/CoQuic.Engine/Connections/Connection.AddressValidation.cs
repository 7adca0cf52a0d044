using System;

namespace CoQuic.Engine;

/// <content>Address validation by tokens (RFC 9000 §8.1): a client obeys Retry, a server gives tokens for later connections.</content>
internal sealed partial class Connection
{
    private readonly ClientAddressValidation _validation;
    private readonly NewTokenIssuer _newTokens = new();

    /// <summary>Whether its handshake goes on from a Retry.</summary>
    public bool HasObeyedRetry => _validation.RetrySourceId is not null;

    /// <summary>
    /// A Retry (RFC 9000 §17.2.5.2): the client begins again under the same handle, with other Initial keys and a token. Packet numbers
    /// go on, and the ClientHello is the same (RFC 9000 §17.2.5.3).
    /// </summary>
    private DropReason? OnRetry(TimeUs now, ReadOnlySpan<byte> packet)
    {
        bool isExpected = _role == Role.Client && !HasProcessedPacket;
        if (!isExpected || !_validation.TryObey(packet, _version.Original, _setup.InitialDestinationId))
            return DropReason.Malformed;

        ConnectionId destination = _validation.RetrySourceId!.Value;
        OnPeerChoseId(destination);
        _keys.InstallInitial(InitialKeysOf(_version.Original));
        _idle.OnPacketReceived(now);
        _spaces.CancelProbes();
        _loss.OnRetryReceived(now, RecoveryContext);
        for (int index = 0; index < _loss.Lost.Count; index++)
            OnFramesLost(_loss.Lost[index].Space, _loss.Lost.FramesOf(index));
        return null;
    }

    /// <summary>RFC 9000 §8.1.3: who comes back from the same address will be known by these.</summary>
    private void IssueNewTokens(TimeUs now)
    {
        var scope = new TokenScope(
            _version.Current, CalendarAt(now).ToUnixTimeMilliseconds(), AddressDigest.OfAddress(CurrentPath.PeerIdentity));
        for (int count = 0; count < _config.NewTokensPerConnection && _newTokens.HasRoom; count++)
            _newTokens.Issue(Bytes.Wrap(_setup.Tokens!.Issue(scope)));
    }

    private void WriteNewTokens(ref QuicWriter writer, SentFrameList sent)
    {
        while (_newTokens.TryGetPending(out ulong number, out Bytes token))
        {
            var frame = new NewTokenFrame(token);
            if (frame.Size > writer.Remaining)
                return;
            frame.Write(ref writer);
            sent.Add(SentFrame.NewToken(number));
            _newTokens.OnSent(number);
        }
    }

    /// <summary>RFC 9000 §19.7: only a server sends it. A token that no Initial has room for is of no use.</summary>
    private TransportError? OnNewToken(ulong type, ref QuicReader reader)
    {
        if (_role == Role.Server)
            return new TransportError(TransportErrorCode.ProtocolViolation, "NEW_TOKEN from a client");
        if (!NewTokenFrame.TryRead(ref reader, out NewTokenFrame frame))
            return FrameReader.Malformed(type);
        if (frame.Token.Length <= ClientAddressValidation.MaximumTokenLength)
            Tell(new NewTokenAvailableEffect(Handle, Bytes.CopyOf(frame.Token)));
        return null;
    }
}
