namespace CoQuic.FSharp

open System
open System.Net
open System.Text.Json.Serialization
open CoQuic

/// Early data settings of an endpoint or a connection.
[<StructuredFormatDisplay("{Display}")>]
type ZeroRttConfig =
    {
        /// Client: send early data when a resumption state permits it.
        Attempt: bool
        /// Server: accept early data.
        Allow: bool
        /// Whether a server's changed transport parameters refuse early data.
        StrictUpdatedTransportParameters: bool
        /// Bytes that both the ticket and the new connection must carry for early data; at most 1024.
        ApplicationContext: Bytes
        /// Client: whether early data that the server refuses is sent again after the handshake, if the application protocol is
        /// the same and the new limits allow it. Otherwise its streams end, and `ZeroRttStatusEvent` says so.
        ResendRejected: bool
    }

    member private this.Display =
        Printing.changes "ZeroRttConfig" (Engine.ZeroRttConfig()) this

    override this.ToString() = this.Display

/// Early data settings.
module ZeroRttConfig =

    /// No early data.
    let disabled: ZeroRttConfig =
        { Attempt = false
          Allow = false
          StrictUpdatedTransportParameters = false
          ApplicationContext = Bytes.empty
          ResendRejected = false }

    /// A client sends early data when a resumption state permits it. Whoever listens on the way can send it to the server again:
    /// only what may happen twice belongs into it (RFC 8446 §8).
    let attempted: ZeroRttConfig = { disabled with Attempt = true }

    /// A server accepts early data.
    let allowed: ZeroRttConfig = { disabled with Allow = true }

    let internal toEngine (config: ZeroRttConfig) =
        Engine.ZeroRttConfig(
            Attempt = config.Attempt,
            Allow = config.Allow,
            StrictUpdatedTransportParameters = config.StrictUpdatedTransportParameters,
            ApplicationContext = config.ApplicationContext,
            ResendRejected = config.ResendRejected
        )

    let internal ofEngine (config: Engine.ZeroRttConfig) : ZeroRttConfig =
        { Attempt = config.Attempt
          Allow = config.Allow
          StrictUpdatedTransportParameters = config.StrictUpdatedTransportParameters
          ApplicationContext = config.ApplicationContext
          ResendRejected = config.ResendRejected }

