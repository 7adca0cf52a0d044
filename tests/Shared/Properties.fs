/// How properties run in this project: as many cases as the scale says, and again from the seed that a failure printed.
module CoQuic.Tests.Properties

open System
open Expecto

/// COQUIC_TEST_SEED=SEED,GAMMA repeats a property from the pair that its failure printed.
let private replay =
    match Environment.GetEnvironmentVariable "COQUIC_TEST_SEED" with
    | null
    | "" -> None
    | text ->
        match text.Replace("UL", "").Trim('(', ')').Split ',' |> Array.map UInt64.TryParse with
        | [| true, seed; true, gamma |] -> Some(seed, gamma, None)
        | _ -> invalidOp $"COQUIC_TEST_SEED should be two numbers with a comma between, not '{text}'."

let config =
    { FsCheckConfig.defaultConfig with
        maxTest = Scale.current.PropertyCases
        replay = replay }

/// A property at this run's scale.
let property name test = testPropertyWithConfig config name test

/// A property whose cases are expensive: a `share` of the scale's, at least one.
let rareProperty share name test =
    testPropertyWithConfig
        { config with
            maxTest = max 1 (Scale.current.PropertyCases / share) }
        name
        test
