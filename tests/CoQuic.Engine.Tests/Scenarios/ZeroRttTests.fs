/// Early data (RFC 9001 §4.6): accepted, refused, lost, and late.
module CoQuic.Engine.Tests.Scenarios.ZeroRttTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Engine.Tests.Scenarios.Visits
open CoQuic.Tests

let private ms (value: float) = TimeSpan.FromMilliseconds value
let private first = StreamId 0UL

let private withTransport transport (settings: Settings) = { settings with Transport = transport }

let private withZeroRtt zeroRtt (settings: Settings) = { settings with ZeroRtt = zeroRtt }

/// Servers that refuse the early data of a ticket that the usual one gave, and why.
let private refusing =
    [ "it takes none", withZeroRtt (ZeroRttConfig(ApplicationContext = context))
      "the application's context is another", withZeroRtt (ZeroRttConfig(Allow = true))
      "a limit is lower than then (RFC 9000 §7.4.1)",
      withTransport (TransportConfig(InitialMaxData = (8UL <<< 20), MaxConnectionWindow = 0UL))
      "any parameter is another, and it is strict",
      withTransport (TransportConfig(InitialMaxData = (32UL <<< 20)))
      >> withZeroRtt (
          ZeroRttConfig(Allow = true, StrictUpdatedTransportParameters = true, ApplicationContext = context)
      )
      "it asks for another key share (RFC 9001 §4.6.2)",
      fun settings ->
          { settings with
              Groups = [ NamedGroup.Secp256r1 ] }
      "it chooses another cipher suite of the same hash",
      fun settings ->
          { settings with
              Suites = [ CipherSuite.ChaCha20Poly1305Sha256 ] }
      "it chooses a cipher suite of another hash",
      fun settings ->
          { settings with
              Suites = [ CipherSuite.Aes256GcmSha384 ] } ]

let private refused zeroRtt change data =
    let pair, state = acquaintances 1 ideal
    let pair = before (server change) pair |> comeBack state zeroRtt data
    Expect.isTrue (runUntil minute confirmed pair) "the handshake goes on"
    pair

