namespace CoQuic.Perf

open System
open CoQuic.FSharp

/// The transport settings that every `coquic-perf/1` runner uses, on top of CoQUIC's defaults: results compare only where
/// these are the same.
[<RequireQualifiedAccess>]
module PerfDefaults =
    let private mebibyte = 1024UL * 1024UL

    /// A server admits bursts of short streams at the start of a connection.
    let private serverStreams = 4096UL

    /// Bulk transfers with these controllers acknowledge rarely and end slow start the plain way.
    let private isPlainBulk (config: Config) =
        config.Mode = Mode.Bulk
        && (config.CongestionControl = CongestionControl.NewReno
            || config.CongestionControl = CongestionControl.Cubic)

    let private ackElicitingThreshold (config: Config) =
        if config.CongestionControl = CongestionControl.Copa then
            if config.Mode = Mode.Bulk then 1 else 8
        elif isPlainBulk config then
            64
        else
            2

    let private isNative (config: Config) =
        match config.Engine with
        | Some engine -> engine = EngineSource.Native
        | None -> System.Environment.GetEnvironmentVariable "COQUIC_ENGINE" = "native"

    /// The C ABI has no time limit for handshakes.
    let private handshakeTimeout (config: Config) =
        if isNative config then
            TimeSpan.Zero
        else
            Option.defaultValue TimeSpan.Zero config.ConnectTimeout

    /// Sessions count bytes as they come and keep none, so that receiving is consuming.
    let private transport (config: Config) (standard: TransportConfig) =
        { standard with
            MaxIdleTimeout = TimeSpan.Zero
            HandshakeTimeout = handshakeTimeout config
            InitialMaxData = 32UL * mebibyte
            InitialMaxStreamDataBidiLocal = 16UL * mebibyte
            InitialMaxStreamDataBidiRemote = 16UL * mebibyte
            PmtudMaxDatagramSize = Option.defaultValue 0 config.PmtudMaxDatagramSize
            CongestionControl = config.CongestionControl
            EnableHyStartPlusPlus = not (isPlainBulk config)
            SendStreamFairness = config.Mode <> Mode.Bulk
            AckElicitingThreshold = ackElicitingThreshold config
            ReceiveCredit = ReceiveCredit.Automatic
            SendLowWaterMark = Outgoing.lowWaterMark }

    let private endpoint role (config: Config) =
        let standard = EndpointConfig.coquic role

        { standard with
            ApplicationProtocols = [ Protocol.alpn ]
            VerifyPeer = config.VerifyPeer
            MaxOutboundDatagramSize = config.MaxOutboundDatagramSize
            Transport = transport config standard.Transport }

    /// A client notices that its server is gone a second after the time that it waits for a handshake; no other runner has such a
    /// limit.
    let client (config: Config) : EndpointConfig =
        let standard = endpoint Role.Client config

        { standard with
            Transport.MaxIdleTimeout =
                config.ConnectTimeout
                |> Option.map (fun time -> time + TimeSpan.FromSeconds 1.0)
                |> Option.defaultValue TimeSpan.Zero }

    let server (identity: ServerIdentity) (config: Config) : EndpointConfig =
        let standard = endpoint Role.Server config
        let single = EndpointConfig.server Protocol.alpn identity

        { standard with
            ServerIdentities = single.ServerIdentities
            // A server asks its clients for no certificate: there is none to verify.
            VerifyPeer = false
            Transport =
                { standard.Transport with
                    InitialMaxStreamsBidi = serverStreams } }
