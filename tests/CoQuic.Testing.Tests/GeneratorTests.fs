module CoQuic.Testing.Tests.GeneratorTests

open Expecto
open FsCheck
open FsCheck.FSharp
open CoQuic.FSharp
open CoQuic.Testing
open CoQuic.Testing.Tests.Orders
open CoQuic.Tests

let private config =
    { Properties.config with
        arbitrary = [ typeof<Arbitraries> ] }

let private property name test = testPropertyWithConfig config name test

/// A run of a whole network is expensive.
let private rareProperty name test =
    testPropertyWithConfig
        { config with
            maxTest = max 1 (config.maxTest / 20) }
        name
        test

let private sample (generator: Gen<'value>) =
    Gen.sampleWithSeed (Rnd(1UL, 3UL)) 30 400 generator |> List.ofArray

let private caseName (value: 'union) =
    (Microsoft.FSharp.Reflection.FSharpValue.GetUnionFields(value, typeof<'union>)
     |> fst)
        .Name

let private cases<'union> =
    Microsoft.FSharp.Reflection.FSharpType.GetUnionCases typeof<'union>
    |> Array.map _.Name
    |> Set.ofArray

let private serve (config: EndpointConfig) =
    Simulation.create 1UL [ Node.create "shop" config shop; customerNode ]

[<Tests>]
let tests =
    testList
        "generators"
        [ property "every link can be used" (fun (link: Link) -> Link.faults link = [])

          property "every configuration works" (fun seed ->
              let changed =
                  Generators.configuration shopConfig
                  |> Gen.sampleWithSeed (Rnd(seed, 3UL)) 30 1
                  |> Array.head

              EndpointConfig.faults changed = [])

          testCase "every kind of stage, effect and input occurs"
          <| fun () ->
              let stages = sample Generators.link |> List.collect _.Stages |> List.map caseName
              Expect.equal (Set.ofList stages) cases<Stage> "stages"
              Expect.equal (sample Generators.effect |> List.map caseName |> Set.ofList) cases<Effect> "effects"
              Expect.equal (sample Generators.input |> List.map caseName |> Set.ofList) cases<Input> "inputs"

          testCase "configurations differ from each other"
          <| fun () ->
              let distinct =
                  sample (Generators.configuration shopConfig)
                  |> List.map (fun config -> string config.Transport)
                  |> List.distinct

              Expect.isGreaterThan distinct.Length 200 "most of 400"

          rareProperty "what a program sends arrives, under all conditions" (fun (conditions: Conditions) ->
              let report = network |> Conditions.apply conditions |> SimulationTest.run
              areAll report && report.Outcome = Outcome.Stopped)

          rareProperty "and with every configuration" (fun (transport: TransportConfig) ->
              let report =
                  serve
                      { shopConfig with
                          Transport = transport }
                  |> SimulationTest.run

              areAll report && report.Outcome = Outcome.Stopped)

          rareProperty "no input breaks an endpoint or what holds for it" (fun (inputs: Input list) ->
              let sources =
                  Sources.create (SeededEntropy(1UL, "inputs")) TimeUs.zero System.DateTimeOffset.UnixEpoch

              match Endpoint.create sources shopConfig with
              | Error error -> failtest $"{error}"
              | Ok endpoint ->
                  use endpoint = endpoint

                  for number, input in List.indexed inputs do
                      Endpoint.apply (TimeUs(int64 number)) input endpoint |> ignore) ]
