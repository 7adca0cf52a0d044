module CoQuic.Peers.Program

[<EntryPoint>]
let main _ = 1
