module CoQuic.FSharp.Tests.InterpreterTests

open System
open Expecto
open CoQuic.FSharp
open CoQuic.FSharp.Tests.Generators

let private now = TimeUs.ofMilliseconds 1.0
let private c1 = ConnectionHandle.create 1UL
let private c2 = ConnectionHandle.create 2UL

let private foldAll effects state =
    Interpreter.fold
        now
        state
        { QueryResult.ofEffects effects with
            NextWakeup = state.Wakeup }

let private lifecycle event connection =
    ConnectionLifecycleEvent
        { Connection = connection
          Event = event }

let private change change connection =
    StateEvent
        { Connection = connection
          Change = change }

let private allow kind limit connection =
    StreamsAvailable
        { Connection = connection
          Kind = kind
          Limit = limit }

let private data connection stream bytes =
    ReceiveStreamData
        { Connection = connection
          Stream = stream
          Offset = 0UL
          Bytes = bytes
          Fin = false
          FinalSize = None }

let private closed connection =
    ConnectionClosed
        { Connection = connection
          Reason =
            { Origin = CloseOrigin.Peer
              Code = CloseCode.Application 7UL
              Reason = "enough" } }

let private signals outputs =
    outputs
    |> List.choose (function
        | Notify signal -> Some signal
        | Perform _ -> None)

let private isTimer output =
    match output with
    | Perform(Action.SetTimer _)
    | Perform Action.ClearTimer
    | Perform Action.Reenter -> true
    | Perform _
    | Notify _ -> false

/// What a host's timer is set to after the outputs.
let private timerAfter before outputs =
    (before, outputs)
    ||> List.fold (fun timer output ->
        match output with
        | Perform(Action.SetTimer at) -> Some at
        | Perform Action.ClearTimer -> None
        | Perform _
        | Notify _ -> timer)

let private accepted =
    Interpreter.empty |> foldAll [ lifecycle Lifecycle.Accepted c1 ] |> fst

[<Tests>]
let laws =
    testList
        "interpreter laws"
        [ property "folding nothing changes nothing" (fun now state ->
              let nothing =
                  { QueryResult.empty with
                      NextWakeup = state.Wakeup }

              Interpreter.fold now state nothing = (state, []))

          property "two results in turn equal one" (fun now (state: Interpreter) first second ->
              let ofEffects effects =
                  { QueryResult.ofEffects effects with
                      NextWakeup = state.Wakeup }

              let middle, earlier = Interpreter.fold now state (ofEffects first)
              let last, later = Interpreter.fold now middle (ofEffects second)
              Interpreter.fold now state (ofEffects (first @ second)) = (last, earlier @ later))

          property "with timers and continuations, two results equal both appended but for what is superseded"
          <| fun now (state: Interpreter) first second ->
              let first = { first with LocalError = None }
              let middle, earlier = Interpreter.fold now state first
              let last, later = Interpreter.fold now middle second
              let both, outputs = Interpreter.fold now state (QueryResult.append first second)
              let inTurn = earlier @ later
              Expect.equal both last "the state"

              Expect.equal
                  (timerAfter state.Wakeup outputs)
                  (timerAfter state.Wakeup inTurn)
                  "what the timer ends up as"

              Expect.equal
                  (List.tryLast outputs = Some(Perform Action.Reenter))
                  (List.tryLast inTurn = Some(Perform Action.Reenter) && second.SendPending)
                  "the re-entry"

              Expect.equal
                  (outputs |> List.filter (isTimer >> not))
                  (inTurn |> List.filter (isTimer >> not))
                  "everything else"

          property "after its end a connection is silent" (fun now state before handle reason after ->
              let close = ConnectionClosed { Connection = handle; Reason = reason }

              let state, _ =
                  Interpreter.fold now state (QueryResult.ofEffects (before @ [ close ]))

              let state, outputs = Interpreter.fold now state (QueryResult.ofEffects after)
              let told = outputs |> signals |> List.choose Signal.connection
              not (List.contains handle told) && Interpreter.connection handle state = None)

          property "the runs that are transmitted are those to send, in order, with a route at most filled in"
          <| fun now state effects ->
              let sent =
                  effects
                  |> List.choose (function
                      | SendDatagram run -> Some run
                      | _ -> None)

              let _, outputs = Interpreter.fold now state (QueryResult.ofEffects effects)

              let transmitted =
                  outputs
                  |> List.choose (function
                      | Perform(Action.Transmit run) -> Some run
                      | _ -> None)

              let withRouteOf (run: SendDatagram) (other: SendDatagram) =
                  { run with
                      Route = run.Route |> Option.orElse other.Route }

              Expect.equal transmitted.Length sent.Length "as many"
              Expect.equal transmitted (List.map2 withRouteOf sent transmitted) "the same"

          property "it performs nothing: the same arguments give the same answer, as often as they are given"
          <| fun now (state: Interpreter) result ->
              let printed = string result
              let first = Interpreter.fold now state result
              let second = Interpreter.fold now state result
              Expect.equal second first "the same answer"
              Expect.equal (string result) printed "and the result is as it was"

          property "the bytes of streams arrive once, in order, and with their end, whatever else happens"
          <| fun now (streams: StreamSamples) ->
              let _, told =
                  List.mapFold
                      (fun state effects ->
                          let state, outputs = Interpreter.fold now state (QueryResult.ofEffects effects)
                          signals outputs, state)
                      (StreamSamples.beginning now)
                      (StreamSamples.results streams)
                  |> fun (told, state) -> state, List.concat told

              for key, bytes in streams.Streams do
                  let parts =
                      told
                      |> List.choose (function
                          | Signal.StreamData data when (data.Connection, data.Stream) = key -> Some data
                          | _ -> None)

                  Expect.equal (parts |> List.map _.Bytes |> Bytes.concat) bytes $"all bytes of {key}"
                  let ends = parts |> List.map _.Fin
                  Expect.equal (List.tryLast ends) (Some true) "the end is last"
                  Expect.equal (ends |> List.filter id |> List.length) 1 "and comes once"

          property "the wake-up kept is the last result's" (fun now state (result: QueryResult) ->
              (Interpreter.fold now state result |> fst).Wakeup = result.NextWakeup) ]