[<Tests>]
let accepted =
    testList
        "0-RTT: accepted"
        [ testCase "early data is there half a round trip after the connection was opened"
          <| fun () ->
              let pair, state = acquaintances 1 ideal
              let opened = pair.Now
              let data = pattern 5000
              let pair = comeBack state early data pair
              Expect.isTrue (runUntil minute (hasAll data) pair) "all of it"
              Expect.equal (pair.Now - opened) (ms 10.0) "half a round trip"
              Expect.isFalse (hasState Server StateChange.HandshakeReady pair) "before the handshake"
              Expect.isTrue (runUntil minute confirmed pair) "confirmed"
              Expect.equal (statuses pair) [ ZeroRttStatus.Attempted; ZeroRttStatus.Accepted ] "what the client hears"

          testCase "the server answers early data with its first flight (RFC 9001 §5.7)"
          <| fun () ->
              let pair, state = acquaintances 1 ideal
              let opened = pair.Now
              let pair = comeBack state early (pattern 100) pair
              Expect.isTrue (runUntil minute (hasAll (pattern 100)) pair) "the question"
              Expect.isNone (send Server first (pattern 300) true pair) "the answer"

              Expect.isTrue
                  (runUntil minute (fun pair -> received Client first pair = (pattern 300, true)) pair)
                  "it arrives"

              Expect.equal (pair.Now - opened) (ms 20.0) "one round trip in all"

          testCase "more early data than the window goes on as 1-RTT, in one piece"
          <| fun () ->
              let pair, state = acquaintances 1 ideal
              let data = pattern 200_000
              let pair = comeBack state early data pair
              Expect.isTrue (runUntil minute (hasAll data) pair) "all of it"
              Expect.equal (statuses pair) [ ZeroRttStatus.Attempted; ZeroRttStatus.Accepted ] "the statuses"

          testCase "early data stays within remembered limits (RFC 9000 §7.4.1)"
          <| fun () ->
              let small =
                  withTransport (TransportConfig(InitialMaxStreamDataBidiRemote = 1000UL, MaxStreamWindow = 0UL))

              let pair, state = acquainted (client id) (server small) 1 ideal
              let pair = comeBack state early (pattern 2500) pair
              let start = pair.Now
              runUntil (ms 11.0) (fun pair -> pair.Now > start + ms 10.0) pair |> ignore
              Expect.equal (received Server first pair |> fst |> Array.length) 1000 "no more than that"
              Expect.isTrue (runUntil minute (hasAll (pattern 2500)) pair) "the rest comes with credit"

          testCase "a stream that the remembered limits do not allow is refused locally"
          <| fun () ->
              let few = withTransport (TransportConfig(InitialMaxStreamsBidi = 1UL))
              let pair, state = acquainted (client id) (server few) 1 ideal
              let pair = comeBack state early (pattern 10) pair

              Expect.equal
                  (send Client (StreamId 4UL) (pattern 10) true pair)
                  (Some(LocalError(pair.ClientConnection, LocalErrorCode.InvalidStreamId, StreamId 4UL)))
                  "the second stream"

          testCase "nothing written, nothing attempted; the answer is told all the same"
          <| fun () ->
              let pair, state = acquaintances 1 ideal

              openConnection (OpenConnection(Route = RouteHandle 1UL, ResumptionState = state, ZeroRtt = early)) pair

              Expect.isTrue (runUntil minute confirmed pair) "confirmed"
              Expect.equal (statuses pair) [ ZeroRttStatus.Accepted ] "the statuses"

          testCase "a DATAGRAM goes as early data under the remembered limit (RFC 9221 §3)"
          <| fun () ->
              let talkative = TransportConfig(MaxDatagramFrameSize = 1000UL)

              let pair, state =
                  acquainted (client (withTransport talkative)) (server (withTransport talkative)) 1 ideal

              openConnection (OpenConnection(Route = RouteHandle 1UL, ResumptionState = state, ZeroRtt = early)) pair

              let opened = pair.Now
              let data = SendDatagramData(Bytes.CopyOf(ReadOnlySpan(pattern 50)), 0)
              let result = pair.Client.SendDatagram(pair.Now, pair.ClientConnection, &data)
              absorb Client result pair
              Expect.isNull result.LocalError "taken"

              let isThere pair =
                  told<ReceiveDatagramDataEffect> Server pair |> List.length = 1

              Expect.isTrue (runUntil minute isThere pair) "it arrives"
              Expect.equal (pair.Now - opened) (ms 10.0) "half a round trip"

          testCase
              "0-RTT packets carry neither CRYPTO nor ACK (RFC 9000 §12.5), and their frames come back in 1-RTT when lost"
          <| fun () ->
              let pair, state = acquaintances 1 ideal
              // The second datagram has the first 0-RTT packet.
              let lost = pair.Sent[Client] + 1

              let pair =
                  { pair with
                      Link = { ideal with Drop = Set.singleton lost } }

              let data = pattern 5000
              let pair = comeBack state early data pair
              Expect.isTrue (runUntil minute (hasAll data) pair) "all of it"
              Expect.isNone (closeReason Server pair) "no violation"
              Expect.isTrue (runUntil minute confirmed pair) "confirmed"

          testCase "a server that accepts early data with lower limits breaks the protocol (RFC 9000 §7.4.1)"
          <| fun () ->
              for raise' in
                  [ fun (p: TransportParameters) -> TransportParameters(InitialMaxData = p.InitialMaxData + 1UL)
                    fun p ->
                        TransportParameters(
                            InitialMaxStreamsBidi = p.InitialMaxStreamsBidi + 1UL,
                            InitialMaxData = p.InitialMaxData,
                            InitialMaxStreamDataBidiRemote = 1000UL
                        )
                    fun p -> TransportParameters(MaxDatagramFrameSize = 1UL, InitialMaxData = p.InitialMaxData)
                    fun p -> TransportParameters(ActiveConnectionIdLimit = p.ActiveConnectionIdLimit + 1UL) ] do
                  let pair, state = acquaintances 1 ideal
                  let decoded = ResumptionState.TryRead(state.Span) |> snd |> nonNull

                  let remembered =
                      RememberedParameters.TryDecode decoded.Parameters.Span |> nonNull |> raise'

                  let changed =
                      ResumptionState(
                          Version = decoded.Version,
                          CipherSuite = decoded.CipherSuite,
                          ApplicationProtocol = decoded.ApplicationProtocol,
                          ServerName = decoded.ServerName,
                          ApplicationContext = decoded.ApplicationContext,
                          Parameters = RememberedParameters.Encode remembered,
                          ReceivedAt = decoded.ReceivedAt,
                          Lifetime = decoded.Lifetime,
                          AgeAdd = decoded.AgeAdd,
                          AllowsEarlyData = true,
                          IsVerified = false,
                          Ticket = decoded.Ticket,
                          Key = decoded.Key
                      )

                  openConnection
                      (OpenConnection(Route = RouteHandle 1UL, ResumptionState = changed.Encode(), ZeroRtt = early))
                      pair

                  Expect.isTrue (runUntil minute (fun pair -> (closeReason Client pair).IsSome) pair) "it ends"

                  Expect.equal
                      (closeReason Client pair |> Option.map _.Code)
                      (Some(uint64 TransportErrorCode.ProtocolViolation))
                      "the code" ]

