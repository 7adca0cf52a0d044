using System;
using System.Security.Cryptography;

namespace CoQuic.Engine;

/// <summary>The keys that seal 1-RTT packets, through key updates of either side (RFC 9001 §6).</summary>
internal sealed class SendingKeyPhases : IDisposable
{
    /// <summary>Below the confidentiality limit by this factor, an update is due: early enough that none is ever reached (§6.6).</summary>
    private const ulong LimitMargin = 2;

    /// <summary>What is kept of the limit for CONNECTION_CLOSE, and for the few packets that one pass sends beside its datagrams.</summary>
    private const ulong Reserve = 16;

    private readonly QuicVersion _version;
    private readonly CipherSuite _suite;
    private readonly ulong _limit;
    private byte[] _secret;
    private ulong _sealed;
    private ulong? _firstOfPhase;

    /// <param name="version">Decides the labels.</param>
    /// <param name="suite">The cipher suite.</param>
    /// <param name="limit">Packets that one key may seal.</param>
    /// <param name="secret">The first secret; copied.</param>
    public SendingKeyPhases(QuicVersion version, CipherSuite suite, ulong limit, ReadOnlySpan<byte> secret)
    {
        _limit = limit;
        _version = version;
        _suite = suite;
        _secret = secret.ToArray();
        Protection = PacketProtection.Create(version, suite, secret);
    }

    /// <summary>The Key Phase bit of packets that are sent.</summary>
    public bool Phase { get; private set; }

    /// <summary>The current keys.</summary>
    public PacketProtection Protection { get; private set; }

    /// <summary>Whether the current keys have sealed so many packets that new ones are due (RFC 9001 §6.6).</summary>
    public bool IsUpdateDue => _sealed >= _limit / LimitMargin;

    /// <summary>Whether the current keys seal nothing more but a CONNECTION_CLOSE (RFC 9001 §6.6).</summary>
    public bool IsWornOut => _sealed + Reserve >= _limit;

    /// <summary>RFC 9001 §6.1: before another update, a packet of the current phase must have been acknowledged.</summary>
    public bool IsPhaseAcknowledged(ulong? largestAcknowledged) => _firstOfPhase <= largestAcknowledged;

    /// <summary>A packet was sealed with the current keys.</summary>
    public void OnSealed(ulong packetNumber)
    {
        _firstOfPhase ??= packetNumber;
        _sealed++;
    }

    /// <summary>Goes on to the next phase. The header protection key stays (RFC 9001 §6.1).</summary>
    public void Update()
    {
        byte[] next = PacketProtectionKeys.NextGeneration(_version, _suite, _secret);
        CryptographicOperations.ZeroMemory(_secret);
        _secret = next;
        PacketProtection old = Protection;
        Protection = new PacketProtection(PacketKey.Derive(_version, _suite, next), old.HeaderKey);
        old.Key.Dispose();
        _sealed = 0;
        _firstOfPhase = null;
        Phase = !Phase;
    }

    public void Dispose()
    {
        Protection.Dispose();
        CryptographicOperations.ZeroMemory(_secret);
    }
}
