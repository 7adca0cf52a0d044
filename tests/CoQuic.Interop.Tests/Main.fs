module CoQuic.Interop.Tests.Main

open Expecto
open CoQuic.Tests

[<EntryPoint>]
let main arguments =
    printfn $"{Scale.describe Scale.current}"
    runTestsInAssemblyWithCLIArgs [] arguments
