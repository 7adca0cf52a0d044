namespace CoQuic.Engine;

/// <summary>Our transport parameters (RFC 9000 §18.2), from the configuration and the connection IDs of the handshake (RFC 9000 §7.3).</summary>
internal static class LocalParameters
{
    /// <param name="setup">What the connection was made from.</param>
    /// <param name="versions">What is said of versions.</param>
    public static TransportParameters Of(ConnectionSetup setup, VersionInformation versions)
    {
        TransportConfig transport = setup.Config.Transport;
        bool isServer = setup.Config.Role == Role.Server;
        return new TransportParameters
        {
            OriginalDestinationConnectionId = isServer ? setup.OriginalDestinationId : null,
            RetrySourceConnectionId = isServer ? setup.RetrySourceId : null,
            StatelessResetToken = isServer && !setup.LocalId.IsEmpty ? setup.ResetTokens.Of(setup.LocalId) : null,
            InitialSourceConnectionId = setup.LocalId,
            MaxIdleTimeout = transport.MaxIdleTimeout,
            MaxUdpPayloadSize = (ulong)transport.MaxUdpPayloadSize,
            InitialMaxData = transport.InitialMaxData,
            InitialMaxStreamDataBidiLocal = transport.InitialMaxStreamDataBidiLocal,
            InitialMaxStreamDataBidiRemote = transport.InitialMaxStreamDataBidiRemote,
            InitialMaxStreamDataUni = transport.InitialMaxStreamDataUni,
            InitialMaxStreamsBidi = transport.InitialMaxStreamsBidi,
            InitialMaxStreamsUni = transport.InitialMaxStreamsUni,
            AckDelayExponent = transport.AckDelayExponent,
            MaxAckDelay = transport.MaxAckDelay,
            PreferredAddress = PreferredAddressOf(setup),
            DisableActiveMigration = transport.DisableActiveMigration,
            MaxDatagramFrameSize = transport.MaxDatagramFrameSize,
            ActiveConnectionIdLimit = (ulong)transport.ActiveConnectionIdLimit,
            VersionInformation = transport.GreaseReservedVersions ? WithReserved(versions, setup.Config.Entropy) : versions,
            GreaseQuicBit = transport.GreaseQuicBit,
            Reserved = transport.GreaseReservedVersions ? ReservedParameter.Draw(setup.Config.Entropy) : null,
        };
    }

    /// <summary>RFC 9368 §3: a version that is never chosen keeps the peer used to unknown ones.</summary>
    private static VersionInformation WithReserved(VersionInformation versions, IEntropy entropy) =>
        versions with { AvailableVersions = [.. versions.AvailableVersions, QuicVersion.DrawReserved(entropy)] };

    private static PreferredAddress? PreferredAddressOf(ConnectionSetup setup) =>
        setup is { Config.PreferredAddress: { } offer, PreferredAddressId: { } id }
            ? new PreferredAddress(offer.IPv4, offer.IPv6, id, Bytes.CopyOf(setup.ResetTokens.Of(id).Span))
            : null;
}
