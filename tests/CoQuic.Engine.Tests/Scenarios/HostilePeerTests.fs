/// A peer with genuine keys that sends whatever it likes, packet after packet, while an honest connection goes on: nothing throws, what
/// is watched at every step holds, and a connection that ends does so once.
module CoQuic.Engine.Tests.Scenarios.HostilePeerTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Frames.Frame
open CoQuic.Engine.Tests.Scenarios
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Engine.Tests.Scenarios.Attacker
open CoQuic.Tests

let private largest = (1UL <<< 62) - 1UL

/// Mostly small, so that sequences get far before they break a rule; sometimes at the edge of what can be written.
let private number (random: Random) =
    match random.Next 40 with
    | 0 -> largest - uint64 (random.Next 3)
    | 1 -> uint64 (random.Next 1_000_000)
    | _ -> uint64 (random.Next 12)

let private bytes longest (random: Random) =
    let length =
        if random.Next 10 = 0 then
            random.Next longest
        else
            random.Next 20

    Unmoved.noise length (random.Next())

let private kind (random: Random) =
    if random.Next 2 = 0 then
        StreamKind.Bidirectional
    else
        StreamKind.Unidirectional

/// Numbers that the victim may well have sent, or not.
let private acknowledgment (random: Random) =
    let last = number random
    let first = last - min last (uint64 (random.Next 4))

    let ecn =
        if random.Next 8 = 0 then
            Some(number random, 0UL, 0UL)
        else
            None

    Ack(number random, [ first, last ], ecn)

let private newConnectionId (random: Random) =
    let sequence = number random
    let retirePriorTo = min sequence (number random)

    NewConnectionIdFrame(
        sequence,
        retirePriorTo,
        ConnectionId(ReadOnlySpan(Array.create 8 (byte sequence))),
        StatelessResetToken(ReadOnlySpan(Array.create 16 (byte sequence)))
    )

let private frame (random: Random) =
    match random.Next 24 with
    | 0 -> Padding(1 + random.Next 30)
    | 1
    | 2 -> acknowledgment random
    | 3 -> ResetStream(ResetStreamFrame(StreamId(number random), number random, number random))
    | 4 -> StopSending(StopSendingFrame(StreamId(number random), number random))
    | 5 -> Crypto(number random, bytes 900 random)
    | 6 -> NewToken(Array.append [| 1uy |] (bytes 900 random))
    | 7
    | 8
    | 9
    | 10 -> Stream(number random, number random, bytes 900 random, random.Next 6 = 0)
    | 11 -> MaxData(MaxDataFrame(number random))
    | 12 -> MaxStreamData(MaxStreamDataFrame(StreamId(number random), number random))
    | 13 -> MaxStreams(MaxStreamsFrame(kind random, number random))
    | 14 -> DataBlocked(DataBlockedFrame(number random))
    | 15 -> StreamDataBlocked(StreamDataBlockedFrame(StreamId(number random), number random))
    | 16 -> StreamsBlocked(StreamsBlockedFrame(kind random, number random))
    | 17 -> NewConnectionId(newConnectionId random)
    | 18 -> RetireConnectionId(RetireConnectionIdFrame(number random))
    | 19
    | 20 -> PathChallenge(PathChallengeFrame(number random))
    | 21 -> PathResponse(PathResponseFrame(number random))
    | 22 when random.Next 10 = 0 -> ApplicationClose(number random, bytes 100 random)
    | _ -> Datagram(bytes 900 random)

/// One that a peer may send, or nearly: sequences of these get far.
let private decentFrame (random: Random) victim =
    let ofPeer = if victim = Server then 0UL else 1UL
    let stream = 8UL + 4UL * uint64 (random.Next 5) + ofPeer
    let offset = uint64 (random.Next 300)

    match random.Next 12 with
    | 0 -> Padding(1 + random.Next 30)
    | 1 -> MaxData(MaxDataFrame(number random))
    | 2 -> MaxStreams(MaxStreamsFrame(kind random, uint64 (random.Next 200)))
    | 3 -> DataBlocked(DataBlockedFrame(number random))
    | 4 -> StreamDataBlocked(StreamDataBlockedFrame(StreamId stream, number random))
    | 5 -> StreamsBlocked(StreamsBlockedFrame(kind random, uint64 (random.Next 200)))
    | 6 -> PathChallenge(PathChallengeFrame(number random))
    | 7 -> PathResponse(PathResponseFrame(number random))
    | 8 when random.Next 4 = 0 -> StopSending(StopSendingFrame(StreamId stream, number random))
    | 9 when random.Next 4 = 0 -> ResetStream(ResetStreamFrame(StreamId stream, 1UL, 5_000UL))
    | 10 -> Datagram(bytes 900 random)
    | _ -> Stream(stream, offset, bytes 900 random, false)

