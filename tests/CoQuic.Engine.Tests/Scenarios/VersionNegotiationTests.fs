module CoQuic.Engine.Tests.Scenarios.VersionNegotiationTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Engine.Tests.Scenarios.Attacker
open CoQuic.Engine.Tests.Scenarios.Unmoved

let private await what condition pair =
    Expect.isTrue (runUntil (TimeSpan.FromMinutes 1.0) condition pair) what

/// A Version Negotiation packet (RFC 9000 §17.2.1).
let private versionNegotiation (destination: ConnectionId) (source: ConnectionId) (versions: uint32 list) =
    let withLength (id: ConnectionId) =
        Array.append [| byte id.Length |] (id.Span.ToArray())

    Array.concat
        [ [| 0xc0uy; 0uy; 0uy; 0uy; 0uy |]
          withLength destination
          withLength source
          for version in versions do
              BitConverter.GetBytes(version) |> Array.rev ]

let private foreign = ConnectionId(ReadOnlySpan(Array.create 8 0x77uy))

/// A client that has sent its first flight.
let private opened () =
    let pair = openDefaultPair ()
    connect pair
    pair

let private speaking (versions: QuicVersion list) : string * objnull =
    "SupportedVersions", box (List.toArray versions)

/// A client with these settings brings a token along to a server of version 1: in which versions it says it.
let private versionsWithToken settings =
    let pair =
        withConfigs
            (clientConfig 1UL |> having settings)
            (serverConfig "test" 1UL |> having [ speaking [ QuicVersion.V1 ] ])
            1
            ideal

    let token = Array.create 50 0x5auy
    openConnection (OpenConnection(Route = RouteHandle 1UL, Token = bytesOf token)) pair
    await "confirmed" confirmed pair

    told<SendDatagramEffect> Client pair
    |> List.collect datagrams
    |> List.filter (fun datagram -> datagram.Span.IndexOf(ReadOnlySpan token) >= 0)
    |> List.map (fun datagram -> datagram.Slice(1, 4))
    |> List.distinct

[<Tests>]
let tests =
    testList
        "scenario: spoofed Version Negotiation (RFC 9000 §6.2)"
        [ testCase "after any packet of the server was processed it is ignored"
          <| fun () ->
              let pair = opened ()
              let client, server = idOf Client pair, originalDestination pair

              let heard p =
                  (counted Client p
                   |> List.find (fst >> (=) "PacketsReceived")
                   |> snd
                   |> unbox<uint64>)
                      >
                      0UL

              await "the client hears the server" heard pair
              expectNothing Client (versionNegotiation client server [ 0x1a2a3a4au ]) "too late" pair
              await "confirmed" confirmed pair
              expectNothing Client (versionNegotiation client server [ 0x1a2a3a4au ]) "much too late" pair

          for name, versions in
              [ "that offers the version in use", [ 0x1a2a3a4au; 1u ]
                "without any version", [] ] do
              testCase $"one {name} is ignored"
              <| fun () ->
                  let pair = opened ()
                  let client, server = idOf Client pair, originalDestination pair
                  expectNothing Client (versionNegotiation client server versions) name pair
                  await "confirmed" confirmed pair

          testCase "one that does not echo the connection IDs is ignored"
          <| fun () ->
              let pair = opened ()
              let client, server = idOf Client pair, originalDestination pair
              expectNothing Client (versionNegotiation client foreign [ 0x1a2a3a4au ]) "another source" pair
              expectNothing Client (versionNegotiation foreign server [ 0x1a2a3a4au ]) "another destination" pair
              await "confirmed" confirmed pair

          testCase "one whose last version is cut off is ignored"
          <| fun () ->
              let pair = opened ()
              let client, server = idOf Client pair, originalDestination pair
              let whole = versionNegotiation client server [ 0x1a2a3a4au; 0x2a2a3a4au ]
              expectNothing Client (Array.truncate (whole.Length - 1) whole) "cut off" pair
              await "confirmed" confirmed pair

          testCase "without a version in common the connection ends, and says why"
          <| fun () ->
              let pair = opened ()
              let client, server = idOf Client pair, originalDestination pair
              strike Client (versionNegotiation client server [ 0x1a2a3a4au; 0x00000002u ]) pair
              Expect.equal (closeReason Client pair).Value.Origin CloseOrigin.VersionNegotiation "the reason"
              Expect.equal pair.Client.ConnectionCount 0 "it is forgotten"

          testCase "a token stays behind with the version that it was given in (RFC 9369 §5)"
          <| fun () ->
              let versions = versionsWithToken [ speaking [ QuicVersion.V2; QuicVersion.V1 ] ]
              Expect.equal versions [ Bytes.FromHex "6b3343cf" ] "version 2 alone"

          testCase "a client that asks in a reserved version goes on with its token in the first of its own"
          <| fun () ->
              let versions =
                  versionsWithToken [ speaking [ QuicVersion.V1 ]; "EnableReservedVersionProbe", box true ]

              Expect.contains versions (Bytes.FromHex "00000001") "version 1 as well"

          testCase "a server does not take one"
          <| fun () ->
              let pair = opened ()
              await "confirmed" confirmed pair
              let client, server = idOf Client pair, idOf Server pair
              expectNothing Server (versionNegotiation server client [ 0x1a2a3a4au ]) "to a connection" pair
              expectNothing Server (versionNegotiation foreign client [ 0x1a2a3a4au ]) "to nobody" pair

          testCase "the answer to an unknown version is no larger than what asked, and small datagrams get none"
          <| fun () ->
              let pair = openDefaultPair ()

              let unknown length =
                  let bytes = versionNegotiation foreign foreign []
                  bytes[4] <- 0x99uy
                  Array.append bytes (Array.zeroCreate (length - bytes.Length))

              let answers = (feed Server (unknown 1200) pair).Effects
              Expect.hasLength answers 1 "one answer"
              let answer = (answers[0] :?> SendDatagramEffect)
              Expect.isLessThan answer.Bytes.Length 1200 "smaller"
              Expect.equal answer.Connection ConnectionHandle.None "of no connection"
              Expect.isEmpty (feed Server (unknown 1199) pair).Effects "no answer" ]
