module CoQuic.Engine.Tests.Streams.StreamSetSendTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Streams.StreamSetHarness
open CoQuic.Tests.Properties

let private invalidId = Some LocalErrorCode.InvalidStreamId
let private wrongDirection = Some LocalErrorCode.InvalidStreamDirection
let private sendSideClosed = Some LocalErrorCode.SendSideClosed

let private reset (streams: StreamSet) id errorCode =
    streams.Reset(id, errorCode) |> Option.ofNullable

let private stop (streams: StreamSet) id errorCode =
    streams.StopSending(id, errorCode) |> Option.ofNullable

/// The streams whose data a packet carries, with the lengths.
let private carried frames =
    frames
    |> List.choose (fun frame ->
        match frame with
        | Data(id, _, bytes, _, _) -> Some(id.Index, bytes.Length)
        | _ -> None)

[<Tests>]
let refusals =
    testList
        "what an application cannot do"
        [ testCase "an empty write without an end does nothing, whatever the stream"
          <| fun () ->
              let streams = fresh options

              for id in [ clientBidi 0UL; serverUni 9UL; clientUni 999UL ] do
                  Expect.isNone (send streams id 0UL 0 false) "accepted"

              Expect.equal (streams.ActiveCount, streams.HasPending) (0, false) "nothing opened"

          testCase "the peer's unidirectional streams cannot be written to or reset"
          <| fun () ->
              let streams = client ()
              receive streams (serverUni 0UL) 0UL 1 false |> ignore
              Expect.equal (send streams (serverUni 0UL) 0UL 1 false) wrongDirection "send"
              Expect.equal (reset streams (serverUni 0UL) 7UL) wrongDirection "reset"

          testCase "our unidirectional streams cannot be stopped or consumed, existing or not"
          <| fun () ->
              let streams = client ()
              send streams (clientUni 0UL) 0UL 1 false |> ignore

              for id in [ clientUni 0UL; clientUni 1UL ] do
                  Expect.equal (stop streams id 7UL) wrongDirection "stop"
                  Expect.equal (streams.Consume(id, 1UL)) (Nullable LocalErrorCode.InvalidStreamDirection) "consume"

          testCase "a stream that does not exist cannot be stopped or consumed"
          <| fun () ->
              for id in [ clientBidi 0UL; serverBidi 0UL; serverUni 0UL ] do
                  Expect.equal (stop (client ()) id 7UL) invalidId "stop"
                  Expect.equal ((client ()).Consume(id, 1UL)) (Nullable LocalErrorCode.InvalidStreamId) "consume"

          testCase "before the peer's parameters are known no stream can be opened"
          <| fun () -> Expect.equal (send (fresh options) (clientBidi 0UL) 0UL 1 false) invalidId "all limits are 0"

          testCase "beyond the peer's limit no stream can be opened, and the peer is told so once"
          <| fun () ->
              let streams = client ()
              Expect.equal (send streams (clientBidi 4UL) 0UL 1 false) invalidId "by writing"
              Expect.equal (reset streams (clientBidi 4UL) 7UL) invalidId "by a reset"
              Expect.equal (streams.ActiveCount) 0 "nothing opened"
              let frames, records = transmit 1200 streams
              Expect.equal frames [ StreamsBlocked(StreamKind.Bidirectional, 4UL) ] "STREAMS_BLOCKED"
              Expect.isFalse streams.HasPending "once"
              lose streams records
              Expect.equal (framesOf streams) frames "again when it was lost"

          testCase "a peer's bidirectional stream that it has not opened cannot be written to"
          <| fun () -> Expect.equal (send (client ()) (serverBidi 0UL) 0UL 1 false) invalidId "within our limit too"

          testCase "after the end nothing can be written, not even the end again"
          <| fun () ->
              let streams, id = client (), clientBidi 0UL
              send streams id 0UL 10 true |> ignore
              Expect.equal (send streams id 10UL 1 false) sendSideClosed "bytes"
              Expect.equal (send streams id 10UL 0 true) sendSideClosed "the end"

          testCase "after a reset, the peer's STOP_SENDING or retirement nothing can be written"
          <| fun () ->
              let streams = client ()
              send streams (clientBidi 0UL) 0UL 10 false |> ignore
              reset streams (clientBidi 0UL) 7UL |> ignore
              Expect.equal (send streams (clientBidi 0UL) 10UL 1 false) sendSideClosed "reset"
              send streams (clientBidi 1UL) 0UL 10 false |> ignore
              streams.OnStopSending(clientBidi 1UL, 7UL) |> ignore
              Expect.equal (send streams (clientBidi 1UL) 10UL 1 false) sendSideClosed "stopped"
              send streams (clientUni 0UL) 0UL 10 true |> ignore
              transmit 1200 streams |> snd |> acknowledge streams
              Expect.equal (send streams (clientUni 0UL) 10UL 1 false) sendSideClosed "retired"

          testCase "a reset after the end was acknowledged is refused"
          <| fun () ->
              let streams, id = client (), clientBidi 0UL
              send streams id 0UL 10 true |> ignore
              transmit 1200 streams |> snd |> acknowledge streams
              Expect.equal (reset streams id 7UL) sendSideClosed "all was received" ]

