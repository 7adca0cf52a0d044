/// A client's and a server's endpoint behind the ABI, in one process, with a virtual clock.
module CoQuic.Native.Tests.Two

open System
open System.Runtime.InteropServices
open System.Security.Cryptography
open System.Security.Cryptography.X509Certificates
open System.Text
open Microsoft.FSharp.NativeInterop
open CoQuic.Abi
open CoQuic.Engine
open CoQuic.Interop
open CoQuic.Native
open CoQuic.Native.Tests.Abi

let private epoch = DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)

/// Bytes that a number decides, one block of SHA-256 after the other.
let private seeded (seed: int) =
    let mutable counter = 0
    let mutable block = ReadOnlyMemory<byte>.Empty

    { new IEntropy with
        member _.Fill destination =
            for index in 0 .. destination.Length - 1 do
                if block.IsEmpty then
                    counter <- counter + 1
                    block <- ReadOnlyMemory(SHA256.HashData(Encoding.ASCII.GetBytes $"{seed}/{counter}"))

                destination[index] <- block.Span[0]
                block <- block.Slice 1 }

let sources seed =
    let entropy = seeded seed

    { new ISources with
        member _.Entropy = entropy
        member _.UtcNow = epoch }

/// A certificate for localhost and its key, PEM.
let identity =
    lazy
        (use key = ECDsa.Create ECCurve.NamedCurves.nistP256

         let request =
             X509Certificates.CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)

         use certificate = request.CreateSelfSigned(epoch, epoch + TimeSpan.FromDays 30.0)

         Encoding.UTF8.GetBytes(certificate.ExportCertificatePem()),
         Encoding.UTF8.GetBytes(key.ExportPkcs8PrivateKeyPem()))

let defaults () =
    let mutable config = CoquicEndpointConfig()
    Calls.InitialiseEndpoint &&config
    config

/// The initialiser's values without verification: what most clients of these tests use.
let clientConfig () =
    let mutable config = defaults ()
    config.VerifyPeer <- 0uy
    config

let serverConfig () =
    let mutable config = clientConfig ()
    config.Role <- 1uy
    config

let create seed (config: CoquicEndpointConfig) =
    let mutable config = config
    let mutable endpoint = 0n

    match Calls.Create(&&config, &&endpoint, sources seed) with
    | Status.Ok -> endpoint
    | status -> failwith $"no endpoint: {status}"

let createServer seed (config: CoquicEndpointConfig) =
    let certificate, key = identity.Value
    use certificate' = fixed certificate
    use key' = fixed key

    let mutable pem =
        CoquicTlsIdentity(
            CertificatePem = certificate',
            CertificatePemLength = unativeint certificate.Length,
            PrivateKeyPem = key',
            PrivateKeyPemLength = unativeint key.Length
        )

    let mutable config = config
    config.Identity <- &&pem
    create seed config

/// A server that gives more tickets than the ABI's own ever do.
let createGenerousServer seed tickets =
    let certificate, key = identity.Value
    let mutable found = Unchecked.defaultof<CertificateIdentity | null>
    let mutable fault = Unchecked.defaultof<string | null>

    if
        not (
            CertificateIdentity.TryFromPem(
                Encoding.UTF8.GetString certificate,
                Encoding.UTF8.GetString key,
                &found,
                &fault
            )
        )
    then
        failwith $"no identity: {fault}"

    let config =
        EndpointConfig(
            Role = Role.Server,
            Entropy = seeded seed,
            Calendar = CalendarAnchor(epoch, TimeUs.Zero),
            ApplicationProtocols = [| "coquic" |],
            ServerIdentities = SingleServerIdentity(nonNull found),
            TicketsPerConnection = tickets
        )

    GCHandle.ToIntPtr(GCHandle.Alloc(new CoquicEndpoint(config, sources seed)))

/// The route of the only path.
let path = 7UL

/// 127.0.0.1:4433 in the layout that the ABI understands.
let loopback = [| 4uy; 127uy; 0uy; 0uy; 1uy; 0x11uy; 0x51uy |]

let private connectionId first =
    [| for index in 0..7 -> byte (first + index) |]

let connectionDefaults () =
    let mutable config = CoquicClientConnectionConfig()
    Calls.InitialiseClientConnection &&config
    config

