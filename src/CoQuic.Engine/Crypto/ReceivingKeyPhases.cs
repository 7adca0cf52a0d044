using System;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>
/// The keys that open 1-RTT packets, through the key updates of the peer (RFC 9001 §6): those of the current phase, those of the next,
/// made in advance so that time does not tell when they are first used (§6.3), and for a while those of the previous one (§6.5).
/// </summary>
internal sealed class ReceivingKeyPhases : IDisposable
{
    private readonly QuicVersion _version;
    private readonly CipherSuite _suite;
    private readonly HeaderProtectionKey _headerKey;
    private byte[] _nextSecret;
    private PacketKey _current;
    private PacketKey _next;
    private PacketKey? _previous;
    private TimeUs _previousExpires;

    // The lowest packet number that the current keys opened, and the highest that older ones did.
    private ulong _firstOfPhase;
    private ulong? _lastOfPrevious;

    public ReceivingKeyPhases(QuicVersion version, CipherSuite suite, ReadOnlySpan<byte> secret)
    {
        _version = version;
        _suite = suite;
        PacketProtection first = PacketProtection.Create(version, suite, secret);
        _headerKey = first.HeaderKey;
        _current = first.Key;
        _nextSecret = PacketProtectionKeys.NextGeneration(version, suite, secret);
        _next = PacketKey.Derive(version, suite, _nextSecret);
    }

    /// <summary>The Key Phase bit of packets that the current keys open.</summary>
    public bool Phase { get; private set; }

    /// <summary>
    /// Whether a packet was opened with older keys than one of a lower number: the peer broke RFC 9001 §6.4, which is a KEY_UPDATE_ERROR.
    /// </summary>
    public bool IsOrderBroken { get; private set; }

    /// <summary>Opens a packet with the keys of its phase. A packet of the next phase makes that the current one.</summary>
    /// <param name="now">The instant.</param>
    /// <param name="retention">How long keys are kept after an update: three probe timeouts (RFC 9001 §6.5).</param>
    /// <param name="packet">The whole packet; left as it was when it is not authentic.</param>
    /// <param name="packetNumberOffset">Where its Packet Number field begins.</param>
    /// <param name="largestReceived">The largest packet number received, if any.</param>
    /// <param name="opened">The packet.</param>
    public bool TryOpen(
        TimeUs now, TimeSpan retention, Span<byte> packet, int packetNumberOffset, ulong? largestReceived, out OpenedPacket opened)
    {
        opened = default;
        if (!HeaderProtection.TryRemove(_headerKey, packet, packetNumberOffset, out UnprotectedHeader header))
            return false;
        if (header.KeyPhase != Phase)
            return TryOpenOtherPhase(now, retention, packet, packetNumberOffset, header, largestReceived, out opened);
        if (!PacketOpener.TryOpen(_current, packet, header, largestReceived, out opened))
            return false;
        if (opened.PacketNumber < _firstOfPhase)
        {
            _firstOfPhase = opened.PacketNumber;
            IsOrderBroken |= opened.PacketNumber < _lastOfPrevious;
        }

        return true;
    }

    public void Dispose()
    {
        _current.Dispose();
        _next.Dispose();
        _previous?.Dispose();
        _headerKey.Dispose();
        CryptographicOperations.ZeroMemory(_nextSecret);
    }

    /// <summary>RFC 9001 §6.3: the packet number tells a late packet of the previous phase from the first of the next.</summary>
    private bool TryOpenOtherPhase(
        TimeUs now,
        TimeSpan retention,
        Span<byte> packet,
        int packetNumberOffset,
        in UnprotectedHeader header,
        ulong? largestReceived,
        out OpenedPacket opened)
    {
        PacketKey? previous = now <= _previousExpires ? _previous : null;
        ulong number = PacketNumber.Decode(largestReceived, header.ReadPacketNumber(packet), 8 * header.PacketNumberLength);
        if (number < _firstOfPhase)
            return TryOpenLate(previous, packet, header, largestReceived, out opened);
        if (PacketOpener.TryOpen(_next, packet, header, largestReceived, out opened))
        {
            IsOrderBroken |= opened.PacketNumber < largestReceived;
            Advance(now + retention, opened.PacketNumber, largestReceived);
            return true;
        }

        // RFC 9001 §6.4: nothing but a peer's mistake opens with the keys that it has left behind.
        if (previous is null || !HeaderProtection.TryRemove(_headerKey, packet, packetNumberOffset, out UnprotectedHeader again))
            return false;
        bool isOld = PacketOpener.TryOpen(previous, packet, again, largestReceived, out opened);
        IsOrderBroken |= isOld;
        return isOld;
    }

    private bool TryOpenLate(
        PacketKey? previous, Span<byte> packet, in UnprotectedHeader header, ulong? largestReceived, out OpenedPacket opened)
    {
        opened = default;
        if (previous is null)
        {
            header.Restore(packet);
            return false;
        }

        if (!PacketOpener.TryOpen(previous, packet, header, largestReceived, out opened))
            return false;
        if (!(_lastOfPrevious > opened.PacketNumber))
            _lastOfPrevious = opened.PacketNumber;
        return true;
    }

    private void Advance(TimeUs previousExpires, ulong firstOfPhase, ulong? lastOfPrevious)
    {
        _previous?.Dispose();
        _previous = _current;
        _previousExpires = previousExpires;
        _current = _next;
        _firstOfPhase = firstOfPhase;
        _lastOfPrevious = lastOfPrevious;
        byte[] secret = _nextSecret;
        _nextSecret = PacketProtectionKeys.NextGeneration(_version, _suite, secret);
        _next = PacketKey.Derive(_version, _suite, _nextSecret);
        CryptographicOperations.ZeroMemory(secret);
        Phase = !Phase;
    }
}