[<Tests>]
let refusals =
    testList
        "0-RTT: refused"
        [ for reason, change in refusing do
              testCase $"streams end and the client is told, when {reason}"
              <| fun () ->
                  let data = pattern 5000
                  let pair = refused early change data
                  Expect.equal (statuses pair) [ ZeroRttStatus.Attempted; ZeroRttStatus.Rejected ] "the statuses"
                  Expect.isTrue (haveStreamsEnded pair) "the streams have ended"
                  Expect.isEmpty (told<ReceiveStreamDataEffect> Server pair) "nothing of it was read"
                  Expect.isNone (send Client first data true pair) "the first stream opens anew"
                  Expect.isTrue (runUntil minute (hasAll data) pair) "and works"

              testCase $"early data is sent again where the application wants it, when {reason}"
              <| fun () ->
                  let data = pattern 5000
                  let pair = refused resent change data
                  Expect.equal (statuses pair) [ ZeroRttStatus.Attempted; ZeroRttStatus.Rejected ] "the statuses"
                  Expect.isFalse (haveStreamsEnded pair) "the streams go on"
                  Expect.isTrue (runUntil minute (hasAll data) pair) "all of it, once"

          testCase "it is not sent again under another application protocol (RFC 8446 §4.2.10)"
          <| fun () ->
              let both =
                  client (fun settings ->
                      { settings with
                          Protocols = [ "test"; "other" ] })

              let pair, state = acquainted both (server id) 1 ideal

              let pair =
                  before
                      (server (fun settings ->
                          { settings with
                              Protocols = [ "other" ] }))
                      pair
                  |> comeBack state resent (pattern 10)

              Expect.isTrue (runUntil minute confirmed pair) "the handshake goes on"
              Expect.equal (information Client pair).ApplicationProtocol "other" "another protocol"
              Expect.isTrue (haveStreamsEnded pair) "the streams have ended"
              Expect.isEmpty (told<ReceiveStreamDataEffect> Server pair) "nothing of it was read"

          for what, limits, sent in
              [ "bytes of a stream", TransportConfig(InitialMaxStreamDataBidiRemote = 1000UL), 5000
                "bytes", TransportConfig(InitialMaxData = 1000UL), 5000
                "streams", TransportConfig(InitialMaxStreamsBidi = 0UL), 10 ] do
              testCase $"it is not sent again when the new limits allow fewer {what}"
              <| fun () ->
                  let pair = refused resent (withTransport limits) (pattern sent)
                  Expect.isTrue (haveStreamsEnded pair) "the streams have ended"
                  Expect.isNone (closeReason Client pair) "and nothing else"
                  Expect.isNone (closeReason Server pair) "nor was a limit broken"

          testCase "what is sent again stays within new limits that are lower than the remembered ones"
          <| fun () ->
              let lower =
                  withTransport (TransportConfig(InitialMaxStreamDataBidiRemote = 3000UL, MaxStreamWindow = 0UL))

              let pair, state = acquaintances 1 ideal
              let pair = before (server lower) pair |> comeBack state resent (pattern 2000)
              Expect.isTrue (runUntil minute confirmed pair) "confirmed"
              Expect.isTrue (runUntil minute (hasAll (pattern 2000)) pair) "all of it"
              Expect.isNone (send Client (StreamId 4UL) (pattern 9000) true pair) "another stream"

              Expect.isTrue
                  (runUntil minute (fun pair -> received Server (StreamId 4UL) pair = (pattern 9000, true)) pair)
                  "as credit comes"

              Expect.isNone (closeReason Server pair) "no limit was broken"

          testCase "a replay is refused, and its handshake completes (RFC 8446 §8)"
          <| fun () ->
              let pair, state = acquaintances 1 ideal
              let pair = comeBack state early (pattern 10) pair
              Expect.isTrue (runUntil minute confirmed pair) "the first time"
              Expect.contains (statuses pair) ZeroRttStatus.Accepted "accepted"
              let pair = fresh pair |> comeBack state early (pattern 10)
              Expect.isTrue (runUntil minute confirmed pair) "the second time"
              Expect.contains (statuses pair) ZeroRttStatus.Rejected "refused"
              Expect.isTrue (information Client pair).WasResumed "but resumed"

          testCase
              "a server that is restarted with its keys refuses early data until no earlier one can come again (RFC 8446 §8.2)"
          <| fun () ->
              for wait, expected in [ 1.0, ZeroRttStatus.Rejected; 21.0, ZeroRttStatus.Accepted ] do
                  let pair, state = acquaintances 1 ideal
                  let elapsed = pair.Now - origin

                  let restarted =
                      server (fun settings ->
                          { settings with
                              Guard = None
                              Calendar = CalendarAnchor(settings.Calendar.Utc + elapsed, pair.Now) })

                  let pair = before restarted pair
                  pair.Now <- pair.Now + TimeSpan.FromSeconds wait
                  let pair = comeBack state early (pattern 10) pair
                  Expect.isTrue (runUntil minute confirmed pair) "confirmed"
                  Expect.contains (statuses pair) expected $"after {wait} seconds"

          testCase "after Version Negotiation early data is given up, and the client told (RFC 9369 §5)"
          <| fun () ->
              let speaking versions (settings: Settings) = { settings with Versions = versions }
              let both = client (speaking [ QuicVersion.V1; QuicVersion.V2 ])
              let pair, state = acquainted both (server id) 1 ideal

              let pair =
                  before (server (speaking [ QuicVersion.V2 ])) pair
                  |> comeBack state resent (pattern 10)

              Expect.isTrue (runUntil minute confirmed pair) "the handshake goes on"
              Expect.equal (information Client pair).Version QuicVersion.V2 "the version"
              Expect.equal (statuses pair) [ ZeroRttStatus.Attempted; ZeroRttStatus.Rejected ] "the statuses"
              Expect.isTrue (haveStreamsEnded pair) "the streams have ended"
              Expect.isNone (send Client first (pattern 10) true pair) "the first stream opens anew"
              Expect.isTrue (runUntil minute (hasAll (pattern 10)) pair) "and works" ]

