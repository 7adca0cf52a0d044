/// Which engine these tests run over: the embedded one, or, with COQUIC_ENGINE=native, a library with the C ABI. A test says what
/// it needs beyond the ABI, and is skipped, visibly, where the engine lacks it.
module CoQuic.FSharp.Tests.Engines

open System
open System.Collections.Concurrent
open System.IO
open Expecto
open CoQuic.FSharp
open CoQuic.Tests

let private source = CoQuic.Interop.EngineSources.FromEnvironment()
let isNative = source = EngineSource.Native

/// The tests that run over a native library too. The others know no engine.
let lists = [ "endpoints by hand"; "simulated transfers"; "simulated network" ]

/// A configuration as both engines take it: the C ABI has no limit to a handshake's time, and no verifier from outside.
let shared (config: EndpointConfig) : EndpointConfig =
    if isNative then
        { config with
            VerifyPeer = false
            CertificateVerifier = None
            Transport =
                { config.Transport with
                    HandshakeTimeout = TimeSpan.Zero } }
    else
        config

let private skipped = ConcurrentBag<string>()

/// A test that needs more of its engine than the C ABI has.
let needing (capability: Capabilities) name test =
    testCase name (fun () ->
        if not (CoQuic.Interop.EngineSources.CapabilitiesOf(source).HasFlag capability) then
            skipped.Add $"{name}: {capability}"
            printfn $"SKIP native: '{name}' needs {capability}"
            skiptest $"{capability}"
        else
            test ())

/// Where the repository says what a native library cannot show.
let private pinned =
    lazy
        (let rec find (folder: DirectoryInfo) =
            let path =
                Path.Combine(folder.FullName, "tests", "CoQuic.FSharp.Tests", "native-skipped.txt")

            if File.Exists path then
                File.ReadAllLines path
            else
                find (folder.Parent |> nonNull)

         find (DirectoryInfo AppContext.BaseDirectory))

/// Whether a test of this name, from its list on, runs over this engine.
let isWanted names =
    not isNative || List.contains (List.head names) lists

/// Once the tests have run: what was skipped is what the repository says, and all of that if all were to run.
let checkSkipped () =
    let actual = skipped |> Seq.sort |> List.ofSeq
    let expected = pinned.Value |> Array.sort |> List.ofArray

    let isPinned =
        if Runner.isFiltered then
            Set.isSubset (set actual) (set expected)
        else
            actual = expected

    if not isNative || isPinned then
        0
    else
        printfn "Over a native library other tests are skipped than native-skipped.txt says:"
        actual |> List.iter (printfn "%s")
        1