[<Tests>]
let opening =
    testList
        "opening streams"
        [ testCase "the next stream of each kind is opened up to the peer's limit"
          <| fun () ->
              let streams = client ()
              let next kind = streams.OpenNext kind
              let opened = [ for _ in 1..4 -> next StreamKind.Bidirectional ]
              Expect.equal (List.map snd opened) [ for index in 0UL .. 3UL -> clientBidi index ] "in order"
              Expect.isTrue (fst (next StreamKind.Bidirectional)).HasValue "no fifth"
              Expect.equal (snd (next StreamKind.Unidirectional)) (clientUni 0UL) "the kinds count apart"

              Expect.equal
                  (framesOf streams)
                  [ StreamsBlocked(StreamKind.Bidirectional, 4UL) ]
                  "the peer hears only this"

          testCase "a server's streams have the server's numbers"
          <| fun () ->
              let streams = create { options with Role = Role.Server }
              Expect.equal (snd (streams.OpenNext StreamKind.Unidirectional)) (serverUni 0UL) "server-initiated"

          testCase "more streams are announced when the peer allows them"
          <| fun () ->
              let streams = client ()
              streams.OnMaxStreams(StreamKind.Bidirectional, 4UL) |> ignore
              streams.OnMaxStreams(StreamKind.Bidirectional, 6UL) |> ignore

              match events streams with
              | [ event ] ->
                  let told = event.Kind, event.StreamKind, event.Limit
                  Expect.equal told (StreamEventKind.StreamsAvailable, StreamKind.Bidirectional, 6UL) "the new limit"
              | other -> failtest $"one event, not {other}"

              Expect.isNone (send streams (clientBidi 5UL) 0UL 1 false) "the sixth"

          testCase "streams may be used in any order"
          <| fun () ->
              let streams = client ()

              for index in [ 2UL; 0UL; 1UL ] do
                  Expect.isNone (send streams (clientBidi index) 0UL 1 false) $"number {index}"

              Expect.equal (carried (framesOf streams)) [ 2UL, 1; 0UL, 1; 1UL, 1 ] "all are sent"

          testCase "the peer's limit for each kind is the one that it gave from its side (RFC 9000 §18.2)"
          <| fun () ->
              let sent id opened =
                  let streams = fresh options
                  streams.OnPeerParameters(PeerStreamLimits(10_000UL, 10UL, 20UL, 30UL, 4UL, 4UL))

                  if opened then
                      receive streams id 0UL 1 false |> ignore

                  send streams id 0UL 100 false |> ignore

                  framesOf streams
                  |> List.choose (fun frame ->
                      match frame with
                      | Data(_, _, bytes, _, _) -> Some bytes.Length
                      | _ -> None)

              Expect.equal (sent (serverBidi 0UL) true) [ 10 ] "bidi_local: streams that the peer opens"
              Expect.equal (sent (clientBidi 0UL) false) [ 20 ] "bidi_remote: streams that we open"
              Expect.equal (sent (clientUni 0UL) false) [ 30 ] "uni"

          testCase "streams opened under remembered limits get the real ones"
          <| fun () ->
              let streams = fresh options
              streams.OnPeerParameters(PeerStreamLimits(100UL, 10UL, 10UL, 10UL, 1UL, 1UL))
              send streams (clientBidi 0UL) 0UL 50 false |> ignore
              Expect.equal (carried (framesOf streams)) [ 0UL, 10 ] "as remembered (RFC 9000 §7.4.1)"
              streams.OnPeerParameters peerLimits
              Expect.equal (carried (framesOf streams)) [ 0UL, 40 ] "as given" ]

