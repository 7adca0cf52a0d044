using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;

namespace CoQuic.Engine;

/// <summary>
/// The version of one connection. It begins in one, and during the handshake the server may choose another that is compatible with it
/// (RFC 9368 §2.3); what both say of it in their transport parameters prevents a downgrade (RFC 9368 §4). Versions 1 and 2 are
/// compatible, both ways (RFC 9369 §4).
/// </summary>
/// <param name="original">The version of the client's first flight.</param>
/// <param name="supported">What we speak, most preferred first.</param>
/// <param name="hasReacted">A client: whether the version was chosen from a Version Negotiation packet.</param>
internal sealed class NegotiatedVersion(QuicVersion original, IReadOnlyList<QuicVersion> supported, bool hasReacted)
{
    /// <summary>The Chosen Version of the client: what its first flight is in.</summary>
    public QuicVersion Original { get; } = original;

    /// <summary>The version that packets are sent in.</summary>
    public QuicVersion Current { get; private set; } = original;

    /// <summary>RFC 9369 §4.1: 0-RTT packets keep the version of the first flight, all others are sent in the negotiated one.</summary>
    public QuicVersion Of(EncryptionLevel level) => level == EncryptionLevel.ZeroRtt ? Original : Current;

    /// <summary>Whether the version is settled for good.</summary>
    public bool IsSettled { get; private set; }

    /// <summary>Whether it is another than the first flight's.</summary>
    public bool HasChanged => Current != Original;

    /// <summary>What a client says: the version of its first flight, and all that the server may choose instead.</summary>
    public VersionInformation ClientInformation => new(Original, Offered());

    /// <summary>What a server says: the version that it has chosen, and all that it speaks (RFC 9368 §3).</summary>
    public VersionInformation ServerInformation => new(Current, [.. supported]);

    /// <summary>A server hears what the client offers, and chooses the first of its own versions among that.</summary>
    /// <param name="information">The client's version_information; none leaves all as it is.</param>
    public TransportError? OnClientInformation(VersionInformation? information)
    {
        Debug.Assert(!IsSettled, "a client tells its transport parameters once");
        IsSettled = true;
        if (information is null)
            return null;
        if (information.ChosenVersion != Original)
            return Mismatch("the client's Chosen Version is not the version of its packets");
        foreach (QuicVersion version in supported)
        {
            if (!information.AvailableVersions.Contains(version))
                continue;
            Current = version;
            return null;
        }

        return null;
    }

    /// <summary>Whether a client that has received an Initial in this version may take it for the server's choice (RFC 9369 §4.1).</summary>
    public bool MayFollow(QuicVersion version) =>
        !IsSettled && version != Original && VersionProfile.IsKnown(version) && supported.Contains(version);

    /// <summary>A client follows the server: an Initial in this version was authentic.</summary>
    public void Follow(QuicVersion version)
    {
        Current = version;
        IsSettled = true;
    }

    /// <summary>
    /// A client received CRYPTO data in an Initial. In the original version it means that the server stays with it; it must not come so
    /// after another version was seen (RFC 9369 §4.1).
    /// </summary>
    public TransportError? OnServerCrypto(QuicVersion version)
    {
        if (version != Current)
            return new TransportError(TransportErrorCode.ProtocolViolation, "CRYPTO data in two versions (RFC 9369 §4.1)");
        IsSettled = true;
        return null;
    }

    /// <summary>A client hears what the server says of its choice (RFC 9368 §4).</summary>
    public TransportError? OnServerInformation(VersionInformation? information)
    {
        // RFC 9368 §8: a server that knows only version 1 may know nothing of version negotiation.
        if (information is null && hasReacted && Original == QuicVersion.V1 && !HasChanged)
            information = new VersionInformation(QuicVersion.V1, [QuicVersion.V1]);
        if (information is null)
            return HasChanged || hasReacted ? Mismatch("the server says nothing of its choice of version") : null;
        if (!Offered().Contains(information.ChosenVersion))
            return Mismatch("the server's Chosen Version was not offered");
        if (information.ChosenVersion != Current)
            return Mismatch("the server's Chosen Version is not the version of its packets");
        return hasReacted ? CheckReaction(information) : null;
    }

    private static TransportError Mismatch(string reason) => new(TransportErrorCode.VersionNegotiationError, reason);

    /// <summary>RFC 9368 §4: knowing all that the server speaks, the client would have chosen the same version.</summary>
    private TransportError? CheckReaction(VersionInformation information)
    {
        if (information.AvailableVersions.Length == 0)
            return Mismatch("after Version Negotiation the server offers no version");
        QuicVersion best = supported.First(version => version == Current || information.AvailableVersions.Contains(version));
        return best == Original ? null : Mismatch("the Version Negotiation packet concealed a better version");
    }

    /// <summary>The versions of a client's first flight: it can be turned into each of them.</summary>
    private QuicVersion[] Offered() => supported.Contains(Original) ? [.. supported] : [Original, .. supported];
}
