/// Section 12.7 of docs/abi.md: resumption and early data, from one connection to the next.
module CoQuic.Native.Tests.ResumptionTests

open Expecto
open Microsoft.FSharp.NativeInterop
open CoQuic.Abi
open CoQuic.Native.Tests.Abi
open CoQuic.Native.Tests.Two

let private attempted = 2uy
let private unavailable = 0uy

/// A server that takes early data.
let private willing () =
    let mutable config = serverConfig ()
    config.ZeroRtt.Allow <- 1uy
    config

/// The one blob that the client was given.
let private blobOf two =
    heard two Client (function
        | Resumption(_, state) -> Some state
        | _ -> None)
    |> List.exactlyOne

/// The blob that a client gets from a server.
let private visit server =
    let two = connected (clientConfig ()) server
    let blob = blobOf two
    dispose two
    blob

/// Opens a connection that may send early data with a blob.
let private openEarly (blob: byte[]) two =
    withBytes blob (fun serialized ->
        let state = NativePtr.stackalloc<CoquicResumptionState> 1
        NativePtr.write state (CoquicResumptionState(Serialized = serialized))

        let early (input: CoquicOpenConnection) =
            let mutable input = input
            input.Connection.ResumptionState <- state
            input.Connection.ZeroRtt.Attempt <- 1uy
            input

        on two Client (fun endpoint now -> openWith early 2 endpoint now |> snd))

let private statuses two =
    heard two Client (function
        | EarlyData(_, status) -> Some status
        | _ -> None)

/// What the server was told of stream 0, as one.
let private delivered two =
    heard two Server (function
        | StreamData data when data.Stream = 0UL -> Some data.Data
        | _ -> None)
    |> Array.concat

let private letter = Array.init 3_000 byte

let private write two =
    on two Client (fun endpoint now -> send endpoint 1UL 0UL letter true now)

/// Everything of one side but datagrams, in order.
let private events two side =
    timeline two side |> List.filter (fun name -> name <> "SEND")

/// A client, and a server with other keys than the one that it visited.
let private strangers server =
    withEndpoints (create 1 (clientConfig ())) (createServer 3 server)

[<Tests>]
let tests =
    testList
        "C ABI §12.7 early data"
        [ row "12.7-2" "with a usable blob data is there before the server is ready"
          <| fun () ->
              using (fun () -> connected (clientConfig ()) (willing ())) (fun two ->
                  let blob = blobOf two
                  two.Heard <- []
                  openEarly blob two |> ignore
                  Expect.isEmpty (statuses two) "nothing yet"

                  let written =
                      on two Client (fun endpoint now -> send endpoint 2UL 0UL letter true now)

                  Expect.isNone written.Error "the stream opens"
                  Expect.equal (statuses two) [ attempted ] "attempted"
                  settle two 1_000_000UL
                  Expect.equal (delivered two) letter "every byte"

                  Expect.equal
                      (events two Server |> List.filter (fun name -> name <> "DATA") |> List.take 3)
                      [ "ACCEPTED"; "READY"; "CONFIRMED" ]
                      "one connection"

                  Expect.equal (events two Server |> List.item 1) "DATA" "data comes before READY"
                  Expect.equal (statuses two) [ attempted ] "and no more is told")

          row "12.7-3" "early data that another server refuses is sent again"
          <| fun () ->
              let blob = visit (willing ())

              using (fun () -> strangers (willing ())) (fun two ->
                  openEarly blob two |> ignore
                  Expect.isNone (write two).Error "the stream opens"
                  settle two 5_000_000UL
                  Expect.equal (delivered two) letter "every byte, once"
                  Expect.equal (statuses two) [ attempted ] "the caller is told nothing of it")

          row "12.7-4" "a blob of which nothing comes is unavailable"
          <| fun () ->
              for blob in [ [| 1uy; 2uy; 3uy |]; Array.zeroCreate 300; visit (serverConfig ()) ] do
                  using (fun () -> between (clientConfig ()) (willing ())) (fun two ->
                      openEarly blob two |> ignore
                      Expect.equal (statuses two) [ unavailable ] "at once")

              using (fun () -> between (clientConfig ()) (willing ())) (fun two ->
                  openEarly [||] two |> ignore
                  Expect.isEmpty (statuses two) "without a blob there is nothing to tell")

          row "12.7-5" "what cannot leave early leaves after the handshake"
          <| fun () ->
              for blob in [ visit (serverConfig ()); [| 1uy; 2uy; 3uy |] ] do
                  using (fun () -> between (clientConfig ()) (serverConfig ())) (fun two ->
                      openEarly blob two |> ignore

                      let first =
                          on two Client (fun endpoint now -> send endpoint 1UL 0UL letter[..99] false now)

                      Expect.isNone first.Error "kept"
                      Expect.isEmpty (sent first) "nothing leaves"

                      let rest =
                          on two Client (fun endpoint now -> send endpoint 1UL 0UL letter[100..] true now)

                      Expect.isNone rest.Error "so is what follows"
                      settle two 1_000_000UL
                      Expect.equal (delivered two) letter "in order, every byte"
                      Expect.equal (events two Client |> List.item 2) "READY" "the handshake is an ordinary one")

          row "12.7-5" "what the peer does not admit either is refused"
          <| fun () ->
              using (fun () -> between (clientConfig ()) (serverConfig ())) (fun two ->
                  openEarly [| 1uy |] two |> ignore

                  let result =
                      on two Client (fun endpoint now -> send endpoint 1UL 1UL letter true now)

                  Expect.equal (Option.map _.Code result.Error) (Some 1uy) "a stream of the server's")

          row "12.7-6" "0-RTT datagrams that overtook their Initial wait"
          <| fun () ->
              let mutable server = willing ()
              server.OrphanZeroRttBuffer.MaxPackets <- 8un
              server.OrphanZeroRttBuffer.MaxBytes <- 65536un
              server.OrphanZeroRttBuffer.MaxAgeUs <- 1_000_000UL

              using (fun () -> connected (clientConfig ()) server) (fun two ->
                  let blob = blobOf two
                  two.Heard <- []
                  openEarly blob two |> ignore
                  let initial = two.ToServer
                  two.ToServer <- []

                  on two Client (fun endpoint now -> send endpoint 2UL 0UL letter[..499] true now)
                  |> ignore

                  let early = two.ToServer
                  Expect.isNonEmpty early "0-RTT left"

                  while (deliver two Server).IsSome do
                      ()

                  Expect.isEmpty (events two Server) "nobody is there yet"
                  two.ToServer <- initial

                  while (deliver two Server).IsSome do
                      ()

                  Expect.equal (delivered two) letter[..499] "without a retransmission") ]
