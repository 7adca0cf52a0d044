using System;

namespace CoQuic.Engine;

/// <summary>The packet protection keys of a connection, by encryption level and direction (RFC 9001 §4, §5, §6).</summary>
internal sealed class ConnectionKeys : IDisposable
{
    private const int Levels = (int)EncryptionLevel.OneRtt + 1;

    private readonly PacketProtection?[] _receiving = new PacketProtection?[Levels];
    private readonly PacketProtection?[] _sending = new PacketProtection?[Levels];
    private InitialKeys? _initial;
    private InitialKeys? _otherInitial;
    private InitialKeys? _sendingInitial;
    private ReceivingKeyPhases? _receivingPhases;
    private SendingKeyPhases? _sendingPhases;
    private readonly AeadLimits? _ownLimits;
    private ulong _integrityLimit = ulong.MaxValue;
    private ulong _failures;
    private bool _isUpdateRequested;
    private bool _mayUpdate;

    /// <param name="initial">The keys to begin with; taken over.</param>
    /// <param name="limits">Limits below those of the cipher suite; none keeps to the suite's.</param>
    public ConnectionKeys(InitialKeys initial, AeadLimits? limits = null)
    {
        InstallInitial(initial);
        _ownLimits = limits;
    }

    /// <summary>The Key Phase bit of 1-RTT packets that are sent (RFC 9001 §6).</summary>
    public bool KeyPhase => _sendingPhases?.Phase ?? false;

    /// <summary>The Key Phase bit of 1-RTT packets that the current keys open.</summary>
    public bool ReceivingKeyPhase => _receivingPhases?.Phase ?? false;

    /// <summary>RFC 9001 §6.6: more packets failed to open than is safe, and the connection must end.</summary>
    public bool IsIntegrityLimitReached => _failures >= _integrityLimit;

    /// <summary>RFC 9001 §6.6: the 1-RTT keys have sealed as many packets as is safe, and the peer lets us have no new ones.</summary>
    public bool AreWornOut => _sendingPhases is { IsWornOut: true };

    /// <summary>RFC 9001 §6.4: the peer went back to keys that it had left behind.</summary>
    public bool IsOrderBroken => _receivingPhases is { IsOrderBroken: true };

    /// <summary>Initial keys of another destination replace those that were: a client obeys a Retry (RFC 9000 §17.2.5.2).</summary>
    public void InstallInitial(InitialKeys keys)
    {
        DiscardInitial();
        _initial = keys;
        _sendingInitial = keys;
    }

    /// <summary>Whether Initial packets of a version can be opened.</summary>
    public bool CanReceiveInitial(QuicVersion version) => InitialOf(version) is not null;

    /// <summary>Initial packets of another version are opened too from now on (RFC 9369 §4.1).</summary>
    public void AddInitial(InitialKeys keys)
    {
        _otherInitial?.Dispose();
        _otherInitial = keys;
    }

    /// <summary>Initial packets are sealed in this version from now on.</summary>
    public void SealInitialIn(QuicVersion version) => _sendingInitial = InitialOf(version);

    /// <summary>TLS has a new secret: the keys derive from it, and it is cleared.</summary>
    public void Install(QuicVersion version, TlsEvent.SecretsAvailable secrets)
    {
        ReadOnlySpan<byte> secret = secrets.Secret.Span;
        bool isRead = secrets.Direction == KeyDirection.Read;
        AeadLimits limits = _ownLimits ?? AeadLimits.Of(secrets.CipherSuite);
        if (secrets.Level != EncryptionLevel.OneRtt)
            (isRead ? _receiving : _sending)[(int)secrets.Level] = PacketProtection.Create(version, secrets.CipherSuite, secret);
        else if (isRead)
            _receivingPhases = new ReceivingKeyPhases(version, secrets.CipherSuite, secret);
        else
            _sendingPhases = new SendingKeyPhases(version, secrets.CipherSuite, limits.Confidentiality, secret);
        _integrityLimit = limits.Integrity;
        secrets.Clear();
    }

    public bool CanSend(EncryptionLevel level) => level switch
    {
        EncryptionLevel.Initial => _initial is not null,
        EncryptionLevel.OneRtt => _sendingPhases is not null,
        _ => _sending[(int)level] is not null,
    };

    public bool CanReceive(EncryptionLevel level) => level switch
    {
        EncryptionLevel.Initial => _initial is not null,
        EncryptionLevel.OneRtt => _receivingPhases is not null,
        _ => _receiving[(int)level] is not null,
    };

