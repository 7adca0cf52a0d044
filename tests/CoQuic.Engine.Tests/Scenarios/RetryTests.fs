module CoQuic.Engine.Tests.Scenarios.RetryTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Engine.Tests.Scenarios.Attacker
open CoQuic.Engine.Tests.Scenarios.Unmoved
open CoQuic.Engine.Tests.Scenarios.Initials
open CoQuic.Tests

let private minute = TimeSpan.FromMinutes 1.0

let private await what condition pair =
    Expect.isTrue (runUntil minute condition pair) what

let private serverWith settings =
    having settings (serverConfig "test" 1UL)

let private pairWith settings link =
    Pair.withConfigs (clientConfig 1UL) (serverWith settings) 1 link

let private retrying link = pairWith [ "RetryEnabled", true ] link

/// A client's first Initial, in the clear.
let private firstInitial pair =
    let datagram = (sentBy Client pair).Head
    (openInitial Client (fst (longHeaderIds datagram)) datagram).Value

/// The token and the source of a Retry.
let private readRetry (datagram: Bytes) =
    let _, source = longHeaderIds datagram
    let start = 7 + int datagram[5] + source.Length
    source, datagram.Slice(start, datagram.Length - start - 16).ToArray()

/// A server that demands Retry, the client's first Initial, and the Retry that answered it. Nothing else travels.
let private demanded settings =
    let pair = pairWith ([ "RetryEnabled", box true ] @ settings) ideal
    pair.Tamper <- fun side number bytes -> if side = Client && number > 0 then Bytes.Empty else bytes
    connect pair
    await "a Retry" (fun p -> not (retries p).IsEmpty) pair
    pair.Tamper <- fun _ _ _ -> Bytes.Empty
    pair, firstInitial pair, readRetry (retries pair).Head

/// What a server answers to an Initial like the first, but to another destination and with a token.
let private answer (initial: Initial) destination token pair =
    let next =
        { initial with
            Destination = destination
            Token = token
            Number = 1UL }

    (feed Server (sealInitial Client destination next) pair).Effects |> List.ofSeq

let private isAccepted (effects: Effect list) =
    effects
    |> List.exists (fun effect ->
        match effect with
        | :? ConnectionLifecycleEventEffect as event -> event.Event = Lifecycle.Accepted
        | _ -> false)

/// The error code of a CONNECTION_CLOSE that came without state.
let private closeCode destination (effects: Effect list) =
    match effects with
    | [ :? SendDatagramEffect as run ] when run.Connection = ConnectionHandle.None ->
        openInitial Server destination run.Bytes
        |> Option.filter (fun answer -> answer.Frames[0] = 0x1cuy)
        |> Option.map (fun answer -> int answer.Frames[1])
    | _ -> None

let private isRetryAlone (effects: Effect list) =
    match effects with
    | [ :? SendDatagramEffect as run ] -> run.Connection = ConnectionHandle.None && isRetry run.Bytes
    | _ -> false

let private invalidToken = Some(int TransportErrorCode.InvalidToken)

