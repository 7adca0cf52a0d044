namespace CoQuic.Engine;

/// <summary>Our transport parameters (RFC 9000 §18.2), from the configuration and the connection IDs of the handshake (RFC 9000 §7.3).</summary>
internal static class LocalParameters
{
    public static TransportParameters Of(ConnectionSetup setup)
    {
        TransportConfig transport = setup.Config.Transport;
        bool isServer = setup.Config.Role == Role.Server;
        return new TransportParameters
        {
            OriginalDestinationConnectionId = isServer ? setup.OriginalDestinationId : null,
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
            DisableActiveMigration = transport.DisableActiveMigration,
            MaxDatagramFrameSize = transport.MaxDatagramFrameSize,
            ActiveConnectionIdLimit = (ulong)transport.ActiveConnectionIdLimit,
        };
    }
}