/// Comes back over a bad link; all bytes arrive once and in order, or the stream has visibly ended and is written anew.
let private survives zeroRtt change link seed =
    let data = pattern 30_000
    let pair, state = acquaintances seed link
    let pair = before (server change) pair |> comeBack state zeroRtt data
    let mutable again = false

    let isDone pair =
        if haveStreamsEnded pair && not again then
            again <- true
            Expect.isNone (send Client first data true pair) $"seed {seed}: written anew"

        hasAll data pair && confirmed pair

    let isOver = runUntil minute isDone pair
    Expect.isNone (closeReason Client pair) $"seed {seed}: the client goes on"
    Expect.isNone (closeReason Server pair) $"seed {seed}: the server goes on"
    Expect.isTrue isOver $"seed {seed}: {statuses pair}"
    pair

[<Tests>]
let badLinks =
    let bad =
        { ideal with
            Loss = 0.2
            Jitter = TimeSpan.FromMilliseconds 15.0 }

    testList
        "0-RTT: bad links"
        [ testCase "accepted early data survives loss and reordering"
          <| fun () ->
              for seed in 1 .. Scale.current.Seeds do
                  survives early id bad seed |> ignore

          testCase "refused early data survives loss and reordering, ended and told"
          <| fun () ->
              for seed in 1 .. Scale.current.Seeds do
                  let _, change = refusing[seed % refusing.Length]
                  survives early change bad seed |> ignore

          testCase "refused early data survives loss and reordering, sent again"
          <| fun () ->
              for seed in 1 .. Scale.current.Seeds do
                  let _, change = refusing[seed % refusing.Length]
                  let pair = survives resent change bad seed
                  Expect.isFalse (haveStreamsEnded pair) $"seed {seed}: the streams went on"

          testCase
              "reordering alone costs no early data: what overtakes its Initial or its keys is kept (RFC 9001 §5.7)"
          <| fun () ->
              let reordering =
                  { ideal with
                      Jitter = TimeSpan.FromMilliseconds 8.0 }

              for seed in 1 .. Scale.current.Seeds do
                  let pair = survives early id reordering seed
                  Expect.equal (pair.Server.CountDropped DropReason.OrphanZeroRtt) 0UL $"seed {seed}: orphans" ]

