using System;
using System.Diagnostics;

namespace CoQuic.Engine;

/// <summary>
/// How large the datagrams of one path may be: Datagram Packetization Layer Path MTU Discovery (RFC 8899 §5, RFC 9000 §14.3). The
/// handshake has shown that the base size gets through, so that the search begins at once. QUIC acknowledges what it sends, so there is
/// no CONFIRMATION_TIMER (RFC 9000 §14.3.2): the fate of ordinary packets tells when a path carries less than it did.
/// </summary>
internal sealed class MtuDiscovery
{
    /// <summary>MAX_PROBES: a size is too large when so many probes of it are lost in a row (RFC 8899 §5.1.2).</summary>
    public const int MaximumProbes = 3;

    /// <summary>Flights in a row in which large packets are lost, and none acknowledged, until the path counts as a black hole for them.</summary>
    public const int BlackHoleFlights = 3;

    /// <summary>Probe timeouts in a row after which large packets are the suspects (RFC 8899 §4.3).</summary>
    public const int BlackHoleTimeouts = 3;

    /// <summary>PMTU_RAISE_TIMER: how long a search rests before it looks whether the path carries more by now (RFC 8899 §5.1.1).</summary>
    public static readonly TimeSpan RaiseInterval = TimeSpan.FromSeconds(600);

    private readonly int _base;
    private int _ceiling;
    private int _smallestRefuted;
    private int _probeSize;
    private int _lostProbes;
    private int _lostFlights;
    private int _smallestLost;
    private TimeUs _suspectedAt;
    private bool _isProbeInFlight;
    private int? _announced;
    private int? _sizeBeforeNotice;
    private TimeUs? _raiseAt;

    /// <param name="baseSize">BASE_PLPMTU: what the path is believed to carry, from 1200 bytes on.</param>
    /// <param name="ceiling">MAX_PLPMTU: no datagram is larger. The base where nothing is to be searched for.</param>
    public MtuDiscovery(int baseSize, int ceiling)
    {
        Debug.Assert(baseSize >= DatagramSizes.Smallest && ceiling >= baseSize, "the base is no less than every path carries");
        _base = baseSize;
        _ceiling = ceiling;
        MaximumDatagramSize = baseSize;
        _smallestRefuted = ceiling + 1;
    }

    /// <summary>The largest datagram that is sent for other than probing, in bytes.</summary>
    public int MaximumDatagramSize { get; private set; }

    /// <summary>Where the search is.</summary>
    public MtuState State =>
        _raiseAt is not null || MaximumDatagramSize >= _ceiling ? MtuState.SearchComplete : MtuState.Searching;

    /// <summary>Where to fall back to: the base, and what every path carries when it is the base that fails (RFC 8899 §5.2).</summary>
    private int SafeSize => MaximumDatagramSize > _base ? _base : DatagramSizes.Smallest;

    /// <summary>The peer's max_udp_payload_size is known (RFC 9000 §18.2): larger datagrams would not be taken.</summary>
    public void OnPeerLimit(ulong maxUdpPayloadSize)
    {
        _ceiling = (int)Math.Clamp(maxUdpPayloadSize, DatagramSizes.Smallest, (ulong)_ceiling);
        _smallestRefuted = Math.Min(_smallestRefuted, _ceiling + 1);
        MaximumDatagramSize = Math.Min(MaximumDatagramSize, _ceiling);
    }

    /// <summary>Whether a probe is due; there is one under way at most.</summary>
    /// <param name="now">The instant.</param>
    /// <param name="window">What congestion control admits, in bytes: a probe consumes it like any packet (RFC 9000 §14.4).</param>
    /// <param name="size">The size of the datagram to send.</param>
    public bool TryGetProbe(TimeUs now, ulong window, out int size)
    {
        size = 0;
        if (_isProbeInFlight || MaximumDatagramSize >= _ceiling)
            return false;
        if (_raiseAt is { } raise)
        {
            if (now < raise)
                return false;
            Restart();
        }

        if (_lostProbes == 0)
            _probeSize = MtuSearch.Next(MaximumDatagramSize, _smallestRefuted, _ceiling, window);
        size = _probeSize;
        return size > MaximumDatagramSize && (ulong)size <= window;
    }

    /// <summary>A probe of the size that was asked for is on its way.</summary>
    public void OnProbeSent() => _isProbeInFlight = true;

    /// <summary>A probe arrived: the path carries that much.</summary>
    public void OnProbeAcked(TimeUs now, int size)
    {
        _isProbeInFlight = false;
        _lostProbes = 0;
        if (size > MaximumDatagramSize && size <= _ceiling)
            MaximumDatagramSize = size;
        if (size >= _smallestRefuted)
            _smallestRefuted = _ceiling + 1;
        RestWhenDone(now);
    }

