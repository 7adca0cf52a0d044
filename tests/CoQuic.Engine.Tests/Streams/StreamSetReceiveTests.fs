module CoQuic.Engine.Tests.Streams.StreamSetReceiveTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Streams.StreamSetHarness

let private flowControlError = Some TransportErrorCode.FlowControlError
let private finalSizeError = Some TransportErrorCode.FinalSizeError
let private stateError = Some TransportErrorCode.StreamStateError
let private limitError = Some TransportErrorCode.StreamLimitError

let private reset (streams: StreamSet) id errorCode finalSize =
    streams.OnResetStream(id, errorCode, finalSize) |> code

/// The kinds of the events that wait.
let private kinds streams = events streams |> List.map _.Kind

[<Tests>]
let opening =
    testList
        "streams that the peer opens"
        [ testCase "the first frame opens a stream, and all with lower numbers (RFC 9000 §2.1)"
          <| fun () ->
              let streams = client ()
              Expect.isNone (receive streams (serverBidi 2UL) 0UL 10 false) "the third"
              Expect.equal streams.ActiveCount 1 "the others keep nothing until they are used"
              Expect.isNone (send streams (serverBidi 0UL) 0UL 10 false) "but they can be written to"

              Expect.equal
                  (send streams (serverBidi 3UL) 0UL 10 false)
                  (Some LocalErrorCode.InvalidStreamId)
                  "the next cannot"

          testCase "as many as our limit says and no more (RFC 9000 §4.6)"
          <| fun () ->
              for stream, beyond in [ serverBidi 3UL, serverBidi 4UL; serverUni 3UL, serverUni 4UL ] do
                  let streams = client ()
                  Expect.isNone (receive streams stream 0UL 1 false) "the last that is allowed"
                  Expect.equal (receive streams beyond 0UL 1 false) limitError "STREAM_LIMIT_ERROR"

          testCase
              "every frame of the receiving part opens one, and so does every frame of a bidirectional sending part"
          <| fun () ->
              let frames: (StreamSet -> TransportError | null) list =
                  [ fun streams -> streams.OnResetStream(serverBidi 0UL, 1UL, 0UL)
                    fun streams -> streams.OnStreamDataBlocked(serverBidi 0UL)
                    fun streams -> streams.OnStopSending(serverBidi 0UL, 1UL)
                    fun streams -> streams.OnMaxStreamData(serverBidi 0UL, 1UL) ]

              for frame in frames do
                  let streams = client ()
                  Expect.isNone (frame streams |> code) "no error"
                  Expect.equal streams.ActiveCount 1 "the stream is there (RFC 9000 §3.2)"

          testCase
              "frames for a stream of ours that we did not open are a STREAM_STATE_ERROR (RFC 9000 §19.8, §19.10, §19.5)"
          <| fun () ->
              let streams = client ()
              Expect.equal (receive streams (clientBidi 0UL) 0UL 1 false) stateError "STREAM"
              Expect.equal (reset streams (clientBidi 0UL) 0UL 0UL) stateError "RESET_STREAM"
              Expect.equal (streams.OnStreamDataBlocked(clientBidi 0UL) |> code) stateError "STREAM_DATA_BLOCKED"
              Expect.equal (streams.OnMaxStreamData(clientBidi 0UL, 1UL) |> code) stateError "MAX_STREAM_DATA"
              Expect.equal (streams.OnStopSending(clientUni 0UL, 1UL) |> code) stateError "STOP_SENDING"

          testCase "frames against a stream's direction are a STREAM_STATE_ERROR"
          <| fun () ->
              let streams = client ()
              send streams (clientUni 0UL) 0UL 1 false |> ignore
              receive streams (serverUni 0UL) 0UL 1 false |> ignore
              Expect.equal (receive streams (clientUni 0UL) 0UL 1 false) stateError "STREAM on a send-only stream"
              Expect.equal (reset streams (clientUni 0UL) 0UL 0UL) stateError "RESET_STREAM on a send-only stream"
              Expect.equal (streams.OnStreamDataBlocked(clientUni 0UL) |> code) stateError "STREAM_DATA_BLOCKED on one"

              Expect.equal
                  (streams.OnMaxStreamData(serverUni 0UL, 1UL) |> code)
                  stateError
                  "MAX_STREAM_DATA on a receive-only one"

              Expect.equal
                  (streams.OnStopSending(serverUni 0UL, 1UL) |> code)
                  stateError
                  "STOP_SENDING on a receive-only one"

          testCase "a stream that we opened below one that was opened before is known to the peer already"
          <| fun () ->
              let streams = client ()
              send streams (clientBidi 2UL) 0UL 1 false |> ignore
              Expect.isNone (receive streams (clientBidi 1UL) 0UL 1 false) "opened implicitly (RFC 9000 §2.1)"
              Expect.isNone (send streams (clientBidi 0UL) 0UL 1 false) "and we may still use it"

          testCase "stream counts beyond 2^60 are a FRAME_ENCODING_ERROR (RFC 9000 §19.11, §19.14)"
          <| fun () ->
              for kind in [ StreamKind.Bidirectional; StreamKind.Unidirectional ] do
                  let most = 1UL <<< 60
                  let encodingError = Some TransportErrorCode.FrameEncodingError
                  Expect.isNone ((client ()).OnMaxStreams(kind, most) |> code) "the most"
                  Expect.equal ((client ()).OnMaxStreams(kind, most + 1UL) |> code) encodingError "MAX_STREAMS"
                  Expect.equal ((client ()).OnStreamsBlocked(kind, most + 1UL) |> code) encodingError "STREAMS_BLOCKED" ]