[<Tests>]
let connections =
    testList
        "interpreter: connections"
        [ testCase "a server hears of a connection, its handshake, its data and its end"
          <| fun () ->
              let stream = StreamId.clientBidirectional 0UL
              let received = data c1 stream (Bytes.ofString "hello")

              let state, outputs =
                  Interpreter.empty
                  |> foldAll
                      [ lifecycle Lifecycle.Accepted c1
                        change StateChange.HandshakeReady c1
                        change StateChange.HandshakeConfirmed c1
                        received
                        lifecycle Lifecycle.Closed c1
                        closed c1 ]

              Expect.equal state.Connections Map.empty "the ended connection is forgotten"

              match signals outputs with
              | [ Signal.Accepted a
                  Signal.HandshakeReady(b, None)
                  Signal.Confirmed c
                  Signal.StreamData d
                  Signal.Closed e ] ->
                  Expect.allEqual [ a; b; c; d.Connection; e.Connection ] c1 "all are of the connection"
                  Expect.equal d.Bytes (Bytes.ofString "hello") "the bytes"
              | other -> failtest $"%A{other}"

          testCase "a client's open is answered under its tag, before anything else of the connection"
          <| fun () ->
              let state, asked =
                  Interpreter.openConnection 5 (OpenRequest.create "server" 443) Interpreter.empty

              Expect.equal asked [ Perform(Action.Open(5, OpenRequest.create "server" 443)) ] "the host is asked"
              Expect.equal state.Opening (Set.singleton 5) "the tag is waiting"

              let result = QueryResult.ofEffects [ lifecycle Lifecycle.Created c1 ]
              let state, outputs = Interpreter.opened now 5 (Some c1) state result
              Expect.equal outputs [ Notify(Signal.Opened(5, c1)) ] "once, though the result tells it too"
              Expect.equal state.Opening Set.empty "nothing waits"
              Expect.equal (Interpreter.connection c1 state |> Option.map _.Role) (Some Role.Client) "as a client"

          testCase "an open that the endpoint declines is refused under its tag"
          <| fun () ->
              let error =
                  { Connection = None
                    Code = LocalErrorCode.UnsupportedOperation
                    Stream = None }

              let state, _ =
                  Interpreter.openConnection 5 (OpenRequest.create "server" 443) Interpreter.empty

              let state, outputs =
                  Interpreter.opened
                      now
                      5
                      None
                      state
                      { QueryResult.empty with
                          LocalError = Some error }

              Expect.equal
                  outputs
                  [ Notify(Signal.Refused(5, OpenError.Declined LocalErrorCode.UnsupportedOperation)) ]
                  "one answer, and the error is not told twice"

              Expect.equal state Interpreter.empty "nothing is left"

          testCase "an open that found no host is refused under its tag"
          <| fun () ->
              let state, _ =
                  Interpreter.openConnection 5 (OpenRequest.create "nowhere" 443) Interpreter.empty

              let state, outputs = Interpreter.refused 5 (OpenError.HostNotFound "nowhere") state
              Expect.equal outputs [ Notify(Signal.Refused(5, OpenError.HostNotFound "nowhere")) ] "the answer"
              Expect.equal state Interpreter.empty "nothing is left"

          testCase "the handshake's information comes with its signal"
          <| fun () ->
              let information =
                  { Connection = c1
                    Version = QuicVersion.V1
                    ApplicationProtocol = "coquic"
                    CipherSuite = CipherSuite.Aes128GcmSha256
                    Group = NamedGroup.X25519
                    PeerCertificate = Bytes.empty
                    WasResumed = false }

              let state, outputs =
                  accepted
                  |> foldAll [ HandshakeInformation information; change StateChange.HandshakeReady c1 ]

              Expect.equal outputs [ Notify(Signal.HandshakeReady(c1, Some information)) ] "one signal"

              let view = Interpreter.connection c1 state |> Option.get
              Expect.equal (view.Phase, view.Since) (Phase.Ready, now) "the phase, and since when"

          testCase "a run without a route goes where the connection has moved to"
          <| fun () ->
              let route = RouteHandle 9UL

              let run: SendDatagram =
                  { Connection = c1
                    Route = None
                    Ecn = EcnCodepoint.NotEct
                    IsPmtuProbe = false
                    Bytes = Bytes.ofString "packet"
                    SegmentSize = 6 }

              let moved: PathChanged =
                  { Connection = c1
                    OldRoute = None
                    NewRoute = Some route
                    IsValidated = true }

              let _, outputs = accepted |> foldAll [ PathChanged moved; SendDatagram run ]

              Expect.equal
                  outputs
                  [ Notify(Signal.PathChanged moved)
                    Perform(Action.Transmit { run with Route = Some route }) ]
                  "the run has the route" ]

