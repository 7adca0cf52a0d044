module CoQuic.Engine.Tests.Paths.EcnTests

open Expecto
open CoQuic.Engine
open CoQuic.Tests.Properties

let private report ect0 ect1 ce =
    EcnReport(true, EcnCounts(ect0, ect1, ce))

let private after count =
    let ecn = EcnValidator EcnPolicy.Rfc9000Ect0

    for _ in 1..count do
        ecn.OnSent ecn.Mark

    ecn

let private ack (newly: int) (report: EcnReport) (ecn: EcnValidator) =
    ecn.OnAck(newly, &report)
    ecn.State

/// A validator in each state.
let private inState state =
    let ecn = after (if state = EcnState.Testing then 3 else 10)

    match state with
    | EcnState.Capable -> ack 1 (report 1UL 0UL 0UL) ecn |> ignore
    | EcnState.Failed -> ack 1 EcnReport.None ecn |> ignore
    | _ -> ()

    Expect.equal ecn.State state "as wanted"
    ecn

let private states =
    [ EcnState.Testing; EcnState.Unknown; EcnState.Capable; EcnState.Failed ]

[<Tests>]
let validator =
    testList
        "Paths.EcnValidator (RFC 9000 §13.4.2, A.4)"
        [ testCase "ten packets are marked before anything is known"
          <| fun () ->
              Expect.equal (after 9).Mark EcnCodepoint.Ect0 "the tenth"
              Expect.equal (after 10).Mark EcnCodepoint.NotEct "the eleventh"
              Expect.equal (after 10).State EcnState.Unknown "the state"

          for state in states do
              let failed = state = EcnState.Failed

              let expect good =
                  if failed then EcnState.Failed else good

              testCase $"{state}: marks that are all reported make the path capable"
              <| fun () ->
                  Expect.equal (inState state |> ack 2 (report 2UL 0UL 0UL)) (expect EcnState.Capable) "ECT(0)"
                  Expect.equal (inState state |> ack 2 (report 1UL 0UL 1UL)) (expect EcnState.Capable) "one of them CE"

                  Expect.equal
                      (inState state |> ack 2 (report 5UL 0UL 0UL))
                      (expect EcnState.Capable)
                      "ACK frames were lost"

              testCase $"{state}: marks that are bleached, or not reported, fail"
              <| fun () ->
                  Expect.equal (inState state |> ack 2 (report 1UL 0UL 0UL)) EcnState.Failed "one is missing"
                  Expect.equal (inState state |> ack 2 EcnReport.None) EcnState.Failed "no counts"
                  Expect.equal (inState state |> ack 2 (report 0UL 2UL 0UL)) EcnState.Failed "remarked"

              testCase $"{state}: impossible counts fail, whatever they acknowledge"
              <| fun () -> Expect.equal (inState state |> ack 0 EcnReport.Impossible) EcnState.Failed "impossible"

              testCase $"{state}: an ACK of unmarked packets shows nothing"
              <| fun () -> Expect.equal (inState state |> ack 0 EcnReport.None) state "as before"

          testCase "all ten lost: the marks are to blame"
          <| fun () ->
              let ecn = after 10

              for _ in 1..9 do
                  ecn.OnLost()

              Expect.equal ecn.State EcnState.Unknown "one may still arrive"
              ecn.OnLost()
              Expect.equal ecn.State EcnState.Failed "none did"

          testCase "after a probe timeout nothing more is marked until the marks are known to arrive"
          <| fun () ->
              let ecn = after 3
              ecn.OnProbeTimeout()
              Expect.equal ecn.Mark EcnCodepoint.NotEct "unmarked"
              Expect.equal (ack 1 (report 1UL 0UL 0UL) ecn) EcnState.Capable "they arrived"
              Expect.equal ecn.Mark EcnCodepoint.Ect0 "marked again"

          testCase "the other policy marks with ECT(1), and counts that"
          <| fun () ->
              let ecn = EcnValidator EcnPolicy.Rfc8311Ect1
              Expect.equal ecn.Mark EcnCodepoint.Ect1 "the mark"
              ecn.OnSent ecn.Mark
              Expect.equal (ack 1 (report 0UL 1UL 0UL) ecn) EcnState.Capable "ECT(1)" ]