/// Transport settings of an endpoint's connections. Sizes are bytes.
[<StructuredFormatDisplay("{Display}")>]
type TransportConfig =
    {
        /// Our max_idle_timeout (RFC 9000 §10.1), in whole milliseconds; zero means none.
        [<JsonPropertyName "max_idle_timeout_ms">]
        MaxIdleTimeout: TimeSpan
        /// A handshake that takes longer fails; zero means that it may take for ever.
        [<JsonPropertyName "handshake_timeout_ms">]
        HandshakeTimeout: TimeSpan
        /// After this much silence a PING keeps the connection alive; zero means never (RFC 9000 §10.1.2).
        [<JsonPropertyName "keep_alive_interval_ms">]
        KeepAliveInterval: TimeSpan
        /// The largest UDP payload we take, 1200 to 65527.
        MaxUdpPayloadSize: int
        /// Whether larger datagrams are probed for (RFC 8899); without, none exceeds 1200 bytes.
        PmtudEnabled: bool
        /// The size that every path is believed to carry, at least 1200.
        PmtudBaseDatagramSize: int
        /// The largest size probed for; 0 takes 1472 on IPv4 and 1452 elsewhere.
        PmtudMaxDatagramSize: int
        /// Whether a path MTU notice of the host lowers the size before it is confirmed.
        PmtudProvisionalIcmpReductions: bool
        /// How many of the peer's connection IDs we hold, 2 or more (RFC 9000 §18.2).
        ActiveConnectionIdLimit: int
        /// Whether the peer is asked not to migrate (RFC 9000 §18.2).
        DisableActiveMigration: bool
        /// Whether the validation of a migration waits for its first packets.
        DeferActiveMigrationPathValidation: bool
        /// How long an old path's recovery state is kept after a migration.
        [<JsonPropertyName "migration_recovery_retention_timeout_ms">]
        MigrationRecoveryRetentionTimeout: TimeSpan
        /// Our ack_delay_exponent, 0 to 20 (RFC 9000 §18.2).
        AckDelayExponent: int
        /// Our max_ack_delay, below 2^14 milliseconds (RFC 9000 §18.2).
        [<JsonPropertyName "max_ack_delay_ms">]
        MaxAckDelay: TimeSpan
        /// How many ack-eliciting packets are received before an ACK is due at once, 1 or more.
        AckElicitingThreshold: int
        /// Up to where that number grows: to an eighth of the packets that arrive in a round trip. It stays where this is no more.
        MaxAckElicitingThreshold: int
        /// Our initial_max_data: what the peer may send in all before we extend it.
        InitialMaxData: uint64
        /// Our initial_max_stream_data_bidi_local.
        InitialMaxStreamDataBidiLocal: uint64
        /// Our initial_max_stream_data_bidi_remote.
        InitialMaxStreamDataBidiRemote: uint64
        /// Our initial_max_stream_data_uni.
        InitialMaxStreamDataUni: uint64
        /// Up to where a stream's window may grow with the bandwidth-delay product; 0 keeps the initial one.
        MaxStreamWindow: uint64
        /// Up to where the connection's window may grow; 0 keeps the initial one.
        MaxConnectionWindow: uint64
        /// Our initial_max_streams_bidi, at most 2^60.
        InitialMaxStreamsBidi: uint64
        /// Our initial_max_streams_uni, at most 2^60.
        InitialMaxStreamsUni: uint64
        /// Our max_datagram_frame_size (RFC 9221 §3); 0 means that we take no DATAGRAM frames.
        MaxDatagramFrameSize: uint64
        /// The congestion control algorithm.
        CongestionControl: CongestionControl
        /// Whether slow start ends by HyStart++ (RFC 9406).
        EnableHyStartPlusPlus: bool
        /// How late the host's timers may be, 1 microsecond to 100 ms: so much time's worth of data may leave in one paced burst
        /// (RFC 9002 §7.7).
        [<JsonPropertyName "timer_granularity_ms">]
        TimerGranularity: TimeSpan
        /// Whether streams take turns packet by packet; without, one goes on until it is blocked or done.
        SendStreamFairness: bool
        /// Whether the latency spin bit is spun (RFC 9000 §17.4).
        EnableLatencySpinBit: bool
        /// Whether Version Negotiation, version_information and the transport parameters have a reserved version or parameter
        /// more, which peers must ignore (RFC 9000 §6.3, §18.1, RFC 9368 §3).
        GreaseReservedVersions: bool
        /// Whether the QUIC bit is greased (RFC 9287): we take any value of it, and send unpredictable ones to a peer that does.
        GreaseQuicBit: bool
        /// Whether packet numbers are skipped to unmask optimistic acknowledgments (RFC 9000 §21.4).
        EnableOptimisticAckMitigation: bool
        /// How long a small packet may wait for more to say; zero means not at all.
        [<JsonPropertyName "underfilled_packet_coalescing_delay_ms">]
        UnderfilledPacketCoalescingDelay: TimeSpan
        /// Which ECN codepoint we mark with.
        EcnPolicy: EcnPolicy
        /// When received stream data gives credit back to the peer.
        ReceiveCredit: ReceiveCredit
        /// A `SendProgress` tells when a stream's buffered data falls below this; 0 turns it off.
        SendLowWaterMark: uint64
    }

    member private this.Display =
        Printing.changes "TransportConfig" (Engine.TransportConfig()) this

    override this.ToString() = this.Display