[<Tests>]
let streams =
    testList
        "interpreter: streams"
        [ testCase "streams are numbered in order of request, and wait for the peer's limit"
          <| fun () ->
              let ask tag state =
                  Interpreter.openStream c1 StreamKind.Bidirectional tag state

              let state, outputs = ask 10 accepted
              Expect.equal outputs [] "nothing is allowed yet"
              let state, _ = ask 11 state
              let state, outputs = state |> foldAll [ allow StreamKind.Bidirectional 1UL c1 ]

              Expect.equal
                  outputs
                  [ Notify(Signal.StreamOpened(10, c1, StreamId.serverBidirectional 0UL)) ]
                  "the first request gets the first number"

              let state, outputs = state |> foldAll [ allow StreamKind.Bidirectional 3UL c1 ]

              Expect.equal
                  outputs
                  [ Notify(Signal.StreamOpened(11, c1, StreamId.serverBidirectional 1UL)) ]
                  "then the second"

              let state, outputs = ask 12 state

              Expect.equal
                  outputs
                  [ Notify(Signal.StreamOpened(12, c1, StreamId.serverBidirectional 2UL)) ]
                  "below the limit it is answered at once"

              let _, outputs = state |> foldAll [ allow StreamKind.Bidirectional 2UL c1 ]
              Expect.equal outputs [] "a lower limit takes nothing back"

          testCase "the two kinds of stream have limits of their own"
          <| fun () ->
              let state, _ = accepted |> foldAll [ allow StreamKind.Bidirectional 1UL c1 ]
              let _, outputs = Interpreter.openStream c1 StreamKind.Unidirectional 1 state
              Expect.equal outputs [] "bidirectional streams help no unidirectional one"

          testCase "streams that end with refused early data are counted anew, and who waits goes on waiting"
          <| fun () ->
              let rejected =
                  { Connection = c1
                    Status = ZeroRttStatus.Rejected
                    HaveStreamsEnded = true }

              let ask tag state =
                  Interpreter.openStream c1 StreamKind.Bidirectional tag state

              let state, _ = accepted |> foldAll [ allow StreamKind.Bidirectional 1UL c1 ]
              let state, _ = ask 1 state
              let state, outputs = ask 2 state
              Expect.isEmpty outputs "the second waits"

              let state, outputs =
                  state
                  |> foldAll [ ZeroRttStatusEvent rejected; allow StreamKind.Bidirectional 2UL c1 ]

              let stream index =
                  StreamId.create Role.Server StreamKind.Bidirectional index

              Expect.equal
                  (signals outputs)
                  [ Signal.ZeroRtt rejected; Signal.StreamOpened(2, c1, stream 0UL) ]
                  "it gets the first number"

              let _, outputs = ask 3 state
              Expect.equal (signals outputs) [ Signal.StreamOpened(3, c1, stream 1UL) ] "the next gets the second"

          testCase "refused early data that is sent again keeps its streams, under the limits that the server told now"
          <| fun () ->
              let rejected =
                  { Connection = c1
                    Status = ZeroRttStatus.Rejected
                    HaveStreamsEnded = false }

              let state, _ = accepted |> foldAll [ allow StreamKind.Bidirectional 9UL c1 ]
              let state, _ = Interpreter.openStream c1 StreamKind.Bidirectional 1 state

              let state, _ =
                  state
                  |> foldAll [ ZeroRttStatusEvent rejected; allow StreamKind.Bidirectional 1UL c1 ]

              let _, outputs = Interpreter.openStream c1 StreamKind.Bidirectional 2 state
              Expect.isEmpty outputs "a second stream waits"

          testCase "a stream on a connection that is gone is declined"
          <| fun () ->
              let _, outputs = Interpreter.openStream c2 StreamKind.Bidirectional 1 accepted

              match signals outputs with
              | [ Signal.Declined error ] -> Expect.equal error.Connection (Some c2) "it names the connection"
              | other -> failtest $"%A{other}"

          testCase "send progress is kept while bytes are held"
          <| fun () ->
              let progress released buffered : SendProgress =
                  { Connection = c1
                    Stream = StreamId.serverBidirectional 0UL
                    Released = released
                    Buffered = buffered }

              let sending state =
                  Interpreter.connection c1 state |> Option.map _.Sending.Count

              let state, _ = accepted |> foldAll [ SendProgress(progress 10UL 5UL) ]
              Expect.equal (sending state) (Some 1) "kept"
              let state, _ = state |> foldAll [ SendProgress(progress 15UL 0UL) ]
              Expect.equal (sending state) (Some 0) "forgotten once all is acknowledged" ]

