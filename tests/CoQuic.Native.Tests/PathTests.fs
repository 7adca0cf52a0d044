/// Sections 12.3 and 12.8 of docs/abi.md: sizes of datagrams, moves from one path to another, and marks.
module CoQuic.Native.Tests.PathTests

open Expecto
open CoQuic.Abi
open CoQuic.Native.Tests.Abi
open CoQuic.Native.Tests.Two

let private one = 1UL

/// Configurations whose datagrams may grow.
let private growing (config: CoquicEndpointConfig) =
    let mutable config = config
    config.MaxOutboundDatagramSize <- 9_000un
    config.Transport.InitialMaxData <- 1UL <<< 30
    config.Transport.InitialMaxStreamDataBidiRemote <- 1UL <<< 30
    config

let private probing limit config =
    let mutable config = growing config
    config.Transport.PmtudMaxDatagramSize <- limit
    config

/// What a side sent since it was last asked.
let private sentBy two side =
    let datagrams =
        heard two side (function
            | Send send -> Some send
            | _ -> None)

    two.Heard <- []
    datagrams

let private largest = List.map (fun (send: Send) -> send.Bytes.Length) >> List.max

/// Enough for several rounds of probes, and then what is sent at the size that was found.
let private settledSize two =
    for _ in 1..40 do
        on two Client (fun endpoint now -> send endpoint one 0UL (Array.zeroCreate 40_000) false now)
        |> ignore

        settle two 2_000_000UL

    let probes = sentBy two Client |> List.filter _.IsProbe

    on two Client (fun endpoint now -> send endpoint one 0UL (Array.zeroCreate 100_000) false now)
    |> ignore

    settle two 100_000UL
    probes, sentBy two Client |> List.filter (fun send -> not send.IsProbe) |> largest

/// A connection whose client calls the server by these bytes.
let private calling (identity: byte[]) client server =
    let two = between client server

    withBytes identity (fun bytes ->
        let called (input: CoquicOpenConnection) =
            let mutable input = input
            input.AddressValidationIdentity <- bytes
            input

        on two Client (fun endpoint now -> openWith called 1 endpoint now |> snd))
    |> ignore

    settle two 100_000UL
    two

[<Tests>]
let tests =
    testList
        "C ABI §12.8 paths"
        [ row "12.3-1" "the family of the address bounds the search for a larger datagram"
          <| fun () ->
              let bound identity =
                  let mutable size = 0

                  using (fun () -> calling identity (growing (clientConfig ())) (growing (serverConfig ()))) (fun two ->
                      size <- snd (settledSize two))

                  size

              Expect.equal (bound loopback) 1472 "IPv4"
              Expect.equal (bound (Array.append [| 6uy |] (Array.zeroCreate 18))) 1452 "IPv6"
              Expect.equal (bound [||]) 1452 "not known"

          row "12.8-1" "what follows the first datagram received is marked by the policy"
          <| fun () ->
              for policy, mark in [ 0uy, 2uy; 1uy, 3uy ] do
                  let mutable client = clientConfig ()
                  client.Transport.EcnPolicy <- policy

                  using (fun () -> connected client (serverConfig ())) (fun two ->
                      two.Heard <- []

                      on two Client (fun endpoint now -> send endpoint one 0UL (Array.zeroCreate 100) false now)
                      |> ignore

                      let marks = sentBy two Client |> List.map _.Ecn |> List.distinct
                      Expect.equal marks [ mark ] "the mark")

          row "12.8-2" "a migration moves everything to the new route"
          <| fun () ->
              using standard (fun two ->
                  let moved =
                      on two Client (fun endpoint now -> requestMigration endpoint one 8UL now)

                  Expect.isNone moved.Error "it begins"

                  Expect.equal
                      (sent moved |> List.map (fun send -> send.Route, send.Bytes.Length))
                      [ Some 8UL, 1200 ]
                      "a challenge of 1200 bytes on the new route"

                  settle two 1_000_000UL
                  two.Heard <- []

                  on two Client (fun endpoint now -> send endpoint one 0UL (Array.zeroCreate 20_000) false now)
                  |> ignore

                  settle two 1_000_000UL
                  let told = timeline two Client |> List.distinct

                  let routes side =
                      heard two side (function
                          | Send send -> send.Route
                          | _ -> None)
                      |> List.distinct

                  Expect.equal (routes Client, routes Server) ([ 8UL ], [ 8UL ]) "both ends"
                  Expect.equal told [ "SEND" ] "without an event"

                  let bytes =
                      heard two Server (function
                          | StreamData data -> Some data.Data.Length
                          | _ -> None)

                  Expect.equal (List.sum bytes) 20_000 "every byte")

          row "12.8-3" "probes raise the size up to the smaller limit"
          <| fun () ->
              using
                  (fun () -> connected (probing 4_000un (clientConfig ())) (probing 9_000un (serverConfig ())))
                  (fun two ->
                      let probes, size = settledSize two
                      Expect.isNonEmpty probes "it probed"
                      Expect.isLessThanOrEqual (largest probes) 4_000 "within its own limit"
                      Expect.isGreaterThan size 3_900 "and found it")

              let mutable server = probing 9_000un (serverConfig ())
              server.Transport.MaxUdpPayloadSize <- 2_000UL

              using (fun () -> connected (probing 9_000un (clientConfig ())) server) (fun two ->
                  let probes, size = settledSize two
                  Expect.isLessThanOrEqual (largest probes) 2_000 "within the peer's"
                  Expect.isGreaterThan size 1_900 "and found it")

          row "12.8-4" "a path MTU update lowers the size and does not raise it"
          <| fun () ->
              using
                  (fun () -> connected (probing 4_000un (clientConfig ())) (probing 4_000un (serverConfig ())))
                  (fun two ->
                      let sizeAfter limit =
                          on two Client (fun endpoint now -> updatePathMtu endpoint (Some path) limit now)
                          |> ignore

                          two.Heard <- []

                          on two Client (fun endpoint now -> send endpoint one 0UL (Array.zeroCreate 9_000) false now)
                          |> ignore

                          settle two 100_000UL
                          sentBy two Client |> List.filter (fun send -> not send.IsProbe) |> largest

                      let _, found = settledSize two
                      Expect.equal (sizeAfter 8_000) found "never more than was found"
                      Expect.isLessThanOrEqual (sizeAfter 1_500) 1_500 "less"
                      Expect.isLessThanOrEqual (sizeAfter 3_000) 1_500 "and it stays so") ]