[<Tests>]
let tests =
    testList
        "scenario: Retry (RFC 9000 §8.1.2, §17.2.5)"
        [ testCase "a client obeys it by itself: the handshake is confirmed within the same handle"
          <| fun () ->
              let pair = retrying ideal
              connect pair
              let handle = pair.ClientConnection
              await "confirmed" confirmed pair
              Expect.hasLength (retries pair) 1 "one Retry"
              Expect.equal pair.ClientConnection handle "the same connection"
              Expect.equal pair.Client.ConnectionCount 1 "and no other"

              let accepted =
                  told<ConnectionLifecycleEventEffect> Server pair
                  |> List.filter (fun event -> event.Event = Lifecycle.Accepted)

              Expect.hasLength accepted 1 "one connection at the server"

          testCase "until the token comes back the server keeps nothing"
          <| fun () ->
              let pair, _, _ = demanded []
              Expect.equal pair.Server.ConnectionCount 0 "no connection"
              Expect.isFalse pair.Server.NextWakeup.HasValue "no timer"
              Expect.isEmpty (told<ConnectionLifecycleEventEffect> Server pair) "no event"
              let retry = (retries pair).Head
              Expect.isLessThan retry.Length 200 "the answer is small"

          testCase
              "the same ClientHello goes out again, under the next packet number, to the server's ID, with the token"
          <| fun () ->
              let pair = retrying ideal
              connect pair
              await "confirmed" confirmed pair
              let first = firstInitial pair
              let source, token = readRetry (retries pair).Head

              let second =
                  sentBy Client pair
                  |> List.choose (openInitial Client source)
                  |> List.find (fun initial -> (cryptoOf initial).Length > 0)

              Expect.equal second.Destination source "where the Retry came from"
              Expect.equal second.Source first.Source "from the same ID"
              Expect.isTrue (second.Token = token) "with the token"
              Expect.isGreaterThan second.Number first.Number "packet numbers go on"
              let crypto = cryptoOf second
              Expect.isTrue (crypto = Array.truncate crypto.Length (cryptoOf first)) "the same ClientHello"

          testCase "every Initial from then on carries the token, and fills 1200 bytes"
          <| fun () ->
              let pair = retrying ideal
              connect pair
              await "confirmed" confirmed pair
              let source, token = readRetry (retries pair).Head

              for datagram in (sentBy Client pair).Tail do
                  match openInitial Client source datagram with
                  | Some initial ->
                      Expect.isTrue (initial.Token = token) "the token"
                      Expect.isGreaterThanOrEqual datagram.Length 1200 "expanded"
                  | None -> ()

          for what, dropped in [ "the Retry", (Server, 0); "the Initial with the token", (Client, 1) ] do
              testCase $"when {what} is lost the handshake still comes about"
              <| fun () ->
                  let pair = retrying ideal
                  let side, lost = dropped

                  pair.Tamper <- fun from number bytes -> if from = side && number = lost then Bytes.Empty else bytes

                  connect pair
                  await "confirmed" confirmed pair

          testCase "with loss in both directions too"
          <| fun () ->
              for seed in 1 .. Scale.current.Seeds do
                  let link = { ideal with Loss = 0.2 }

                  let client =
                      having [ "Transport", TransportConfig(HandshakeTimeout = minute) ] (clientConfig (uint64 seed))

                  let server =
                      having [ "RetryEnabled", true; "RetryTokenLifetime", minute ] (serverConfig "test" (uint64 seed))

                  let pair = Pair.withConfigs client server seed link
                  connect pair
                  Expect.isTrue (runUntil minute confirmed pair) $"seed {seed}"

          testCase "a second Retry is ignored"
          <| fun () ->
              let pair = retrying ideal
              connect pair
              await "a Retry" (fun p -> (sentBy Client p).Length > 1) pair
              let source, _ = readRetry (retries pair).Head

              let again =
                  forgeRetry QuicVersion.V1 (idOf Client pair) (idOf Server pair) source [| 1uy; 2uy |]

              expectNothing Client again "another" pair
              expectNothing Client ((retries pair).Head.ToArray()) "the same" pair
              await "confirmed" confirmed pair

          testCase "one that is not genuine, or cannot be obeyed, is ignored"
          <| fun () ->
              let pair = openDefaultPair ()
              connect pair
              let client, original = idOf Client pair, originalDestination pair
              let other = ConnectionId(ReadOnlySpan(Array.create 8 0x55uy))
              let genuine = forgeRetry QuicVersion.V1 client other original [| 1uy; 2uy; 3uy |]

              for position in 0 .. genuine.Length - 1 do
                  let damaged = Array.copy genuine
                  damaged[position] <- damaged[position] ^^^ 0x10uy
                  expectNothing Client damaged $"byte {position} damaged" pair

              let forge version source keyId token =
                  forgeRetry version client source keyId token

              expectNothing Client (forge QuicVersion.V1 other other [| 1uy |]) "for another Initial" pair
              expectNothing Client (forge QuicVersion.V1 original original [| 1uy |]) "from where the Initial went" pair
              expectNothing Client (forge QuicVersion.V1 other original [||]) "without a token" pair
              expectNothing Client (forge QuicVersion.V2 other original [| 1uy |]) "of another version" pair

              expectNothing
                  Client
                  (forge QuicVersion.V1 other original (Array.zeroCreate 901))
                  "with too long a token"
                  pair

              expectNothing Client (Array.truncate 20 genuine) "cut off" pair
              await "confirmed" confirmed pair

          testCase "after the server was heard it is ignored"
          <| fun () ->
              let pair = openDefaultPair ()
              connect pair
              let client, original = idOf Client pair, originalDestination pair
              let other = ConnectionId(ReadOnlySpan(Array.create 8 0x55uy))
              let genuine = forgeRetry QuicVersion.V1 client other original [| 1uy; 2uy; 3uy |]
              await "confirmed" confirmed pair
              expectNothing Client genuine "too late" pair

          testCase "a server takes none"
          <| fun () ->
              let pair = openDefaultPair ()
              connect pair
              await "confirmed" confirmed pair

              let retry =
                  forgeRetry QuicVersion.V1 (idOf Server pair) (idOf Client pair) (originalDestination pair) [| 1uy |]

              expectNothing Server retry "to a connection" pair

              let toNobody =
                  forgeRetry
                      QuicVersion.V1
                      (originalDestination pair)
                      (idOf Client pair)
                      (originalDestination pair)
                      [| 1uy |]

              expectNothing Server toNobody "to nobody" pair

          testCase "one that only an observer sent is found out by the transport parameters (RFC 9000 §7.3)"
          <| fun () ->
              let pair = openDefaultPair ()
              connect pair
              let other = ConnectionId(ReadOnlySpan(Array.create 8 0x55uy))

              let forged =
                  forgeRetry QuicVersion.V1 (idOf Client pair) other (originalDestination pair) [| 1uy; 2uy; 3uy |]
              // The client's own first Initial does not arrive, only what it sends after the forgery.
              pair.Flight.Clear()
              strike Client forged pair
              await "the client finds out" (fun p -> (closeReason Client p).IsSome) pair

              Expect.equal
                  (closeReason Client pair).Value.Code
                  (uint64 TransportErrorCode.TransportParameterError)
                  "why" ]

