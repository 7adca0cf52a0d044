/// A program of ours on quic-go that does the work of the measuring tool, from Debian's packages, in a cache outside the repository.
module CoQuic.Build.QuicGoBench

open System.IO
open CoQuic.Build.Shell

let private source = inRoot "tests/CoQuic.Benchmarks/quic-go/main.go"

let private build (target: string) codename (folder: string) =
    QuicGo.fetch folder codename
    |> Result.bind (fun root ->
        printfn "quic-go: building"
        QuicGo.compile folder root target [ source ])
    |> Result.map (fun () -> target)

/// The program: built before, or else fetched and built now. An error says why this machine cannot have it.
let prepare () : Result<string, string> =
    let state = QuicGo.fingerprint [ File.ReadAllText source ]
    let target = Path.Combine(QuicGo.cache, $"quicgo-bench-{state}")

    if File.Exists target then
        Ok target
    else
        Debian.onKnownRelease (fun codename ->
            Directory.CreateDirectory QuicGo.cache |> ignore
            withTemporaryFolder "coquic-quic-go-" (build target codename))
