/// Sections 8 to 10 of docs/abi.md: what results hold, when there is more to do, and what is told when.
module CoQuic.Native.Tests.TimelineTests

open System.Text
open Expecto
open CoQuic.Abi
open CoQuic.Engine
open CoQuic.Native
open CoQuic.Native.Tests.Abi
open CoQuic.Native.Tests.Two

let private one = 1UL
let private ascii (text: string) = Encoding.ASCII.GetBytes text

let private unconnected () =
    between (clientConfig ()) (serverConfig ())

let private open' two =
    on two Client (fun endpoint now -> openOne 1 endpoint now |> snd)

let private sendOn stream bytes fin two side =
    on two side (fun endpoint now -> send endpoint one stream bytes fin now)

/// What a side was told, without its datagrams.
let private events two side =
    timeline two side |> List.filter (fun name -> name <> "SEND")

let private expectOrder (order: string list) names =
    let ranks = names |> List.map (fun name -> List.findIndex ((=) name) order)
    Expect.equal ranks (List.sort ranks) $"%A{names} is in order"

let private withIdle (milliseconds: uint64) (config: CoquicEndpointConfig) =
    let mutable config = config
    config.Transport.MaxIdleTimeout <- milliseconds
    config

let private withWindows (window: uint64) (config: CoquicEndpointConfig) =
    let mutable config = config
    config.Transport.InitialMaxData <- window
    config.Transport.InitialMaxStreamDataBidiLocal <- window
    config.Transport.InitialMaxStreamDataBidiRemote <- window
    config.Transport.InitialMaxStreamDataUni <- window
    config

let private withOtherProtocol (config: CoquicEndpointConfig) =
    let mutable config = config
    // The static text of the initialiser, without its last letter.
    config.ApplicationProtocolLength <- 5un
    config