/// Transport settings.
module TransportConfig =

    let internal ofEngine (config: Engine.TransportConfig) : TransportConfig =
        { MaxIdleTimeout = config.MaxIdleTimeout
          HandshakeTimeout = config.HandshakeTimeout
          KeepAliveInterval = config.KeepAliveInterval
          MaxUdpPayloadSize = config.MaxUdpPayloadSize
          PmtudEnabled = config.PmtudEnabled
          PmtudBaseDatagramSize = config.PmtudBaseDatagramSize
          PmtudMaxDatagramSize = config.PmtudMaxDatagramSize
          PmtudProvisionalIcmpReductions = config.PmtudProvisionalIcmpReductions
          ActiveConnectionIdLimit = config.ActiveConnectionIdLimit
          DisableActiveMigration = config.DisableActiveMigration
          DeferActiveMigrationPathValidation = config.DeferActiveMigrationPathValidation
          MigrationRecoveryRetentionTimeout = config.MigrationRecoveryRetentionTimeout
          AckDelayExponent = config.AckDelayExponent
          MaxAckDelay = config.MaxAckDelay
          AckElicitingThreshold = config.AckElicitingThreshold
          MaxAckElicitingThreshold = config.MaxAckElicitingThreshold
          InitialMaxData = config.InitialMaxData
          InitialMaxStreamDataBidiLocal = config.InitialMaxStreamDataBidiLocal
          InitialMaxStreamDataBidiRemote = config.InitialMaxStreamDataBidiRemote
          InitialMaxStreamDataUni = config.InitialMaxStreamDataUni
          MaxStreamWindow = config.MaxStreamWindow
          MaxConnectionWindow = config.MaxConnectionWindow
          InitialMaxStreamsBidi = config.InitialMaxStreamsBidi
          InitialMaxStreamsUni = config.InitialMaxStreamsUni
          MaxDatagramFrameSize = config.MaxDatagramFrameSize
          CongestionControl = config.CongestionControl
          EnableHyStartPlusPlus = config.EnableHyStartPlusPlus
          TimerGranularity = config.TimerGranularity
          SendStreamFairness = config.SendStreamFairness
          EnableLatencySpinBit = config.EnableLatencySpinBit
          GreaseReservedVersions = config.GreaseReservedVersions
          GreaseQuicBit = config.GreaseQuicBit
          EnableOptimisticAckMitigation = config.EnableOptimisticAckMitigation
          UnderfilledPacketCoalescingDelay = config.UnderfilledPacketCoalescingDelay
          EcnPolicy = config.EcnPolicy
          ReceiveCredit = config.ReceiveCredit
          SendLowWaterMark = config.SendLowWaterMark }

    let internal toEngine (config: TransportConfig) =
        Engine.TransportConfig(
            MaxIdleTimeout = config.MaxIdleTimeout,
            HandshakeTimeout = config.HandshakeTimeout,
            KeepAliveInterval = config.KeepAliveInterval,
            MaxUdpPayloadSize = config.MaxUdpPayloadSize,
            PmtudEnabled = config.PmtudEnabled,
            PmtudBaseDatagramSize = config.PmtudBaseDatagramSize,
            PmtudMaxDatagramSize = config.PmtudMaxDatagramSize,
            PmtudProvisionalIcmpReductions = config.PmtudProvisionalIcmpReductions,
            ActiveConnectionIdLimit = config.ActiveConnectionIdLimit,
            DisableActiveMigration = config.DisableActiveMigration,
            DeferActiveMigrationPathValidation = config.DeferActiveMigrationPathValidation,
            MigrationRecoveryRetentionTimeout = config.MigrationRecoveryRetentionTimeout,
            AckDelayExponent = config.AckDelayExponent,
            MaxAckDelay = config.MaxAckDelay,
            AckElicitingThreshold = config.AckElicitingThreshold,
            MaxAckElicitingThreshold = config.MaxAckElicitingThreshold,
            InitialMaxData = config.InitialMaxData,
            InitialMaxStreamDataBidiLocal = config.InitialMaxStreamDataBidiLocal,
            InitialMaxStreamDataBidiRemote = config.InitialMaxStreamDataBidiRemote,
            InitialMaxStreamDataUni = config.InitialMaxStreamDataUni,
            MaxStreamWindow = config.MaxStreamWindow,
            MaxConnectionWindow = config.MaxConnectionWindow,
            InitialMaxStreamsBidi = config.InitialMaxStreamsBidi,
            InitialMaxStreamsUni = config.InitialMaxStreamsUni,
            MaxDatagramFrameSize = config.MaxDatagramFrameSize,
            CongestionControl = config.CongestionControl,
            EnableHyStartPlusPlus = config.EnableHyStartPlusPlus,
            TimerGranularity = config.TimerGranularity,
            SendStreamFairness = config.SendStreamFairness,
            EnableLatencySpinBit = config.EnableLatencySpinBit,
            GreaseReservedVersions = config.GreaseReservedVersions,
            GreaseQuicBit = config.GreaseQuicBit,
            EnableOptimisticAckMitigation = config.EnableOptimisticAckMitigation,
            UnderfilledPacketCoalescingDelay = config.UnderfilledPacketCoalescingDelay,
            EcnPolicy = config.EcnPolicy,
            ReceiveCredit = config.ReceiveCredit,
            SendLowWaterMark = config.SendLowWaterMark
        )

    /// The defaults for people: CUBIC, 30 s idle and 10 s handshake timeout, windows autotuned from 1 to 16 MiB a stream and up
    /// to 64 MiB a connection, 100 streams of each kind, DATAGRAM off.
    let defaults: TransportConfig = ofEngine (Engine.TransportConfig())

    /// The values that the C ABI's initialiser sets: NewReno, no timeouts, windows of 256 KiB, DATAGRAM on.
    let coquic: TransportConfig = ofEngine Engine.CoquicDefaults.Transport