/// The frames of one packet; rarely one of any kind is among them, and noise behind them.
let private payload (random: Random) victim =
    Array.concat
        [ for _ in 0 .. random.Next 3 do
              let frame =
                  if random.Next 40 = 0 then
                      frame random
                  else
                      decentFrame random victim

              yield fst (encode frame)
          if random.Next 60 = 0 then
              yield Unmoved.noise (1 + random.Next 30) (random.Next()) ]

/// A packet for a side, on one of a few routes and from one of a few addresses.
let private attack (random: Random) number level side frames pair =
    let bytes = sealNumbered number 0uy [||] level side frames pair

    let route =
        RouteHandle(
            if random.Next 8 = 0 then
                uint64 (random.Next(1, 9))
            else
                1UL
        )

    let identity =
        if random.Next 8 = 0 then
            address4 "192.0.2.1" (random.Next 5)
        else
            originOf side pair

    let input =
        InboundDatagram(bytesOf bytes, 0, Nullable route, EcnCodepoint.Ect0, identity)

    absorb side ((endpoint side pair).ReceiveDatagram(pair.Now, &input)) pair

let private pattern = Array.init 20_000 byte

/// Timers run, the other side hears of it or falls silent, and everything is forgotten.
let private expectForgotten pair =
    Expect.isTrue
        (runUntil
            (TimeSpan.FromMinutes 10.0)
            (fun pair -> pair.Client.ConnectionCount + pair.Server.ConnectionCount = 0)
            pair)
        "it ends"

/// Attacks both sides of a connection that has work to do, until one of them has had enough.
let private survive seed =
    let random = Random seed
    let transport = TransportConfig(MaxDatagramFrameSize = 1_000UL)
    let pair = openPair transport transport ideal
    connect pair
    Expect.isTrue (runUntil (TimeSpan.FromMinutes 1.0) confirmed pair) "confirmed"
    send Client (StreamId 0UL) pattern false pair |> ignore
    send Server (StreamId 1UL) pattern false pair |> ignore
    let isOver side = (closeReason side pair).IsSome
    let mutable packets = 0

    while packets < 60 && not (isOver Client || isOver Server) do
        packets <- packets + 1
        let side = if random.Next 2 = 0 then Client else Server
        attack random (firstForged + uint64 packets) EncryptionLevel.OneRtt side (payload random side) pair

        for _ in 1 .. random.Next 4 do
            step pair |> ignore

    expectForgotten pair

    for side in [ Client; Server ] do
        Expect.isSome (closeReason side pair) $"{side}: told once"

    packets

/// The same in the middle of a handshake, where keys are weaker: those of Initial packets are known to everyone.
let private surviveHandshake seed =
    let random = Random seed
    let pair = openPair (TransportConfig()) (TransportConfig()) ideal

    let handshakeFrame () =
        match random.Next 6 with
        | 0 -> acknowledgment random
        | 1 -> frame random
        | 2 -> Padding(1 + random.Next 30)
        | _ -> Crypto(number random, bytes 900 random)

    connect pair
    let mutable packets = 0

    while packets < 20
          && (closeReason Client pair).IsNone
          && (pair.ServerConnection = ConnectionHandle.None
              || (closeReason Server pair).IsNone) do
        packets <- packets + 1

        if pair.ServerConnection <> ConnectionHandle.None then
            let side = if random.Next 2 = 0 then Client else Server
            let frames = fst (encode (handshakeFrame ()))
            attack random (firstForged + uint64 packets) EncryptionLevel.Initial side frames pair

        step pair |> ignore

    expectForgotten pair

[<Tests>]
let tests =
    let runs = if Scale.isFull then 5_000 else 300

    testList
        "hostile peers"
        [ testCase "packets of random frames break no more than their connection"
          <| fun () ->
              let lengths = [ for seed in 1..runs -> survive seed ]
              Expect.isGreaterThan (List.max lengths) 20 "some sequences get far"

          testCase "nor do they during a handshake"
          <| fun () ->
              for seed in 1..runs do
                  surviveHandshake seed ]
