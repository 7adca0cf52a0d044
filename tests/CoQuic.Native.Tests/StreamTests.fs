/// Section 11 of docs/abi.md: streams, datagrams, and what is refused.
module CoQuic.Native.Tests.StreamTests

open System.Text
open Expecto
open CoQuic.Abi
open CoQuic.Native
open CoQuic.Native.Tests.Abi
open CoQuic.Native.Tests.Two

let private one = 1UL
let private ascii (text: string) = Encoding.ASCII.GetBytes text

let private sendOn stream bytes fin two side =
    on two side (fun endpoint now -> send endpoint one stream bytes fin now)

let private resetOn stream code two side =
    on two side (fun endpoint now -> resetStream endpoint one stream code now)

let private stopOn stream code two side =
    on two side (fun endpoint now -> stopSending endpoint one stream code now)

let private datagramOf (length: int) two side =
    on two side (fun endpoint now -> sendDatagram endpoint one (Array.zeroCreate length) now)

let private code result = Option.map _.Code result.Error

let private dataAt two side =
    heard two side (function
        | StreamData data -> Some data
        | _ -> None)

let private unconnected () =
    let two = between (clientConfig ()) (serverConfig ())
    on two Client (fun endpoint now -> openOne 1 endpoint now |> snd) |> ignore
    two

let private withStreams (bidi: uint64) (config: CoquicEndpointConfig) =
    let mutable config = config
    config.Transport.InitialMaxStreamsBidi <- bidi
    config

let private withDatagrams (largest: uint64) (config: CoquicEndpointConfig) =
    let mutable config = config
    config.Transport.MaxDatagramFrameSize <- largest
    config

let private withWindow (window: uint64) (config: CoquicEndpointConfig) =
    let mutable config = config
    config.Transport.InitialMaxStreamDataBidiRemote <- window
    config

let private outOfOrder (config: CoquicEndpointConfig) =
    let mutable config = config
    config.EnableOutOfOrderReceive <- 1uy
    config

[<Tests>]
let opening =
    testList
        "C ABI §11.1 opening"
        [ row "11.1-1" "the first bytes open a stream, in any order of ids"
          <| fun () ->
              using standard (fun two ->
                  for stream in [ 8UL; 4UL; 60UL; 2UL ] do
                      Expect.isNone (sendOn stream (ascii "x") true two Client).Error $"stream {stream}"

                  settle two 100_000UL
                  let streams = dataAt two Server |> List.map _.Stream |> List.sort
                  Expect.equal streams [ 2UL; 4UL; 8UL; 60UL ] "all arrive")

          row "11.1-3" "before READY there is no stream to open"
          <| fun () ->
              let two = unconnected ()
              Expect.equal (code (sendOn 0UL (ascii "x") true two Client)) (Some 1uy) "invalid stream id"
              dispose two ]