/// Bounds for 0-RTT packets that overtake their Initial. Zero in any of them turns the buffer off.
[<StructuredFormatDisplay("{Display}")>]
type OrphanZeroRttBuffer =
    {
        /// How many datagrams are kept.
        MaxPackets: int
        /// How many bytes are kept.
        MaxBytes: int
        /// For how long.
        [<JsonPropertyName "max_age_ms">]
        MaxAge: TimeSpan
    }

    member private this.Display =
        let standard = Engine.OrphanZeroRttBuffer.Small

        if Engine.OrphanZeroRttBuffer(this.MaxPackets, this.MaxBytes, this.MaxAge) = standard then
            "OrphanZeroRttBuffer: the defaults"
        elif this.MaxPackets = 0 || this.MaxBytes = 0 || this.MaxAge = TimeSpan.Zero then
            "OrphanZeroRttBuffer: off"
        else
            $"OrphanZeroRttBuffer: {this.MaxPackets} datagrams, {this.MaxBytes} bytes, {this.MaxAge.TotalMilliseconds} ms"

    override this.ToString() = this.Display

/// The keys under which a server seals what clients keep for it. To rotate, the current key becomes the previous one: what it
/// sealed still opens, until the next rotation.
[<StructuredFormatDisplay("{Display}")>]
type SealingKeys =
    {
        /// The key that seals, and opens: 32 bytes, or empty to have one drawn, which other shards and a restart do not know.
        Current: Secret
        /// The key before it, which only opens: 32 bytes, or empty when there is none.
        Previous: Secret
    }

    member private this.Display =
        if (Secret.reveal this.Current).IsEmpty then
            "SealingKeys: the defaults"
        else
            $"SealingKeys: {this.Current}, {this.Previous} before"

    override this.ToString() = this.Display

/// The keys under which a server seals what clients keep for it.
module SealingKeys =

    /// A key of the endpoint's own, which a restart forgets.
    let drawn: SealingKeys =
        { Current = Secret.empty
          Previous = Secret.empty }

    /// One key of 32 bytes, as the first.
    let ofKey (key: Bytes) : SealingKeys =
        { drawn with
            Current = Secret.ofBytes key }

    /// Another key of 32 bytes takes over.
    let rotate (key: Bytes) (keys: SealingKeys) : SealingKeys =
        { Current = Secret.ofBytes key
          Previous = keys.Current }

    let internal toEngine (keys: SealingKeys) =
        Engine.SealingKeys(Current = Secret.reveal keys.Current, Previous = Secret.reveal keys.Previous)

    let internal ofEngine (keys: Engine.SealingKeys) : SealingKeys =
        { Current = Secret.ofBytes keys.Current
          Previous = Secret.ofBytes keys.Previous }

/// Where a server would rather be reached (RFC 9000 §9.6.1): one address at least, each with a port.
type PreferredAddressOffer =
    {
        /// The IPv4 address and port; none when there is no such address.
        IPv4: IPEndPoint option
        /// The IPv6 address and port; none when there is no such address.
        IPv6: IPEndPoint option
    }

