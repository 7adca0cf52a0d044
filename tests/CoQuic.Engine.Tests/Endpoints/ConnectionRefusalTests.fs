module CoQuic.Engine.Tests.Endpoints.ConnectionRefusalTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Engine.Tests.Scenarios.Attacker
open CoQuic.Engine.Tests.Scenarios.Unmoved

let private await what condition pair =
    Expect.isTrue (runUntil (TimeSpan.FromMinutes 1.0) condition pair) what

let private withLimit count =
    let server =
        EndpointConfig(
            Role = Role.Server,
            Entropy = TestEntropy 5UL,
            Calendar = CalendarAnchor(DateTimeOffset.UnixEpoch, origin),
            ApplicationProtocols = [| "test" |],
            ServerIdentities = identity.Value,
            MaxServerConnections = count
        )

    Pair.withConfigs (Pair.clientConfig 1UL) server 1 ideal

/// A server that is full, and the first datagram of one client more.
let private full () =
    let pair = withLimit 1
    connect pair
    await "confirmed" confirmed pair
    pair.Tamper <- fun side _ bytes -> if side = Client then Bytes.Empty else bytes
    connect pair

    let first =
        told<SendDatagramEffect> Client pair
        |> List.find (fun run -> run.Connection = pair.ClientConnection)

    pair, first.Bytes.ToArray()

/// A changed version is answered by Version Negotiation, as always.
let private isVersionNegotiation (answer: SendDatagramEffect) =
    answer.Bytes.Slice(1, 4) = Bytes.FromHex "00000000"

[<Tests>]
let tests =
    testList
        "a server that is full (RFC 9000 §5.2.2)"
        [ testCase "a client of a full server hears CONNECTION_REFUSED at once, and the others stay"
          <| fun () ->
              let pair = withLimit 1
              connect pair
              await "confirmed" confirmed pair
              let began = pair.Now
              connect pair
              await "the second ends" (fun p -> (closeReason Client p).IsSome) pair
              let reason = (closeReason Client pair).Value
              Expect.equal reason.Origin CloseOrigin.Peer "by the server"
              Expect.equal reason.Code (uint64 TransportErrorCode.ConnectionRefused) "CONNECTION_REFUSED"
              Expect.isNotEmpty reason.Reason "a reason"
              Expect.isLessThan (pair.Now - began) (TimeSpan.FromSeconds 1.0) "at once"
              Expect.equal pair.Server.ConnectionCount 1 "the server has made no state"
              Expect.isNone (closeReason Server pair) "and none of its connections ended"

          testCase "the answer is small, belongs to no connection, and is counted"
          <| fun () ->
              let pair, first = full ()
              let effects = (feed Server first pair).Effects
              Expect.hasLength effects 1 "one answer"
              let answer = (effects[0] :?> SendDatagramEffect)
              Expect.isLessThanOrEqual answer.Bytes.Length StatelessClose.MaximumLength "small"
              Expect.equal answer.Connection ConnectionHandle.None "of no connection"
              Expect.equal answer.Route (Nullable(RouteHandle 1UL)) "back to where it came from"
              Expect.equal (pair.Server.CountDropped DropReason.TooManyConnections) 1UL "counted"

          testCase "the same datagram twice gets the same answer: nothing is remembered"
          <| fun () ->
              let pair, first = full ()

              let answer () =
                  [ for effect in (feed Server first pair).Effects -> (effect :?> SendDatagramEffect).Bytes ]

              Expect.equal (answer ()) (answer ()) "the same bytes"

          testCase "an Initial that does not authenticate gets none"
          <| fun () ->
              let pair, first = full ()

              for position in 0 .. first.Length - 1 do
                  let damaged = Array.copy first
                  damaged[position] <- damaged[position] ^^^ 1uy

                  let answers =
                      (feed Server damaged pair).Effects
                      |> Seq.filter (fun effect -> not (isVersionNegotiation (effect :?> SendDatagramEffect)))

                  Expect.isEmpty answers $"byte {position}"

          testCase "noise gets none"
          <| fun () ->
              let pair, first = full ()

              for seed in 1..200 do
                  let bytes = Array.append (Array.truncate 30 first) (noise 1170 seed)
                  Expect.isEmpty (feed Server bytes pair).Effects "silence"

          testCase "when a connection has gone there is room again"
          <| fun () ->
              let pair = withLimit 1
              connect pair
              await "confirmed" confirmed pair
              absorb Client (pair.Client.CloseConnection(pair.Now, pair.ClientConnection, 0UL, "")) pair
              await "it is forgotten" (fun p -> p.Server.ConnectionCount = 0) pair
              connect pair
              await "the next is served" (fun p -> p.Server.ConnectionCount = 1) pair ]
