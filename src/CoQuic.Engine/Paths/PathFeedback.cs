namespace CoQuic.Engine;

/// <summary>
/// What acknowledgments and losses tell each path about itself: whether it carries ECN marks (RFC 9000 §13.4), and how large its
/// datagrams may be (RFC 9000 §14).
/// </summary>
/// <param name="paths">The paths of the connection.</param>
/// <param name="loss">Who settles packets.</param>
internal sealed class PathFeedback(PathSet paths, LossDetector loss)
{
    private readonly EcnReports _reports = new();

    /// <summary>A packet was sent on a path.</summary>
    public void OnPacketSent(Path path, in SentPacket packet)
    {
        path.Ecn.OnSent(packet.Ecn);
        _reports.OnSent(packet.Space, packet.Ecn);
    }

    /// <summary>Loss detection has taken an ACK frame.</summary>
    /// <param name="now">The instant.</param>
    /// <param name="space">Its packet number space.</param>
    /// <param name="counts">Its ECN counts; none when it has none.</param>
    /// <param name="hasRisen">Whether it raised the largest acknowledged number: its counts are to fit what it acknowledges.</param>
    public void OnAcknowledged(TimeUs now, PacketNumberSpaceId space, EcnCounts? counts, bool hasRisen)
    {
        foreach (ref readonly SentPacket packet in loss.Acknowledged.Packets)
        {
            if (paths.Find(packet.PathId) is { } path)
                OnSizeArrived(now, path, packet);
        }

        if (hasRisen)
            OnEcnReport(now, space, counts);
    }

    /// <summary>What loss detection has just declared lost tells about marks and sizes.</summary>
    public void OnLost(TimeUs now)
    {
        foreach (Path path in paths.All)
        {
            int largest = 0;
            TimeUs sentAt = now;
            foreach (ref readonly SentPacket packet in loss.Lost.Packets)
            {
                if (packet.PathId != path.Recovery.Id)
                    continue;
                if (packet.IsMtuProbe)
                    path.Mtu.OnProbeLost(now);
                else if (packet.Size >= largest)
                    (largest, sentAt) = (packet.Size, packet.TimeSent);
                if (packet.IsEcnMarked)
                    path.Ecn.OnLost();
            }

            if (largest > 0)
                path.Mtu.OnPacketsLost(now, largest, sentAt);
            path.ApplyMaximumDatagramSize(now);
        }
    }

    /// <summary>Nothing is acknowledged any more: large datagrams and marks are under suspicion.</summary>
    public void OnProbeTimeout(TimeUs now)
    {
        Path path = paths.Current;
        path.Ecn.OnProbeTimeout();
        path.Mtu.OnProbeTimeout(now, loss.PtoCount);
        path.ApplyMaximumDatagramSize(now);
    }

    private static void OnSizeArrived(TimeUs now, Path path, in SentPacket packet)
    {
        if (packet.IsMtuProbe)
            path.Mtu.OnProbeAcked(now, packet.Size);
        else
            path.Mtu.OnPacketAcked(packet.Size);
        path.ApplyMaximumDatagramSize(now);
    }

    private void OnEcnReport(TimeUs now, PacketNumberSpaceId space, EcnCounts? counts)
    {
        EcnReport report = _reports.OnAck(space, counts);
        foreach (Path path in paths.All)
            path.Ecn.OnAck(NewlyAckedMarks(path), report);
        if (report.Increases.Ce > 0 && paths.Current.Ecn.State == EcnState.Capable)
            loss.OnCongestionExperienced(now);
    }

    private int NewlyAckedMarks(Path path)
    {
        if (path.Ecn.State == EcnState.Failed)
            return 0;
        int count = 0;
        foreach (ref readonly SentPacket packet in loss.Acknowledged.Packets)
            count += packet.PathId == path.Recovery.Id && packet.IsEcnMarked ? 1 : 0;
        return count;
    }
}