[<Tests>]
let tokens =
    testList
        "scenario: tokens of a Retry (RFC 9000 §8.1.4)"
        [ testCase "one that comes back in time is accepted, and the address is validated"
          <| fun () ->
              let pair, initial, (source, token) = demanded []
              let effects = answer initial source token pair
              Expect.isTrue (isAccepted effects) "accepted"

          testCase "from another address, another port or for another ID it gets INVALID_TOKEN, and no state"
          <| fun () ->
              let pair, initial, (source, token) = demanded []

              for address in [ address4 "192.0.2.9" 4321; address4 "192.0.2.1" 4322 ] do
                  pair.ClientAddress <- address
                  Expect.equal (closeCode source (answer initial source token pair)) invalidToken "INVALID_TOKEN"

              pair.ClientAddress <- address4 "192.0.2.1" 4321
              let elsewhere = initial.Destination
              Expect.equal (closeCode elsewhere (answer initial elsewhere token pair)) invalidToken "another ID"
              Expect.equal pair.Server.ConnectionCount 0 "no state"
              Expect.equal (pair.Server.CountDropped DropReason.InvalidToken) 3UL "counted"
              Expect.isTrue (isAccepted (answer initial source token pair)) "the token itself is still good"

          testCase "too late it gets INVALID_TOKEN"
          <| fun () ->
              let pair, initial, (source, token) = demanded []
              pair.Now <- pair.Now + TimeSpan.FromSeconds 11.0
              Expect.equal (closeCode source (answer initial source token pair)) invalidToken "expired"

          testCase "truncated, changed or invented it is no token: Retry again"
          <| fun () ->
              let pair, initial, (source, token) = demanded []
              let changed = Array.copy token
              changed[20] <- changed[20] ^^^ 1uy

              for wrong in [ Array.truncate 40 token; changed; [| 1uy |]; noise 80 3 ] do
                  Expect.isTrue (isRetryAlone (answer initial source wrong pair)) "a Retry"

          testCase "after a restart with the same keys it is good, with the keys rotated too, with others it is none"
          <| fun () ->
              let keys current previous =
                  let key (fill: byte) =
                      if fill = 0uy then
                          Bytes.Empty
                      else
                          bytesOf (Array.create 32 fill)

                  SealingKeys(Current = key current, Previous = key previous)

              let _, initial, (source, token) = demanded [ "TokenKeys", box (keys 1uy 0uy) ]

              let restarted keys =
                  pairWith [ "RetryEnabled", box true; "TokenKeys", box keys ] ideal
                  |> answer initial source token

              Expect.isTrue (isAccepted (restarted (keys 1uy 0uy))) "the same key"
              Expect.isTrue (isAccepted (restarted (keys 2uy 1uy))) "the previous key"
              Expect.isTrue (isRetryAlone (restarted (keys 3uy 2uy))) "other keys"

          testCase "without Retry demanded a wrong token does no harm"
          <| fun () ->
              let _, initial, (source, token) = demanded []
              let pair = pairWith [] ideal
              Expect.isTrue (isAccepted (answer initial source token pair)) "of another server"

          testCase "an Initial that does not authenticate gets no Retry"
          <| fun () ->
              let pair = retrying ideal
              connect pair
              let first = ((sentBy Client pair).Head).ToArray()

              for position in 100..100..1100 do
                  let damaged = Array.copy first
                  damaged[position] <- damaged[position] ^^^ 1uy
                  Expect.isEmpty (feed Server damaged pair).Effects "silence"

          for policy, expected in
              [ RetryHandshakeValidationPolicy.Disabled, None
                RetryHandshakeValidationPolicy.Discard, Some None
                RetryHandshakeValidationPolicy.ConnectionError, Some(Some(int TransportErrorCode.ProtocolViolation)) ] do
              testCase $"another ClientHello after the Retry, policy {policy} (RFC 9000 §17.2.5.3)"
              <| fun () ->
                  let pair, initial, (source, token) =
                      demanded [ "RetryHandshakeValidationPolicy", box policy ]
                  // The random of the ClientHello: it may be anything.
                  let frames = Array.copy initial.Frames
                  frames[30] <- frames[30] ^^^ 1uy
                  let effects = answer { initial with Frames = frames } source token pair

                  match expected with
                  | None -> Expect.isTrue (isAccepted effects) "nobody looks"
                  | Some code ->
                      Expect.isFalse (isAccepted effects) "refused"
                      Expect.equal (closeCode source effects) code "the answer"
                      Expect.equal (pair.Server.CountDropped DropReason.ChangedClientHello) 1UL "counted"
                      Expect.isTrue (isAccepted (answer initial source token pair)) "the same ClientHello is accepted" ]

