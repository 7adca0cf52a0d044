module CoQuic.Engine.Tests.Scenarios.StatisticsTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Pair

let private minute = TimeSpan.FromMinutes 1.0
let private stream0 = StreamId 0UL

let private statistics side pair =
    let handle =
        match side with
        | Client -> pair.ClientConnection
        | Server -> pair.ServerConnection

    match (endpoint side pair).GetStatistics handle with
    | null -> failtest "the connection is held"
    | statistics -> statistics

[<Tests>]
let tests =
    testList
        "statistics"
        [ testCase "stream bytes are counted once on each side, however often they were sent"
          <| fun () ->
              let pair = Pair.create 3 { ideal with Loss = 0.05 }
              connect pair
              Expect.isTrue (runUntil minute confirmed pair) "confirmed"
              Expect.isNone (send Client stream0 (Array.create 200_000 1uy) true pair) "data"
              Expect.isTrue (runUntil minute (fun pair -> snd (received Server stream0 pair)) pair) "arrived"
              Expect.equal (statistics Client pair).StreamBytesSent 200_000UL "sent"
              Expect.equal (statistics Server pair).StreamBytesReceived 200_000UL "received"
              Expect.isGreaterThan (statistics Client pair).PacketsLost 0UL "though packets were lost"
              Expect.isGreaterThan (statistics Client pair).BytesSent 200_000UL "and sent again"

          testCase "the handshake's durations are one and two round trips on an ideal link"
          <| fun () ->
              let pair = Pair.create 1 ideal
              connect pair
              Expect.isTrue (runUntil minute confirmed pair) "confirmed"
              let client = statistics Client pair
              Expect.equal client.HandshakeDuration (Nullable(TimeSpan.FromMilliseconds 20.0)) "complete"
              Expect.equal client.ConfirmationDuration (Nullable(TimeSpan.FromMilliseconds 40.0)) "confirmed"
              let server = statistics Server pair
              Expect.equal server.HandshakeDuration server.ConfirmationDuration "for a server they are one"

          testCase "the congestion controller's state is told: slow start at first, a threshold after losses"
          <| fun () ->
              let pair = Pair.create 5 { ideal with Loss = 0.08 }
              connect pair
              let first = statistics Client pair
              Expect.isTrue first.IsInSlowStart "slow start"
              Expect.isFalse first.SlowStartThreshold.HasValue "no threshold"
              Expect.isTrue (runUntil minute confirmed pair) "confirmed"
              Expect.isNone (send Client stream0 (Array.create 500_000 1uy) true pair) "data"
              Expect.isTrue (runUntil minute (fun pair -> snd (received Server stream0 pair)) pair) "arrived"
              Expect.isTrue (statistics Client pair).SlowStartThreshold.HasValue "a threshold"

          testCase "marks of the network on received packets are counted"
          <| fun () ->
              let pair = Pair.create 1 ideal
              connect pair

              for _, effect in List.ofSeq pair.ClientEffects do
                  match effect with
                  | :? SendDatagramEffect as run ->
                      let input =
                          InboundDatagram(
                              run.Bytes,
                              run.SegmentSize,
                              Nullable(RouteHandle 1UL),
                              EcnCodepoint.Ce,
                              Bytes.Empty
                          )

                      absorb Server (pair.Server.ReceiveDatagram(pair.Now, &input)) pair
                  | _ -> ()

              let server = statistics Server pair
              Expect.equal (server.ReceivedCe, server.ReceivedEct0) (1UL, 0UL) "one packet with CE"

          testCase "what was dropped is counted by connection and, by reason, by endpoint"
          <| fun () ->
              let pair = Pair.create 1 ideal
              connect pair
              Expect.isTrue (runUntil minute confirmed pair) "confirmed"
              Expect.isNone (send Client stream0 [| 1uy |] true pair) "data"
              Expect.isTrue (runUntil minute (fun pair -> snd (received Server stream0 pair)) pair) "arrived"
              let last = told<SendDatagramEffect> Client pair |> List.last
              let before = (statistics Server pair).PacketsDropped

              let input =
                  InboundDatagram(last.Bytes, 0, Nullable(RouteHandle 1UL), EcnCodepoint.Unavailable, Bytes.Empty)

              absorb Server (pair.Server.ReceiveDatagram(pair.Now, &input)) pair
              Expect.equal (statistics Server pair).PacketsDropped (before + 1UL) "the connection"
              Expect.isGreaterThan (pair.Server.CountDropped DropReason.Duplicate) 0UL "by reason" ]
