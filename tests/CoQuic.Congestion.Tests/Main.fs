module CoQuic.Congestion.Tests.Main

open CoQuic.Tests

/// The tests; or, with `figures FILE DOCUMENT`, all measurements: figures into a file, tables into a document.
[<EntryPoint>]
let main arguments =
    match arguments with
    | [| "figures"; json; document |] ->
        Report.write json document
        0
    | _ -> Runner.run arguments
