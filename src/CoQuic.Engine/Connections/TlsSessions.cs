namespace CoQuic.Engine;

/// <summary>Makes the TLS session of a connection from what the endpoint and the connection are configured to be.</summary>
internal static class TlsSessions
{
    /// <param name="setup">What the connection is made from.</param>
    /// <param name="parameters">Our transport parameters, encoded.</param>
    public static ClientHandshake NewClient(ConnectionSetup setup, Bytes parameters) => new(new TlsClientConfig
    {
        ApplicationProtocols = setup.Config.ApplicationProtocols,
        TransportParameters = parameters,
        Entropy = setup.Config.Entropy,
        KeyExchange = setup.Config.KeyExchange,
        Groups = setup.Config.Groups,
        KeyShareGroups = setup.Config.KeyShareGroups,
        CipherSuites = setup.Config.CipherSuites,
        EnableKeyLog = setup.Config.EnableKeyLog,
        Certificates = setup.Certificates,
        ServerName = setup.ServerName,
        Verifier = setup.Config.EffectiveVerifier,
        Identities = setup.Config.ClientIdentities,
        Time = setup.CalendarTime,
        Session = setup.Resumption.Session,
    });

    /// <param name="setup">What the connection is made from.</param>
    /// <param name="parameters">Who takes the client's transport parameters, and gives ours.</param>
    public static ServerHandshake NewServer(ConnectionSetup setup, IServerParameters parameters) => new(new TlsServerConfig
    {
        ApplicationProtocols = setup.Config.ApplicationProtocols,
        Parameters = parameters,
        Entropy = setup.Config.Entropy,
        KeyExchange = setup.Config.KeyExchange,
        Groups = setup.Config.Groups,
        CipherSuites = setup.Config.CipherSuites,
        EnableKeyLog = setup.Config.EnableKeyLog,
        Certificates = setup.Certificates,
        Identities = setup.Config.AsksForServerIdentities ? null : setup.Config.ServerIdentities,
        ClientAuthentication = ClientAuthenticationOf(setup),
    });

    /// <summary>What a server resumes; none when it does not. A ticket shows no certificate, so that a server which asks for one resumes nothing.</summary>
    /// <param name="setup">What the connection is made from.</param>
    /// <param name="version">The version of the connection.</param>
    public static ServerResumption? ResumptionOf(ConnectionSetup setup, NegotiatedVersion version) =>
        setup.Config.ClientCertificates == ClientCertificatePolicy.None
        && setup is { TicketSealer: { } sealer, ReplayGuard: { } guard }
            ? NewResumption(setup, version, sealer, guard)
            : null;

    private static ClientAuthentication? ClientAuthenticationOf(ConnectionSetup setup) =>
        setup.Config.ClientCertificates == ClientCertificatePolicy.None
            ? null
            : new ClientAuthentication(
                setup.Config.ClientCertificates == ClientCertificatePolicy.Require,
                setup.Config.EffectiveVerifier,
                setup.CalendarTime);

    private static ServerResumption NewResumption(
        ConnectionSetup setup, NegotiatedVersion version, StateSealer sealer, IReplayGuard guard) => new()
        {
            Sealer = sealer,
            Entropy = setup.Config.Entropy,
            Version = version.Current,
            Time = setup.CalendarTime,
            Lifetime = setup.Config.TicketLifetime,
            Count = setup.Config.TicketsPerConnection,
            EarlyData = new EarlyDataPolicy
            {
                IsAllowed = setup.Config.ZeroRtt.Allow,
                IsStrict = setup.Config.ZeroRtt.StrictUpdatedTransportParameters,
                ApplicationContext = setup.Config.ZeroRtt.ApplicationContext,
                Parameters = LocalParameters.Of(setup, version.ServerInformation),
                ReplayGuard = guard,
            },
        };
}