[<Tests>]
let transmitting =
    testList
        "STREAM frames"
        [ testCase "carry the bytes that were written, with FIN behind the last"
          <| fun () ->
              let streams, id = client (), clientBidi 1UL
              send streams id 0UL 900 false |> ignore
              send streams id 900UL 100 true |> ignore
              Expect.equal (framesOf streams) [ Data(id, 0UL, bytesAt 0UL 1000, true, true) ] "one frame"
              Expect.isFalse streams.HasPending "all is sent"

          testCase "one that fills the packet leaves its Length out (RFC 9000 §19.8)"
          <| fun () ->
              let streams, id = client (), clientUni 0UL
              send streams id 0UL 2000 false |> ignore
              let first, _ = transmit 1200 streams

              Expect.equal
                  first
                  [ Data(id, 0UL, bytesAt 0UL 1198, false, false) ]
                  "type and stream, and the rest is data"

              let second, _ = transmit 1200 streams
              Expect.equal second [ Data(id, 1198UL, bytesAt 1198UL 802, false, true) ] "one that does not has it"

          testCase "fill packets of every size to the last byte or leave too little to be worth a frame"
          <| fun () ->
              for size in 40..200 do
                  let streams, id = client (), clientUni 0UL
                  send streams id 0UL 120 true |> ignore

                  let frames =
                      List.unfold
                          (fun () ->
                              if streams.HasPending then
                                  Some(transmit size streams |> fst, ())
                              else
                                  None)
                          ()

                  let pieces =
                      List.concat frames
                      |> List.choose (fun f ->
                          match f with
                          | Data(_, o, b, fin, _) -> Some(o, b, fin)
                          | _ -> None)

                  let bytes = pieces |> List.map (fun (_, b, _) -> b) |> Array.concat
                  Expect.equal bytes (bytesAt 0UL 120) $"all bytes in packets of {size}"

                  Expect.equal
                      (pieces |> List.filter (fun (_, _, fin) -> fin))
                      [ List.last pieces ]
                      "the end once, last"

          testCase "a packet carries small writes of several streams"
          <| fun () ->
              let streams = client ()

              for index in 0UL .. 3UL do
                  send streams (clientBidi index) 0UL 50 true |> ignore

              Expect.equal (carried (framesOf streams)) [ for index in 0UL .. 3UL -> index, 50 ] "one packet"

          testCase "streams take turns, packet by packet"
          <| fun () ->
              let streams = client ()

              for index in 0UL .. 2UL do
                  send streams (clientUni index) 0UL 1500 false |> ignore

              let order =
                  [ for _ in 1..6 -> transmit 600 streams |> fst |> carried |> List.head |> fst ]

              Expect.equal order [ 0UL; 1UL; 2UL; 0UL; 1UL; 2UL ] "round robin"

          testCase "without fairness one stream goes on until it has nothing to send or is blocked"
          <| fun () ->
              let streams = create { options with Fair = false }

              for index in 0UL .. 1UL do
                  send streams (clientBidi index) 0UL 1500 false |> ignore

              let order =
                  [ for _ in 1..4 -> transmit 600 streams |> fst |> carried |> List.map fst ]

              Expect.equal
                  order
                  [ [ 0UL ]; [ 0UL; 1UL ]; [ 1UL ]; [ 1UL ] ]
                  "the second follows when the first is blocked at 1000"

          testCase "lost bytes go before new ones, also when no credit is left"
          <| fun () ->
              let streams, id = client (), clientBidi 0UL
              send streams id 0UL 1500 false |> ignore
              let _, records = transmit 500 streams
              transmit 1200 streams |> ignore
              lose streams records

              Expect.equal
                  (carried (framesOf streams))
                  [ 0UL, 498 ]
                  "the lost ones, though the stream's limit is reached"

          testCase "a lost frame is sent again with its FIN, cut to the packet's size"
          <| fun () ->
              let streams, id = client (), clientUni 0UL
              send streams id 0UL 300 true |> ignore
              transmit 1200 streams |> snd |> lose streams
              let first, _ = transmit 202 streams
              Expect.equal first [ Data(id, 0UL, bytesAt 0UL 200, false, false) ] "the first part"

              Expect.equal
                  (framesOf streams)
                  [ Data(id, 200UL, bytesAt 200UL 100, true, true) ]
                  "the rest, with the end"

          testCase "a FIN needs no credit"
          <| fun () ->
              let streams, id = client (), clientBidi 0UL
              send streams id 0UL 1000 false |> ignore
              transmit 1200 streams |> ignore
              send streams id 1000UL 0 true |> ignore
              Expect.contains (framesOf streams) (Data(id, 1000UL, [||], true, true)) "the end alone" ]

