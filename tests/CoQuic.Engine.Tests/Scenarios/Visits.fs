/// A client that comes back to its server with what it remembers, and with early data.
module CoQuic.Engine.Tests.Scenarios.Visits

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Pair

let minute = TimeSpan.FromMinutes 1.0
let context = Bytes.CopyOf(ReadOnlySpan [| 1uy; 2uy |])

/// What tests of returning clients vary.
type Settings =
    { Transport: TransportConfig
      Protocols: string list
      Versions: QuicVersion list
      Groups: NamedGroup list
      Suites: CipherSuite list
      ZeroRtt: ZeroRttConfig
      Orphans: OrphanZeroRttBuffer
      Tickets: int
      Guard: IReplayGuard option
      Calendar: CalendarAnchor }

let private newYear = DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)

let private usual =
    { Transport = TransportConfig()
      Protocols = [ "test" ]
      Versions = [ QuicVersion.V1 ]
      Groups = [ NamedGroup.X25519; NamedGroup.Secp256r1 ]
      Suites =
        [ CipherSuite.Aes128GcmSha256
          CipherSuite.Aes256GcmSha384
          CipherSuite.ChaCha20Poly1305Sha256 ]
      ZeroRtt = ZeroRttConfig(Allow = true, ApplicationContext = context)
      Orphans = OrphanZeroRttBuffer.Small
      Tickets = 2
      Guard = None
      Calendar = CalendarAnchor(newYear, origin) }

/// A client that differs from the usual one.
let client change =
    let settings = change usual

    EndpointConfig(
        Role = Role.Client,
        Entropy = TestEntropy 1UL,
        Calendar = settings.Calendar,
        ApplicationProtocols = settings.Protocols,
        SupportedVersions = settings.Versions,
        VerifyPeer = false,
        Transport = settings.Transport
    )

/// A server that takes early data, and differs from the usual one. Its ticket keys are those of all servers here.
let server change =
    let settings =
        change
            { usual with
                Guard = Some(ReplayGuard(64, DateTimeOffset.MinValue)) }

    EndpointConfig(
        Role = Role.Server,
        Entropy = TestEntropy 0x5eedUL,
        Calendar = settings.Calendar,
        ApplicationProtocols = settings.Protocols,
        SupportedVersions = settings.Versions,
        ServerIdentities = SingleServerIdentity(SimulationIdentity.Create(TestEntropy 7UL, "localhost")),
        Transport = settings.Transport,
        Groups = settings.Groups,
        CipherSuites = settings.Suites,
        ZeroRtt = settings.ZeroRtt,
        OrphanZeroRttBuffer = settings.Orphans,
        TicketKeys = SealingKeys(Current = Bytes.CopyOf(ReadOnlySpan(Array.create SealingKeys.KeyLength 9uy))),
        TicketsPerConnection = settings.Tickets,
        ReplayGuard = Option.toObj settings.Guard
    )

let early =
    ZeroRttConfig(Attempt = true, ApplicationContext = context, ResendRejected = false)

let resent =
    ZeroRttConfig(Attempt = true, ApplicationContext = context, ResendRejected = true)

/// The same client and the same clock before another server: a restart, or another shard.
let before (server: EndpointConfig) pair = pair |> withServer server

/// What was told so far is forgotten.
let fresh pair =
    pair.ClientEffects.Clear()
    pair.ServerEffects.Clear()
    pair.Flight.Clear()
    pair

let private open' state (zeroRtt: ZeroRttConfig) pair =
    openConnection (OpenConnection(Route = RouteHandle 1UL, ResumptionState = state, ZeroRtt = zeroRtt)) pair
    pair

let tickets pair =
    told<ResumptionStateAvailableEffect> Client pair |> List.map _.Serialized

/// A first visit, until the tickets are there; then everybody leaves.
let firstVisit pair =
    openConnection (OpenConnection(Route = RouteHandle 1UL, ZeroRtt = early)) pair
    let isThere pair = List.length (tickets pair) = 2
    Expect.isTrue (runUntil minute isThere pair) "two tickets"
    let states = tickets pair
    absorb Client (pair.Client.CloseConnection(pair.Now, pair.ClientConnection, 0UL, "")) pair

    Expect.isTrue
        (runUntil minute (fun pair -> pair.Client.ConnectionCount + pair.Server.ConnectionCount = 0) pair)
        "both have forgotten the connection"

    fresh pair |> ignore
    states

/// A client and a server of which the client has a ticket.
let acquainted clientConfig serverConfig seed link =
    let pair = withConfigs clientConfig serverConfig seed ideal
    let states = firstVisit pair
    { pair with Link = link }, List.head states

let acquaintances seed link =
    acquainted (client id) (server id) seed link

/// Comes back, and at once writes to the first stream.
let comeBack state zeroRtt data pair =
    open' state zeroRtt pair |> ignore
    Expect.isNone (send Client (StreamId 0UL) data true pair) "the stream opens under remembered limits"
    pair

let statuses pair =
    told<ZeroRttStatusEventEffect> Client pair |> List.map _.Status

let haveStreamsEnded pair =
    told<ZeroRttStatusEventEffect> Client pair |> List.exists _.HaveStreamsEnded

let pattern length =
    Array.init length (fun i -> byte (i * 31 + i / 251))

let hasAll data pair =
    received Server (StreamId 0UL) pair = (data, true)

let information side pair =
    told<HandshakeInformationEffect> side pair |> List.exactlyOne
