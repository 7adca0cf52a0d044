module CoQuic.Perf.Program

open System

[<EntryPoint>]
let main arguments =
    match Arguments.parse arguments with
    | Ok(Serve config) -> Tool.serve(config).GetAwaiter().GetResult()
    | Ok(Measure config) -> Tool.measure(config).GetAwaiter().GetResult()
    | Ok(Help usage) ->
        Console.Out.WriteLine usage
        0
    | Error error ->
        for fault in error.Faults do
            Console.Error.WriteLine fault

        Console.Error.WriteLine error.Usage
        1