let private space = PacketNumberSpaceId.ApplicationData

let private sent count =
    let reports = EcnReports()

    for _ in 1..count do
        reports.OnSent(space, EcnCodepoint.Ect0)

    reports

let private counts ect0 ect1 ce =
    System.Nullable(EcnCounts(ect0, ect1, ce))

[<Tests>]
let reports =
    testList
        "Paths.EcnReports (RFC 9000 §13.4.2.1)"
        [ testCase "an increase is what a frame adds to the one before"
          <| fun () ->
              let reports = sent 10
              Expect.equal (reports.OnAck(space, counts 3UL 0UL 1UL)) (report 3UL 0UL 1UL) "the first"
              Expect.equal (reports.OnAck(space, counts 5UL 0UL 1UL)) (report 2UL 0UL 0UL) "the second"

          testCase "counts of a codepoint that was never sent are impossible"
          <| fun () ->
              Expect.equal ((sent 10).OnAck(space, counts 0UL 1UL 0UL)) EcnReport.Impossible "ECT(1)"
              Expect.equal ((sent 2).OnAck(space, counts 3UL 0UL 0UL)) EcnReport.Impossible "more than were sent"
              Expect.equal ((sent 2).OnAck(space, counts 0UL 0UL 3UL)) EcnReport.Impossible "more marked than were sent"

          testCase "counts that fall are impossible"
          <| fun () ->
              let reports = sent 10
              reports.OnAck(space, counts 5UL 0UL 0UL) |> ignore
              Expect.equal (reports.OnAck(space, counts 4UL 0UL 1UL)) EcnReport.Impossible "one less"

          testCase "each packet number space counts for itself"
          <| fun () ->
              Expect.equal
                  ((sent 10).OnAck(PacketNumberSpaceId.Initial, counts 1UL 0UL 0UL))
                  EcnReport.Impossible
                  "nothing was sent there" ]

[<Tests>]
let spin =
    testList
        "Paths.SpinBit (RFC 9000 §17.4)"
        [ testCase "the server reflects, the client inverts"
          <| fun () ->
              let client = SpinBit(Role.Client, true, 1uy)
              let server = SpinBit(Role.Server, true, 1uy)
              Expect.isFalse client.Value "0 at first"
              server.OnReceived(0UL, client.Value)
              client.OnReceived(0UL, server.Value)
              Expect.isTrue client.Value "a round trip later"
              server.OnReceived(1UL, client.Value)
              Expect.isTrue server.Value "reflected"
              client.OnReceived(1UL, server.Value)
              Expect.isFalse client.Value "and back"

          testCase "only packets that raise the largest number of the path count"
          <| fun () ->
              let server = SpinBit(Role.Server, true, 1uy)
              server.OnReceived(5UL, true)
              server.OnReceived(4UL, false)
              server.OnReceived(5UL, false)
              Expect.isTrue server.Value "unmoved"

          testCase "a new connection ID resets it"
          <| fun () ->
              let server = SpinBit(Role.Server, true, 1uy)
              server.OnReceived(5UL, true)
              server.Reset()
              Expect.isFalse server.Value "0"

          testCase "one path in sixteen does not spin, even where it is enabled"
          <| fun () ->
              let spun =
                  [ for draw in 0uy .. 255uy -> SpinBit(Role.Client, true, draw) ]
                  |> List.filter _.IsSpun

              Expect.equal spun.Length 240 "15 of 16"

          testCase "where it is turned off no path spins"
          <| fun () ->
              for draw in 0uy .. 255uy do
                  Expect.isFalse (SpinBit(Role.Client, false, draw)).IsSpun $"drawn {draw}"

          property "a bit that does not spin ignores what comes in"
          <| fun (draw: byte) (received: bool list) ->
              let bit = SpinBit(Role.Server, false, draw)
              let before = bit.Value
              received |> List.iteri (fun number spin -> bit.OnReceived(uint64 number, spin))
              Expect.equal bit.Value before "as drawn" ]
