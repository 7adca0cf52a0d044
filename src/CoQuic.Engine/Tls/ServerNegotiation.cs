using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Linq;

namespace CoQuic.Engine;

/// <summary>What a server chooses from a ClientHello.</summary>
/// <param name="CipherSuite">The cipher suite.</param>
/// <param name="Group">The group of the key exchange.</param>
/// <param name="KeyShare">The client's share of that group; null asks for one by HelloRetryRequest.</param>
/// <param name="ApplicationProtocol">The ALPN protocol.</param>
/// <param name="PeerTransportParameters">What the client says of its transport.</param>
internal sealed record ServerChoice(
    CipherSuite CipherSuite,
    NamedGroup Group,
    KeyShareEntry? KeyShare,
    string ApplicationProtocol,
    Bytes PeerTransportParameters);

/// <summary>Chooses, or says why there is nothing to choose (RFC 8446 §4.1.1). Changes nothing.</summary>
internal static class ServerNegotiation
{
    /// <summary>RFC 8446 §4.1.2: what a second ClientHello may add, replace or leave out.</summary>
    private static readonly ExtensionType[] MayChange =
    [
        ExtensionType.KeyShare, ExtensionType.EarlyData, ExtensionType.Cookie, ExtensionType.PreSharedKey, ExtensionType.Padding,
    ];

    public static bool TryChoose(
        TlsServerConfig config,
        ClientHello hello,
        [NotNullWhen(true)] out ServerChoice? choice,
        [NotNullWhen(false)] out TransportError? error)
    {
        choice = null;
        error = CheckExtensions(hello) ?? CheckKeyShares(hello.Groups!, hello.KeyShares!);
        if (error is not null)
            return false;

        choice = Choose(config, hello, out error);
        return choice is not null && error is null;
    }

    /// <summary>
    /// Whether a second ClientHello changes only what a HelloRetryRequest allows (RFC 8446 §4.1.2), and shares the group
    /// asked for.
    /// </summary>
    public static TransportError? CheckSecondHello(ClientHello first, ClientHello second, NamedGroup group)
    {
        bool isSame = first.Random == second.Random
            && first.CipherSuites.SequenceEqual(second.CipherSuites)
            && Fixed(first).SequenceEqual(Fixed(second));
        if (!isSame)
            return AlertDescription.IllegalParameter.Because("a second ClientHello that differs from the first");
        if (second.KeyShares is not [{ } share] || share.Group != group)
            return AlertDescription.IllegalParameter.Because("a second ClientHello without the key share that was asked for");
        // RFC 8446 §4.2.2, §4.2.10: we sent no cookie, and there is no early data after a HelloRetryRequest.
        if (second.Extensions.Contains(ExtensionType.Cookie) || second.Extensions.Contains(ExtensionType.EarlyData))
            return AlertDescription.IllegalParameter.Because("a cookie or early_data in a second ClientHello");
        return null;
    }

    /// <summary>The extensions that a second ClientHello must repeat as they were.</summary>
    private static IEnumerable<Extension> Fixed(ClientHello hello) => hello.Extensions
        .Where(extension => !MayChange.Contains(extension.Type))
        .OrderBy(extension => extension.Type);

    /// <summary>
    /// What must be there, in the order in which its absence means most (RFC 8446 §9.2, RFC 9001 §8).
    /// </summary>
    private static TransportError? CheckExtensions(ClientHello hello)
    {
        if (hello.Versions?.Contains(SupportedVersionsExtension.Tls13) != true)
            return AlertDescription.ProtocolVersion.Because("the client does not speak TLS 1.3");
        if (ExtensionRules.Check(hello.Extensions, ExtensionPlaces.ClientHello, ExtensionList.Empty) is { } misplaced)
            return misplaced;
        if (hello.TransportParameters is null)
            return AlertDescription.MissingExtension.Because("a ClientHello without quic_transport_parameters");
        if (hello.Groups is null || hello.KeyShares is null || hello.SignatureSchemes is null)
            return AlertDescription.MissingExtension.Because(
                "a ClientHello without supported_groups, key_share or signature_algorithms");
        return CheckPreSharedKeys(hello);
    }

    private static TransportError? CheckPreSharedKeys(ClientHello hello)
    {
        // RFC 8446 §4.2.10: early data needs a key.
        if (hello.PreSharedKeys is not { } offered)
            return hello.OffersEarlyData ? AlertDescription.MissingExtension.Because("early_data without pre_shared_key") : null;
        // RFC 8446 §4.2.11: pre_shared_key comes last, with a binder for each identity; §4.2.9: and never without its modes.
        if (hello.Extensions.Last != ExtensionType.PreSharedKey)
            return AlertDescription.IllegalParameter.Because("a pre_shared_key that is not the last extension");
        if (offered.Binders.Count != offered.Identities.Count)
            return AlertDescription.IllegalParameter.Because("a pre_shared_key with more identities than binders, or fewer");
        if (hello.HasDheMode is null)
            return AlertDescription.MissingExtension.Because("a pre_shared_key without psk_key_exchange_modes");
        return null;
    }

    /// <summary>RFC 8446 §4.2.8: one share a group, and only of groups that the client supports.</summary>
    private static TransportError? CheckKeyShares(IReadOnlyList<NamedGroup> groups, IReadOnlyList<KeyShareEntry> shares)
    {
        HashSet<NamedGroup> unshared = [.. groups];
        foreach (KeyShareEntry share in shares)
        {
            if (!unshared.Remove(share.Group))
                return AlertDescription.IllegalParameter.Because("two key shares of a group, or one of a group not supported");
        }
        return null;
    }

    private static ServerChoice? Choose(TlsServerConfig config, ClientHello hello, out TransportError? error)
    {
        error = null;
        // RFC 9001 §8.1: an application protocol must be negotiated.
        string? protocol = ApplicationProtocolsExtension.Select(config.ApplicationProtocols, hello.ApplicationProtocols ?? []);
        if (protocol is null)
            error = AlertDescription.NoApplicationProtocol.Because("no application protocol in common");
        else if (!TryFirst(config.CipherSuites, hello.CipherSuites, out CipherSuite suite))
            error = AlertDescription.HandshakeFailure.Because("no cipher suite in common");
        else if (!TryChooseGroup(config, hello, out NamedGroup group, out KeyShareEntry? share))
            error = AlertDescription.HandshakeFailure.Because("no key exchange group in common");
        else
            return new ServerChoice(suite, group, share, protocol, hello.TransportParameters!.Value);
        return null;
    }

    /// <summary>
    /// Our most preferred group for which the client sent a share; else our most preferred of those it supports.
    /// </summary>
    private static bool TryChooseGroup(
        TlsServerConfig config, ClientHello hello, out NamedGroup group, out KeyShareEntry? share)
    {
        share = null;
        foreach (NamedGroup candidate in config.Groups)
            share ??= hello.KeyShares!.FirstOrDefault(entry => entry.Group == candidate);
        if (share is null)
            return TryFirst(config.Groups, hello.Groups!, out group);
        group = share.Group;
        return true;
    }

    /// <summary>The first of ours that is among theirs.</summary>
    private static bool TryFirst<T>(IReadOnlyList<T> ours, IReadOnlyList<T> theirs, out T first)
        where T : struct
    {
        foreach (T candidate in ours)
        {
            first = candidate;
            if (theirs.Contains(candidate))
                return true;
        }
        first = default;
        return false;
    }
}