[<Tests>]
let load =
    testList
        "scenario: half-open connections"
        [ testCase "from the threshold on a server demands Retry by itself, and stops when they are done"
          <| fun () ->
              let pair = pairWith [ "RetryThreshold", 2 ] ideal
              pair.Tamper <- fun side _ bytes -> if side = Server then Bytes.Empty else bytes

              for _ in 1..3 do
                  connect pair

              await "three Initials" (fun p -> (sentBy Server p).Length >= 3 && not (retries p).IsEmpty) pair
              Expect.equal pair.Server.ConnectionCount 2 "two half-open connections"
              pair.Tamper <- fun _ _ bytes -> bytes

              let isDone p =
                  (told<StateEventEffect> Server p
                   |> List.filter (fun event -> event.Change = StateChange.HandshakeConfirmed))
                      .Length
                      =
                      3

              await "all three are served" isDone pair
              let before = (retries pair).Length
              connect pair
              await "a fourth" (fun p -> p.Server.ConnectionCount = 4) pair
              Expect.equal (retries pair).Length before "without Retry"

          testCase "beyond the limit of half-open connections a server refuses, until one is done"
          <| fun () ->
              let pair = pairWith [ "MaxHalfOpenConnections", 1 ] ideal
              pair.Tamper <- fun side number bytes -> if side = Server && number < 1 then Bytes.Empty else bytes
              connect pair
              connect pair
              await "refused" (fun p -> (closeReason Client p).IsSome) pair
              Expect.equal (closeReason Client pair).Value.Code (uint64 TransportErrorCode.ConnectionRefused) "why"
              await "the first is served" (hasState Server StateChange.HandshakeConfirmed) pair
              connect pair
              await "and then a third" (fun p -> p.Server.ConnectionCount = 2) pair

          testCase "a handshake that never ends is not half-open for ever"
          <| fun () ->
              let pair = pairWith [ "MaxHalfOpenConnections", 1 ] ideal
              pair.Tamper <- fun _ number bytes -> if number > 0 then Bytes.Empty else bytes
              connect pair
              pair.Tamper <- fun _ _ _ -> Bytes.Empty
              await "accepted" (fun p -> p.Server.ConnectionCount = 1) pair
              await "given up" (fun p -> p.Server.ConnectionCount = 0) pair

              Expect.equal
                  (closeReason Server pair).Value.Origin
                  CloseOrigin.HandshakeTimeout
                  "by the server's own timer"

              pair.Tamper <- fun _ _ bytes -> bytes
              connect pair
              await "there is room again" (fun p -> p.Server.ConnectionCount = 1) pair

          testCase "so many refusals are sent in a second, and no more"
          <| fun () ->
              let pair, initial, (source, token) = demanded []
              pair.ClientAddress <- address4 "192.0.2.9" 1

              let answered =
                  [ for _ in 0 .. StatelessLimits.MaximumRefusals + 9 -> (answer initial source token pair).Length ]

              Expect.equal (List.sum answered) StatelessLimits.MaximumRefusals "bounded"
              pair.Now <- pair.Now + TimeSpan.FromSeconds 1.0
              Expect.hasLength (answer initial source token pair) 1 "the next second"

          testCase "so many Version Negotiations are sent in a second, and no more"
          <| fun () ->
              let pair = pairWith [] ideal

              let unknown =
                  Array.append
                      (Convert.FromHexString "c0999999990811111111111111110822222222222222220000")
                      (Array.zeroCreate 1200)

              let answered =
                  [ for _ in 0 .. StatelessLimits.MaximumVersionNegotiations + 9 ->
                        (feed Server unknown pair).Effects.Count ]

              Expect.equal (List.sum answered) StatelessLimits.MaximumVersionNegotiations "bounded" ]