[<Tests>]
let operations =
    testList
        "C ABI §11.2 operations"
        [ row "11.2-1" "an empty send without FIN does nothing"
          <| fun () ->
              using standard (fun two ->
                  for stream in [ 0UL; 3UL; 4_000_000UL ] do
                      let result = sendOn stream [||] false two Client
                      Expect.isNone result.Error $"stream {stream}"
                      Expect.isEmpty result.Effects $"stream {stream}")

          row "11.2-2" "a peer's unidirectional stream is not ours to send on"
          <| fun () ->
              using standard (fun two ->
                  Expect.equal (code (sendOn 3UL (ascii "x") false two Client)) (Some 2uy) "send"
                  Expect.equal (code (resetOn 3UL 1UL two Client)) (Some 2uy) "reset")

          row "11.2-3" "a stream beyond the peer's limit"
          <| fun () ->
              using (fun () -> connected (clientConfig ()) (withStreams 2UL (serverConfig ()))) (fun two ->
                  Expect.isNone (sendOn 4UL (ascii "x") false two Client).Error "the second"
                  let third = sendOn 8UL (ascii "x") false two Client

                  Expect.equal
                      third.Error
                      (Some
                          { At = Some one
                            Code = 1uy
                            OnStream = Some 8UL })
                      "the third"

                  Expect.equal (code (resetOn 8UL 1UL two Client)) (Some 1uy) "reset")

          row "11.2-4" "a peer's bidirectional stream beyond our own limit"
          <| fun () ->
              using (fun () -> connected (withStreams 2UL (clientConfig ())) (serverConfig ())) (fun two ->
                  Expect.equal (code (sendOn 9UL (ascii "x") false two Client)) (Some 1uy) "send"
                  Expect.equal (code (resetOn 9UL 1UL two Client)) (Some 1uy) "reset")

          row "11.2-5" "sending after the end"
          <| fun () ->
              using standard (fun two ->
                  sendOn 0UL (ascii "all") true two Client |> ignore
                  Expect.equal (code (sendOn 0UL (ascii "more") false two Client)) (Some 3uy) "after FIN"
                  Expect.equal (code (sendOn 0UL [||] true two Client)) (Some 3uy) "a FIN again"
                  resetOn 4UL 1UL two Client |> ignore
                  Expect.equal (code (sendOn 4UL (ascii "more") false two Client)) (Some 3uy) "after a reset"
                  sendOn 2UL (ascii "one way") true two Client |> ignore
                  settle two 100_000UL
                  Expect.equal (code (sendOn 2UL (ascii "more") false two Client)) (Some 3uy) "after a finished stream")

          row "11.2-6" "resetting late, and twice"
          <| fun () ->
              using standard (fun two ->
                  sendOn 0UL (ascii "all") true two Client |> ignore
                  settle two 100_000UL
                  Expect.equal (code (resetOn 0UL 1UL two Client)) (Some 3uy) "after the FIN was acknowledged"
                  Expect.isNone (resetOn 4UL 5UL two Client).Error "the first"
                  Expect.isNone (resetOn 4UL 6UL two Client).Error "the second"
                  settle two 100_000UL

                  let resets =
                      heard two Server (function
                          | Reset(_, stream, code, _) -> Some(stream, code)
                          | _ -> None)

                  Expect.equal resets [ 4UL, 5UL ] "the first counts")

          row "11.2-7" "stop-sending on what cannot be read"
          <| fun () ->
              using standard (fun two ->
                  Expect.equal (code (stopOn 1UL 1UL two Client)) (Some 1uy) "a stream that is not there"
                  Expect.equal (code (stopOn 2UL 1UL two Client)) (Some 2uy) "an own one-way stream")

          row "11.2-8" "stop-sending after the end, and twice"
          <| fun () ->
              using standard (fun two ->
                  sendOn 0UL (ascii "all") true two Client |> ignore
                  settle two 100_000UL
                  let late = stopOn 0UL 1UL two Server
                  Expect.isNone late.Error "no error"
                  Expect.isEmpty late.Effects "nothing sent"
                  sendOn 4UL (ascii "on and on") false two Client |> ignore
                  settle two 100_000UL
                  Expect.isNone (stopOn 4UL 7UL two Server).Error "the first"
                  Expect.isNone (stopOn 4UL 8UL two Server).Error "the second"
                  settle two 100_000UL

                  let stops =
                      heard two Client (function
                          | StopSending(_, stream, code) -> Some(stream, code)
                          | _ -> None)

                  Expect.equal stops [ 4UL, 7UL ] "the first counts")

          row "11.2-9" "DATAGRAMs that are refused, and an empty one that is not"
          <| fun () ->
              let two = unconnected ()
              Expect.equal (code (datagramOf 1 two Client)) (Some 6uy) "before READY"
              settle two 100_000UL
              Expect.equal (code (datagramOf 66_000 two Client)) (Some 7uy) "above the peer's limit"
              Expect.isNone (datagramOf 0 two Client).Error "an empty one"
              settle two 100_000UL

              let lengths =
                  heard two Server (function
                      | Datagram(_, bytes) -> Some bytes.Length
                      | _ -> None)

              Expect.equal lengths [ 0 ] "arrives"
              dispose two

              using (fun () -> connected (clientConfig ()) (withDatagrams 0UL (serverConfig ()))) (fun two ->
                  Expect.equal (code (datagramOf 1 two Client)) (Some 6uy) "to a peer that takes none")

          row "11.2-11" "a migration before the handshake is confirmed"
          <| fun () ->
              let two = unconnected ()

              let result =
                  on two Client (fun endpoint now -> requestMigration endpoint one 8UL now)

              Expect.equal
                  result.Error
                  (Some
                      { At = Some one
                        Code = 0uy
                        OnStream = None })
                  "unsupported"

              dispose two ]

