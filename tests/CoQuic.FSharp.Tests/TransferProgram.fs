/// A client that sends bytes on one stream, and a server that answers with how many came and their SHA-256.
module CoQuic.FSharp.Tests.TransferProgram

open System
open System.Security.Cryptography
open CoQuic.FSharp

type Client =
    { Answer: Bytes list
      IsAnswered: bool
      Signals: Signal list }

type Server =
    {
        /// What came on each stream, newest first.
        Received: Map<ConnectionHandle * StreamId, Bytes list>
        Total: int
        /// How many connections have yet to end.
        Expected: int
    }

/// Bytes that a number decides.
let content (seed: uint64) (size: int) =
    let bytes = Array.zeroCreate<byte> size
    SeededEntropy(seed, "content").Fill(Span bytes)
    Bytes.ofArray bytes

let digest (bytes: Bytes) =
    Bytes.ofArray (SHA256.HashData bytes.Span)

let private onClient (bytes: Bytes) signal (model: Client) =
    let model =
        { model with
            Signals = signal :: model.Signals }

    match signal with
    | Signal.HandshakeReady(connection, _) -> model, [ Command.OpenStream(connection, StreamKind.Bidirectional, 1) ]
    | Signal.StreamOpened(_, connection, stream) -> model, [ Command.sendLast connection stream bytes ]
    | Signal.StreamData data when data.Fin ->
        { model with
            Answer = data.Bytes :: model.Answer
            IsAnswered = true },
        [ Command.close data.Connection 0UL "done"; Command.Stop ]
    | Signal.StreamData data ->
        { model with
            Answer = data.Bytes :: model.Answer },
        []
    | Signal.Refused _
    | Signal.Closed _ -> model, [ Command.Stop ]
    | _ -> model, []

let client (server: string) (bytes: Bytes) : Program<Client, unit> =
    { Init =
        { Answer = []
          IsAnswered = false
          Signals = [] },
        [ Command.connect 1 server 443 ]
      Update =
        fun _ event model ->
            match event with
            | Network signal -> onClient bytes signal model
            | Message() -> model, [] }

let answer (client: Client) =
    client.Answer |> List.rev |> Bytes.concat

let private onData (data: ReceiveStreamData) (model: Server) =
    let key = data.Connection, data.Stream
    let before = Map.tryFind key model.Received |> Option.defaultValue []
    let received = data.Bytes :: before

    let model =
        { model with
            Received = Map.add key received model.Received
            Total = model.Total + data.Bytes.Length }

    if data.Fin then
        model, [ Command.sendLast data.Connection data.Stream (received |> List.rev |> Bytes.concat |> digest) ]
    else
        model, []

let private onServer signal (model: Server) =
    match signal with
    | Signal.StreamData data -> onData data model
    | Signal.Closed _ when model.Expected = 1 -> model, [ Command.Stop ]
    | Signal.Closed _ ->
        { model with
            Expected = model.Expected - 1 },
        []
    | _ -> model, []

/// A server that ends after so many connections.
let server (connections: int) : Program<Server, unit> =
    { Init =
        { Received = Map.empty
          Total = 0
          Expected = connections },
        []
      Update =
        fun _ event model ->
            match event with
            | Network signal -> onServer signal model
            | Message() -> model, [] }

let private identity = ServerIdentity.simulated 1UL "server"
let serverConfig = EndpointConfig.server "transfer" identity |> Engines.shared

let clientConfig =
    EndpointConfig.client "transfer"
    |> EndpointConfig.verifiedBy (Trust.only identity)
    |> Engines.shared

let clientNode bytes =
    Node.create "client" clientConfig (client "server" bytes)

let serverNode = Node.create "server" serverConfig (server 1)

/// 50 ms each way, 5 % loss each way.
let lossy =
    Link.ideal |> Link.delay (TimeSpan.FromMilliseconds 50.0) |> Link.loss 0.05

let transfer seed link size =
    let node = clientNode (content 1UL size)
    node, Simulation.create seed [ node; serverNode ] |> Simulation.over link
