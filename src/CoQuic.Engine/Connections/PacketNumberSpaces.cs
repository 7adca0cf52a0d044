namespace CoQuic.Engine;

/// <summary>The three packet number spaces of a connection.</summary>
internal sealed class PacketNumberSpaces
{
    private readonly PacketNumberSpace[] _spaces = new PacketNumberSpace[PacketNumberSpaceIds.Count];
    private readonly TransportConfig _transport;
    private bool _isConfirmed;

    /// <param name="transport">What was configured of acknowledgments.</param>
    public PacketNumberSpaces(TransportConfig transport)
    {
        _transport = transport;
        for (int space = 0; space < _spaces.Length; space++)
            Renew((PacketNumberSpaceId)space);
    }

    public PacketNumberSpace this[PacketNumberSpaceId id] => _spaces[(int)id];

    /// <summary>The space of an encryption level.</summary>
    public PacketNumberSpace this[EncryptionLevel level] => this[PacketNumberSpaceIds.Of(level)];

    /// <summary>The space that 0-RTT and 1-RTT packets share.</summary>
    public PacketNumberSpace ApplicationData => this[PacketNumberSpaceId.ApplicationData];

    /// <summary>Whether CRYPTO data of the handshake waits to be sent.</summary>
    public bool HasPendingHandshake => !_isConfirmed
        && (this[PacketNumberSpaceId.Initial].Crypto.HasPending || this[PacketNumberSpaceId.Handshake].Crypto.HasPending);

    /// <summary>When the first ACK must have been sent; none when no packet asks for one.</summary>
    public TimeUs? AckDeadline
    {
        get
        {
            TimeUs? earliest = ApplicationData.Acks.Deadline;
            if (_isConfirmed)
                return earliest;
            earliest = TimeUs.Earliest(earliest, this[PacketNumberSpaceId.Initial].Acks.Deadline);
            return TimeUs.Earliest(earliest, this[PacketNumberSpaceId.Handshake].Acks.Deadline);
        }
    }

    /// <summary>RFC 9001 §4.9: with its keys, all that a space still wanted is gone.</summary>
    public void Renew(PacketNumberSpaceId id) => _spaces[(int)id] = new PacketNumberSpace(id, _transport);

    /// <summary>
    /// The keys of the handshake are gone: its spaces want nothing any more, and are not asked. Where many connections take turns, what
    /// is not looked at need not be fetched from memory.
    /// </summary>
    public void OnConfirmed() => _isConfirmed = true;

    public void CancelProbes()
    {
        foreach (PacketNumberSpace space in _spaces)
            space.CancelProbes();
    }
}
