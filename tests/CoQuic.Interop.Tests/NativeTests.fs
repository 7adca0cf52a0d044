/// What the native driver makes up, where the C ABI says less than the other engine: without a library.
module CoQuic.Interop.Tests.NativeTests

open System
open System.Collections.Generic
open Expecto
open CoQuic.Abi
open CoQuic.Engine
open CoQuic.Interop

type private Effect = CoQuic.Engine.Effect

let private one = ConnectionHandle 1UL
let private stream = StreamId 0UL

let private untold () =
    UntoldEffects(EndpointConfig(Role = Role.Client, Entropy = Fixtures.entropy 1, Calendar = Fixtures.calendar))

let private complete (untold: UntoldEffects) (effects: Effect list) =
    untold.Complete(List<Effect>(effects)) |> List.ofSeq

let private state change : Effect = StateEventEffect(one, change)

let private life event : Effect =
    ConnectionLifecycleEventEffect(one, event)

let private sending connection (length: int) : Effect =
    SendDatagramEffect(
        connection,
        Nullable(),
        EcnCodepoint.NotEct,
        false,
        Bytes.CopyOf(ReadOnlySpan(Array.zeroCreate<byte> length)),
        1200
    )

let private kinds effects =
    effects |> List.map (fun (effect: Effect) -> effect.Kind)

let private reasons effects =
    effects
    |> List.choose (fun (effect: Effect) ->
        match effect with
        | :? ConnectionClosedEffect as closed -> Some closed.Reason
        | _ -> None)

[<Tests>]
let ends =
    testList
        "ends of native connections"
        [ testCase "a close that was asked for has its own reason, at once, and nothing after it"
          <| fun () ->
              let untold = untold ()
              untold.OnClose(one, 7UL, "enough")
              let effects = complete untold [ sending one 50; state StateChange.Failed ]

              Expect.equal
                  (kinds effects)
                  [ EffectKind.SendDatagram
                    EffectKind.StateEvent
                    EffectKind.ConnectionLifecycleEvent
                    EffectKind.ConnectionClosed ]
                  "as the embedded engine tells it"

              Expect.equal (reasons effects) [ CloseReason(CloseOrigin.Local, true, 7UL, 0UL, "enough") ] "the reason"
              let repeated = complete untold [ sending one 50 ]
              Expect.equal (repeated |> List.map _.Connection) [ ConnectionHandle.None ] "a copy is nobody's"
              Expect.isEmpty (complete untold [ life Lifecycle.Closed ]) "the end was told"

          testCase "a failure that nobody asked for was the peer's"
          <| fun () ->
              let effects = complete (untold ()) [ state StateChange.Failed ]
              Expect.equal (reasons effects |> List.map _.Origin) [ CloseOrigin.Peer ] "the origin"

          testCase "an end without a failure was silence"
          <| fun () ->
              let effects = complete (untold ()) [ life Lifecycle.Closed ]
              Expect.equal (reasons effects |> List.map _.Origin) [ CloseOrigin.IdleTimeout ] "the origin"
              Expect.equal (List.last (kinds effects)) EffectKind.ConnectionClosed "the last effect"

          testCase "a connection that is ready may open streams"
          <| fun () ->
              let untold = untold ()
              Expect.isFalse (untold.IsReady one) "not before"
              let effects = complete untold [ state StateChange.HandshakeReady ]

              Expect.equal
                  (kinds effects)
                  [ EffectKind.StateEvent
                    EffectKind.StreamsAvailable
                    EffectKind.StreamsAvailable ]
                  "of both kinds"

              Expect.isTrue (untold.IsReady one) "now" ]

let private telling () =
    UntoldEffects(
        EndpointConfig(
            Role = Role.Client,
            Entropy = Fixtures.entropy 1,
            Calendar = Fixtures.calendar,
            Transport = TransportConfig(SendLowWaterMark = 1UL)
        )
    )