[<Tests>]
let results =
    testList
        "C ABI §8 results"
        [ row "8.1-1" "one SEND is one datagram with its route"
          <| fun () ->
              using standard (fun two ->
                  let result = sendOn 0UL (Array.zeroCreate 6000) true two Client
                  let datagrams = sent result
                  Expect.isGreaterThan datagrams.Length 4 "several"

                  for datagram in datagrams do
                      Expect.isLessThanOrEqual datagram.Bytes.Length 1200 "no run"
                      Expect.equal datagram.Route (Some path) "the route"
                      Expect.equal datagram.Connection one "the connection"
                      Expect.isFalse datagram.IsProbe "no probe"

                  settle two 100_000UL

                  let data =
                      heard two Server (function
                          | StreamData data -> Some data
                          | _ -> None)

                  Expect.equal (data |> List.sumBy _.Data.Length) 6000 "each is delivered by itself")

          row "8.1-2" "a STOP_SENDING has been answered already"
          <| fun () ->
              using standard (fun two ->
                  sendOn 0UL (ascii "no end") false two Client |> ignore
                  settle two 100_000UL

                  on two Server (fun endpoint now -> stopSending endpoint one 0UL 42UL now)
                  |> ignore

                  settle two 100_000UL

                  let stops =
                      heard two Client (function
                          | StopSending(_, stream, code) -> Some(stream, code)
                          | _ -> None)

                  Expect.equal stops [ 0UL, 42UL ] "the peer's code"

                  let resets =
                      heard two Server (function
                          | Reset(_, stream, code, size) -> Some(stream, code, size)
                          | _ -> None)

                  Expect.equal resets [ 0UL, 42UL, 6UL ] "came back with the reset"
                  let later = sendOn 0UL (ascii "x") false two Client
                  Expect.equal (Option.map _.Code later.Error) (Some 3uy) "the sending side is closed")

          row "8.1-3" "a FIN may come without bytes"
          <| fun () ->
              using standard (fun two ->
                  sendOn 0UL (ascii "abc") false two Client |> ignore
                  settle two 100_000UL
                  sendOn 0UL [||] true two Client |> ignore
                  settle two 100_000UL

                  let last =
                      heard two Server (function
                          | StreamData data -> Some data
                          | _ -> None)
                      |> List.last

                  Expect.equal
                      (last.Offset, last.Data.Length, last.Fin, last.FinalSize)
                      (3UL, 0, true, Some 3UL)
                      "the offset is the final size")

          row "8.1-4" "packet inspection tells what is sent and received, where it is on"
          <| fun () ->
              let mutable client = clientConfig ()
              client.EnablePacketInspection <- 1uy

              using (fun () -> connected client (serverConfig ())) (fun two ->
                  let seen =
                      heard two Client (function
                          | Inspection(_, direction, packetType) -> Some(direction, packetType)
                          | _ -> None)
                      |> List.distinct
                      |> List.sort

                  Expect.containsAll seen [ 0uy, 0uy; 0uy, 3uy; 1uy, 0uy; 1uy, 2uy ] "both directions"
                  Expect.isFalse (List.contains "INSPECTION" (timeline two Server)) "not where it is off")

          row "8.1-5" "a server's second ticket is not told"
          <| fun () ->
              let give tickets =
                  let two =
                      withEndpoints (create 1 (clientConfig ())) (createGenerousServer 2 tickets)

                  open' two |> ignore
                  settle two 100_000UL
                  let told = timeline two Client |> List.filter ((=) "RESUMPTION_STATE")
                  dispose two
                  told.Length

              Expect.equal [ give 0; give 1; give 3 ] [ 0; 1; 1 ] "the first, if there is one"

          row "8.2-1" "what one connection tells is in order, and connections keep theirs"
          <| fun () ->
              let told (number: uint64) : Effect list =
                  let connection = ConnectionHandle number
                  let stream = StreamId 0UL

                  [ ConnectionLifecycleEventEffect(connection, Lifecycle.Closed)
                    NewTokenAvailableEffect(connection, Bytes.Empty)
                    ZeroRttStatusEventEffect(connection, ZeroRttStatus.Attempted)
                    ResumptionStateAvailableEffect(connection, Bytes.Empty)
                    StateEventEffect(connection, StateChange.HandshakeReady)
                    StateEventEffect(connection, StateChange.HandshakeConfirmed)
                    PeerStopSendingEffect(connection, stream, 0UL)
                    PeerResetStreamEffect(connection, stream, 0UL, 0UL)
                    ReceiveDatagramDataEffect(connection, Bytes.Empty)
                    ReceiveStreamDataEffect(connection, stream, 0UL, Bytes.Empty, false, System.Nullable())
                    SendDatagramEffect(connection, System.Nullable(), EcnCodepoint.NotEct, false, Bytes.Empty, 1)
                    ConnectionLifecycleEventEffect(connection, Lifecycle.Accepted) ]

              let effects = System.Collections.Generic.List(told 1UL @ told 2UL)
              EffectOrder.Sort effects

              let ranks =
                  [ for effect in effects -> effect.Connection.Value, EffectOrder.RankOf effect ]

              Expect.equal ranks (List.sort ranks) "each connection's effects"

              let changes =
                  [ for effect in effects do
                        match effect with
                        | :? StateEventEffect as state -> state.Change
                        | _ -> () ]

              Expect.equal
                  changes
                  [ StateChange.HandshakeReady
                    StateChange.HandshakeConfirmed
                    StateChange.HandshakeReady
                    StateChange.HandshakeConfirmed ]
                  "equals stay as they were"

          row "8.2-1" "data that comes with a reset is listed before it"
          <| fun () ->
              using standard (fun two ->
                  sendOn 0UL (ascii "data") false two Client |> ignore

                  on two Client (fun endpoint now -> resetStream endpoint one 4UL 1UL now)
                  |> ignore

                  settle two 100_000UL
                  expectOrder [ "ACCEPTED"; "READY"; "CONFIRMED"; "DATA"; "RESET" ] (events two Server))

          row "8.2-2" "CREATED is the last effect of its open"
          <| fun () ->
              let two = unconnected ()
              Expect.equal (names (open' two)) [ "SEND"; "CREATED" ] "behind the first flight"
              dispose two

          row "8.2-3" "ACCEPTED is the first effect of its connection"
          <| fun () ->
              let two = unconnected ()
              open' two |> ignore
              let result = deliver two Server |> Option.get
              Expect.equal (List.head (names result)) "ACCEPTED" "before the flight"
              Expect.contains (names result) "SEND" "which is there"
              dispose two

          row "8.2-6" "each effect is told once"
          <| fun () ->
              using standard (fun two ->
                  Expect.equal (events two Client |> List.distinct) (events two Client) "a client's events"
                  Expect.equal (events two Server |> List.distinct) (events two Server) "a server's"
                  Expect.isEmpty (names (on two Client timerExpired)) "nothing is told again")

          row "8.3-1" "a local error names the connection, and the stream for stream codes"
          <| fun () ->
              using standard (fun two ->
                  let stream = sendOn 3UL (ascii "x") false two Client

                  Expect.equal
                      stream.Error
                      (Some
                          { At = Some one
                            Code = 2uy
                            OnStream = Some 3UL })
                      "a stream"

                  let datagram =
                      on two Client (fun endpoint now -> sendDatagram endpoint one (Array.zeroCreate 70_000) now)

                  Expect.equal
                      datagram.Error
                      (Some
                          { At = Some one
                            Code = 7uy
                            OnStream = None })
                      "a datagram") ]

[<Tests>]
let wakeups =
    testList
        "C ABI §9 wake-ups"
        [ row "9-1" "a result's wake-up is the endpoint's"
          <| fun () ->
              let two = unconnected ()
              open' two |> ignore

              for _ in 1..8 do
                  for side in [ Server; Client ] do
                      match deliver two side with
                      | Some result ->
                          Expect.equal
                              result.Wakeup
                              (time (Calls.NextWakeup(endpointOf two side)))
                              "the same right after the call"
                      | None -> ()

              Expect.contains (events two Client) "CONFIRMED" "through a whole handshake"
              dispose two

          row "9-1" "a client's first wake-up is the initial probe timeout"
          <| fun () ->
              let two = unconnected ()
              Expect.equal (open' two).Wakeup (Some 999_000UL) "999 ms"
              dispose two

          row "9-2" "a quiet connection without an idle timeout has none"
          <| fun () ->
              using standard (fun two ->
                  settle two 10_000_000UL
                  Expect.equal (time (Calls.NextWakeup two.ClientEndpoint)) None "client"
                  Expect.equal (time (Calls.NextWakeup two.ServerEndpoint)) None "server")

          row "9-3" "a call emits 256 datagrams at most, and says that there is more"
          <| fun () ->
              using
                  (fun () ->
                      connected
                          (withWindows (64UL <<< 20) (clientConfig ()))
                          (withWindows (64UL <<< 20) (serverConfig ())))
                  (fun two ->
                      sendOn 0UL (Array.zeroCreate (4 <<< 20)) true two Client |> ignore
                      let mutable isDone = false

                      while not isDone do
                          let before = two.Heard.Length

                          if not (two.ToServer.IsEmpty && two.ToClient.IsEmpty) then
                              deliver two Server |> ignore
                              deliver two Client |> ignore
                          else
                              wake two Client |> ignore

                          for _, result in List.skip before two.Heard do
                              Expect.isLessThanOrEqual (sent result).Length 256 "never more"

                              if result.IsPending then
                                  Expect.equal (sent result).Length 256 "cut short"
                                  Expect.equal result.Wakeup (Some two.Now) "at once"

                              isDone <-
                                  isDone
                                  || result.Effects
                                     |> List.exists (function
                                         | StreamData data -> data.Fin
                                         | _ -> false)

                          // What was looked at is forgotten: the list would grow with the transfer.
                          two.Heard <- [])

          row "9-4" "what flow control holds back sets no continuation"
          <| fun () ->
              using (fun () -> connected (clientConfig ()) (withWindows 5000UL (serverConfig ()))) (fun two ->
                  let result = sendOn 0UL (Array.zeroCreate 100_000) false two Client
                  Expect.isFalse result.IsPending "the result"
                  Expect.equal (Calls.HasSendContinuationPending two.ClientEndpoint) 0uy "the endpoint")

          row "9-5" "pending data is what the peer's limit permits and was not sent"
          <| fun () ->
              using (fun () -> connected (clientConfig ()) (withWindows 5000UL (serverConfig ()))) (fun two ->
                  Expect.equal (Calls.HasPendingStreamSend two.ClientEndpoint) 0uy "nothing yet"
                  sendOn 0UL (Array.zeroCreate 5000) false two Client |> ignore
                  settle two 1_000_000UL
                  Expect.equal (Calls.HasPendingStreamSend two.ClientEndpoint) 0uy "all sent")

          row "9-5" "what the connection's limit alone holds back is pending, beyond the stream's limit nothing is"
          <| fun () ->
              for connectionLimit, streamLimit, expected in [ 5000UL, 50_000UL, 1uy; 50_000UL, 5000UL, 0uy ] do
                  let mutable server = withWindows streamLimit (serverConfig ())
                  server.Transport.InitialMaxData <- connectionLimit

                  using (fun () -> connected (clientConfig ()) server) (fun two ->
                      sendOn 0UL (Array.zeroCreate 20_000) false two Client |> ignore
                      // The client says that it is blocked, and hears no answer.
                      two.ToServer <- []

                      Expect.equal
                          (Calls.HasPendingStreamSend two.ClientEndpoint)
                          expected
                          $"with a limit of {connectionLimit} and one of {streamLimit} a stream") ]

[<Tests>]
let timelines =
    testList
        "C ABI §10 timelines"
        [ row "10.1-1" "the handshake's events"
          <| fun () ->
              using standard (fun two ->
                  Expect.equal (events two Client |> List.take 3) [ "CREATED"; "READY"; "CONFIRMED" ] "a client's"
                  Expect.equal (events two Server |> List.take 3) [ "ACCEPTED"; "READY"; "CONFIRMED" ] "a server's"

                  let together =
                      two.Heard
                      |> List.exists (fun (side, result) ->
                          side = Server
                          && List.contains "READY" (names result)
                          && List.contains "CONFIRMED" (names result))

                  Expect.isTrue together "a server is ready and confirmed in one result")

          row "10.1-2" "data that completes a handshake is listed before READY"
          <| fun () ->
              let two = unconnected ()
              open' two |> ignore
              let mutable isReady = false

              while not isReady do
                  deliver two Server |> ignore

                  isReady <-
                      deliver two Client
                      |> Option.exists (fun result -> List.contains "READY" (names result))

              // The client's Finished and its first request travel to the server together.
              sendOn 0UL (ascii "request") true two Client |> ignore
              let finished = two.ToServer
              two.ToServer <- []
              Expect.isNonEmpty finished "under way"

              for datagram in finished do
                  two.ToServer <- [ datagram ]
                  deliver two Server |> ignore

              let withData =
                  two.Heard
                  |> List.map (snd >> names)
                  |> List.filter (fun names -> List.contains "READY" names && List.contains "DATA" names)

              for names in withData do
                  expectOrder [ "SEND"; "DATA"; "READY"; "CONFIRMED" ] names

              exchange two
              Expect.contains (timeline two Server) "DATA" "it arrives"
              dispose two

          row "10.2-1" "a local close"
          <| fun () ->
              using standard (fun two ->
                  let result =
                      on two Client (fun endpoint now -> close endpoint one 7UL (ascii "bye") now)

                  Expect.equal (names result) [ "SEND"; "FAILED" ] "sent and told at once"
                  Expect.equal (List.head (sent result)).Connection one "the close is the connection's"
                  let pto3 = result.Wakeup.Value - two.Now
                  Expect.isGreaterThan pto3 3_000UL "three probe timeouts"
                  Expect.isLessThan pto3 3_000_000UL "of a millisecond or so"
                  Expect.equal (Calls.ConnectionCount two.ClientEndpoint) 1un "still there"
                  let last = wake two Client
                  Expect.equal (names last) [ "CLOSED" ] "its end"
                  Expect.equal (Calls.ConnectionCount two.ClientEndpoint) 0un "gone")

          row "10.2-2" "a closing connection does nothing, a closed one is unknown"
          <| fun () ->
              using standard (fun two ->
                  on two Client (fun endpoint now -> close endpoint one 7UL [||] now) |> ignore

                  let operations =
                      [ (fun endpoint now -> send endpoint one 0UL [| 1uy |] true now)
                        (fun endpoint now -> sendDatagram endpoint one [||] now)
                        (fun endpoint now -> resetStream endpoint one 0UL 1UL now)
                        (fun endpoint now -> stopSending endpoint one 0UL 1UL now)
                        (fun endpoint now -> close endpoint one 8UL [||] now)
                        (fun endpoint now -> requestKeyUpdate endpoint one now) ]

                  for operation in operations do
                      let result = on two Client operation
                      Expect.isEmpty result.Effects "no effect"
                      Expect.isNone result.Error "no error"

                  wake two Client |> ignore

                  for operation in operations do
                      let result = on two Client operation
                      Expect.equal (Option.map _.Code result.Error) (Some 0uy) "unknown")

          row "10.2-3" "the close is repeated ever more rarely"
          <| fun () ->
              using standard (fun two ->
                  sendOn 0UL (ascii "x") false two Server |> ignore
                  // A packet of the server that the client has not seen, as often as wanted.
                  let packet =
                      two.ToClient <- []
                      sendOn 1UL (ascii "y") false two Server |> sent |> List.head

                  two.ToClient <- []
                  on two Client (fun endpoint now -> close endpoint one 7UL [||] now) |> ignore
                  two.ToServer <- []

                  let answered =
                      [ for number in 1..14 do
                            let result =
                                on two Client (fun endpoint now -> receive endpoint now (Some path) packet.Bytes)

                            if not result.Effects.IsEmpty then
                                Expect.equal (names result) [ "SEND" ] "the close alone"
                                Expect.equal (List.head (sent result)).Connection one "of the connection"
                                number ]

                  Expect.equal answered [ 2; 6; 14 ] "2, then 4 more, then 8 more")

          row "10.3-1" "a close by the peer"
          <| fun () ->
              using standard (fun two ->
                  on two Client (fun endpoint now -> close endpoint one 7UL (ascii "bye") now)
                  |> ignore

                  let result = deliver two Server |> Option.get
                  Expect.equal (names result) [ "FAILED" ] "and nothing is sent"
                  Expect.isTrue result.Wakeup.IsSome "it drains"
                  Expect.equal (names (wake two Server)) [ "CLOSED" ] "and ends")

          row "10.4-1" "an idle timeout is CLOSED alone"
          <| fun () ->
              using (fun () -> connected (withIdle 30_000UL (clientConfig ())) (serverConfig ())) (fun two ->
                  settle two 5_000_000UL
                  let result = wake two Client
                  Expect.equal (names result) [ "CLOSED" ] "no FAILED, no datagram"
                  Expect.equal (Calls.ConnectionCount two.ClientEndpoint) 0un "gone at once")

          row "10.4-2" "the smaller idle timeout applies"
          <| fun () ->
              using
                  (fun () -> connected (withIdle 60_000UL (clientConfig ())) (withIdle 20_000UL (serverConfig ())))
                  (fun two ->
                      settle two 5_000_000UL
                      let due = (time (Calls.NextWakeup two.ClientEndpoint)).Value
                      Expect.isLessThanOrEqual due (two.Now + 20_000_000UL) "the server's"
                      Expect.isGreaterThan due (two.Now + 10_000_000UL) "counted from the last packet")

          row "10.4-2" "before the peer's is known the local one applies"
          <| fun () ->
              let two = between (withIdle 5_000UL (clientConfig ())) (serverConfig ())
              open' two |> ignore
              two.ToServer <- []
              let mutable closed = false

              while not closed do
                  let result = wake two Client
                  two.ToServer <- []
                  closed <- List.contains "CLOSED" (names result)

              Expect.isLessThanOrEqual two.Now 6_000_000UL "five seconds and no answer"
              dispose two

          row "10.5-1" "an error of the peer that we find is not FAILED"
          <| fun () ->
              using (fun () -> between (withOtherProtocol (clientConfig ())) (serverConfig ())) (fun two ->
                  open' two |> ignore
                  exchange two
                  // The server found it with the first datagram; the client heard it as a close.
                  Expect.contains (events two Client) "FAILED" "told by the peer"
                  Expect.isFalse (List.contains "FAILED" (events two Server)) "not told where it was found")

          row "10.5-2" "a server connection that fails at once is gone at once"
          <| fun () ->
              using (fun () -> between (withOtherProtocol (clientConfig ())) (serverConfig ())) (fun two ->
                  open' two |> ignore
                  let result = deliver two Server |> Option.get
                  Expect.equal (names result) [ "ACCEPTED"; "SEND" ] "accepted, and closed"
                  Expect.equal (Calls.ConnectionCount two.ServerEndpoint) 0un "not counted"

                  let operation =
                      on two Server (fun endpoint now -> send endpoint one 1UL [| 1uy |] true now)

                  Expect.equal (Option.map _.Code operation.Error) (Some 0uy) "unknown"
                  settle two 10_000_000UL
                  Expect.equal (events two Server) [ "ACCEPTED" ] "no CLOSED"
                  Expect.equal (Calls.ConnectionCount two.ServerEndpoint) 0un "still nothing")

          row "10.6-1" "CLOSED comes once, and READY never after FAILED"
          <| fun () ->
              using standard (fun two ->
                  on two Client (fun endpoint now -> close endpoint one 7UL [||] now) |> ignore
                  settle two 10_000_000UL
                  Expect.equal (events two Client |> List.filter ((=) "CLOSED")) [ "CLOSED" ] "client"
                  Expect.equal (events two Server |> List.filter ((=) "CLOSED")) [ "CLOSED" ] "server"
                  Expect.equal (List.last (events two Client)) "CLOSED" "last of all"
                  Expect.equal (events two Client |> List.filter ((=) "READY")) [ "READY" ] "ready once")

          row "10.6-1" "CLOSED comes when a connection goes, whichever began to end first"
          <| fun () ->
              using standard (fun two ->
                  // Probe timeouts of the first are those of a path of milliseconds; the others have heard from nobody.
                  for number in 2..4 do
                      on two Client (fun endpoint now -> openOne number endpoint now |> snd) |> ignore

                  for handle in [ 3UL; 1UL; 2UL ] do
                      on two Client (fun endpoint now -> close endpoint handle 0UL [||] now) |> ignore
                      two.Now <- two.Now + 1UL

                  two.ToServer <- []

                  let closed () =
                      heard two Client (function
                          | Life(handle, 2uy) -> Some handle
                          | _ -> None)

                  while (closed ()).Length < 3 do
                      wake two Client |> ignore
                      two.ToServer <- []

                  Expect.equal (closed ()) [ 1UL; 3UL; 2UL ] "as they go"
                  Expect.equal (Calls.ConnectionCount two.ClientEndpoint) 1un "the fourth is left")

          row "10.6-2" "handles count up from 1"
          <| fun () ->
              let two = unconnected ()

              let opened =
                  [ for number in 1..3 -> openOne number two.ClientEndpoint two.Now |> fst ]

              Expect.equal opened [ 1UL; 2UL; 3UL ] "one after the other"
              on two Client (fun endpoint now -> close endpoint 2UL 0UL [||] now) |> ignore
              settle two 0UL
              two.Now <- two.Now + 100_000_000UL
              on two Client timerExpired |> ignore
              Expect.equal (openOne 4 two.ClientEndpoint two.Now |> fst) 4UL "never used again"
              dispose two

          row "10.6-3" "a connection to an empty destination id has failed before it is created"
          <| fun () ->
              let two = unconnected ()

              let toNobody (input: CoquicOpenConnection) =
                  let mutable input = input
                  input.Connection.InitialDestinationConnectionId <- CoquicBytes()
                  input

              let handle, result = openWith toNobody 1 two.ClientEndpoint two.Now
              Expect.equal handle 1UL "there is a handle"
              Expect.equal (names result) [ "FAILED"; "CREATED" ] "nothing is sent"
              Expect.equal (Calls.ConnectionCount two.ClientEndpoint) 1un "it counts"
              dispose two ]
