module CoQuic.Runtime.Tests.StreamTests

open System
open System.IO
open System.Threading
open System.Threading.Tasks
open Expecto
open CoQuic.Runtime
open CoQuic.Tests

exception private Broken of string

let private never = CancellationToken.None

let private receiver () =
    let wakes = ref 0
    StreamReceiver(100, (fun () -> wakes.Value <- wakes.Value + 1)), wakes

let private deliver (receiver: StreamReceiver) (bytes: byte list) fin =
    receiver.Deliver(ReadOnlyMemory(Array.ofList bytes), fin)
    receiver.Announce()

let private read (receiver: StreamReceiver) size =
    task {
        let buffer = Array.zeroCreate<byte> size
        let! count = receiver.ReadAsync(Memory buffer, never)
        return List.ofArray buffer[.. count - 1]
    }

let private readAll (receiver: StreamReceiver) size =
    task {
        let all = ResizeArray<byte>()
        let mutable isOver = false

        while not isOver do
            let! some = read receiver size
            all.AddRange some
            isOver <- some.IsEmpty

        return List.ofSeq all
    }

let private sender highWater =
    let wakes = ref 0
    StreamSender(highWater, (fun () -> wakes.Value <- wakes.Value + 1)), wakes

let private write (sender: StreamSender) (bytes: byte list) fin =
    sender.WriteAsync(ReadOnlyMemory(Array.ofList bytes), fin, 77UL, never).AsTask()

/// All that the agent finds to do.
let rec private work (sender: StreamSender) =
    match sender.Take() with
    | NoWork -> []
    | Data(bytes, fin) -> Choice1Of2(List.ofArray (bytes.ToArray()), fin) :: work sender
    | Abandon code -> Choice2Of2 code :: work sender

let private bytesOf work =
    work
    |> List.collect (function
        | Choice1Of2(bytes, _) -> bytes
        | Choice2Of2 _ -> [])

/// The exception may be of a more special type.
let private failsWith<'error when 'error :> exn> (operation: Task) message =
    match Expect.throwsC operation.Wait (fun error -> error.GetBaseException()) with
    | :? 'error -> ()
    | error -> failtest $"{message}: not {error}"