[<Tests>]
let flow =
    testList
        "C ABI §11.3 data"
        [ row "11.3-1" "sending is unbounded"
          <| fun () ->
              using standard (fun two ->
                  Expect.isNone (sendOn 0UL (Array.zeroCreate (8 <<< 20)) true two Client).Error "8 MiB at once"
                  Expect.equal (Calls.HasPendingStreamSend two.ClientEndpoint) 1uy "wait")

          row "11.3-2" "what was told is consumed: the limits follow"
          <| fun () ->
              using standard (fun two ->
                  let size = 2 <<< 20
                  sendOn 0UL (Array.zeroCreate size) true two Client |> ignore
                  settle two 1_000_000UL
                  Expect.equal (dataAt two Server |> List.sumBy _.Data.Length) size "eight windows arrive")

          row "11.3-3" "data is in order, without gaps, and told once"
          <| fun () ->
              using standard (fun two ->
                  let bytes = Array.init 20_000 byte
                  sendOn 0UL bytes true two Client |> ignore
                  // Backwards, and everything twice.
                  two.ToServer <- List.rev two.ToServer @ two.ToServer
                  settle two 1_000_000UL
                  let data = dataAt two Server

                  let offsets =
                      data |> List.scan (fun next data -> next + uint64 data.Data.Length) 0UL

                  Expect.equal (data |> List.map _.Offset) (List.take data.Length offsets) "contiguous"
                  Expect.equal (data |> List.map _.Data |> Array.concat) bytes "the bytes"

                  Expect.equal
                      (data |> List.filter _.Fin |> List.map _.FinalSize)
                      [ Some 20_000UL ]
                      "the end once, with the size")

          row "11.3-4" "out of order, each range is told once, when it comes"
          <| fun () ->
              using (fun () -> connected (clientConfig ()) (outOfOrder (serverConfig ()))) (fun two ->
                  let bytes = Array.init 5_000 byte
                  sendOn 0UL bytes true two Client |> ignore
                  two.ToServer <- List.rev two.ToServer @ two.ToServer
                  settle two 1_000_000UL
                  let data = dataAt two Server
                  Expect.isTrue data.Head.Fin "the last range came first"
                  let assembled = Array.zeroCreate 5_000

                  for part in data do
                      part.Data.CopyTo(assembled, int part.Offset)

                  Expect.equal assembled bytes "the bytes"
                  Expect.equal (data |> List.sumBy _.Data.Length) 5_000 "none twice")

          row "11.3-6" "stream limits grow as streams finish"
          <| fun () ->
              using (fun () -> connected (clientConfig ()) (withStreams 2UL (serverConfig ()))) (fun two ->
                  for number in 0UL .. 9UL do
                      let stream = 4UL * number
                      Expect.isNone (sendOn stream (ascii "q") true two Client).Error $"stream {stream}"
                      settle two 100_000UL
                      sendOn stream (ascii "a") true two Server |> ignore
                      settle two 100_000UL) ]