[<Tests>]
let orphans =
    testList
        "0-RTT: before its Initial"
        [ testCase "early data waits for an Initial that was lost, as long as it may (RFC 9000 §5.2.2)"
          <| fun () ->
              for age, isKept in [ 5.0, true; 0.5, false ] do
                  let pair, state = acquaintances 1 ideal
                  let lost = pair.Sent[Client]

                  let patient settings =
                      { settings with
                          Orphans = OrphanZeroRttBuffer(64, 100_000, TimeSpan.FromSeconds age) }


                  let pair =
                      before
                          (server patient)
                          { pair with
                              Link = { ideal with Drop = Set.singleton lost } }

                  let pair = comeBack state early (pattern 5000) pair
                  Expect.isTrue (runUntil minute (hasAll (pattern 5000)) pair) "all of it"
                  let dropped = pair.Server.CountDropped DropReason.OrphanZeroRtt
                  Expect.equal (dropped = 0UL) isKept $"{age} seconds: {dropped} dropped"
                  Expect.equal (hasState Server StateChange.HandshakeReady pair) (not isKept) $"{age} seconds"

          testCase "no more than the bounds allow is kept, and the rest is counted"
          <| fun () ->
              let at second =
                  TimeUs.FromMilliseconds(second * 1000.0)

              let destination (n: int) =
                  ConnectionId(ReadOnlySpan(Array.create 8 (byte n)))

              let datagram (size: int) =
                  OwnedDatagram(Memory(Array.zeroCreate size))

              let keep (orphans: OrphanDatagrams) now n size =
                  let arrival = datagram size
                  orphans.TryKeep(at now, destination n, arrival.Buffer.Span, &arrival)

              let three = OrphanDatagrams(OrphanZeroRttBuffer(3, 3000, TimeSpan.FromSeconds 1.0))
              Expect.isTrue (keep three 0.0 1 1000) "one"
              Expect.isTrue (keep three 0.1 2 1000) "two"
              Expect.isFalse (keep three 0.2 2 1001) "too many bytes"
              Expect.isTrue (keep three 0.3 1 1000) "three"
              Expect.isFalse (keep three 0.4 1 1) "too many"
              Expect.equal three.NextExpiry (Nullable(at 1.0)) "the oldest goes first"
              let mutable taken = OwnedDatagram()
              Expect.isTrue (three.TryTake(destination 2, &taken)) "taken by its connection"
              Expect.isFalse (three.TryTake(destination 2, &taken)) "once"
              Expect.isTrue (three.TryExpire(at 1.0)) "the first is too old"
              Expect.isFalse (three.TryExpire(at 1.0)) "the last is not"
              Expect.equal three.Count 1 "it still waits"

              for off in
                  [ OrphanZeroRttBuffer.Disabled
                    OrphanZeroRttBuffer(0, 1, TimeSpan.FromSeconds 1.0)
                    OrphanZeroRttBuffer(1, 0, TimeSpan.FromSeconds 1.0) ] do
                  Expect.isFalse (keep (OrphanDatagrams off) 0.0 1 1) "turned off" ]
