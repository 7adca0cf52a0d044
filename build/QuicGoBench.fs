/// A program of ours on quic-go that does the work of the measuring tool, from Debian's packages, in a cache outside the repository.
module CoQuic.Build.QuicGoBench

open System
open System.IO
open System.Security.Cryptography
open CoQuic.Build.Shell

let private packages =
    [ "golang-1.23-go"; "golang-github-lucas-clemente-quic-go-dev" ]

let private goRoot = "usr/lib/go-1.23"
let private goPath = "usr/share/gocode"
let private source = inRoot "tests/CoQuic.Benchmarks/quic-go/main.go"
let private patience = TimeSpan.FromMinutes 10.0

let private compile (folder: string) (root: string) (target: string) =
    let environment =
        [ "GOROOT", Path.Combine(root, goRoot)
          "GOPATH", Path.Combine(root, goPath)
          "GOCACHE", Path.Combine(folder, "gocache")
          "GO111MODULE", "off"
          "GOTOOLCHAIN", "local"
          "CGO_ENABLED", "0" ]

    let go = Path.Combine(root, goRoot, "bin", "go")

    match runQuiet environment patience go [ "build"; "-buildvcs=false"; "-o"; target; source ] with
    | Some 0, _ -> Ok target
    | _, lines ->
        let said = String.Join(" ", List.truncate 3 lines)
        Error $"building the program on quic-go failed: {said}"

let private build codename (target: string) (folder: string) =
    printfn "quic-go: fetching Debian's packages"

    Debian.unpackPackages folder codename packages
    |> Result.bind (fun root ->
        printfn "quic-go: building"
        Directory.CreateDirectory(Path.GetDirectoryName target) |> ignore
        compile folder root target)

/// One for each state of its source.
let private target () =
    let hash = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes source))

    let cache =
        match Environment.GetEnvironmentVariable "XDG_CACHE_HOME" with
        | null
        | "" -> Path.Combine(Environment.GetFolderPath Environment.SpecialFolder.UserProfile, ".cache")
        | folder -> folder

    Path.Combine(cache, "coquic-fsharp", "quic-go", $"quicgo-bench-{hash.Substring(0, 12)}")

/// The program: built before, or else fetched and built now. An error says why this machine cannot have it.
let prepare () : Result<string, string> =
    let target = target ()

    if File.Exists target then
        Ok target
    else
        match Debian.codename () with
        | Some codename -> withTemporaryFolder "coquic-quic-go-" (build codename target)
        | None -> Error "its packages are taken from Debian, and this is another system"
