module CoQuic.Engine.Tests.Main

open CoQuic.Tests

[<EntryPoint>]
let main arguments = Runner.run arguments
