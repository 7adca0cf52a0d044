namespace CoQuic.Engine;

/// <summary>
/// What the peer reports of ECN marks over all paths (RFC 9000 §13.4.2.1): its counts are kept for each packet number space, and
/// compared with what was sent there.
/// </summary>
internal sealed class EcnReports
{
    private readonly EcnCounts[] _reported = new EcnCounts[PacketNumberSpaceIds.Count];
    private readonly EcnCounts[] _sent = new EcnCounts[PacketNumberSpaceIds.Count];

    /// <summary>A packet was sent.</summary>
    public void OnSent(PacketNumberSpaceId space, EcnCodepoint mark) => _sent[(int)space] = _sent[(int)space].Add(mark);

    /// <summary>An ACK frame came in that raised the largest acknowledged number; older ones may be out of order and prove nothing.</summary>
    /// <param name="space">Its packet number space.</param>
    /// <param name="counts">Its counts; none when it has none.</param>
    public EcnReport OnAck(PacketNumberSpaceId space, EcnCounts? counts)
    {
        if (counts is not { } current)
            return EcnReport.None;
        ref EcnCounts last = ref _reported[(int)space];
        EcnCounts sent = _sent[(int)space];
        bool rises = current.Ect0 >= last.Ect0 && current.Ect1 >= last.Ect1 && current.Ce >= last.Ce;
        bool wasSent = current.Ect0 <= sent.Ect0 && current.Ect1 <= sent.Ect1 && current.Ce <= sent.Ect0 + sent.Ect1;
        if (!rises || !wasSent)
            return EcnReport.Impossible;
        var increase = new EcnCounts(current.Ect0 - last.Ect0, current.Ect1 - last.Ect1, current.Ce - last.Ce);
        last = current;
        return new EcnReport(IsPlausible: true, increase);
    }
}

/// <summary>What the ECN counts of one ACK frame say.</summary>
/// <param name="IsPlausible">Whether they only rise, and claim nothing that was not sent.</param>
/// <param name="Increases">By how much each has risen.</param>
internal readonly record struct EcnReport(bool IsPlausible, EcnCounts Increases)
{
    /// <summary>An ACK frame without counts.</summary>
    public static EcnReport None => new(IsPlausible: true, default);

    /// <summary>Counts that cannot be.</summary>
    public static EcnReport Impossible => default;

    /// <summary>Packets that arrived with a codepoint, or with Congestion Experienced in its place.</summary>
    public ulong Increase(EcnCodepoint codepoint) =>
        Increases.Ce + (codepoint == EcnCodepoint.Ect1 ? Increases.Ect1 : Increases.Ect0);
}