/// Opens a connection as `change` wants it; `number` makes its connection ids.
let openWith (change: CoquicOpenConnection -> CoquicOpenConnection) number endpoint now =
    let source, destination =
        connectionId (16 * number), connectionId (128 + 16 * number)

    use source' = fixed source
    use destination' = fixed destination
    use identity = fixed loopback
    let mutable input = CoquicOpenConnection(Connection = connectionDefaults ())
    input.Size <- size<CoquicOpenConnection>
    input.InitialRouteHandle <- path
    input.AddressValidationIdentity <- CoquicBytes(Data = identity, Length = unativeint loopback.Length)
    input.Connection.SourceConnectionId <- CoquicBytes(Data = source', Length = unativeint source.Length)

    input.Connection.InitialDestinationConnectionId <-
        CoquicBytes(Data = destination', Length = unativeint destination.Length)

    let handle = NativePtr.stackalloc<uint64> 1

    let result =
        callWith (change input) (fun input result -> Calls.Connect(endpoint, input, now, handle, result))

    NativePtr.read handle, result

let openOne number endpoint now =
    openWith (fun input -> input) number endpoint now

type Side =
    | Client
    | Server

/// Both ends, what each has sent and the other not received, and everything that each was told.
type Two =
    { ClientEndpoint: nativeint
      ServerEndpoint: nativeint
      mutable Now: uint64
      mutable ToServer: Send list
      mutable ToClient: Send list
      mutable Heard: (Side * Result) list }

let endpointOf two side =
    match side with
    | Client -> two.ClientEndpoint
    | Server -> two.ServerEndpoint

/// Takes a side's result in: what it sends is under way.
let take two side result =
    two.Heard <- two.Heard @ [ side, result ]

    match side with
    | Client -> two.ToServer <- two.ToServer @ sent result
    | Server -> two.ToClient <- two.ToClient @ sent result

    result

/// Gives a side an input, at the present instant.
let on two side (work: nativeint -> uint64 -> Result) =
    work (endpointOf two side) two.Now |> take two side

/// The oldest datagram under way to a side arrives, a millisecond later; none when nothing is.
let deliver two side =
    let next, rest =
        match (if side = Server then two.ToServer else two.ToClient) with
        | [] -> None, []
        | next :: rest -> Some next, rest

    if side = Server then
        two.ToServer <- rest
    else
        two.ToClient <- rest

    next
    |> Option.map (fun datagram ->
        two.Now <- two.Now + 1000UL
        on two side (fun endpoint now -> receiveMarked datagram.Ecn endpoint now datagram.Route datagram.Bytes))

/// Everything under way arrives, and what it is answered with.
let rec exchange two =
    if not two.ToServer.IsEmpty then
        deliver two Server |> ignore
        exchange two
    elif not two.ToClient.IsEmpty then
        deliver two Client |> ignore
        exchange two

/// The clock jumps to a side's next wake-up, and it hears of it.
let wake two side =
    match time (Calls.NextWakeup(endpointOf two side)) with
    | None -> failwith "there is no wake-up"
    | Some at ->
        two.Now <- max two.Now at
        on two side timerExpired

/// No test of this program wakes anybody so often.
let private mostWakeups = 2_000

/// Wakes both sides until neither has anything due within so many microseconds.
let settle two within =
    let nextDue () =
        [ for side in [ Client; Server ] do
              match time (Calls.NextWakeup(endpointOf two side)) with
              | Some at when at <= two.Now + within -> at, side
              | _ -> () ]
        |> List.sort
        |> List.tryHead

    let rec go remaining =
        exchange two

        if remaining = 0 then
            failwith $"there is no end: %A{two.Heard |> List.rev |> List.truncate 10}"

        match nextDue () with
        | Some(_, side) ->
            wake two side |> ignore
            go (remaining - 1)
        | None -> ()

    go mostWakeups

/// Everything that a side was told since it began, as names.
let timeline two side =
    two.Heard
    |> List.filter (fun (at, _) -> at = side)
    |> List.collect (fun (_, result) -> names result)

/// What a side was told of one kind.
let heard two side (choose: Told -> 'value option) =
    two.Heard
    |> List.filter (fun (at, _) -> at = side)
    |> List.collect (fun (_, result) -> List.choose choose result.Effects)

let dispose two =
    Calls.Destroy two.ClientEndpoint
    Calls.Destroy two.ServerEndpoint

/// Two endpoints that were made before, and nothing between them yet.
let withEndpoints client server =
    { ClientEndpoint = client
      ServerEndpoint = server
      Now = 0UL
      ToServer = []
      ToClient = []
      Heard = [] }

/// Two endpoints, and nothing between them yet.
let between (client: CoquicEndpointConfig) (server: CoquicEndpointConfig) =
    withEndpoints (create 1 client) (createServer 2 server)

/// A connection, confirmed at both ends and quiet. Its handle is 1 at both.
let connected client server =
    let two = between client server
    on two Client (fun endpoint now -> openOne 1 endpoint now |> snd) |> ignore
    settle two 100_000UL
    two

let standard () =
    connected (clientConfig ()) (serverConfig ())

/// A test of a row of docs/abi.md: its name begins with the row's id.
let row id sentence test =
    Expecto.Tests.testCase $"{id}: {sentence}" test

/// Runs a test over two endpoints and destroys them.
let using (make: unit -> Two) (test: Two -> unit) =
    let two = make ()

    try
        test two
    finally
        dispose two