    /// <summary>The keys of packets that are sent; ask <see cref="CanSend"/> first.</summary>
    public PacketProtection ToSend(EncryptionLevel level)
    {
        PacketProtection? protection = level switch
        {
            EncryptionLevel.Initial => _sendingInitial?.Sending,
            EncryptionLevel.OneRtt => _sendingPhases?.Protection,
            _ => _sending[(int)level],
        };
        return protection ?? throw new InvalidOperationException($"There are no keys to send at {level}.");
    }

    /// <summary>A packet was sealed: keys wear out.</summary>
    public void OnSealed(EncryptionLevel level, ulong packetNumber)
    {
        if (level == EncryptionLevel.OneRtt)
            _sendingPhases?.OnSealed(packetNumber);
    }

    /// <summary>
    /// Opens a packet in place; one that is not authentic is left as it was. Ask <see cref="CanReceive"/> first, and for an Initial
    /// <see cref="CanReceiveInitial"/>.
    /// </summary>
    public bool TryOpen(
        TimeUs now,
        TimeSpan retention,
        Span<byte> bytes,
        in ProtectedPacket packet,
        ulong? largestReceived,
        out OpenedPacket opened)
    {
        EncryptionLevel level = packet.Type.Level();
        bool isOpen = level switch
        {
            EncryptionLevel.Initial => PacketOpener.TryOpen(
                InitialOf(packet.Version)!.Receiving, bytes, packet.PacketNumberOffset, largestReceived, out opened),
            EncryptionLevel.OneRtt => TryOpenOneRtt(
                now, retention, bytes, packet.PacketNumberOffset, largestReceived, out opened),
            _ => PacketOpener.TryOpen(
                _receiving[(int)level]!, bytes, packet.PacketNumberOffset, largestReceived, out opened),
        };
        _failures += isOpen ? 0UL : 1UL;
        return isOpen;
    }

    /// <summary>The application wants new keys; they come as soon as the rules allow (RFC 9001 §6.1).</summary>
    public void RequestUpdate() => _isUpdateRequested = true;

    /// <summary>The handshake is confirmed: from now on keys may be updated (RFC 9001 §6).</summary>
    public void AllowUpdates() => _mayUpdate = true;

    /// <summary>Updates the keys when that is wanted or due, and the peer has followed the last update (RFC 9001 §6.1).</summary>
    /// <param name="largestAcknowledged">The largest 1-RTT packet number that the peer acknowledged.</param>
    public void UpdateIfDue(ulong? largestAcknowledged)
    {
        if (!_mayUpdate || _sendingPhases is not { } sending || !(_isUpdateRequested || sending.IsUpdateDue))
            return;
        if (sending.Phase != _receivingPhases?.Phase || !sending.IsPhaseAcknowledged(largestAcknowledged))
            return;
        sending.Update();
        _isUpdateRequested = false;
    }

    /// <summary>Clears the keys of a level (RFC 9001 §4.9); false when there were none.</summary>
    public bool Discard(EncryptionLevel level)
    {
        if (level == EncryptionLevel.Initial)
            return DiscardInitial();
        int index = (int)level;
        bool had = _sending[index] is not null || _receiving[index] is not null;
        _receiving[index]?.Dispose();
        _sending[index]?.Dispose();
        _receiving[index] = null;
        _sending[index] = null;
        return had;
    }

    public void Dispose()
    {
        for (int level = 0; level < Levels; level++)
            Discard((EncryptionLevel)level);
        _receivingPhases?.Dispose();
        _sendingPhases?.Dispose();
    }

    private bool DiscardInitial()
    {
        bool had = _initial is not null;
        _initial?.Dispose();
        _otherInitial?.Dispose();
        (_initial, _otherInitial, _sendingInitial) = (null, null, null);
        return had;
    }

    private InitialKeys? InitialOf(QuicVersion version) =>
        _initial?.Version == version ? _initial : _otherInitial?.Version == version ? _otherInitial : null;

    private bool TryOpenOneRtt(
        TimeUs now, TimeSpan retention, Span<byte> packet, int packetNumberOffset, ulong? largestReceived, out OpenedPacket opened)
    {
        ReceivingKeyPhases receiving = _receivingPhases!;
        bool phase = receiving.Phase;
        if (!receiving.TryOpen(now, retention, packet, packetNumberOffset, largestReceived, out opened))
            return false;

        // RFC 9001 §6.2: the peer has updated; unless it follows an update of ours, our keys follow before anything is acknowledged.
        if (receiving.Phase != phase && _sendingPhases is { } sending && sending.Phase != receiving.Phase)
            sending.Update();
        return true;
    }
}