    /// <summary>A probe was lost, which says nothing about congestion.</summary>
    public void OnProbeLost(TimeUs now)
    {
        _isProbeInFlight = false;
        if (_probeSize < _smallestRefuted && ++_lostProbes < MaximumProbes)
            return;
        _lostProbes = 0;
        _smallestRefuted = Math.Min(_smallestRefuted, _probeSize);
        RestWhenDone(now);
    }

    /// <summary>A packet that was no probe arrived.</summary>
    /// <param name="size">Its size.</param>
    public void OnPacketAcked(int size)
    {
        if (size >= _smallestLost)
            _lostFlights = 0;

        // RFC 9000 §14.2.1: a reduction is provisional until the packet is lost, and here is one that a notice spoke against.
        if (_sizeBeforeNotice is { } before && size > MaximumDatagramSize && size <= before)
            (MaximumDatagramSize, _smallestRefuted) = (before, Math.Max(_smallestRefuted, before + 1));
    }

    /// <summary>Packets that were no probes were found lost, all at once.</summary>
    /// <param name="now">The instant.</param>
    /// <param name="largest">The size of the largest of them.</param>
    /// <param name="sentAt">When it was sent; of several, the last.</param>
    public void OnPacketsLost(TimeUs now, int largest, TimeUs sentAt)
    {
        if (largest > MaximumDatagramSize)
            return;
        if (_announced is { } announced && largest > announced)
            Shrink(now, announced, refuted: largest);
        else if (largest > SafeSize)
            SuspectBlackHole(now, largest, sentAt);
    }

    /// <summary>
    /// RFC 8899 §4.3: losses in a row of packets larger than every path carries, while none as large as the smallest of them arrives,
    /// are not the work of chance. Those of one flight are: a queue that is full drops its end, and timers find them one by one.
    /// </summary>
    private void SuspectBlackHole(TimeUs now, int size, TimeUs sentAt)
    {
        _smallestLost = _lostFlights == 0 ? size : Math.Min(_smallestLost, size);
        if (_lostFlights > 0 && sentAt <= _suspectedAt)
            return;
        _suspectedAt = now;
        if (++_lostFlights >= BlackHoleFlights)
            Shrink(now, SafeSize, refuted: _smallestLost);
    }

    /// <summary>Nothing is acknowledged any more, and probe timeouts follow each other.</summary>
    public void OnProbeTimeout(TimeUs now, int consecutive)
    {
        if (consecutive >= BlackHoleTimeouts && MaximumDatagramSize > DatagramSizes.Smallest)
            Shrink(now, SafeSize, refuted: _ceiling + 1);
    }

    /// <summary>
    /// The host was told what the path carries, and the quoted packet was ours (RFC 9000 §14.2.1). A notice never raises the size, and
    /// never makes it less than every QUIC path carries.
    /// </summary>
    /// <param name="now">The instant.</param>
    /// <param name="size">The largest datagram that fits.</param>
    /// <param name="isProvisional">
    /// Whether to believe it until a larger packet arrives after all; otherwise it is believed once a larger packet is lost.
    /// </param>
    public void OnNotice(TimeUs now, int size, bool isProvisional)
    {
        if (size < DatagramSizes.Smallest || size >= MaximumDatagramSize)
            return;
        if (!isProvisional)
        {
            _announced = size;
            return;
        }

        int before = MaximumDatagramSize;
        Shrink(now, size, refuted: size + 1);
        _sizeBeforeNotice = before;
    }

    /// <summary>Large datagrams do not get through, or did not: the search goes on from a size that does.</summary>
    private void Shrink(TimeUs now, int size, int refuted)
    {
        _smallestRefuted = refuted;
        MaximumDatagramSize = size;
        _lostProbes = 0;
        _lostFlights = 0;
        _announced = null;
        _sizeBeforeNotice = null;
        RestWhenDone(now);
    }

    private void Restart()
    {
        _raiseAt = null;
        _smallestRefuted = _ceiling + 1;
    }

    private void RestWhenDone(TimeUs now) =>
        _raiseAt = MtuSearch.IsDone(MaximumDatagramSize, _smallestRefuted) && MaximumDatagramSize < _ceiling ? now + RaiseInterval : null;
}

/// <summary>Where path MTU discovery is (RFC 8899 §5.2).</summary>
public enum MtuState : byte
{
    /// <summary>Larger datagrams are probed for.</summary>
    Searching,

    /// <summary>The largest size is found, or nothing is searched for.</summary>
    SearchComplete,
}