/// How an endpoint behaves. Together with its sources, its inputs and their times this decides every byte.
[<StructuredFormatDisplay("{Display}")>]
type EndpointConfig =
    {
        /// Whether the endpoint opens connections or accepts them.
        Role: Role
        /// The application protocols (ALPN), most preferred first; at least one, 1 to 255 bytes of UTF-8 each.
        ApplicationProtocols: string list
        /// The versions spoken, most preferred first. A client's first flight is in the first of them unless it says otherwise; a
        /// server changes it to the first of its own that the client offers (RFC 9368 §2.3).
        SupportedVersions: QuicVersion list
        /// Whether the peer's certificate chain and name are verified. Its handshake signature always is.
        VerifyPeer: bool
        /// Who judges the peer's certificate. None takes the platform's rules and the system's roots on a client; a server that
        /// asks for certificates needs one.
        [<JsonIgnore>]
        CertificateVerifier: ICertificateVerifier option
        /// Whether the application judges peers' certificates, in place of a verifier: `CertificateVerdictNeeded` asks, and the
        /// handshake waits for the answer within the handshake timeout. Without `VerifyPeer` nobody is asked.
        AsksForCertificateVerdicts: bool
        /// Who picks a server's certificate and key, by name. Servers need one.
        [<JsonIgnore>]
        ServerIdentities: IServerIdentitySelector option
        /// Whether the application says which identity a client is shown: `ServerIdentityNeeded` asks, the handshake waits within
        /// the handshake timeout, and the answer is the name for which `ServerIdentities` is asked, in place of the client's.
        AsksForServerIdentities: bool
        /// Whether a server asks clients for a certificate (RFC 8446 §4.3.2). One that does resumes no sessions.
        ClientCertificates: ClientCertificatePolicy
        /// Who picks a client's certificate and key for a server that asks; none has no certificate to show.
        [<JsonIgnore>]
        ClientIdentities: IClientIdentitySelector option
        /// Transport settings.
        Transport: TransportConfig
        /// No datagram sent is larger, 1200 to 65527 bytes.
        MaxOutboundDatagramSize: int
        /// Whether inputs leave what there is to send to the next `timerExpired`, for which their results ask by `SendPending`: for
        /// hosts that take several inputs at a time, since packets then answer all of them together. Not every engine can.
        DefersSends: bool
        /// Early data settings.
        ZeroRtt: ZeroRttConfig
        /// What a server keeps of 0-RTT packets that overtake their Initial.
        OrphanZeroRttBuffer: OrphanZeroRttBuffer
        /// The keys of session tickets. Servers that are to resume each other's sessions share them, and a replay guard.
        TicketKeys: SealingKeys
        /// How many session tickets a server gives to each client, 0 to 16; 0 resumes no session.
        TicketsPerConnection: int
        /// How long a session ticket lives, 1 second to 7 days (RFC 8446 §4.6.1).
        [<JsonPropertyName "ticket_lifetime_ms">]
        TicketLifetime: TimeSpan
        /// Who knows the early data that a server has taken; none makes one for each endpoint alone.
        [<JsonIgnore>]
        ReplayGuard: IReplayGuard option
        /// Whether a server validates every address by Retry (RFC 9000 §8.1.2), but for clients with a good token.
        RetryEnabled: bool
        /// From how many half-open connections on a server demands Retry by itself; 0 means never.
        RetryThreshold: int
        /// How long a client may take to come back with a Retry token; above zero.
        [<JsonPropertyName "retry_token_lifetime_ms">]
        RetryTokenLifetime: TimeSpan
        /// What a server does when the ClientHello changes across a Retry.
        RetryHandshakeValidationPolicy: RetryHandshakeValidationPolicy
        /// How many tokens for later connections a server gives to each client (RFC 9000 §8.1.3), 0 to 8.
        NewTokensPerConnection: int
        /// How long those tokens are good; above zero.
        [<JsonPropertyName "new_token_lifetime_ms">]
        NewTokenLifetime: TimeSpan
        /// The keys of a server's tokens.
        TokenKeys: SealingKeys
        /// Whether received stream data is given out before what precedes it has arrived.
        EnableOutOfOrderReceive: bool
        /// Whether every packet is shown by a `PacketInspection`.
        EnablePacketInspection: bool
        /// Whether a peer may change its address, and we ours (RFC 9000 §9).
        AllowPeerAddressChange: bool
        /// Where a server would rather be reached; none where it accepts (RFC 9000 §9.6).
        PreferredAddress: PreferredAddressOffer option
        /// Whether a client begins in a reserved version, to exercise negotiation: it costs a round trip (RFC 9000 §6.3).
        EnableReservedVersionProbe: bool
        /// Whether a server's stateless resets answer Handshake packets of unknown connections too (RFC 9000 §10.3).
        EnableLongHeaderStatelessReset: bool
        /// Whether a closing connection keeps no more than its last datagram.
        EnableMinimalClosingStateRetention: bool
        /// How many connections a server holds at once, closing ones included; 0 means any number.
        MaxServerConnections: int
        /// How many connections whose handshake is not complete a server holds at once; 0 means any number.
        MaxHalfOpenConnections: int
        /// Whether `Trace`s carry key-log lines. They decrypt the connections.
        EnableKeyLog: bool
        /// Whether `Trace`s carry qlog events.
        EnableQlog: bool
        /// The key exchange groups, most preferred first.
        Groups: NamedGroup list
        /// The groups of which a client sends key shares at once: some of `Groups`, in their order. None sends one share, of the
        /// first; a server that wants another group asks for it, which takes a round trip (RFC 8446 §4.1.4).
        KeyShareGroups: NamedGroup list
        /// The cipher suites, most preferred first.
        CipherSuites: CipherSuite list
        /// How connection IDs look and are found in short headers.
        [<JsonIgnore>]
        ConnectionIds: IConnectionIdScheme
        /// The key of stateless reset tokens (RFC 9000 §10.3.2), at least 32 bytes; empty draws one, which a restart forgets.
        StatelessResetKey: Secret
    }

    member private this.Display =
        let role = (string this.Role).ToLowerInvariant()
        let protocols = String.Join(", ", this.ApplicationProtocols)

        let defaults =
            Engine.EndpointConfig(
                Role = this.Role,
                Entropy = SeededEntropy(0UL, ""),
                Calendar = CalendarAnchor(DateTimeOffset.UnixEpoch, TimeUs.zero)
            )

        Printing.changes
            $"EndpointConfig of a {role} for {protocols}"
            defaults
            { this with
                ApplicationProtocols = List.ofSeq defaults.ApplicationProtocols }

    override this.ToString() = this.Display