[<Tests>]
let limits =
    testList
        "the peer's flow control (RFC 9000 §4.1)"
        [ testCase "a stream stops at its limit, says so once, and goes on when the limit rises"
          <| fun () ->
              let streams, id = client (), clientBidi 0UL
              send streams id 0UL 1500 false |> ignore
              let frames = [ for _ in 1..3 -> transmit 600 streams |> fst ] |> List.concat
              Expect.equal (carried frames |> List.sumBy snd) 1000 "its limit"
              Expect.contains frames (StreamDataBlocked(id, 1000UL)) "blocked"
              Expect.isFalse streams.HasPending "said once"
              streams.OnMaxStreamData(id, 1200UL) |> ignore
              Expect.equal (carried (framesOf streams)) [ 0UL, 200 ] "200 more"
              Expect.equal (framesOf streams) [ StreamDataBlocked(id, 1200UL) ] "blocked anew"

          testCase "a lost STREAM_DATA_BLOCKED is repeated while it is true"
          <| fun () ->
              let streams, id = client (), clientBidi 0UL
              send streams id 0UL 1500 false |> ignore
              transmit 1200 streams |> ignore
              let frames, records = transmit 1200 streams
              Expect.equal frames [ StreamDataBlocked(id, 1000UL) ] "blocked"
              lose streams records
              Expect.equal (framesOf streams) frames "repeated"
              streams.OnMaxStreamData(id, 2000UL) |> ignore
              lose streams records
              Expect.equal (carried (framesOf streams)) [ 0UL, 500 ] "no longer true"

          testCase "the connection stops at its limit, says so once, and goes on when the limit rises"
          <| fun () ->
              let streams = fresh options
              streams.OnPeerParameters(PeerStreamLimits(1000UL, 5000UL, 5000UL, 5000UL, 4UL, 4UL))
              send streams (clientBidi 0UL) 0UL 600 false |> ignore
              send streams (clientBidi 1UL) 0UL 600 false |> ignore
              Expect.equal (carried (framesOf streams)) [ 0UL, 600; 1UL, 400 ] "1000 bytes"
              let frames, records = transmit 1200 streams
              Expect.equal frames [ DataBlocked 1000UL ] "blocked"
              Expect.isFalse streams.HasPending "said once"
              lose streams records
              Expect.equal (framesOf streams) frames "again when it was lost"
              streams.OnMaxData 1100UL
              Expect.equal (carried (framesOf streams)) [ 1UL, 100 ] "100 more"

          testCase "a connection without credit but without data is not blocked"
          <| fun () ->
              let streams = fresh options
              streams.OnPeerParameters(PeerStreamLimits(0UL, 5000UL, 5000UL, 5000UL, 4UL, 4UL))
              Expect.isFalse streams.HasPending "nothing to say"

          testCase "what a reset stream did not send costs the connection nothing"
          <| fun () ->
              let streams = fresh options
              streams.OnPeerParameters(PeerStreamLimits(1000UL, 5000UL, 5000UL, 5000UL, 4UL, 4UL))
              send streams (clientBidi 0UL) 0UL 5000 false |> ignore
              transmit 402 streams |> ignore
              reset streams (clientBidi 0UL) 7UL |> ignore
              send streams (clientBidi 1UL) 0UL 600 false |> ignore

              Expect.equal
                  (framesOf streams |> List.head)
                  (Reset(clientBidi 0UL, 7UL, 400UL))
                  "the final size is what was sent"

              Expect.isFalse streams.HasPending "the other 600 bytes were free" ]