[<Tests>]
let timers =
    testList
        "interpreter: timers"
        [ testCase "a wake-up that stays the same is not told again"
          <| fun () ->
              let at = TimeUs.ofMilliseconds 5.0

              let result =
                  { QueryResult.empty with
                      NextWakeup = Some at }

              let state, outputs = Interpreter.fold now Interpreter.empty result
              Expect.equal outputs [ Perform(Action.SetTimer at) ] "set"
              Expect.equal (Interpreter.fold now state result) (state, []) "not again"

              Expect.equal
                  (Interpreter.fold now state QueryResult.empty |> snd)
                  [ Perform Action.ClearTimer ]
                  "cleared when nothing is due"

          testCase "a continuation re-enters after everything else"
          <| fun () ->
              let result =
                  { QueryResult.ofEffects [ closed c1 ] with
                      NextWakeup = Some now
                      SendPending = true }

              let _, outputs = Interpreter.fold now accepted result
              Expect.equal (List.last outputs) (Perform Action.Reenter) "last"

          testCase "an early timer changes nothing, a due one re-enters once"
          <| fun () ->
              let due = TimeUs.ofMilliseconds 5.0
              let state = { accepted with Wakeup = Some due }
              Expect.equal (Interpreter.elapsed now state) (state, []) "early"
              let state, outputs = Interpreter.elapsed due state
              Expect.equal outputs [ Perform Action.Reenter ] "due"
              Expect.equal (Interpreter.elapsed due state) (state, []) "only once"

          testCase "a refusal is told after the effects of its result"
          <| fun () ->
              let error =
                  { Connection = Some c1
                    Code = LocalErrorCode.SendSideClosed
                    Stream = Some(StreamId.clientBidirectional 1UL) }

              let result =
                  { QueryResult.ofEffects [ change StateChange.HandshakeConfirmed c1 ] with
                      LocalError = Some error }

              let _, outputs = Interpreter.fold now accepted result
              Expect.equal outputs [ Notify(Signal.Confirmed c1); Notify(Signal.Declined error) ] "both, in order" ]
