module CoQuic.Testing.Tests.ShrinkerTests

open System
open Expecto
open FsCheck
open FsCheck.FSharp
open CoQuic.FSharp
open CoQuic.Testing
open CoQuic.Tests

/// What FsCheck does with a failing value: the first smaller one that fails, and so on. A shrinker that goes round in circles is noticed.
let private minimal shrink fails value =
    let rec go steps value =
        if steps > 10_000 then
            failtest $"no end of shrinking: {value}"

        match shrink value |> Seq.tryFind fails with
        | Some smaller -> go (steps + 1) smaller
        | None -> value

    go 0 value

let private property name test =
    testPropertyWithConfig
        { Properties.config with
            arbitrary = [ typeof<Arbitraries> ] }
        name
        test

let private minimalLink fails link = minimal Shrinkers.link fails link

let private isLoss stage =
    match stage with
    | Stage.Loss _ -> true
    | _ -> false

let private rich =
    Link.ideal
    |> Link.delay (TimeSpan.FromMilliseconds 73.0)
    |> Link.losing [ 3; 17; 40 ]
    |> Link.duplication 0.3
    |> Link.blackHole (TimeSpan.FromMilliseconds 100.0) (TimeSpan.FromMilliseconds 900.0)

let private basis = EndpointConfig.client "test"

let private differences (left: TransportConfig) (right: TransportConfig) =
    Array.zip
        (Microsoft.FSharp.Reflection.FSharpValue.GetRecordFields left)
        (Microsoft.FSharp.Reflection.FSharpValue.GetRecordFields right)
    |> Array.filter (fun (left, right) -> not (Object.Equals(left, right)))
    |> Array.length

[<Tests>]
let tests =
    testList
        "shrinkers"
        [ testCase "what does not matter to a failure is taken from a link"
          <| fun () ->
              let shrunk = rich |> minimalLink (fun link -> List.exists isLoss link.Stages)
              Expect.hasLength shrunk.Stages 1 "one stage is left"

          testCase "what matters is made as small as it can be"
          <| fun () ->
              let losesThe40th stage =
                  match stage with
                  | Stage.Loss(Which.Numbers numbers) -> numbers.Contains 40
                  | _ -> false

              let shrunk = rich |> minimalLink (fun link -> List.exists losesThe40th link.Stages)
              Expect.equal shrunk (Link.ideal |> Link.losing [ 40 ]) "that datagram alone"

          testCase "times and probabilities get smaller as far as the failure allows"
          <| fun () ->
              let isSlow stage =
                  match stage with
                  | Stage.Delay delay -> delay >= TimeSpan.FromMilliseconds 5.0
                  | _ -> false

              match (rich |> minimalLink (fun link -> List.exists isSlow link.Stages)).Stages with
              | [ Stage.Delay delay ] -> Expect.isLessThan delay (TimeSpan.FromMilliseconds 10.0) "near the limit"
              | other -> failtest $"%A{other}"

          property "shrinking any link comes to an end, at the ideal one" (fun (link: Link) ->
              minimalLink (fun _ -> true) link = Link.ideal)

          property "every smaller link can be used" (fun (link: Link) ->
              Shrinkers.link link |> Seq.forall (Link.faults >> List.isEmpty))

          property "shrinking bytes comes to an end, at none" (fun (bytes: Bytes) ->
              minimal Shrinkers.bytes (fun _ -> true) bytes = Bytes.empty)

          property "the shortest bytes that fail are found, all zero" (fun (bytes: Bytes) ->
              bytes.Length < 5
              || minimal Shrinkers.bytes (fun bytes -> bytes.Length >= 5) bytes = Bytes.ofArray (Array.zeroCreate 5))

          property "transport settings shrink to the one that matters" (fun (transport: TransportConfig) ->
              let fails (transport: TransportConfig) =
                  transport.InitialMaxData <> TransportConfig.defaults.InitialMaxData

              not (fails transport)
              || let shrunk = minimal (Shrinkers.towards TransportConfig.defaults) fails transport in

                 differences TransportConfig.defaults shrunk = 1)

          testCase "a configuration shrinks inside its transport settings too"
          <| fun () ->
              let config =
                  { basis with
                      EnableQlog = true
                      Transport.InitialMaxData = 1UL
                      Transport.AckDelayExponent = 20 }

              let shrunk =
                  minimal (Shrinkers.towards basis) (fun config -> config.Transport.InitialMaxData = 1UL) config

              Expect.equal
                  shrunk.Transport
                  { basis.Transport with
                      InitialMaxData = 1UL }
                  "one setting is left"

              Expect.isFalse shrunk.EnableQlog "and nothing besides"

          testCase "effects, results and inputs shrink, and to an end"
          <| fun () ->
              let leastOf (arbitrary: Arbitrary<'value>) =
                  arbitrary.Generator
                  |> Gen.sampleWithSeed (Rnd(1UL, 3UL)) 20 100
                  |> Array.iter (minimal arbitrary.Shrinker (fun _ -> true) >> ignore)

              leastOf (Arbitraries.Effect())
              leastOf (Arbitraries.Input())
              leastOf (Arbitraries.QueryResult())

              let result =
                  { QueryResult.empty with
                      NextWakeup = Some(TimeUs 5L) }

              Expect.isTrue
                  (Arbitraries.QueryResult().Shrinker result |> Seq.contains QueryResult.empty)
                  "a wake-up goes away" ]
