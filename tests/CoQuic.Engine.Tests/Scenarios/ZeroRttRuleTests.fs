/// Which limits, keys and packets early data has (RFC 9000 §7.4.1, RFC 9001 §4.9.3, §5.6).
module CoQuic.Engine.Tests.Scenarios.ZeroRttRuleTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests
open CoQuic.Engine.Tests.Scenarios
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Engine.Tests.Scenarios.Traces
open CoQuic.Engine.Tests.Scenarios.Visits

let private withStreamData limit (settings: Settings) =
    { settings with
        Transport = TransportConfig(InitialMaxStreamDataBidiRemote = limit, MaxStreamWindow = 0UL) }

let private ends (frames: QlogStreamFrame list) =
    [ for frame in frames -> frame.Offset + uint64 frame.Length ]

let private preferring (port: int) (config: EndpointConfig) =
    config
    |> having [ "PreferredAddress", box (PreferredAddressOffer(Net.IPEndPoint(Net.IPAddress.Loopback, port), null)) ]

/// Where the client was told that its server would rather be.
let private preferences pair =
    told<PeerPreferredAddressAvailableEffect> Client pair
    |> List.map (fun told -> (nonNull told.Address.IPv4).Port)

let private isConfirmed pair =
    Expect.isTrue (runUntil minute confirmed pair) "confirmed"

