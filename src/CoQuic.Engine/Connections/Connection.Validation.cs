using System;
using System.Buffers.Binary;
using System.Collections.Generic;

namespace CoQuic.Engine;

/// <content>Path validation (RFC 9000 §8.2): challenges and answers go out on their own path, and decide where the connection is.</content>
internal sealed partial class Connection
{
    /// <summary>The earliest instant at which a path has something to do.</summary>
    private TimeUs? PathDeadline
    {
        get
        {
            TimeUs? earliest = null;
            foreach (Path path in _paths.All)
            {
                earliest = TimeUs.Earliest(earliest, path.Validator.Deadline(MayProbe(path)));
                if (CurrentPath.IsValidated)
                    earliest = TimeUs.Earliest(earliest, path.KeepUntil);
            }

            return earliest;
        }
    }

    /// <summary>RFC 9000 §8.2.4: the timer covers the slower of the path itself, of which nothing may be known yet, and the current one.</summary>
    private void StartValidation(TimeUs now, Path path)
    {
        TimeSpan maxAckDelay = RecoveryContext.MaxAckDelay;
        path.Validator.Start(now, path.Recovery.Rtt.PtoBase + maxAckDelay, Pto);
    }

    private TransportError? OnPathChallenge(TimeUs now, ConnectionId destination, ulong data)
    {
        ArrivalPath(now, destination).Responses.Add(data);
        return null;
    }

    /// <summary>RFC 9000 §8.2.3: a response validates the path of its challenge, on whichever path it comes; others mean nothing.</summary>
    private void OnPathResponse(TimeUs now, ulong data)
    {
        for (int index = 0; index < _paths.All.Length; index++)
        {
            Path path = _paths.All[index];
            switch (path.Validator.OnResponse(now, data, out TimeSpan roundTrip))
            {
                case PathAnswer.Address:
                    path.Amplification.Validate();
                    _loss.Rearm(now, RecoveryContext);
                    return;
                case PathAnswer.Path:
                    OnPathValidated(now, path, roundTrip);
                    return;
                default:
                    break;
            }
        }
    }

    private void OnPathValidated(TimeUs now, Path path, TimeSpan roundTrip)
    {
        bool wasValidated = path.IsValidated;
        path.OnValidated();
        path.Recovery.Rtt.Assume(roundTrip);
        if (path == _paths.Successor)
            Migrate(now, path);
        else if (path == CurrentPath && !wasValidated)
            Tell(new PathChangedEffect(Handle, _previousRoute, path.Route, IsValidated: true));
        // RFC 9000 §9.3: who comes back from the new address should be known there too.
        if (_role == Role.Server && path == CurrentPath && !wasValidated)
            IssueNewTokens(now);
        _loss.Rearm(now, RecoveryContext);
    }

    /// <summary>Challenges that are not answered in time, and paths that were left long enough ago.</summary>
    private void OnPathTimeout(TimeUs now)
    {
        for (int index = _paths.All.Length - 1; index >= 0; index--)
        {
            if (_paths.All[index].Validator.OnTimeout(now))
                OnValidationFailed(now, _paths.All[index]);
        }

        while (IsAlive && _paths.Expired(now) is { } expired)
            Forget(expired);
    }

    /// <summary>RFC 9000 §9.3.2: back to the path that was validated last; without one the connection ends in silence.</summary>
    private void OnValidationFailed(TimeUs now, Path path)
    {
        Path? validated = _paths.LastValidated();
        if (path != CurrentPath)
        {
            if (path != validated || CurrentPath.IsValidated)
                GiveUp(path);
        }
        else if (validated is null)
        {
            EndInSilence(CloseOrigin.NoViablePath, "the peer answers on no path");
        }
        else
        {
            MoveTo(now, validated);
            Forget(path);
        }
    }

    /// <summary>A path that was only tried does not work: who asked for it is told that the connection stays where it is.</summary>
    private void GiveUp(Path path)
    {
        if (path == _paths.Successor)
            Tell(new PathChangedEffect(Handle, path.Route, CurrentPath.Route, CurrentPath.IsValidated));
        Forget(path);
    }

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
        EcnCodepoint mark = MarkFor(path);
        SentFrameList frames = _spaces.ApplicationData.Frames;
        frames.Clear();
        PacketBuilder builder = _packets.Begin(path, EncryptionLevel.OneRtt, runs.Reserve(size, effects));
        if (isChallengeDue)
            WriteChallenge(now, path, isExpanded: size >= DatagramSizes.Smallest, ref builder.Payload, frames);
        if (mayRespond)
            WriteResponses(path, ref builder.Payload, frames);
        var draft = new PacketDraft
        {
            Builder = builder,
            Mark = mark,
            Path = path,
            Level = EncryptionLevel.OneRtt,
            Frames = frames,
            IsAckEliciting = true,
        };
        int length = Complete(now, ref draft, size);
        Commit(runs, path, length, new DatagramAddressing(Handle, path.Route, mark), effects);
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
