module CoQuic.Engine.Tests.Streams.StreamQueueTests

open Expecto
open CoQuic.Engine
open CoQuic.Tests.Properties

type Operation =
    | Want of stream: byte
    | Drop of stream: byte
    | Rotate of stream: byte

/// The links of a queue lie in the streams, so that each test has streams of its own.
let private newStreams () =
    Array.init 8 (fun index -> Stream(StreamId(uint64 index), null, null))

let rec private drain (queue: StreamQueue) =
    match queue.TryPeek() with
    | true, NonNull stream ->
        queue.Update(stream, false)
        int stream.Id.Value :: drain queue
    | _ -> []

let private apply (streams: Stream[]) (queue: StreamQueue) model operation =
    match operation with
    | Want stream ->
        let index = int stream % 8
        queue.Update(streams[index], true)

        if List.contains index model then
            model
        else
            model @ [ index ]
    | Drop stream ->
        let index = int stream % 8
        queue.Update(streams[index], false)
        List.except [ index ] model
    | Rotate stream ->
        let index = int stream % 8
        queue.Rotate streams[index]

        if List.contains index model then
            List.except [ index ] model @ [ index ]
        else
            model

[<Tests>]
let tests =
    testList
        "stream queue"
        [ property "is a list in which every stream stands at most once"
          <| fun operations ->
              let queue = StreamQueue StreamQueueKind.Fresh
              let model = List.fold (apply (newStreams ()) queue) [] operations
              Expect.equal (drain queue) model "the same streams in the same order"

          testCase "the queues of a stream do not disturb each other"
          <| fun () ->
              let streams = newStreams ()

              let fresh, control =
                  StreamQueue StreamQueueKind.Fresh, StreamQueue StreamQueueKind.Control

              for index in [ 0; 1; 2 ] do
                  fresh.Update(streams[index], true)
                  control.Update(streams[2 - index], true)

              Expect.equal (drain fresh) [ 0; 1; 2 ] "one order"
              Expect.equal (drain control) [ 2; 1; 0 ] "the other" ]
