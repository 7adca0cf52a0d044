module CoQuic.FSharp.Tests.Main

open CoQuic.Tests

[<EntryPoint>]
let main arguments =
    match arguments with
    | [| first; seed |] when first = SimulationTests.childArgument -> SimulationTests.printDigest seed
    | [| first |] when first = Cost.argument -> Cost.print ()
    | _ -> max (Runner.runWanted Engines.isWanted arguments) (Engines.checkSkipped ())