/// What an endpoint takes from outside besides its inputs. With seeded entropy everything it does can be repeated.
[<StructuredFormatDisplay("{Display}")>]
type Sources =
    {
        /// Where random bytes come from. One endpoint owns one source.
        Entropy: IEntropy
        /// Who makes key shares.
        KeyExchange: IKeyExchange
        /// A calendar instant and the `TimeUs` it belongs to.
        Calendar: CalendarAnchor
    }

    member private this.Display =
        $"Sources: {this.Entropy.GetType().Name}, {this.KeyExchange.GetType().Name}, {this.Calendar.Utc:u} at {this.Calendar.At}"

    override this.ToString() = this.Display

/// What an endpoint takes from outside besides its inputs.
module Sources =

    /// Standard key exchange, with this entropy, at a calendar instant that belongs to `now`.
    let create (entropy: IEntropy) (now: TimeUs) (utc: DateTimeOffset) : Sources =
        { Entropy = entropy
          KeyExchange = Engine.KeyExchange.Instance
          Calendar = CalendarAnchor(utc, now) }

/// How an endpoint behaves.
module EndpointConfig =

    let private preferredToEngine (offer: PreferredAddressOffer option) : Engine.PreferredAddressOffer | null =
        match offer with
        | Some offer -> Engine.PreferredAddressOffer(Option.toObj offer.IPv4, Option.toObj offer.IPv6)
        | None -> null

    let private preferredOfEngine (offer: Engine.PreferredAddressOffer) : PreferredAddressOffer =
        { IPv4 = Option.ofObj offer.IPv4
          IPv6 = Option.ofObj offer.IPv6 }

    let internal toEngine (sources: Sources) (config: EndpointConfig) =
        Engine.EndpointConfig(
            Role = config.Role,
            Entropy = sources.Entropy,
            KeyExchange = sources.KeyExchange,
            Calendar = sources.Calendar,
            ApplicationProtocols = List.toArray config.ApplicationProtocols,
            SupportedVersions = List.toArray config.SupportedVersions,
            VerifyPeer = config.VerifyPeer,
            CertificateVerifier = Option.toObj config.CertificateVerifier,
            AsksForCertificateVerdicts = config.AsksForCertificateVerdicts,
            ServerIdentities = Option.toObj config.ServerIdentities,
            AsksForServerIdentities = config.AsksForServerIdentities,
            ClientCertificates = config.ClientCertificates,
            ClientIdentities = Option.toObj config.ClientIdentities,
            Transport = TransportConfig.toEngine config.Transport,
            MaxOutboundDatagramSize = config.MaxOutboundDatagramSize,
            DefersSends = config.DefersSends,
            ZeroRtt = ZeroRttConfig.toEngine config.ZeroRtt,
            OrphanZeroRttBuffer =
                Engine.OrphanZeroRttBuffer(
                    config.OrphanZeroRttBuffer.MaxPackets,
                    config.OrphanZeroRttBuffer.MaxBytes,
                    config.OrphanZeroRttBuffer.MaxAge
                ),
            TicketKeys = SealingKeys.toEngine config.TicketKeys,
            TicketsPerConnection = config.TicketsPerConnection,
            TicketLifetime = config.TicketLifetime,
            ReplayGuard = Option.toObj config.ReplayGuard,
            RetryEnabled = config.RetryEnabled,
            RetryThreshold = config.RetryThreshold,
            RetryTokenLifetime = config.RetryTokenLifetime,
            RetryHandshakeValidationPolicy = config.RetryHandshakeValidationPolicy,
            NewTokensPerConnection = config.NewTokensPerConnection,
            NewTokenLifetime = config.NewTokenLifetime,
            TokenKeys = SealingKeys.toEngine config.TokenKeys,
            EnableOutOfOrderReceive = config.EnableOutOfOrderReceive,
            EnablePacketInspection = config.EnablePacketInspection,
            AllowPeerAddressChange = config.AllowPeerAddressChange,
            PreferredAddress = preferredToEngine config.PreferredAddress,
            EnableReservedVersionProbe = config.EnableReservedVersionProbe,
            EnableLongHeaderStatelessReset = config.EnableLongHeaderStatelessReset,
            EnableMinimalClosingStateRetention = config.EnableMinimalClosingStateRetention,
            MaxServerConnections = config.MaxServerConnections,
            MaxHalfOpenConnections = config.MaxHalfOpenConnections,
            EnableKeyLog = config.EnableKeyLog,
            EnableQlog = config.EnableQlog,
            Groups = List.toArray config.Groups,
            KeyShareGroups = List.toArray config.KeyShareGroups,
            CipherSuites = List.toArray config.CipherSuites,
            ConnectionIds = config.ConnectionIds,
            StatelessResetKey = Secret.reveal config.StatelessResetKey
        )

    let private ofEngine (config: Engine.EndpointConfig) : EndpointConfig =
        { Role = config.Role
          ApplicationProtocols = List.ofSeq config.ApplicationProtocols
          SupportedVersions = List.ofSeq config.SupportedVersions
          VerifyPeer = config.VerifyPeer
          CertificateVerifier = Option.ofObj config.CertificateVerifier
          AsksForCertificateVerdicts = config.AsksForCertificateVerdicts
          ServerIdentities = Option.ofObj config.ServerIdentities
          AsksForServerIdentities = config.AsksForServerIdentities
          ClientCertificates = config.ClientCertificates
          ClientIdentities = Option.ofObj config.ClientIdentities
          Transport = TransportConfig.ofEngine config.Transport
          MaxOutboundDatagramSize = config.MaxOutboundDatagramSize
          DefersSends = config.DefersSends
          ZeroRtt = ZeroRttConfig.ofEngine config.ZeroRtt
          OrphanZeroRttBuffer =
            { MaxPackets = config.OrphanZeroRttBuffer.MaxPackets
              MaxBytes = config.OrphanZeroRttBuffer.MaxBytes
              MaxAge = config.OrphanZeroRttBuffer.MaxAge }
          TicketKeys = SealingKeys.ofEngine config.TicketKeys
          TicketsPerConnection = config.TicketsPerConnection
          TicketLifetime = config.TicketLifetime
          ReplayGuard = Option.ofObj config.ReplayGuard
          RetryEnabled = config.RetryEnabled
          RetryThreshold = config.RetryThreshold
          RetryTokenLifetime = config.RetryTokenLifetime
          RetryHandshakeValidationPolicy = config.RetryHandshakeValidationPolicy
          NewTokensPerConnection = config.NewTokensPerConnection
          NewTokenLifetime = config.NewTokenLifetime
          TokenKeys = SealingKeys.ofEngine config.TokenKeys
          EnableOutOfOrderReceive = config.EnableOutOfOrderReceive
          EnablePacketInspection = config.EnablePacketInspection
          AllowPeerAddressChange = config.AllowPeerAddressChange
          PreferredAddress = Option.ofObj config.PreferredAddress |> Option.map preferredOfEngine
          EnableReservedVersionProbe = config.EnableReservedVersionProbe
          EnableLongHeaderStatelessReset = config.EnableLongHeaderStatelessReset
          EnableMinimalClosingStateRetention = config.EnableMinimalClosingStateRetention
          MaxServerConnections = config.MaxServerConnections
          MaxHalfOpenConnections = config.MaxHalfOpenConnections
          EnableKeyLog = config.EnableKeyLog
          EnableQlog = config.EnableQlog
          Groups = List.ofSeq config.Groups
          KeyShareGroups = List.ofSeq config.KeyShareGroups
          CipherSuites = List.ofSeq config.CipherSuites
          ConnectionIds = config.ConnectionIds
          StatelessResetKey = Secret.ofBytes config.StatelessResetKey }

    /// No source is drawn from when a configuration is only looked at.
    let private noSources =
        let noEntropy =
            { new IEntropy with
                member _.Fill _ = () }

        Sources.create noEntropy TimeUs.zero DateTimeOffset.UnixEpoch

    let private coquicFor role =
        Engine.CoquicDefaults.Endpoint(role, noSources.Entropy, noSources.Calendar)

    let private defaultsFor role protocols : EndpointConfig =
        let engine =
            Engine.EndpointConfig(Role = role, Entropy = noSources.Entropy, Calendar = noSources.Calendar)

        { ofEngine engine with
            ApplicationProtocols = protocols }

    /// A client that offers one application protocol and verifies servers by the system's roots.
    let client (applicationProtocol: string) : EndpointConfig =
        defaultsFor Role.Client [ applicationProtocol ]

    /// A server of one application protocol with this identity, whatever name a client asks for.
    let server (applicationProtocol: string) (identity: ServerIdentity) : EndpointConfig =
        { defaultsFor Role.Server [ applicationProtocol ] with
            ServerIdentities = Some(Engine.SingleServerIdentity identity) }

    /// The same configuration, speaking these versions, most preferred first. A server changes a client's first flight to the
    /// first of them that the client offers (RFC 9368).
    let speaking (versions: QuicVersion list) (config: EndpointConfig) : EndpointConfig =
        { config with
            SupportedVersions = versions }

    /// A server of one application protocol with a selector that picks the identity for each client.
    let serverOf (applicationProtocol: string) (identities: IServerIdentitySelector) : EndpointConfig =
        { defaultsFor Role.Server [ applicationProtocol ] with
            ServerIdentities = Some identities }

    /// The same configuration, with peers' certificates judged by this verifier.
    let verifiedBy (verifier: ICertificateVerifier) (config: EndpointConfig) : EndpointConfig =
        { config with
            VerifyPeer = true
            CertificateVerifier = Some verifier }

    /// The same configuration, with peers' certificates judged by the platform's rules and these roots (PEM), and no others.
    let withTrustedRoots (roots: string) (config: EndpointConfig) : Result<EndpointConfig, IdentityError> =
        Trust.onlyPem roots |> Result.map (fun verifier -> verifiedBy verifier config)

    /// The same client's configuration, with this identity for servers that ask for one.
    let withClientIdentity (identity: ClientIdentity) (config: EndpointConfig) : EndpointConfig =
        { config with
            ClientIdentities = Some(Engine.SingleClientIdentity identity) }

    /// The same server's configuration, with clients asked for a certificate, which this verifier judges.
    let askingClients
        (policy: ClientCertificatePolicy)
        (verifier: ICertificateVerifier)
        (config: EndpointConfig)
        : EndpointConfig =
        { verifiedBy verifier config with
            ClientCertificates = policy }

    /// The same server's configuration, with a function that picks the identity by the name that a client asks for, none where
    /// it sends none. It is called once a handshake, so that what it answers may change while the server runs.
    let withIdentities (select: string option -> ServerIdentity option) (config: EndpointConfig) : EndpointConfig =
        let selector =
            { new IServerIdentitySelector with
                member _.Select serverName =
                    serverName |> Option.ofObj |> select |> Option.toObj }

        { config with
            ServerIdentities = Some selector }

    /// The same configuration, without a look at the peer's certificate chain and name: for trying things out. That the peer
    /// holds the key of the certificate that it shows is always checked.
    let withoutVerification (config: EndpointConfig) : EndpointConfig = { config with VerifyPeer = false }

    /// The values that the C ABI's initialiser sets.
    let coquic (role: Role) : EndpointConfig = ofEngine (coquicFor role)

    /// Every fault of a configuration at once; none when it can work.
    let faults (config: EndpointConfig) : ConfigurationFault list =
        toEngine noSources config |> Engine.ConfigurationCheck.Faults |> List.ofSeq
