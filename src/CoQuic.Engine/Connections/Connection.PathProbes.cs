using System;
using System.Buffers.Binary;
using System.Collections.Generic;

namespace CoQuic.Engine;

/// <content>What is sent to validate paths (RFC 9000 §8.2): challenges and answers go out on their own path.</content>
internal sealed partial class Connection
{
    /// <summary>What a datagram with one frame of each kind needs: below it, the amplification limit leaves nothing to send.</summary>
    private static int SmallestPathProbe(Path path) =>
        PacketBuilder.ShortHeaderSize(path.RemoteId.Id, PacketNumber.MaximumLength) + PacketBuilder.TagLength
        + PathResponseFrame.Size + PathChallengeFrame.Size + 1;

    private bool MayProbe(Path path) =>
        _keys.CanSend(EncryptionLevel.OneRtt)
        && path.Amplification.CanSend(SmallestPathProbe(path))
        && !_loss.IsFull(PacketNumberSpaceId.ApplicationData);

    /// <summary>Sends what paths have to ask and to answer. Each has a datagram of its own, as it belongs to its path.</summary>
    private void TransmitPathProbes(TimeUs now, DatagramRuns runs, List<Effect> effects)
    {
        foreach (Path path in _paths.All)
        {
            bool isChallengeDue = path.Validator.IsChallengeDue(now);
            // RFC 9000 §8.2.2: nothing but congestion control delays a response. Challenges are few, and timed like probes.
            bool mayRespond = path.Responses.HasPending && path.Recovery.AvailableWindow >= DatagramSizes.Smallest;
            if ((isChallengeDue || mayRespond) && MayProbe(path))
                TransmitPathProbe(now, path, isChallengeDue, mayRespond, runs, effects);
            // A repeated challenge goes twice; RFC 9000 §8.2.1: never two in one packet.
            if (path.Validator.IsChallengeDue(now) && MayProbe(path))
                TransmitPathProbe(now, path, isChallengeDue: true, mayRespond: false, runs, effects);
        }
    }

    private void TransmitPathProbe(
        TimeUs now, Path path, bool isChallengeDue, bool mayRespond, DatagramRuns runs, List<Effect> effects)
    {
        // RFC 9000 §8.2.1, §8.2.2: the datagram has the size that every path must carry, unless that exceeds the amplification limit.
        int size = (int)Math.Min(DatagramSizes.Smallest, path.Amplification.Budget);
        PacketDraft draft = BeginProbe(path, runs.Reserve(size, effects));
        if (isChallengeDue)
            WriteChallenge(now, path, isExpanded: size >= DatagramSizes.Smallest, ref draft.Builder.Payload, draft.Frames);
        if (mayRespond)
            WriteResponses(path, ref draft.Builder.Payload, draft.Frames);
        SendProbe(now, ref draft, size, runs, effects);
    }

    /// <summary>A packet that belongs to a path, alone in its datagram.</summary>
    private PacketDraft BeginProbe(Path path, Span<byte> room, bool isMtuProbe = false)
    {
        SentFrameList frames = _spaces.ApplicationData.Frames;
        frames.Clear();
        return new PacketDraft
        {
            Builder = _packets.Begin(path, EncryptionLevel.OneRtt, room),
            Mark = MarkFor(path),
            Path = path,
            Level = EncryptionLevel.OneRtt,
            Frames = frames,
            IsAckEliciting = true,
            IsMtuProbe = isMtuProbe,
        };
    }

    private void SendProbe(TimeUs now, ref PacketDraft draft, int size, DatagramRuns runs, List<Effect> effects)
    {
        Path path = draft.Path;
        var addressing = new DatagramAddressing(Handle, path.Route, draft.Mark, draft.IsMtuProbe);
        Commit(runs, path, Complete(now, ref draft, size), addressing, effects);
    }

    private void WriteChallenge(TimeUs now, Path path, bool isExpanded, ref QuicWriter writer, SentFrameList sent)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        _config.Entropy.Fill(bytes);
        ulong data = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        new PathChallengeFrame(data).Write(ref writer);
        sent.Add(SentFrame.PathChallenge());
        path.Validator.OnChallengeSent(now, data, isExpanded);
    }

    private void WriteResponses(Path path, ref QuicWriter writer, SentFrameList sent)
    {
        while (writer.Remaining > PathResponseFrame.Size && path.Responses.TryTake(out ulong challenge))
        {
            new PathResponseFrame(challenge).Write(ref writer);
            sent.Add(SentFrame.PathResponse());
        }

        // RFC 9000 §9.3.3: on the active path the answer is no mere probe, so that it outruns whoever forwards copies.
        if (path != CurrentPath || writer.Remaining == 0)
            return;
        PingFrame.Write(ref writer);
        sent.Add(SentFrame.Ping());
    }
}
