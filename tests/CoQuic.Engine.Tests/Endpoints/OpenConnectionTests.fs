module CoQuic.Engine.Tests.Endpoints.OpenConnectionTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Pair

let private id length =
    ConnectionId(ReadOnlySpan(Array.create length 0x5auy))

let private openTo length pair =
    let mutable handle = ConnectionHandle.None

    let result =
        pair.Client.OpenConnection(
            pair.Now,
            OpenConnection(InitialDestinationConnectionId = Nullable(id length)),
            &handle
        )

    Option.ofObj result.LocalError |> Option.map _.Code, handle

[<Tests>]
let tests =
    testList
        "opening a connection"
        [ testCase "an open to a first destination of 7 bytes is refused, and one of 8 is not (RFC 9000 §7.2)"
          <| fun () ->
              let refusal, handle = openTo 7 (create 1 ideal)
              Expect.equal refusal (Some LocalErrorCode.UnsupportedOperation) "refused"
              Expect.equal handle ConnectionHandle.None "and nothing is opened"
              Expect.isNone (fst (openTo 8 (create 1 ideal))) "8 bytes are enough"

          testCase "with IDs of length 0 there is one connection at a time (RFC 9000 §5.1)"
          <| fun () ->
              let config =
                  EndpointConfig(
                      Role = Role.Client,
                      Entropy = TestEntropy 1UL,
                      Calendar = CalendarAnchor(DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), origin),
                      ApplicationProtocols = [| "test" |],
                      VerifyPeer = false,
                      ConnectionIds = RandomConnectionIds 0
                  )

              let pair = withConfigs config (serverConfig "test" 1UL) 1 ideal
              Expect.isNone (fst (openTo 8 pair)) "the first"
              Expect.equal (fst (openTo 8 pair)) (Some LocalErrorCode.UnsupportedOperation) "no second"

          testCase "a server drops a first Initial to an ID of 7 bytes (RFC 9000 §7.2)"
          <| fun () ->
              let pair = create 1 ideal

              let first =
                  [| 0xc3uy
                     0uy
                     0uy
                     0uy
                     1uy
                     7uy
                     1uy
                     2uy
                     3uy
                     4uy
                     5uy
                     6uy
                     7uy
                     0uy
                     0uy
                     0x44uy
                     0x9euy |]

              let datagram = Array.append first (Array.zeroCreate (1200 - first.Length))

              let input =
                  InboundDatagram(
                      Bytes.CopyOf(ReadOnlySpan datagram),
                      0,
                      Nullable(RouteHandle 1UL),
                      EcnCodepoint.Unavailable,
                      Bytes.Empty
                  )

              let result = pair.Server.ReceiveDatagram(pair.Now, &input)
              Expect.isEmpty result.Effects "no answer"
              Expect.equal (pair.Server.CountDropped DropReason.Malformed) 1UL "counted"
              Expect.equal pair.Server.ConnectionCount 0 "no connection" ]
