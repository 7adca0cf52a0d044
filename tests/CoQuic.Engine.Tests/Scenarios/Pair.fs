/// Two engine endpoints joined by a simulated link, stepped in virtual time. A seed decides everything.
module CoQuic.Engine.Tests.Scenarios.Pair

open System
open System.Collections.Generic
open System.Reflection
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Invariants

/// Bytes from a counter that is hashed: the same in every process. For tests alone.
type TestEntropy(seed: uint64) =
    let mutable counter = 0UL

    interface IEntropy with
        member _.Fill destination =
            let mutable filled = 0

            while filled < destination.Length do
                let block =
                    Security.Cryptography.SHA256.HashData(
                        Array.append (BitConverter.GetBytes seed) (BitConverter.GetBytes counter)
                    )

                counter <- counter + 1UL
                let length = min block.Length (destination.Length - filled)
                block.AsSpan(0, length).CopyTo(destination.Slice(filled, length))
                filled <- filled + length

/// What a link does to datagrams, in one direction or both.
type Link =
    {
        Delay: TimeSpan
        /// Up to so much is added to each datagram's delay: datagrams overtake each other.
        Jitter: TimeSpan
        /// The chance of each datagram to be lost, 0 to 1.
        Loss: float
        /// The chance of each datagram to arrive twice, 0 to 1.
        Duplication: float
        /// Datagrams lost on purpose, counted from 0 in each direction.
        Drop: Set<int>
    }

let ideal =
    { Delay = TimeSpan.FromMilliseconds 10.0
      Jitter = TimeSpan.Zero
      Loss = 0.0
      Duplication = 0.0
      Drop = Set.empty }

type Side =
    | Client
    | Server

/// A datagram on its way, as the network sees it.
type Passage =
    {
        /// The receiver's name for the pair of addresses: the sender's, unless the network changes it.
        Route: RouteHandle
        Ecn: EcnCodepoint
        /// Identifies the sender's address to the receiver.
        Identity: Bytes
        Length: int
    }

type private InFlight =
    { At: TimeUs
      Order: int
      To: Side
      Bytes: Bytes
      Passage: Passage }

type Pair =
    {
        Client: QuicEndpoint
        Server: QuicEndpoint
        Link: Link
        mutable Now: TimeUs
        mutable ClientConnection: ConnectionHandle
        mutable ServerConnection: ConnectionHandle
        /// What the server's host says of the address that the client sends from.
        mutable ClientAddress: Bytes
        /// Effects of each side with the instant at which they came, oldest first.
        ClientEffects: List<TimeUs * Effect>
        ServerEffects: List<TimeUs * Effect>
        /// Called for each datagram before it travels: may change it, or drop it with an empty result.
        mutable Tamper: Side -> int -> Bytes -> Bytes
        /// What the network does with a datagram from a side besides the link: changes its route or its mark, or loses it.
        mutable Network: Side -> Passage -> Passage option
        /// Whether hosts copy what results show, and both they and the endpoints write over everything as soon as they may.
        mutable Reclaims: bool
        Flight: SortedDictionary<struct (TimeUs * int), obj>
        Random: Random
        Sent: Dictionary<Side, int>
        /// Who watches each endpoint.
        Watches: Dictionary<QuicEndpoint, Watch>
        mutable Steps: int
    }

let origin = TimeUs.FromMilliseconds 1.0

let private calendar =
    CalendarAnchor(DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), origin)

let clientWith (transport: TransportConfig) (seed: uint64) =
    EndpointConfig(
        Transport = transport,
        Role = Role.Client,
        Entropy = TestEntropy seed,
        Calendar = calendar,
        ApplicationProtocols = [| "test" |],
        VerifyPeer = false
    )

let clientConfig seed = clientWith (TransportConfig()) seed

