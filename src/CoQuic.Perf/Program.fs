module CoQuic.Perf.Program

[<EntryPoint>]
let main _ = 1