[<Tests>]
let data =
    testList
        "received stream data"
        [ testCase "comes out in order, with the end told once"
          <| fun () ->
              let streams, id = client (), serverUni 0UL
              receive streams id 10UL 10 true |> ignore
              Expect.isEmpty (read streams) "a gap holds it back"
              receive streams id 0UL 10 false |> ignore
              Expect.equal (read streams) [ id, 0UL, 10, false; id, 10UL, 10, true ] "both parts"
              receive streams id 10UL 10 true |> ignore
              Expect.isEmpty (read streams) "a repetition is nothing new"

          testCase "an end that comes alone is told alone, at the final size"
          <| fun () ->
              let streams, id = client (), serverUni 0UL
              receive streams id 0UL 10 false |> ignore
              Expect.equal (read streams) [ id, 0UL, 10, false ] "the bytes"
              receive streams id 10UL 0 true |> ignore
              Expect.equal (read streams) [ id, 10UL, 0, true ] "the end"

          testCase "an empty stream is its end"
          <| fun () ->
              let streams = client ()
              receive streams (serverUni 0UL) 0UL 0 true |> ignore
              Expect.equal (read streams) [ serverUni 0UL, 0UL, 0, true ] "FIN at offset 0"

          testCase "out of order, each new range comes at once and the end with the last byte, before those below"
          <| fun () ->
              let streams, id = create { options with OutOfOrder = true }, serverUni 0UL
              receive streams id 10UL 10 true |> ignore
              Expect.equal (read streams) [ id, 10UL, 10, true ] "the last bytes, first"
              receive streams id 5UL 10 false |> ignore
              Expect.equal (read streams) [ id, 5UL, 5, false ] "only what is new"
              receive streams id 0UL 20 true |> ignore
              Expect.equal (read streams) [ id, 0UL, 5, false ] "the rest, without a second end"
              Expect.equal streams.ActiveCount 0 "all was read"

          testCase "several streams are read in the order in which they became readable"
          <| fun () ->
              let streams = client ()

              for index in [ 2UL; 0UL; 1UL ] do
                  receive streams (serverUni index) 0UL 1 false |> ignore

              let order = read streams |> List.map (fun (id, _, _, _) -> id.Index)
              Expect.equal order [ 2UL; 0UL; 1UL ] "as they came" ]

