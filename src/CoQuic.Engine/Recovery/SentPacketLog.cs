using System;
using System.Diagnostics;

namespace CoQuic.Engine;

/// <summary>
/// The packets sent in one packet number space, until their fate is known (RFC 9002 §A.1): a ring with one slot for each
/// number, so that any number is found at once, and a path from each acknowledged number to the next one that is not.
/// </summary>
internal sealed class SentPacketLog
{
    /// <summary>
    /// Numbers between the oldest packet in flight and the next: beyond it nothing may be sent, because a peer that
    /// acknowledges nothing must not make us remember everything.
    /// </summary>
    public const int MaximumSpan = 1 << 17;

    /// <summary>Numbers for which the lost, the skipped and the never-in-flight are still remembered once nothing older is in flight.</summary>
    public const int Memory = 256;

    private const int SmallestCapacity = 4;
    private const long None = -1;

    private SentFrameRing _frames = new();
    private Entry[] _entries = [];

    // Entries exist for numbers from _oldest to _next - 1. Everything in flight below _undecided is settled or lost.
    private long _oldest;
    private long _next;
    private long _undecided;
    private long _lastSkipped = None;
    private long _largestAcknowledged = None;

    private enum Fate : byte
    {
        Skipped,
        Outstanding,
        Lost,
        Acknowledged,
    }

    public ulong NextPacketNumber => (ulong)_next;

    public ulong? LargestAcknowledged => _largestAcknowledged == None ? null : (ulong)_largestAcknowledged;

    /// <summary>Ack-eliciting packets in flight.</summary>
    public int AckElicitingInFlight { get; private set; }

    /// <summary>time_of_last_ack_eliciting_packet: among those in flight.</summary>
    public TimeUs LastAckElicitingTime { get; private set; }

    /// <summary>Packets that were acknowledged after they had been declared lost.</summary>
    public ulong SpuriouslyLost { get; private set; }

    public bool IsFull => _next - _oldest >= MaximumSpan;

    /// <summary>Entries looked at so far: tests see in it that an ACK costs what it newly acknowledges.</summary>
    internal ulong Visits { get; private set; }

    /// <summary>Leaves a number unused: who acknowledges it acknowledges what it never received (RFC 9000 §21.4).</summary>
    /// <returns>The number that is never sent.</returns>
    public ulong Skip()
    {
        _lastSkipped = _next;
        NewEntry() = new Entry { Fate = Fate.Skipped };
        return (ulong)_lastSkipped;
    }

    /// <summary>Adds a packet that was just sent, with the next number.</summary>
    public void Append(in SentPacket packet, ReadOnlySpan<SentFrame> frames)
    {
        Debug.Assert((long)packet.PacketNumber == _next, "Packet numbers rise by one; others are skipped.");
        ForgetSettled();
        long start = _frames.Append(frames);
        NewEntry() = new Entry { Fate = Fate.Outstanding, Packet = packet, FrameStart = start, FrameCount = frames.Length };

        if (packet.IsAckEliciting && packet.IsInFlight)
        {
            AckElicitingInFlight++;
            LastAckElicitingTime = packet.TimeSent;
        }
    }

    /// <summary>Settles what a range newly acknowledges, the largest number first.</summary>
    /// <returns>False when the range has a number that was never sent.</returns>
    public bool TryAcknowledge(PacketNumberRange range, SettledPackets acknowledged)
    {
        if (range.Largest >= (ulong)_next)
            return false;
        _largestAcknowledged = Math.Max(_largestAcknowledged, (long)range.Largest);

        long smallest = Math.Max((long)range.Smallest, _oldest);
        long number = FindUnacknowledged((long)range.Largest);
        while (number >= smallest)
        {
            ref Entry entry = ref EntryOf(number);
            if (entry.Fate == Fate.Skipped)
                return false;
            OnAcknowledged(number, ref entry, acknowledged);
            number = FindUnacknowledged(number - 1);
        }

        return true;
    }

    /// <summary>
    /// Declares lost what a later acknowledgment has overtaken, oldest first (RFC 9002 §6.1, §A.10), and then forgets
    /// what is of no more use.
    /// </summary>
    /// <returns>loss_time: when the oldest packet that might still be lost will be, or null.</returns>
    public TimeUs? DetectLost(in LossRules rules, PersistentCongestion persistent, SettledPackets lost)
    {
        TimeUs? lossTime = null;
        for (; _undecided <= _largestAcknowledged; _undecided++)
        {
            Visits++;
            ref Entry entry = ref EntryOf(_undecided);
            if (entry.Fate == Fate.Acknowledged)
                persistent.OnAcknowledged();
            if (entry.Fate != Fate.Outstanding || !entry.Packet.IsInFlight)
                continue;

            // Times rise with numbers: what follows the first packet that is not lost is not lost either.
            if (!IsLost(entry.Packet, rules))
            {
                lossTime = entry.Packet.TimeSent + rules.LossDelay;
                break;
            }

            OnLost(ref entry, lost);
            if (rules.CountsAsPersistent(entry.Packet))
                persistent.OnLost(entry.Packet.TimeSent);
        }

        ForgetSettled();
        return lossTime;
    }