[<Tests>]
let tests =
    testList
        "0-RTT: limits, keys and packets"
        [ testCase "the limits of the handshake count for 1-RTT packets alone, behind which no 0-RTT packet comes"
          <| fun () ->
              let pair, state =
                  acquainted (tracing (client id)) (server (withStreamData 1_000UL)) 1 ideal

              let data = pattern 50_000

              let pair =
                  before (server (withStreamData 100_000UL)) pair |> comeBack state early data

              Expect.isTrue (runUntil minute (hasAll data) pair) "all of it"
              Expect.contains (statuses pair) ZeroRttStatus.Accepted "accepted"
              let early = packetsOf QlogPacketType.ZeroRtt Client pair
              let late = packetsOf QlogPacketType.OneRtt Client pair
              Expect.equal (framesOf<QlogStreamFrame> early |> ends |> List.max) 1_000UL "what was remembered"
              Expect.equal (framesOf<QlogStreamFrame> late |> ends |> List.max) 50_000UL "what is new"

              let types = packetsSent Client pair |> List.map _.Header.Type

              Expect.isLessThan
                  (List.findIndexBack ((=) QlogPacketType.ZeroRtt) types)
                  (List.findIndex ((=) QlogPacketType.OneRtt) types)
                  "first all early ones"

          testCase "what is not remembered comes from the new handshake, or is not there"
          <| fun () ->
              for second, expected in [ preferring 2, [ 2 ]; id, [] ] do
                  let pair, state = acquainted (client id) (preferring 1 (server id)) 1 ideal
                  let pair = before (second (server id)) pair |> comeBack state early (pattern 10)
                  isConfirmed pair
                  Expect.contains (statuses pair) ZeroRttStatus.Accepted "accepted"
                  Expect.equal (preferences pair) expected "the preferred address"

          testCase "the parameters that early data is sent under are told as restored"
          <| fun () ->
              let pair, state = acquainted (tracing (client id)) (server id) 1 ideal
              let pair = comeBack state early (pattern 10) pair

              let restored =
                  timedEvents Client pair
                  |> List.filter (fun (_, event) ->
                      match event with
                      | :? QlogParametersSet as parameters -> parameters.IsRestored
                      | _ -> false)

              let time, event = List.exactlyOne restored

              for record in Qlog.QlogSchema.records ((QlogWriter.Event(time - origin, event)).ToArray()) do
                  Expect.isEmpty (Qlog.QlogSchema.eventFaults record) $"{event}"

          testCase "a server seals nothing with 0-RTT keys, and acknowledges early data in 1-RTT packets"
          <| fun () ->
              let pair, state = acquainted (tracing (client id)) (tracing (server id)) 1 ideal
              let pair = comeBack state early (pattern 5_000) pair
              isConfirmed pair
              runUntil (TimeSpan.FromSeconds 1.0) (fun _ -> false) pair |> ignore
              Expect.isEmpty (packetsOf QlogPacketType.ZeroRtt Server pair) "no such packet"

              let acknowledged =
                  packetsOf QlogPacketType.OneRtt Server pair
                  |> framesOf<QlogAckFrame>
                  |> List.collect (fun ack -> List.ofSeq ack.Ranges)

              let early = packetsOf QlogPacketType.ZeroRtt Client pair
              Expect.isNonEmpty early "there was early data"

              for packet in early do
                  let number = packet.Header.PacketNumber.Value

                  Expect.exists
                      acknowledged
                      (fun range -> range.First <= number && number <= range.Last)
                      $"packet {number}"

          testCase "a client drops 0-RTT packets unopened"
          <| fun () ->
              let pair = Attacker.openPair (TransportConfig()) (TransportConfig()) ideal
              connect pair
              isConfirmed pair
              let forged = Attacker.seal EncryptionLevel.ZeroRtt Client [| 1uy |] pair
              Unmoved.expectNothing Client forged "a 0-RTT packet" pair
              Expect.equal (pair.Client.CountDropped DropReason.NoKeys) 1UL "there are no keys for it"
              Expect.equal (pair.Client.CountDropped DropReason.NotAuthentic) 0UL "and none were tried"

          testCase "a server discards 0-RTT keys three probe timeouts after the first 1-RTT packet (RFC 9001 §4.9.3)"
          <| fun () ->
              let pair, state = acquainted (client id) (tracing (server id)) 1 ideal
              let pair = comeBack state early (pattern 100) pair
              isConfirmed pair
              runUntil (TimeSpan.FromSeconds 5.0) (fun _ -> false) pair |> ignore
              let events = timedEvents Server pair

              let firstOneRtt =
                  events
                  |> List.pick (fun (at, event) ->
                      match event with
                      | :? QlogPacketReceived as packet when packet.Header.Type = QlogPacketType.OneRtt -> Some at
                      | _ -> None)

              let discarded =
                  events
                  |> List.pick (fun (at, event) ->
                      match event with
                      | :? QlogKeyDiscarded as key when key.Level = QlogPacketType.ZeroRtt -> Some at
                      | _ -> None)

              Expect.isGreaterThan discarded firstOneRtt "late ones are still opened"
              Expect.isLessThan (discarded - firstOneRtt) (TimeSpan.FromSeconds 1.0) "for a short time"

          testCase "0-RTT packets stay in the original version when the handshake goes on in another (RFC 9369 §4.1)"
          <| fun () ->
              let speaking versions (settings: Settings) = { settings with Versions = versions }

              let both = client (speaking [ QuicVersion.V1; QuicVersion.V2 ]) |> tracing

              let pair, state = acquainted both (server id) 1 ideal
              let second = server (speaking [ QuicVersion.V2; QuicVersion.V1 ])
              let data = pattern 5_000
              let pair = before second pair |> comeBack state resent data
              isConfirmed pair
              Expect.equal (information Client pair).Version QuicVersion.V2 "the handshake"
              Expect.isTrue (runUntil minute (hasAll data) pair) "all of it"
              let early = packetsOf QlogPacketType.ZeroRtt Client pair
              Expect.isNonEmpty early "there was early data"
              Expect.all early (fun packet -> packet.Header.Version = Nullable QuicVersion.V1) "in version 1"

          testCase "0-RTT together with Retry: early data follows the token (RFC 9000 §17.2.5.2)"
          <| fun () ->
              for retrying, expected in
                  [ [ "RetryEnabled", box true ], ZeroRttStatus.Accepted
                    [ "RetryEnabled", box true; "ZeroRtt", box (ZeroRttConfig()) ], ZeroRttStatus.Rejected ] do
                  let changes: (string * objnull) list = retrying
                  let pair, state = acquainted (tracing (client id)) (server id) 1 ideal
                  let data = pattern 5_000
                  let pair = before (server id |> having changes) pair |> comeBack state resent data
                  Expect.isTrue (runUntil minute (hasAll data) pair) "all of it, once"
                  isConfirmed pair
                  Expect.equal (statuses pair) [ ZeroRttStatus.Attempted; expected ] "the statuses"

                  let isToken (packet: QlogPacketSent) =
                      packet.Header.Type = QlogPacketType.Initial && packet.Header.TokenLength > 0

                  Expect.exists (packetsSent Client pair) isToken "the token came back"

                  let numbers =
                      packetsOf QlogPacketType.ZeroRtt Client pair
                      |> List.map _.Header.PacketNumber.Value

                  Expect.equal (List.distinct numbers) numbers "no packet number is used twice" ]