[<Tests>]
let flowControl =
    testList
        "flow control of what the peer sends (RFC 9000 §4.1)"
        [ testCase "each kind of stream has the limit that we gave for it"
          <| fun () ->
              let full limit id =
                  let streams = client ()
                  send streams (clientBidi 0UL) 0UL 1 false |> ignore
                  Expect.isNone (receive streams id 0UL limit false) "the limit"
                  Expect.equal (receive streams id (uint64 limit) 1 false) flowControlError "beyond it"

              full 1000 (clientBidi 0UL)
              full 2000 (serverBidi 0UL)
              full 3000 (serverUni 0UL)

          testCase "the connection's limit counts the largest offset of every stream"
          <| fun () ->
              let streams = client ()
              receive streams (serverUni 0UL) 2999UL 1 false |> ignore
              receive streams (serverUni 1UL) 2999UL 1 false |> ignore
              receive streams (serverUni 2UL) 2999UL 1 false |> ignore
              Expect.isNone (receive streams (serverUni 3UL) 999UL 1 false) "10 000 bytes"
              Expect.isNone (receive streams (serverUni 3UL) 0UL 1000 false) "what lies below costs nothing"
              Expect.equal (receive streams (serverUni 3UL) 1000UL 1 false) flowControlError "one more"

          testCase "an offset beyond 2^62 - 1 is an error (RFC 9000 §19.8)"
          <| fun () ->
              let most = (1UL <<< 62) - 1UL
              Expect.equal (receive (client ()) (serverUni 0UL) most 1 false) flowControlError "FLOW_CONTROL_ERROR"

          testCase "reading gives credit when half of a window was read"
          <| fun () ->
              let streams, id = client (), serverUni 0UL
              receive streams id 0UL 1499 false |> ignore
              read streams |> ignore
              Expect.isEmpty (framesOf streams) "less than half"
              receive streams id 1499UL 1 false |> ignore
              read streams |> ignore
              Expect.equal (framesOf streams) [ MaxStreamData(id, 4500UL) ] "half of the stream's window"
              receive streams id 1500UL 3000 false |> ignore
              receive streams (serverUni 1UL) 0UL 1000 false |> ignore
              read streams |> ignore

              Expect.containsAll
                  (framesOf streams)
                  [ MaxData 15_500UL; MaxStreamData(id, 7500UL) ]
                  "half of the connection's too"

          testCase "with explicit credit, reading gives none and consuming does"
          <| fun () ->
              let streams, id = create withExplicitCredit, serverUni 0UL
              receive streams id 0UL 3000 false |> ignore
              read streams |> ignore
              Expect.isFalse streams.HasPending "nothing was consumed"
              Expect.isFalse (streams.Consume(id, 2000UL).HasValue) "two thirds"
              Expect.equal (framesOf streams) [ MaxStreamData(id, 5000UL) ] "credit for them"

          testCase "more than was given out cannot be consumed"
          <| fun () ->
              let streams, id = create withExplicitCredit, serverUni 0UL
              receive streams id 0UL 10 false |> ignore

              Expect.equal
                  (streams.Consume(id, 1UL))
                  (Nullable LocalErrorCode.FlowControlViolation)
                  "nothing was read yet"

              read streams |> ignore
              Expect.isFalse (streams.Consume(id, 10UL).HasValue) "all of it"
              Expect.equal (streams.Consume(id, 1UL)) (Nullable LocalErrorCode.FlowControlViolation) "one more"

          testCase "no MAX_STREAM_DATA follows once the final size is known (RFC 9000 §3.2)"
          <| fun () ->
              let streams, id = client (), serverUni 0UL
              receive streams id 2999UL 1 true |> ignore
              receive streams id 0UL 2000 false |> ignore
              read streams |> ignore
              Expect.isEmpty (framesOf streams) "no more can come"

          testCase "a lost MAX_STREAM_DATA and a lost MAX_DATA are told again"
          <| fun () ->
              let streams = client ()

              for index in 0UL .. 1UL do
                  receive streams (serverUni index) 0UL 3000 false |> ignore

              read streams |> ignore
              let frames, records = transmit 1200 streams
              Expect.hasLength frames 3 "two streams and the connection"
              lose streams records
              Expect.equal (set (framesOf streams)) (set frames) "the same limits again" ]

[<Tests>]
let finalSizes =
    testList
        "final sizes (RFC 9000 §4.5)"
        [ for name, first, second in
              [ "another FIN elsewhere", (10UL, 10, true), (10UL, 11, true)
                "data beyond the FIN", (10UL, 10, true), (20UL, 1, false)
                "a FIN below data", (10UL, 10, false), (0UL, 19, true) ] do
              testCase $"{name} is a FINAL_SIZE_ERROR"
              <| fun () ->
                  let streams = client ()
                  let offset, length, fin = first
                  Expect.isNone (receive streams (serverUni 0UL) offset length fin) "the first frame"
                  let offset, length, fin = second
                  Expect.equal (receive streams (serverUni 0UL) offset length fin) finalSizeError "the second"

          testCase "a reset that contradicts the final size, or what was received, is a FINAL_SIZE_ERROR"
          <| fun () ->
              for fin, size in [ true, 19UL; true, 21UL; false, 19UL ] do
                  let streams = client ()
                  receive streams (serverUni 0UL) 10UL 10 fin |> ignore
                  Expect.equal (reset streams (serverUni 0UL) 7UL size) finalSizeError $"{size}"

          testCase "a reset whose final size breaks a limit is a FLOW_CONTROL_ERROR"
          <| fun () ->
              Expect.equal (reset (client ()) (serverUni 0UL) 7UL 3001UL) flowControlError "the stream's limit"
              let streams = client ()

              for index in 0UL .. 2UL do
                  reset streams (serverUni index) 7UL 3000UL |> ignore

              Expect.equal (reset streams (serverUni 3UL) 7UL 1001UL) flowControlError "the connection's limit"

          testCase "a late contradiction on a stream that waits for its reader is still an error"
          <| fun () ->
              let streams = create withExplicitCredit
              receive streams (serverUni 0UL) 0UL 10 true |> ignore
              read streams |> ignore
              Expect.equal (receive streams (serverUni 0UL) 10UL 1 false) finalSizeError "data beyond the end" ]