    /// <summary>Copies the oldest ack-eliciting packets in flight, at most so many: what a probe should repeat.</summary>
    public void CopyOldestOutstanding(int maximum, SettledPackets into)
    {
        int wanted = Math.Min(maximum, AckElicitingInFlight);
        for (long number = _undecided; wanted > 0 && number < _next; number++)
        {
            ref Entry entry = ref EntryOf(number);
            if (entry.Fate != Fate.Outstanding || !entry.Packet.IsAckEliciting)
                continue;
            into.Add(entry.Packet, FramesOf(entry));
            wanted--;
        }
    }

    /// <summary>Gives up all packets in flight of an encryption level: nobody can acknowledge them any more (RFC 9002 §6.4).</summary>
    public void Abandon(EncryptionLevel level, SettledPackets abandoned)
    {
        for (long number = _oldest; number < _next; number++)
        {
            ref Entry entry = ref EntryOf(number);
            if (entry.Fate == Fate.Outstanding && entry.Packet.IsInFlight && entry.Packet.Level == level)
                OnLost(ref entry, abandoned);
        }
    }

    /// <summary>Makes the numbers of a level's packets ones that nobody may acknowledge: they were refused unread.</summary>
    public void Disown(EncryptionLevel level)
    {
        for (long number = _oldest; number < _next; number++)
        {
            ref Entry entry = ref EntryOf(number);
            if (entry.Fate == Fate.Lost && entry.Packet.Level == level)
                entry.Fate = Fate.Skipped;
        }
    }

    /// <summary>
    /// Lets go of everything: nothing of the space will be sent or acknowledged any more (RFC 9001 §4.9), and nothing is in flight.
    /// What was counted, and the next number, stay.
    /// </summary>
    public void Clear()
    {
        Debug.Assert(AckElicitingInFlight == 0, "What is in flight is abandoned first.");
        _oldest = _next;
        _undecided = _next;
        _entries = [];
        _frames = new SentFrameRing();
    }

    private static bool IsInFlight(in Entry entry) => entry.Fate == Fate.Outstanding && entry.Packet.IsInFlight;

    private bool IsLost(in SentPacket packet, in LossRules rules)
    {
        // RFC 9002 §A.10 assumes numbers without gaps; one that we skipped ourselves overtook nobody.
        long number = (long)packet.PacketNumber;
        bool hasGap = _lastSkipped > number && _lastSkipped < _largestAcknowledged;
        long overtakenBy = _largestAcknowledged - number - (hasGap ? 1 : 0);
        return overtakenBy >= rules.PacketThreshold || packet.TimeSent <= rules.LostSendTime;
    }

    private void OnAcknowledged(long number, ref Entry entry, SettledPackets acknowledged)
    {
        bool wasLost = entry.Fate == Fate.Lost;
        if (wasLost)
            SpuriouslyLost++;
        else
            LeaveFlight(entry.Packet);
        entry.Fate = Fate.Acknowledged;
        entry.Below = number - 1;
        acknowledged.Add(entry.Packet with { WasDeclaredLost = wasLost }, FramesOf(entry));
    }

    private void OnLost(ref Entry entry, SettledPackets lost)
    {
        LeaveFlight(entry.Packet);
        entry.Fate = Fate.Lost;
        lost.Add(entry.Packet, FramesOf(entry));
    }

    private void LeaveFlight(in SentPacket packet)
    {
        if (packet.IsAckEliciting && packet.IsInFlight)
            AckElicitingInFlight--;
    }

    /// <summary>The nearest number at or below one that is not acknowledged. Shortens the way for those who come later.</summary>
    private long FindUnacknowledged(long number)
    {
        long found = number;
        while (found >= _oldest && EntryOf(found).Fate == Fate.Acknowledged)
        {
            Visits++;
            found = EntryOf(found).Below;
        }

        while (number > found && number >= _oldest)
        {
            ref Entry entry = ref EntryOf(number);
            number = entry.Below;
            entry.Below = found;
        }

        return found >= _oldest ? found : None;
    }

    /// <summary>Frees the oldest entries: the acknowledged, and after a while those whose fate matters to nobody.</summary>
    private void ForgetSettled()
    {
        while (_oldest < _next)
        {
            ref Entry entry = ref EntryOf(_oldest);
            if (IsInFlight(entry) || (entry.Fate != Fate.Acknowledged && _oldest + Memory > _next))
                break;
            _oldest++;
            if (entry.Fate != Fate.Skipped)
                _frames.ReleaseBefore(entry.FrameStart + entry.FrameCount);
        }

        _undecided = Math.Max(_undecided, _oldest);
    }

    private ReadOnlySpan<SentFrame> FramesOf(in Entry entry) => _frames.Read(entry.FrameStart, entry.FrameCount);

    private ref Entry EntryOf(long number) => ref _entries[number & (_entries.Length - 1)];

    private ref Entry NewEntry()
    {
        if (_next - _oldest == _entries.Length)
            Grow();
        return ref EntryOf(_next++);
    }

    private void Grow()
    {
        Entry[] larger = new Entry[Math.Max(SmallestCapacity, 2 * _entries.Length)];
        for (long number = _oldest; number < _next; number++)
            larger[number & (larger.Length - 1)] = EntryOf(number);
        _entries = larger;
    }

    private struct Entry
    {
        public SentPacket Packet;
        public long FrameStart;
        public int FrameCount;
        public Fate Fate;

        /// <summary>Of an acknowledged entry: the nearest number below it that may not be acknowledged.</summary>
        public long Below;
    }
}
