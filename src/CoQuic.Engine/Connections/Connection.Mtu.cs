using System;
using System.Collections.Generic;

namespace CoQuic.Engine;

/// <content>How large datagrams are (RFC 9000 §14): probes go out, and what becomes of packets decides the size of the next.</content>
internal sealed partial class Connection
{
    /// <summary>The host heard that a datagram of ours was too large for its path (RFC 9000 §14.2.1).</summary>
    /// <returns>Whether the notice concerns this connection.</returns>
    public bool OnPathMtuUpdate(TimeUs now, in PathMtuUpdate update)
    {
        if (!IsAlive || _paths.Find(update.Route) is not { } path || !IsQuotedFrom(path, update.QuotedPacket))
            return false;
        path.Mtu.OnNotice(now, update.MaxUdpPayloadSize, _config.Transport.PmtudProvisionalIcmpReductions);
        path.ApplyMaximumDatagramSize(now);
        return true;
    }

    /// <summary>RFC 9000 §14.4: a probe is a PING with PADDING around it. It is sent alone, on a path that answers.</summary>
    private void TransmitMtuProbe(TimeUs now, DatagramRuns runs, List<Effect> effects)
    {
        Path path = CurrentPath;
        bool mayProbe = IsHandshakeConfirmed && path.IsValidated && _loss.PtoCount == 0
            && !_loss.IsFull(PacketNumberSpaceId.ApplicationData);
        if (!mayProbe || !path.Mtu.TryGetProbe(now, path.Recovery.AvailableWindow, out int size))
            return;
        PacketDraft draft = BeginProbe(path, runs.Reserve(size, effects), isMtuProbe: true);
        PingFrame.Write(ref draft.Builder.Payload);
        draft.Frames.Add(SentFrame.Ping());
        SendProbe(now, ref draft, size, runs, effects);
        path.Mtu.OnProbeSent();
    }

    /// <summary>
    /// RFC 9000 §14.2.1: a notice must quote a packet of this connection, by its connection IDs. A host that cannot see what was quoted
    /// vouches for the addresses alone.
    /// </summary>
    private bool IsQuotedFrom(Path path, Bytes quoted)
    {
        if (quoted.IsEmpty)
            return true;
        return InvariantHeader.TryRead(quoted.Span, path.RemoteId.Id.Length, out InvariantHeader header)
            && (header.DestinationConnectionId.SequenceEqual(path.RemoteId.Id.Span)
                || (header.IsLong && header.SourceConnectionId.SequenceEqual(_setup.LocalId.Span)));
    }
}