[<Tests>]
let progress =
    testList
        "send progress of native connections"
        [ testCase "is told when as much has left as was written"
          <| fun () ->
              let untold = telling ()
              untold.OnWritten(one, stream, 1000UL, false)
              complete untold [ sending one 600 ] |> ignore
              let effects = List<Effect>()
              untold.TellProgress effects
              Expect.isEmpty effects "a stream may be blocked"
              Expect.isTrue untold.AwaitsProgress "it is asked again"
              complete untold [ sending one 600 ] |> ignore
              untold.TellProgress effects

              Expect.equal (List.ofSeq effects) [ SendProgressEffect(one, stream, 1000UL, 0UL) ] "all of it"
              Expect.isFalse untold.AwaitsProgress "nothing is due"

          testCase "is told of a stream's last bytes, and of what follows earlier ones"
          <| fun () ->
              let connection = NativeConnection()
              let effects = List<Effect>()

              let write length isLast =
                  connection.OnWritten(stream, length)

                  if isLast then
                      connection.OnStreamEnd stream

                  connection.OnSent length
                  Expect.isTrue (connection.TellProgress(one, effects)) "it has left"

              write 10UL false
              write 20UL false
              write 30UL true

              Expect.equal
                  [ for effect in effects -> (effect :?> SendProgressEffect).Released ]
                  [ 10UL; 30UL; 60UL ]
                  "all since the stream began"

              Expect.equal connection.RememberedStreams 0 "a stream that has ended is forgotten"

          testCase "streams that end, are reset or are not wanted are forgotten, however many there were"
          <| fun () ->
              let connection = NativeConnection()
              let effects = List<Effect>()

              for number in 0UL .. 999UL do
                  let stream = StreamId(4UL * number)
                  connection.OnWritten(stream, 10UL)
                  connection.OnSent 10UL

                  if number % 2UL = 0UL then
                      connection.OnStreamEnd stream

                  connection.TellProgress(one, effects) |> ignore
                  connection.OnStreamEnd stream

              Expect.equal effects.Count 1000 "each was told"
              Expect.equal connection.RememberedStreams 0 "none is kept"

          testCase "nobody waits for that of a connection that is gone"
          <| fun () ->
              let untold = telling ()
              untold.OnWritten(one, stream, 1000UL, false)

              complete untold [ ConnectionLifecycleEventEffect(one, Lifecycle.Closed) ]
              |> ignore

              let effects = List<Effect>()
              untold.TellProgress effects
              Expect.isEmpty effects "nothing is told"
              Expect.isFalse untold.AwaitsProgress "nor asked again" ]

