namespace CoQuic.Engine;

/// <summary>
/// Whether one path carries ECN marks, both ways (RFC 9000 §13.4.2, Appendix A.4): the first packets are marked, and marking goes on
/// once the peer's counts have confirmed them. Counts that do not fit end it.
/// </summary>
internal sealed class EcnValidator
{
    /// <summary>Packets that are marked before anything is known.</summary>
    public const int TestingPackets = 10;

    private readonly EcnCodepoint _codepoint;
    private int _marked;
    private int _lost;

    /// <param name="policy">Which codepoint to mark with.</param>
    public EcnValidator(EcnPolicy policy) =>
        _codepoint = policy == EcnPolicy.Rfc8311Ect1 ? EcnCodepoint.Ect1 : EcnCodepoint.Ect0;

    /// <summary>What is known so far.</summary>
    public EcnState State { get; private set; } = EcnState.Testing;

    /// <summary>The mark of the next datagram.</summary>
    public EcnCodepoint Mark => State is EcnState.Testing or EcnState.Capable ? _codepoint : EcnCodepoint.NotEct;

    /// <summary>A packet was sent.</summary>
    /// <param name="mark">How its datagram was marked.</param>
    public void OnSent(EcnCodepoint mark)
    {
        if (mark == EcnCodepoint.NotEct || State != EcnState.Testing)
            return;
        if (++_marked == TestingPackets)
            State = EcnState.Unknown;
    }

    /// <summary>An ACK frame that raised the largest acknowledged number was processed (RFC 9000 §13.4.2.1).</summary>
    /// <param name="newlyAcked">Packets of this path among those that it newly acknowledges, that were marked.</param>
    /// <param name="report">What its counts say.</param>
    public void OnAck(int newlyAcked, in EcnReport report)
    {
        if (State == EcnState.Failed)
            return;
        if (!report.IsPlausible || (newlyAcked > 0 && report.Increase(_codepoint) < (ulong)newlyAcked))
            State = EcnState.Failed;
        else if (newlyAcked > 0)
            State = EcnState.Capable;
    }

    /// <summary>A marked packet was lost. When all that were sent for a test are, the marks are to blame (RFC 9000 §13.4.2).</summary>
    public void OnLost()
    {
        if (State == EcnState.Unknown && ++_lost >= TestingPackets)
            State = EcnState.Failed;
        else if (State == EcnState.Testing)
            _lost++;
    }

    /// <summary>Nothing is acknowledged: whatever is sent now must not fail for its mark.</summary>
    public void OnProbeTimeout()
    {
        if (State == EcnState.Testing && _marked > 0)
            State = EcnState.Unknown;
    }
}

/// <summary>What is known of ECN on a path (RFC 9000 Appendix A.4).</summary>
public enum EcnState : byte
{
    /// <summary>The first packets are marked.</summary>
    Testing,

    /// <summary>They are sent, and nothing is known of them yet: no more are marked.</summary>
    Unknown,

    /// <summary>Marks arrive and are reported: all packets are marked.</summary>
    Capable,

    /// <summary>They are not, or not truly: nothing is marked any more.</summary>
    Failed,
}