[<Tests>]
let resets =
    testList
        "resetting our part of a stream (RFC 9000 §3.1)"
        [ testCase "RESET_STREAM opens a stream and is its only frame"
          <| fun () ->
              let streams, id = client (), clientUni 0UL
              Expect.isNone (reset streams id 7UL) "accepted"
              Expect.equal (framesOf streams) [ Reset(id, 7UL, 0UL) ] "nothing was sent"

          testCase "the first code and final size stay, and a lost RESET_STREAM is repeated"
          <| fun () ->
              let streams, id = client (), clientUni 0UL
              send streams id 0UL 100 false |> ignore
              transmit 1200 streams |> ignore
              send streams id 100UL 100 true |> ignore
              reset streams id 7UL |> ignore
              Expect.isNone (reset streams id 8UL) "a second reset is accepted"
              let frames, records = transmit 1200 streams
              Expect.equal frames [ Reset(id, 7UL, 100UL) ] "as the first"
              lose streams records
              Expect.equal (framesOf streams) frames "again"

          testCase "no STREAM frame follows, whatever is lost (RFC 9000 §3.3)"
          <| fun () ->
              let streams, id = client (), clientUni 0UL
              send streams id 0UL 3500 true |> ignore
              let _, records = transmit 1200 streams
              reset streams id 7UL |> ignore
              lose streams records
              Expect.equal (framesOf streams) [ Reset(id, 7UL, 1198UL) ] "only the reset"
              Expect.equal streams.BufferedBytes 0UL "the bytes are free"

          testCase "the stream is over when RESET_STREAM is acknowledged"
          <| fun () ->
              let streams, id = client (), clientUni 0UL
              reset streams id 7UL |> ignore
              let _, records = transmit 1200 streams
              Expect.equal streams.ActiveCount 1 "not yet"
              acknowledge streams records
              Expect.equal streams.ActiveCount 0 "over"
              lose streams records
              Expect.isFalse streams.HasPending "late news changes nothing"

          testCase "the peer's STOP_SENDING is answered by RESET_STREAM with its code, and told once (RFC 9000 §3.5)"
          <| fun () ->
              let streams, id = client (), clientBidi 0UL
              send streams id 0UL 100 false |> ignore
              transmit 1200 streams |> ignore
              streams.OnStopSending(id, 9UL) |> ignore
              streams.OnStopSending(id, 9UL) |> ignore
              Expect.equal (framesOf streams) [ Reset(id, 9UL, 100UL) ] "the answer"

              match events streams with
              | [ event ] ->
                  Expect.equal (event.Kind, event.ErrorCode) (StreamEventKind.PeerStopSending, 9UL) "told once"
              | other -> failtest $"one event, not {other}" ]