/// The open of a host that obeys a Retry by itself.
let private continuing (initial: Initial) (source: ConnectionId, token: byte[]) sourceId =
    OpenConnection(
        Route = RouteHandle 1UL,
        SourceConnectionId = sourceId,
        InitialDestinationConnectionId = Nullable source,
        OriginalDestinationConnectionId = Nullable initial.Destination,
        RetrySourceConnectionId = Nullable source,
        Token = bytesOf token
    )

[<Tests>]
let reopening =
    testList
        "scenario: a Retry that the application obeys"
        [ for name, keepsSource in [ "another", false; "the attempt's own", true ] do
              testCase $"with {name} source ID, a connection continues where the Retry left off (RFC 9000 §17.2.5.2)"
              <| fun () ->
                  let pair, initial, retry = demanded []
                  pair.Tamper <- fun _ _ bytes -> bytes
                  pair.Flight.Clear()
                  let kept = if keepsSource then Nullable initial.Source else Nullable()
                  openConnection (continuing initial retry kept) pair
                  await "confirmed" confirmed pair
                  Expect.isNone (closeReason Client pair) "the transport parameters agree"

          testCase "a source ID in use is refused to an open that continues nothing, or something else"
          <| fun () ->
              let pair, initial, retry = demanded []

              let other =
                  { initial with
                      Destination = initial.Source }

              for input in
                  [ OpenConnection(SourceConnectionId = Nullable initial.Source)
                    continuing other retry (Nullable initial.Source) ] do
                  let mutable handle = ConnectionHandle.None
                  let result = pair.Client.OpenConnection(pair.Now, input, &handle)

                  Expect.equal
                      (Option.ofObj result.LocalError |> Option.map _.Code)
                      (Some LocalErrorCode.UnsupportedOperation)
                      "the first connection keeps its datagrams"

          testCase "an attempt that obeyed the Retry by itself keeps its source ID"
          <| fun () ->
              let pair, initial, retry = demanded []
              pair.Tamper <- fun _ _ bytes -> bytes
              await "confirmed" confirmed pair
              let mutable handle = ConnectionHandle.None

              let result =
                  pair.Client.OpenConnection(pair.Now, continuing initial retry (Nullable initial.Source), &handle)

              Expect.isNotNull result.LocalError "refused" ]
