module CoQuic.Testing.Tests.Main

open CoQuic.Tests

[<EntryPoint>]
let main arguments = Runner.run arguments