[<Tests>]
let progress =
    let marked = { options with LowWaterMark = 300UL }

    let told streams =
        events streams
        |> List.choose (fun event ->
            if event.Kind = StreamEventKind.SendProgress then
                Some(event.Released, event.Buffered)
            else
                None)

    testList
        "send progress"
        [ testCase "is told when the buffer falls below the mark, and when it is empty"
          <| fun () ->
              let streams, id = create marked, clientUni 0UL
              send streams id 0UL 1000 false |> ignore
              let packets = [ for _ in 1..5 -> transmit 203 streams |> snd ]

              let progress =
                  packets
                  |> List.map (fun records ->
                      acknowledge streams records
                      told streams)

              let crossing, rest =
                  progress
                  |> List.filter (List.isEmpty >> not)
                  |> List.exactlyOne
                  |> List.exactlyOne

              Expect.isLessThan rest 300UL "below the mark"
              Expect.equal (crossing + rest) 1000UL "the two are everything"
              transmit 1200 streams |> snd |> acknowledge streams
              Expect.equal (told streams) [ 1000UL, 0UL ] "empty"

          testCase "counts the acknowledged prefix, not what lies behind a gap"
          <| fun () ->
              let streams, id = create marked, clientUni 0UL
              send streams id 0UL 1000 false |> ignore
              let first = transmit 602 streams |> snd
              let second = transmit 1200 streams |> snd
              acknowledge streams second
              Expect.isEmpty (told streams) "nothing is free yet"
              acknowledge streams first
              Expect.equal (told streams) [ 1000UL, 0UL ] "all at once"

          testCase "the set counts the buffered bytes of all streams"
          <| fun () ->
              let streams = client ()
              send streams (clientUni 0UL) 0UL 400 false |> ignore
              send streams (clientBidi 0UL) 0UL 500 false |> ignore
              Expect.equal streams.BufferedBytes 900UL "written"
              transmit 1200 streams |> snd |> acknowledge streams
              Expect.equal streams.BufferedBytes 0UL "acknowledged" ]

/// Two sets joined by packets that may be lost, until nothing is left to do.
let private exchange (random: Random) (sender: StreamSet) (receiver: StreamSet) =
    let mutable received = Map.empty
    let mutable finished = Set.empty
    let mutable turns = 0

    let deliver frame =
        let error =
            match frame with
            | Data(id, offset, bytes, fin, _) -> receiver.OnStreamFrame(id, offset, ReadOnlyMemory bytes, fin, true)
            | Reset(id, errorCode, size) -> receiver.OnResetStream(id, errorCode, size)
            | _ -> null

        Expect.isNull error "an honest sender breaks no rule"

    let answer frame =
        match frame with
        | MaxData limit -> sender.OnMaxData limit
        | MaxStreamData(id, limit) -> Expect.isNull (sender.OnMaxStreamData(id, limit)) "an honest receiver breaks none"
        | MaxStreams(kind, limit) -> Expect.isNull (sender.OnMaxStreams(kind, limit)) "an honest receiver breaks none"
        | _ -> ()

    let rec collect () =
        match receiver.TryReadStreamData() with
        | true, id, offset, data, fin ->
            let before = received |> Map.tryFind id |> Option.defaultValue 0UL
            Expect.equal offset before "in order"
            Expect.equal (data.ToArray()) (bytesAt offset data.Length) "the bytes that were written"
            received <- Map.add id (before + uint64 data.Length) received

            if fin then
                finished <- Set.add id finished

            collect ()
        | _ -> ()

    let turn (from: StreamSet) act =
        let frames, records = transmit (random.Next(60, 1200)) from

        if random.Next 4 = 0 then
            lose from records
        else
            List.iter act frames
            acknowledge from records

    while (sender.HasPending || receiver.HasPending) && turns < 20_000 do
        turns <- turns + 1
        turn sender deliver
        collect ()
        turn receiver answer

    received, finished

[<Tests>]
let exchanges =
    testList
        "two stream sets"
        [ rareProperty 20 "carry every byte of every stream over a lossy link, within all limits"
          <| fun (seed: int) (fair: bool) ->
              let random = Random seed
              let sender = create { options with Fair = fair }

              let receiver =
                  fresh
                      { options with
                          Role = Role.Server
                          BidiRemote = 1000UL }

              let lengths = [ for index in 0UL .. 3UL -> clientUni index, random.Next 20_000 ]

              for id, length in lengths do
                  send sender id 0UL length true |> ignore

              let received, finished = exchange random sender receiver

              let expected =
                  lengths |> List.map (fun (id, length) -> id, uint64 length) |> Map.ofList

              Expect.equal received expected "every byte"
              Expect.equal finished (lengths |> List.map fst |> set) "every end"
              Expect.equal (sender.ActiveCount, receiver.ActiveCount) (0, 0) "nothing is kept"
              Expect.equal sender.BufferedBytes 0UL "nothing is buffered" ]
