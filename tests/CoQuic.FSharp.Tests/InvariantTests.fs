module CoQuic.FSharp.Tests.InvariantTests

open Expecto
open CoQuic.FSharp
open CoQuic.FSharp.Tests.TransferProgram

let private c1 = ConnectionHandle.create 1UL
let private stream = StreamId.clientBidirectional 0UL

let private run simulation =
    match Simulation.run simulation with
    | Ok report -> report
    | Error error -> failtest $"{error}"

let private data offset text fin finalSize =
    ReceiveStreamData
        { Connection = c1
          Stream = stream
          Offset = offset
          Bytes = Bytes.ofString text
          Fin = fin
          FinalSize = finalSize }

let private closed =
    ConnectionClosed
        { Connection = c1
          Reason =
            { Origin = CloseOrigin.Peer
              Code = CloseCode.Application 0UL
              Reason = "" } }

let private run' size segment =
    SendDatagram
        { Connection = ConnectionHandle.none
          Route = Some(RouteHandle 1UL)
          Ecn = EcnCodepoint.NotEct
          IsPmtuProbe = false
          Bytes = Bytes.ofArray (Array.zeroCreate size)
          SegmentSize = segment }

let private broken effects =
    EndpointRules().Broken(QueryResult.ofEffects effects)

[<Tests>]
let rules =
    testList
        "what holds for every endpoint"
        [ testCase "effects as they should be break nothing"
          <| fun () ->
              let effects =
                  [ data 0UL "he" false None
                    data 2UL "llo" true (Some 5UL)
                    run' 2500 1200
                    closed
                    run' 50 50 ]

              Expect.equal (broken effects) None "nothing is broken"

          testCase "an effect of a connection after its end is noticed"
          <| fun () ->
              Expect.equal (broken [ closed; data 0UL "late" false None ]) (Some EndpointRules.Silent) "data"
              Expect.equal (broken [ closed; closed ]) (Some EndpointRules.Silent) "a second end"

          testCase "it is noticed in a later result too"
          <| fun () ->
              let rules = EndpointRules()
              Expect.equal (rules.Broken(QueryResult.ofEffects [ closed ])) None "the end"

              Expect.equal
                  (rules.Broken(QueryResult.ofEffects [ data 0UL "late" false None ]))
                  (Some EndpointRules.Silent)
                  "and after it"

          testCase "bytes with a gap, bytes twice, and bytes behind the end are noticed"
          <| fun () ->
              let gap = [ data 0UL "a" false None; data 2UL "c" false None ]
              let twice = [ data 0UL "a" false None; data 0UL "a" false None ]
              let behind = [ data 0UL "a" true None; data 1UL "b" false None ]
              let wrongSize = [ data 0UL "a" true (Some 2UL) ]

              for name, effects in [ "gap", gap; "twice", twice; "behind", behind; "wrong size", wrongSize ] do
                  Expect.equal (broken effects) (Some EndpointRules.Ordered) name

          testCase "a datagram that nobody can send is noticed"
          <| fun () ->
              Expect.equal (broken [ run' 0 1200 ]) (Some EndpointRules.Sized) "empty"
              Expect.equal (broken [ run' 70_000 70_000 ]) (Some EndpointRules.Sized) "too large"
              Expect.equal (broken [ run' 70_000 1200 ]) None "a long run of small ones" ]

[<Tests>]
let invariants =
    testList
        "invariants of a simulation"
        [ testCase "one that holds changes nothing"
          <| fun () ->
              let node, simulation = transfer 1UL lossy 100_000
              let plain = run simulation

              let watched =
                  simulation
                  |> Simulation.always "the answer comes once" node (fun client -> client.Answer.Length <= 1)
                  |> run

              Expect.equal (watched.Outcome, watched.Digest) (Outcome.Stopped, plain.Digest) "the same run"

          testCase "one that breaks ends the simulation at that step, and says so"
          <| fun () ->
              let _, simulation = transfer 1UL lossy 100_000

              let report =
                  simulation
                  |> Simulation.always "less than half arrives" serverNode (fun server -> server.Total < 50_000)
                  |> run

              match report.Outcome with
              | Outcome.Broken violation ->
                  Expect.equal violation.Invariant "less than half arrives" "which"
                  Expect.equal violation.Node "server" "whose step it was"
                  Expect.equal violation.Step report.Steps "nothing happened afterwards"
                  let total = (Report.model serverNode report).Total
                  Expect.isTrue (total >= 50_000 && total < 100_000) "at the first such step"
              | other -> failtest $"{other}"

          testCase "one over all nodes sees every step"
          <| fun () ->
              let _, simulation = transfer 1UL Link.ideal 10_000
              let seen = ResizeArray<string * bool>()

              let report =
                  simulation
                  |> Simulation.invariant "everything is looked at" (fun moment ->
                      seen.Add(moment.Node, moment.Input.IsSome)
                      true)
                  |> run

              Expect.equal (seen |> Seq.filter snd |> Seq.length) report.Steps "each input"
              Expect.equal (seen |> Seq.map fst |> Seq.distinct |> Set.ofSeq) (set [ "client"; "server" ]) "of both"
              Expect.contains seen ("client", false) "and turns of a program alone"

          testCase "one that breaks at the very beginning lets nothing begin"
          <| fun () ->
              let _, simulation = transfer 1UL Link.ideal 10
              let report = simulation |> Simulation.invariant "never" (fun _ -> false) |> run

              match report.Outcome with
              | Outcome.Broken violation -> Expect.equal (violation.Step, report.Steps) (0, 0) "no input yet"
              | other -> failtest $"{other}" ]