[<Tests>]
let resets =
    testList
        "streams that the peer resets (RFC 9000 §3.2)"
        [ testCase "the application hears of it once, after what was ready"
          <| fun () ->
              let streams, id = client (), serverUni 0UL
              receive streams id 0UL 10 false |> ignore
              receive streams id 50UL 10 false |> ignore
              Expect.isNone (reset streams id 7UL 100UL) "a reset"
              Expect.isNone (reset streams id 7UL 100UL) "and again"
              Expect.equal (read streams) [ id, 0UL, 10, false ] "what was complete, without an end"

              match events streams with
              | [ first; second ] ->
                  Expect.equal
                      (first.Kind, first.ErrorCode, first.FinalSize)
                      (StreamEventKind.PeerReset, 7UL, 100UL)
                      "the reset"

                  Expect.equal second.Kind StreamEventKind.StreamClosed "the stream is over"
              | other -> failtest $"two events, not {other}"

          testCase "the connection gets credit up to the final size"
          <| fun () ->
              for options in [ options; withExplicitCredit ] do
                  let streams = create options
                  receive streams (serverUni 0UL) 0UL 10 false |> ignore
                  reset streams (serverUni 0UL) 7UL 3000UL |> ignore
                  reset streams (serverUni 1UL) 7UL 3000UL |> ignore
                  read streams |> ignore
                  Expect.contains (framesOf streams) (MaxData 16_000UL) "all 6000 bytes"

          testCase "a reset after all data has arrived is not told, and the data is"
          <| fun () ->
              let streams, id = client (), serverUni 0UL
              receive streams id 0UL 10 true |> ignore
              reset streams id 7UL 10UL |> ignore
              Expect.equal (read streams) [ id, 0UL, 10, true ] "data and end"
              Expect.equal (kinds streams) [ StreamEventKind.StreamClosed ] "no reset"

          testCase "data after a reset is ignored within its final size"
          <| fun () ->
              let streams, id = client (), serverBidi 0UL
              reset streams id 7UL 100UL |> ignore
              Expect.isNone (receive streams id 0UL 100 false) "late data"
              Expect.isEmpty (read streams) "nobody reads it"
              Expect.equal (receive streams id 100UL 1 false) finalSizeError "beyond the end" ]

[<Tests>]
let stopSending =
    testList
        "streams that the application stops reading (RFC 9000 §3.5)"
        [ testCase "STOP_SENDING is sent once, with the first code, and again when it is lost"
          <| fun () ->
              let streams, id = client (), serverUni 0UL
              receive streams id 0UL 10 false |> ignore
              Expect.isFalse (streams.StopSending(id, 7UL).HasValue) "accepted"
              Expect.isFalse (streams.StopSending(id, 8UL).HasValue) "again"
              let frames, records = transmit 1200 streams
              Expect.equal frames [ Stop(id, 7UL) ] "one frame"
              lose streams records
              Expect.equal (framesOf streams) [ Stop(id, 7UL) ] "again"

          testCase "what was not read is dropped, and what follows counts as consumed"
          <| fun () ->
              for options in [ options; withExplicitCredit ] do
                  let streams = create options
                  receive streams (serverUni 0UL) 0UL 1500 false |> ignore
                  streams.StopSending(serverUni 0UL, 7UL) |> ignore
                  receive streams (serverUni 0UL) 1500UL 1500 false |> ignore
                  receive streams (serverUni 1UL) 0UL 3000 false |> ignore
                  streams.StopSending(serverUni 1UL, 7UL) |> ignore
                  Expect.isEmpty (read streams) "nobody reads it"
                  let frames = framesOf streams
                  Expect.contains frames (MaxData 16_000UL) "the connection's credit comes back"
                  Expect.hasLength frames 3 "besides the two STOP_SENDING; the streams get no credit"

          testCase "the stream is over with its end, or its reset, and nothing is repeated"
          <| fun () ->
              let finish: (StreamSet -> TransportErrorCode option) list =
                  [ fun streams -> receive streams (serverUni 0UL) 90UL 10 true
                    fun streams -> reset streams (serverUni 0UL) 7UL 100UL ]

              for last in finish do
                  let streams = client ()
                  receive streams (serverUni 0UL) 0UL 10 false |> ignore
                  streams.StopSending(serverUni 0UL, 7UL) |> ignore
                  let _, records = transmit 1200 streams
                  Expect.isNone (last streams) "no error"
                  Expect.equal streams.ActiveCount 0 "over"
                  lose streams records
                  Expect.isFalse streams.HasPending "nothing to repeat"

          testCase "after the peer's end nothing is sent, and the stream is over"
          <| fun () ->
              let streams, id = create withExplicitCredit, serverUni 0UL
              receive streams id 0UL 10 true |> ignore
              read streams |> ignore
              Expect.equal streams.ActiveCount 1 "not consumed"
              Expect.isFalse (streams.StopSending(id, 7UL).HasValue) "accepted"
              Expect.isEmpty (framesOf streams) "no STOP_SENDING"
              Expect.equal streams.ActiveCount 0 "released" ]

