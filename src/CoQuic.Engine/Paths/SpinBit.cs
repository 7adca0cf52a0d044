namespace CoQuic.Engine;

/// <summary>
/// The latency spin bit of one path (RFC 9000 §17.4): the server reflects what it receives and the client inverts it, so that whoever
/// watches sees one wave a round trip. Where it is disabled, a value that means nothing stands in its place.
/// </summary>
internal sealed class SpinBit
{
    /// <summary>At least one path in so many does not spin, whatever the configuration says.</summary>
    public const int PathsPerDisabled = 16;

    private const byte MeaninglessValueBit = 0x80;

    private readonly bool _inverts;
    private readonly bool _isSpun;
    private readonly bool _meaningless;
    private ulong? _largestReceived;
    private bool _value;

    /// <param name="role">Ours: only clients invert.</param>
    /// <param name="isEnabled">Whether the configuration wants it.</param>
    /// <param name="draw">A random byte.</param>
    public SpinBit(Role role, bool isEnabled, byte draw)
    {
        _inverts = role == Role.Client;
        _isSpun = isEnabled && draw % PathsPerDisabled != 0;
        _meaningless = (draw & MeaninglessValueBit) != 0;
    }

    /// <summary>Whether this path spins.</summary>
    public bool IsSpun => _isSpun;

    /// <summary>The bit of the next 1-RTT packet.</summary>
    public bool Value => _isSpun ? _value : _meaningless;

    /// <summary>A 1-RTT packet came in on this path.</summary>
    public void OnReceived(ulong packetNumber, bool spin)
    {
        if (packetNumber <= _largestReceived)
            return;
        _largestReceived = packetNumber;
        _value = spin ^ _inverts;
    }

    /// <summary>Packets on this path are sent to another connection ID from now on.</summary>
    public void Reset() => _value = false;
}
