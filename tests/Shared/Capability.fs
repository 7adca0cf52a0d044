/// What a machine with git and an SDK may lack: a C compiler, a peer, network namespaces. A test that needs such a thing
/// is skipped visibly where it is missing, unless COQUIC_TEST_REQUIRE (`build.fsx test --require cc,quic-go`) names it.
module CoQuic.Tests.Capability

open System
open System.IO
open Expecto

let private required =
    match Environment.GetEnvironmentVariable "COQUIC_TEST_REQUIRE" with
    | null -> Set.empty
    | names ->
        names.Split(',', StringSplitOptions.RemoveEmptyEntries ||| StringSplitOptions.TrimEntries)
        |> Set.ofArray

/// Skips the running test because `capability` is missing, or fails it where that capability is required.
let missing capability what : 'result =
    if required.Contains capability then
        failtest $"'{capability}' is required, and {what}"
    else
        printfn $"SKIP {capability}: {what}"
        skiptest $"{capability}: {what}"

/// Whether a program of that name is on the search path.
let hasProgram (name: string) =
    let folders =
        Environment.GetEnvironmentVariable "PATH"
        |> Option.ofObj
        |> Option.defaultValue ""

    folders.Split Path.PathSeparator
    |> Array.exists (fun folder -> File.Exists(Path.Combine(folder, name)))