[<Tests>]
let received =
    let told (stream: uint64) (offset: uint64) (bytes: byte[]) fin (into: ReceivedStreamData) (effects: List<Effect>) =
        use data = fixed bytes

        let mutable effect =
            CoquicReceiveStreamDataEffect(
                Connection = 1UL,
                StreamId = stream,
                Offset = offset,
                Bytes = CoquicBytesView(Data = data, Length = unativeint bytes.Length),
                Fin = (if fin then 1uy else 0uy)
            )

        if fin then
            effect.FinalSize.HasValue <- 1uy
            effect.FinalSize.Value <- offset + uint64 bytes.Length

        into.Add(&effect, effects)

    let data stream offset (bytes: byte[]) (finalSize: uint64 option) : Effect =
        ReceiveStreamDataEffect(
            one,
            StreamId stream,
            offset,
            Bytes.CopyOf(ReadOnlySpan bytes),
            finalSize.IsSome,
            Option.toNullable finalSize
        )

    /// A run of two datagrams, of which the first was fed and brought two bytes.
    let halfFed () =
        let run = Array.create 6 9uy
        let into, effects = ReceivedStreamData(), List<Effect>()
        into.Begin(Memory run)
        into.OnFed 3
        told 0UL 0UL [| 1uy; 2uy |] false into effects
        run, into, effects

    testList
        "stream data of native connections"
        [ testCase "what goes on where the last effect stopped is one effect"
          <| fun () ->
              let into, effects = ReceivedStreamData(), List<Effect>()
              into.Begin 100
              told 0UL 0UL [| 1uy; 2uy |] false into effects
              told 0UL 2UL [| 3uy |] false into effects
              told 0UL 3UL [||] true into effects
              into.Finish effects
              Expect.equal (List.ofSeq effects) [ data 0UL 0UL [| 1uy; 2uy; 3uy |] (Some 3UL) ] "with its end"

          testCase "another stream, a gap, another effect or an end begins a new one"
          <| fun () ->
              let into, effects = ReceivedStreamData(), List<Effect>()
              into.Begin 100
              told 0UL 0UL [| 1uy |] false into effects
              told 4UL 1UL [| 2uy |] true into effects
              told 4UL 2UL [| 3uy |] false into effects
              told 4UL 9UL [| 4uy |] false into effects
              into.Finish effects
              effects.Add(state StateChange.HandshakeReady)
              told 4UL 10UL [| 5uy |] false into effects
              into.Finish effects

              Expect.equal
                  (List.ofSeq effects)
                  [ data 0UL 0UL [| 1uy |] None
                    data 4UL 1UL [| 2uy |] (Some 2UL)
                    data 4UL 2UL [| 3uy |] None
                    data 4UL 9UL [| 4uy |] None
                    state StateChange.HandshakeReady
                    data 4UL 10UL [| 5uy |] None ]
                  "in order"

          testCase "more than was expected is there too, and what an earlier input told stays as it was"
          <| fun () ->
              let into, effects = ReceivedStreamData(), List<Effect>()
              into.Begin 2
              told 0UL 0UL [| 1uy; 2uy |] false into effects
              told 0UL 2UL [| 3uy; 4uy; 5uy |] false into effects
              into.Finish effects
              let earlier = List.ofSeq effects
              effects.Clear()
              into.Begin 2
              told 0UL 5UL [| 6uy; 7uy |] false into effects
              into.Finish effects

              Expect.equal
                  (earlier @ List.ofSeq effects)
                  [ data 0UL 0UL [| 1uy; 2uy |] None
                    data 0UL 2UL [| 3uy; 4uy; 5uy |] None
                    data 0UL 5UL [| 6uy; 7uy |] None ]
                  "every byte"

          testCase "what was in a run that the driver owns lies where the datagrams were, as far as they were fed"
          <| fun () ->
              let run, into, effects = halfFed ()
              into.OnFed 6
              told 0UL 2UL [| 3uy; 4uy |] false into effects
              into.Finish effects
              Expect.equal (List.ofSeq effects) [ data 0UL 0UL [| 1uy; 2uy; 3uy; 4uy |] None ] "one effect"
              Expect.equal run [| 1uy; 2uy; 3uy; 4uy; 9uy; 9uy |] "in the run's memory"

          testCase "a datagram that brings more than it holds, since others were early, spoils none that follows it"
          <| fun () ->
              let run, into, effects = halfFed ()
              told 0UL 2UL [| 3uy; 4uy; 5uy; 6uy |] false into effects
              Expect.equal run[3..] [| 9uy; 9uy; 9uy |] "what is still to be fed"
              into.OnFed 6
              told 0UL 6UL [| 7uy |] false into effects
              into.Finish effects

              Expect.equal
                  (List.ofSeq effects)
                  [ data 0UL 0UL [| 1uy; 2uy |] None
                    data 0UL 2UL [| 3uy; 4uy; 5uy; 6uy; 7uy |] None ]
                  "every byte"

          testCase "a run of many datagrams costs as much memory as one of few"
          <| fun () ->
              let into, effects = ReceivedStreamData(), List<Effect>(4)

              let gather datagrams =
                  let run = Array.zeroCreate<byte>(1000 * datagrams)
                  let piece = Array.zeroCreate<byte> 900
                  effects.Clear()
                  let before = GC.GetAllocatedBytesForCurrentThread()
                  into.Begin(Memory run)

                  for index in 0 .. datagrams - 1 do
                      into.OnFed(1000 * (index + 1))
                      told 0UL (900UL * uint64 index) piece false into effects

                  into.Finish effects
                  GC.GetAllocatedBytesForCurrentThread() - before

              let atBest datagrams =
                  List.min [ for _ in 1..10 -> gather datagrams ]

              Expect.equal (atBest 40) (atBest 2) "one effect" ]

[<Tests>]
let waiting =
    testList
        "writes to streams that are not admitted yet"
        [ testCase "are tried again in order, at intervals, and later ones do not overtake"
          <| fun () ->
              let waiting = WaitingSends()
              let at milliseconds = TimeUs.FromMilliseconds milliseconds

              for text in [ 1uy; 2uy ] do
                  let data = SendStreamData(stream, Bytes.CopyOf(ReadOnlySpan [| text |]), false)
                  waiting.Add(at 0.0, one, &data)

              Expect.isTrue (waiting.Contains(one, stream)) "it waits"
              let tried = List<byte>()

              let attempt isAdmitted now =
                  waiting.Try(
                      now,
                      fun _ data ->
                          tried.Add data.Bytes[0]
                          isAdmitted
                  )

              attempt true (at 1.0)
              Expect.isEmpty tried "not yet"
              attempt false (at 5.0)
              Expect.equal (List.ofSeq tried) [ 1uy ] "the second does not overtake the first"
              Expect.equal waiting.NextTry (Nullable(at 10.0)) "later again"
              attempt true (at 10.0)
              Expect.equal (List.ofSeq tried) [ 1uy; 1uy; 2uy ] "both, in order"
              Expect.isFalse waiting.NextTry.HasValue "nothing waits" ]