[<Tests>]
let retirement =
    testList
        "streams that are over"
        [ testCase "late frames for them are ignored"
          <| fun () ->
              let streams, id = client (), serverUni 0UL
              receive streams id 0UL 10 true |> ignore
              read streams |> ignore
              Expect.equal streams.ActiveCount 0 "over"
              Expect.isNone (receive streams id 0UL 10 true) "STREAM"
              Expect.isNone (reset streams id 7UL 10UL) "RESET_STREAM"
              Expect.isNone (streams.OnStreamDataBlocked id |> code) "STREAM_DATA_BLOCKED"
              Expect.equal (streams.ActiveCount, read streams) (0, []) "nothing came back"

          testCase "late frames for the sending part are ignored too"
          <| fun () ->
              let streams, id = client (), clientUni 0UL
              send streams id 0UL 10 true |> ignore
              transmit 1200 streams |> snd |> acknowledge streams
              Expect.equal streams.ActiveCount 0 "over"
              Expect.isNone (streams.OnMaxStreamData(id, 9999UL) |> code) "MAX_STREAM_DATA"
              Expect.isNone (streams.OnStopSending(id, 7UL) |> code) "STOP_SENDING"

              Expect.equal
                  (kinds streams)
                  [ StreamEventKind.SendProgress; StreamEventKind.StreamClosed ]
                  "no stop is told"

          testCase "a bidirectional stream is over when both parts are"
          <| fun () ->
              let streams, id = client (), serverBidi 0UL
              receive streams id 0UL 10 true |> ignore
              read streams |> ignore
              Expect.equal streams.ActiveCount 1 "we may still answer"
              send streams id 0UL 10 true |> ignore
              transmit 1200 streams |> snd |> acknowledge streams
              Expect.equal streams.ActiveCount 0 "answered and acknowledged"

          testCase "the peer may open new streams for those that are over and released (RFC 9000 §4.6)"
          <| fun () ->
              let streams = client ()

              for index in 0UL .. 1UL do
                  receive streams (serverUni index) 0UL 10 true |> ignore

              Expect.isFalse streams.HasPending "not read yet"
              read streams |> ignore
              Expect.equal (framesOf streams) [ MaxStreams(StreamKind.Unidirectional, 6UL) ] "two more"
              Expect.isNone (receive streams (serverUni 5UL) 0UL 1 false) "they may be opened"

          testCase "with explicit credit, a stream is released when all of it was consumed"
          <| fun () ->
              let streams = create withExplicitCredit

              for index in 0UL .. 1UL do
                  receive streams (serverUni index) 0UL 10 true |> ignore

              read streams |> ignore
              Expect.isFalse streams.HasPending "not consumed yet"

              for index in 0UL .. 1UL do
                  streams.Consume(serverUni index, 10UL) |> ignore

              Expect.equal (framesOf streams) [ MaxStreams(StreamKind.Unidirectional, 6UL) ] "two more"

          testCase "a peer that says that it is blocked hears of a single stream"
          <| fun () ->
              let streams = client ()
              streams.OnStreamsBlocked(StreamKind.Unidirectional, 4UL) |> ignore
              receive streams (serverUni 0UL) 0UL 0 true |> ignore
              read streams |> ignore
              let frames, records = transmit 1200 streams
              Expect.equal frames [ MaxStreams(StreamKind.Unidirectional, 5UL) ] "one more"
              lose streams records
              Expect.equal (framesOf streams) frames "again" ]
