namespace CoQuic.Engine;

/// <content>Explicit congestion notification (RFC 9000 §13.4): each path is tested, and reacted to once it has passed.</content>
internal sealed partial class Connection
{
    private readonly EcnReports _ecnReports = new();

    /// <summary>How the next datagram is marked. A client's first flight is not: it has to get through.</summary>
    private EcnCodepoint MarkFor(Path path) =>
        _role == Role.Client && !HasProcessedPacket ? EcnCodepoint.NotEct : path.Ecn.Mark;

    private void OnPacketMarked(Path path, in SentPacket packet)
    {
        path.Ecn.OnSent(packet.Ecn);
        _ecnReports.OnSent(packet.Space, packet.Ecn);
    }

    /// <summary>An ACK frame has raised the largest acknowledged number: its counts are to fit what it acknowledges.</summary>
    private void OnEcnReport(TimeUs now, PacketNumberSpaceId space, EcnCounts? counts)
    {
        EcnReport report = _ecnReports.OnAck(space, counts);
        foreach (Path path in _paths.All)
            path.Ecn.OnAck(NewlyAckedMarks(path), report);
        if (report.Increases.Ce > 0 && CurrentPath.Ecn.State == EcnState.Capable)
            _loss.OnCongestionExperienced(now);
    }

    private int NewlyAckedMarks(Path path)
    {
        if (path.Ecn.State == EcnState.Failed)
            return 0;
        int count = 0;
        foreach (ref readonly SentPacket packet in _loss.Acknowledged.Packets)
            count += packet.PathId == path.Recovery.Id && packet.IsEcnMarked ? 1 : 0;
        return count;
    }

    /// <summary>What loss detection has just declared lost tells about marks and sizes.</summary>
    private void TellPathsOfLosses(TimeUs now)
    {
        foreach (Path path in _paths.All)
        {
            int largest = 0;
            foreach (ref readonly SentPacket packet in _loss.Lost.Packets)
            {
                if (packet.PathId != path.Recovery.Id)
                    continue;
                if (packet.IsMtuProbe)
                    path.Mtu.OnProbeLost(now);
                else if (packet.Size > largest)
                    largest = packet.Size;
                if (packet.IsEcnMarked)
                    path.Ecn.OnLost();
            }

            OnMtuLosses(now, path, largest);
        }
    }

    private void OnPacketAcked(TimeUs now, in SentPacket packet)
    {
        if (_paths.Find(packet.PathId) is { } path)
            OnMtuEvidence(now, path, packet);
    }

    /// <summary>Nothing is acknowledged any more: large datagrams and marks are under suspicion.</summary>
    private void OnProbeTimeout(TimeUs now)
    {
        CurrentPath.Ecn.OnProbeTimeout();
        CurrentPath.Mtu.OnProbeTimeout(now, _loss.PtoCount);
        ApplyMaximumDatagramSize(now, CurrentPath);
    }
}