let private inTime (operation: Task<'value>) =
    operation.WaitAsync(TimeSpan.FromSeconds 5.0)

[<Tests>]
let receiving =
    testList
        "the receiving part"
        [ testCaseTask "a read waits until bytes come"
          <| fun () ->
              task {
                  let receiver, _ = receiver ()
                  let reading = read receiver 10
                  Expect.isFalse reading.IsCompleted "nothing is there"
                  deliver receiver [ 1uy; 2uy ] false
                  let! bytes = inTime reading
                  Expect.equal bytes [ 1uy; 2uy ] "what came"
              }

          testCaseTask "the end is read behind the last byte, and again"
          <| fun () ->
              task {
                  let receiver, _ = receiver ()
                  deliver receiver [ 1uy ] true
                  let! all = inTime (readAll receiver 10)
                  Expect.equal all [ 1uy ] "the bytes"
                  let! again = inTime (read receiver 10)
                  Expect.isEmpty again "still the end"
                  do! receiver.Closed.WaitAsync(TimeSpan.FromSeconds 5.0)
              }

          Properties.property "whatever the pieces and the buffers, the bytes are the same"
          <| fun (pieces: byte list list) (size: byte) ->
              let receiver, _ = receiver ()

              for piece in pieces do
                  deliver receiver piece false

              deliver receiver [] true
              Expect.equal (readAll receiver (1 + int size)).Result (List.concat pieces) "the bytes"
              Expect.equal (receiver.TakeConsumed()) (uint64 (List.concat pieces).Length) "all are consumed"

          testCaseTask "reading asks the agent to come when much was read, or all"
          <| fun () ->
              task {
                  let receiver, wakes = receiver ()
                  deliver receiver [ for _ in 1..150 -> 0uy ] false
                  let! _ = read receiver 60
                  Expect.equal wakes.Value 0 "60 of 100 bytes"
                  let! _ = read receiver 60
                  Expect.equal wakes.Value 1 "120"
                  Expect.equal (receiver.TakeConsumed()) 120UL "the credit"
                  let! _ = read receiver 60
                  Expect.equal wakes.Value 1 "30 more are few"
                  deliver receiver [ 1uy ] true
                  let! _ = read receiver 60
                  Expect.equal wakes.Value 2 "but the last byte was read"
                  Expect.equal (receiver.TakeConsumed()) 31UL "the rest"
              }

          testCaseTask "a cancelled read takes nothing"
          <| fun () ->
              task {
                  let receiver, _ = receiver ()
                  use cancellation = new CancellationTokenSource()
                  let reading = receiver.ReadAsync(Memory(Array.zeroCreate 10), cancellation.Token)
                  cancellation.Cancel()
                  failsWith<OperationCanceledException> (reading.AsTask()) "it is cancelled"
                  deliver receiver [ 5uy ] true
                  let! all = inTime (readAll receiver 10)
                  Expect.equal all [ 5uy ] "the byte is there"
              }

          testCase "two reads at a time are refused"
          <| fun () ->
              let receiver, _ = receiver ()
              read receiver 10 |> ignore
              failsWith<InvalidOperationException> (read receiver 10) "the second"

          testCaseTask "a reset ends a waiting read, and what was not read is gone"
          <| fun () ->
              task {
                  let receiver, _ = receiver ()
                  let reading = read receiver 10
                  receiver.OnReset(Broken "reset")
                  failsWith<Broken> reading "the waiting read"
                  deliver receiver [ 1uy ] false
                  failsWith<Broken> (read receiver 10) "and every later one"
                  failsWith<Broken> receiver.Closed "and it is closed"
              }

          testCaseTask "a reset behind the end changes nothing"
          <| fun () ->
              task {
                  let receiver, _ = receiver ()
                  deliver receiver [ 1uy ] true
                  receiver.OnReset(Broken "reset")
                  let! all = inTime (readAll receiver 10)
                  Expect.equal all [ 1uy ] "all was delivered"
              }

          testCaseTask "when the connection ends, what arrived can still be read"
          <| fun () ->
              task {
                  let receiver, _ = receiver ()
                  deliver receiver [ 1uy; 2uy ] false
                  receiver.OnClosed(Broken "closed")
                  let! bytes = inTime (read receiver 10)
                  Expect.equal bytes [ 1uy; 2uy ] "what arrived"
                  failsWith<Broken> (read receiver 10) "then the reason"
              }

          testCase "giving up stops the peer once"
          <| fun () ->
              let receiver, wakes = receiver ()
              deliver receiver [ 1uy ] false
              receiver.Abort(9UL, Broken "aborted")
              receiver.Abort(10UL, Broken "aborted again")
              Expect.equal wakes.Value 1 "one wake"
              Expect.equal (receiver.TakeStop()) (ValueSome 9UL) "the code"
              Expect.equal (receiver.TakeStop()) ValueNone "once"
              failsWith<Broken> (read receiver 10) "no more reads"

          testCaseTask "giving up behind the end stops nobody"
          <| fun () ->
              task {
                  let receiver, _ = receiver ()
                  deliver receiver [ 1uy ] true
                  let! _ = readAll receiver 10
                  receiver.Abort(9UL, Broken "aborted")
                  Expect.equal (receiver.TakeStop()) ValueNone "no code"
              } ]

[<Tests>]
let sending =
    testList
        "the sending part"
        [ Properties.property "whatever the writes, the agent finds the same bytes"
          <| fun (writes: byte list list) ->
              let sender, _ = sender 1_000_000

              for bytes in writes do
                  (write sender bytes false).Wait()

              sender.Complete()
              let work = work sender
              Expect.equal (bytesOf work) (List.concat writes) "the bytes"

              match List.last work with
              | Choice1Of2(_, fin) -> Expect.isTrue fin "the end is behind the last"
              | Choice2Of2 _ -> failtest "nobody abandoned it"

          Properties.property "what was taken does not change when more is written"
          <| fun (first: byte list) (second: byte list) ->
              let sender, _ = sender 1_000_000
              (write sender first false).Wait()

              match sender.Take() with
              | Data(bytes, _) ->
                  (write sender second false).Wait()
                  Expect.equal (List.ofArray (bytes.ToArray())) first "as it was"
              | Abandon _ -> failtest "nobody abandoned it"
              | NoWork -> Expect.isEmpty first "only nothing is no work"

          testCaseTask "a write waits at the high-water mark until the peer acknowledged"
          <| fun () ->
              task {
                  let sender, wakes = sender 10
                  let writing = write sender [ 1uy .. 25uy ] true
                  Expect.isFalse writing.IsCompleted "10 of 25 bytes have room"
                  Expect.equal wakes.Value 1 "the agent is called"
                  Expect.equal (bytesOf (work sender)) [ 1uy .. 10uy ] "the first 10"
                  sender.OnProgress(4UL)
                  do! Task.Yield()

                  while wakes.Value < 2 do
                      do! Task.Yield()

                  Expect.equal (bytesOf (work sender)) [ 11uy .. 14uy ] "as many as were acknowledged"
                  sender.OnProgress(14UL)

                  while wakes.Value < 3 do
                      do! Task.Yield()

                  sender.OnProgress(24UL)
                  do! writing.WaitAsync(TimeSpan.FromSeconds 5.0)
                  let work = work sender
                  Expect.equal (bytesOf work) [ 15uy .. 25uy ] "the rest"
                  Expect.isFalse sender.Closed.IsCompleted "one byte is not acknowledged"
                  sender.OnProgress(25UL)
                  do! sender.Closed.WaitAsync(TimeSpan.FromSeconds 5.0)
              }

          testCaseTask "a cancelled write resets the stream, since part of it may be on its way"
          <| fun () ->
              task {
                  let sender, _ = sender 10
                  use cancellation = new CancellationTokenSource()

                  let writing =
                      sender.WriteAsync(ReadOnlyMemory(Array.zeroCreate 20), false, 77UL, cancellation.Token)

                  cancellation.Cancel()
                  failsWith<OperationCanceledException> (writing.AsTask()) "it is cancelled"
                  Expect.equal (work sender) [ Choice2Of2 77UL ] "the code"

                  failsWith<QuicException>
                      (write sender [ 1uy ] false)
                      "no more writes: aborted, and not cancelled themselves"
              }

          testCase "a write that is cancelled before it starts changes nothing"
          <| fun () ->
              let sender, _ = sender 10
              let cancelled = CancellationToken true
              let writing = sender.WriteAsync(ReadOnlyMemory [| 1uy |], false, 77UL, cancelled)
              Expect.isTrue writing.IsCanceled "it is cancelled"
              Expect.isEmpty (work sender) "nothing to do"

          testCase "completing writes twice ends the stream once"
          <| fun () ->
              let sender, _ = sender 10
              sender.Complete()
              sender.Complete()
              Expect.equal (work sender) [ Choice1Of2([], true) ] "one end"
              failsWith<InvalidOperationException> (write sender [ 1uy ] false) "no write behind it"

          testCaseTask "a peer that stops reading ends a waiting write"
          <| fun () ->
              task {
                  let sender, _ = sender 10
                  let writing = write sender [ 1uy .. 20uy ] false
                  sender.OnClosed(Broken "stopped")
                  failsWith<Broken> writing "the waiting write"
                  Expect.isEmpty (work sender) "what was not taken is gone"
                  failsWith<Broken> sender.Closed "and it is closed"
              }

          testCase "giving up leaves the agent the code alone"
          <| fun () ->
              let sender, wakes = sender 100
              (write sender [ 1uy ] false).Wait()
              sender.Abort(5UL, Broken "aborted")
              sender.Abort(6UL, Broken "aborted again")
              Expect.equal (work sender) [ Choice2Of2 5UL ] "the first code"
              Expect.equal wakes.Value 2 "one wake for each" ]