let serverConfig protocol (seed: uint64) =
    EndpointConfig(
        Role = Role.Server,
        Entropy = TestEntropy(seed + 0x5eedUL),
        Calendar = calendar,
        ApplicationProtocols = [| protocol |],
        ServerIdentities = SingleServerIdentity(SimulationIdentity.Create(TestEntropy 7UL, "localhost"))
    )

/// An array that nobody changes any more, as a value.
let bytesOf (array: byte[]) = Bytes.Wrap(ReadOnlyMemory array)

/// The identity of an IPv4 address and port, as hosts give it.
let address4 (address: string) (port: int) =
    let bytes = Net.IPAddress.Parse(address).GetAddressBytes()
    bytesOf (Array.concat [ [| 4uy |]; bytes; [| byte (port >>> 8); byte port |] ])

/// A copy of a configuration with some settings changed, by name: what `with` is in C#.
let having (changes: (string * objnull) list) (config: 'config) : 'config =
    let clone = typeof<'config>.GetMethod "<Clone>$" |> nonNull
    let copy = clone.Invoke(config, [||]) |> nonNull

    let visible =
        BindingFlags.Instance ||| BindingFlags.Public ||| BindingFlags.NonPublic

    for name, value in changes do
        let property = typeof<'config>.GetProperty(name, visible) |> nonNull
        property.SetValue(copy, value)

    unbox<'config> copy

let withConfigs (client: EndpointConfig) (server: EndpointConfig) (seed: int) link =
    let pair =
        { Client = new QuicEndpoint(client)
          Server = new QuicEndpoint(server)
          Link = link
          Now = origin
          ClientConnection = ConnectionHandle.None
          ServerConnection = ConnectionHandle.None
          ClientAddress = address4 "192.0.2.1" 4321
          ClientEffects = List()
          ServerEffects = List()
          Tamper = fun _ _ bytes -> bytes
          Network = fun _ passage -> Some passage
          Reclaims = false
          Flight = SortedDictionary()
          Random = Random seed
          Sent = Dictionary()
          Watches = Dictionary HashIdentity.Reference
          Steps = 0 }

    pair.Watches[pair.Client] <- Watch("the client", pair.Client, not client.EnableOutOfOrderReceive)
    pair.Watches[pair.Server] <- Watch("the server", pair.Server, not server.EnableOutOfOrderReceive)

    pair.Sent[Client] <- 0
    pair.Sent[Server] <- 0
    pair

/// The same client before another server.
let withServer (server: EndpointConfig) pair =
    let pair =
        { pair with
            Server = new QuicEndpoint(server) }

    pair.Watches[pair.Server] <- Watch("the server", pair.Server, not server.EnableOutOfOrderReceive)
    pair

let create seed link =
    withConfigs (clientConfig (uint64 seed)) (serverConfig "test" (uint64 seed)) seed link

/// What the host of a side says of where a datagram came from.
let originOf side pair =
    if side = Server then pair.ClientAddress else Bytes.Empty

let endpoint side pair =
    match side with
    | Client -> pair.Client
    | Server -> pair.Server

let effects side pair =
    match side with
    | Client -> pair.ClientEffects
    | Server -> pair.ServerEffects

let other side =
    match side with
    | Client -> Server
    | Server -> Client

/// A datagram is on its way from a side.
let private travel side bytes passage pair =
    pair.Steps <- pair.Steps + 1

    let at =
        if pair.Link.Jitter > TimeSpan.Zero then
            pair.Now + pair.Link.Delay + pair.Random.NextDouble() * pair.Link.Jitter
        else
            pair.Now + pair.Link.Delay

    pair.Flight.Add(
        struct (at, pair.Steps),
        { At = at
          Order = pair.Steps
          To = other side
          Bytes = bytes
          Passage = passage }
    )

let private launch side (bytes: Bytes) (run: SendDatagramEffect) pair =
    let number = pair.Sent[side]
    pair.Sent[side] <- number + 1
    let bytes = pair.Tamper side number bytes

    let isLost =
        pair.Random.NextDouble() < pair.Link.Loss || pair.Link.Drop.Contains number

    let passage =
        pair.Network
            side
            { Route = run.Route.GetValueOrDefault(RouteHandle 1UL)
              Ecn = run.Ecn
              Identity = originOf (other side) pair
              Length = bytes.Length }

    if not (isLost || bytes.IsEmpty || passage.IsNone) then
        let copies =
            if pair.Link.Duplication > 0.0 && pair.Random.NextDouble() < pair.Link.Duplication then
                2
            else
                1

        for _ in 1..copies do
            travel side bytes passage.Value pair

/// The datagrams of a run, one by one.
let datagrams (run: SendDatagramEffect) =
    [ for start in 0 .. run.SegmentSize .. run.Bytes.Length - 1 ->
          run.Bytes.Slice(start, min run.SegmentSize (run.Bytes.Length - start)) ]

/// The first packet of a datagram: its type and length.
let firstPacket (datagram: Bytes) =
    let mutable packet = ProtectedPacket()

    if PacketParser.TryReadNext(datagram.Span, RandomConnectionIds.DefaultLength, &packet) then
        packet.Type, packet.Length
    else
        failwith $"no packet: {datagram}"

/// An effect whose bytes are nobody else's.
let private detached (effect: Effect) : Effect =
    let copied (bytes: Bytes) = bytesOf (bytes.ToArray())

    match effect with
    | :? SendDatagramEffect as run ->
        SendDatagramEffect(run.Connection, run.Route, run.Ecn, run.IsPmtuProbe, copied run.Bytes, run.SegmentSize)
    | :? ReceiveStreamDataEffect as data ->
        ReceiveStreamDataEffect(
            data.Connection,
            data.StreamId,
            data.Offset,
            copied data.Bytes,
            data.Fin,
            data.FinalSize
        )
    | :? ReceiveDatagramDataEffect as datagram -> ReceiveDatagramDataEffect(datagram.Connection, copied datagram.Bytes)
    | other -> other

/// Takes in what an endpoint answered: datagrams travel, the rest is kept.
let absorb side (result: EndpointResult) pair =
    let result =
        if pair.Reclaims then
            result
            |> having [ "Effects", box [| for effect in result.Effects -> detached effect |] ]
        else
            result

    match pair.Watches.TryGetValue(endpoint side pair) with
    | true, watch -> watch.OnResult(pair.Now, result)
    | _ -> ()

    for effect in result.Effects do
        (effects side pair).Add((pair.Now, effect))

        match effect with
        | :? SendDatagramEffect as run ->
            for datagram in datagrams run do
                launch side datagram run pair
        | :? ConnectionLifecycleEventEffect as event when event.Event = Lifecycle.Accepted ->
            pair.ServerConnection <- event.Connection
        | _ -> ()

let openConnection (input: OpenConnection) pair =
    let mutable handle = ConnectionHandle.None
    let result = pair.Client.OpenConnection(pair.Now, input, &handle)
    pair.ClientConnection <- handle
    absorb Client result pair

let connect pair =
    openConnection (OpenConnection(Route = RouteHandle 1UL)) pair

let private nextWakeup pair =
    [ for side in [ Client; Server ] do
          match Option.ofNullable (endpoint side pair).NextWakeup with
          | Some at -> at, side
          | None when (endpoint side pair).HasSendContinuationPending -> pair.Now, side
          | None -> () ]
    |> function
        | [] -> None
        | wakeups -> Some(List.minBy fst wakeups)

/// When the next arrival or deadline is; none when nothing is left to happen.
let nextEvent pair =
    let arrival =
        Seq.tryHead pair.Flight
        |> Option.map (fun entry -> (entry.Value :?> InFlight).At)

    List.choose id [ arrival; nextWakeup pair |> Option.map fst ]
    |> function
        | [] -> None
        | instants -> Some(List.min instants)

/// A datagram arrives, in memory that its receiver takes over.
let private arrive datagram pair =
    let receiver = endpoint datagram.To pair
    let memory = datagram.Bytes.ToArray()

    let input =
        OwnedDatagram(
            Memory memory,
            0,
            Nullable datagram.Passage.Route,
            datagram.Passage.Ecn,
            datagram.Passage.Identity
        )

    absorb datagram.To (receiver.ReceiveOwnedDatagram(pair.Now, &input)) pair

    if pair.Reclaims && receiver.ReclaimMemory() then
        Array.Fill(memory, 0xAAuy)

/// One event: the next arrival or deadline. False when nothing is left to happen.
let step pair =
    let arrival =
        Seq.tryHead pair.Flight
        |> Option.map (fun entry -> entry.Key, entry.Value :?> InFlight)

    let continuing =
        [ Client; Server ]
        |> List.tryFind (fun side -> (endpoint side pair).HasSendContinuationPending)

    match continuing, arrival, nextWakeup pair with
    | Some side, _, _ ->
        absorb side ((endpoint side pair).TimerExpired pair.Now) pair
        true
    | None, Some(key, datagram), wakeup when
        (match wakeup with
         | Some(at, _) -> datagram.At <= at
         | None -> true)
        ->
        pair.Flight.Remove key |> ignore
        pair.Now <- TimeUs.Max(pair.Now, datagram.At)

        arrive datagram pair
        true
    | None, _, Some(at, side) ->
        pair.Now <- TimeUs.Max(pair.Now, at)
        absorb side ((endpoint side pair).TimerExpired pair.Now) pair
        true
    | None, _, None -> false

/// Steps until a condition holds; false when it does not within the limits.
let runUntil (limit: TimeSpan) (condition: Pair -> bool) pair =
    let deadline = pair.Now + limit
    let mutable steps = 0

    while not (condition pair) && pair.Now < deadline && steps < 1_000_000 && step pair do
        steps <- steps + 1

    condition pair

/// Lets so much time pass, with all that happens in it.
let pass (span: TimeSpan) pair =
    let until = pair.Now + span

    let rec go () =
        match nextEvent pair with
        | Some at when at <= until && step pair -> go ()
        | _ -> pair.Now <- TimeUs.Max(pair.Now, until)

    go ()

let told<'effect when 'effect :> Effect> side pair =
    effects side pair
    |> Seq.choose (fun (_, effect) ->
        match effect with
        | :? 'effect as found -> Some found
        | _ -> None)
    |> List.ofSeq

let hasState side change pair =
    told<StateEventEffect> side pair
    |> List.exists (fun event -> event.Change = change)

let confirmed pair =
    hasState Client StateChange.HandshakeConfirmed pair
    && hasState Server StateChange.HandshakeConfirmed pair

let closeReason side pair =
    match told<ConnectionClosedEffect> side pair with
    | [] -> None
    | [ closed ] -> Some closed.Reason
    | several -> failwith $"{several.Length} ConnectionClosed effects"

/// The bytes of a stream as they were given out, checked for order.
let received side (stream: StreamId) pair =
    let parts =
        told<ReceiveStreamDataEffect> side pair
        |> List.filter (fun part -> part.StreamId = stream)

    for part, next in List.pairwise parts do
        if part.Offset + uint64 part.Bytes.Length <> next.Offset then
            failwith $"{stream}: a gap after {part.Offset}"

    Array.concat [ for part in parts -> part.Bytes.ToArray() ], parts |> List.exists (fun part -> part.Fin)

let send side (stream: StreamId) (bytes: byte array) fin pair =
    let connection =
        match side with
        | Client -> pair.ClientConnection
        | Server -> pair.ServerConnection

    let data = SendStreamData(stream, Bytes.CopyOf(ReadOnlySpan bytes), fin, 0)
    let result = (endpoint side pair).SendStreamData(pair.Now, connection, &data)
    absorb side result pair
    Option.ofObj result.LocalError
