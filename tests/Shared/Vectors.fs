/// Test vectors of others, which may stand beside the repository.
module CoQuic.Tests.Vectors

open System.IO
open System.Text.Json

/// Opens a file of ../shared/vectors, or skips the running test where there is none.
let load (file: string) : JsonDocument =
    let path = Path.Combine(Golden.root.Value, "..", "shared", "vectors", file)

    if File.Exists path then
        JsonDocument.Parse(File.ReadAllText path)
    else
        Capability.missing "vectors" "the folder ../shared/vectors does not stand beside the repository"
