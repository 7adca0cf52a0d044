/// quic-go's interop endpoints and a peer of our own on its package, from Debian's packages, in a cache outside the repository.
module CoQuic.Build.QuicGo

open System
open System.IO
open System.Security.Cryptography
open System.Text
open CoQuic.Build.Shell

type QuicGo =
    {
        Server: string
        Client: string
        /// Versions and DATAGRAM frames, on both sides.
        Peer: string
    }

let private packages =
    [ "golang-1.23-go"; "golang-github-lucas-clemente-quic-go-dev" ]

let private goRoot = "usr/lib/go-1.23"
let private goPath = "usr/share/gocode"
let private package = "github.com/quic-go/quic-go/interop"

/// Building takes half a minute where nothing else runs.
let private patience = TimeSpan.FromMinutes 10.0

/// Where programs on quic-go stay once they are built.
let cache = Debian.cache "quic-go"

/// The source of our own peer.
let private ownSource = inRoot "tests/CoQuic.Peers/quic-go/main.go"

/// The endpoints have their paths and their port built in, for a container of their own. Here they take them from the
/// environment, so that they need neither root nor the root directory. Nothing of QUIC is touched.
let private replacements =
    [ "server",
      [ "\"/logs/log.txt\"", "os.Getenv(\"LOG\")"
        "\"/certs/cert.pem\"", "os.Getenv(\"CERTIFICATE\")"
        "\"/certs/priv.key\"", "os.Getenv(\"PRIVATE_KEY\")"
        "\":443\"", "os.Getenv(\"LISTEN\")"
        "\"/www\"", "os.Getenv(\"WWW\")" ]
      "client",
      [ "\"/logs/log.txt\"", "os.Getenv(\"LOG\")"
        "\"/downloads\"", "os.Getenv(\"DOWNLOADS\")"
        // What it waits for begins in lower case by now.
        "\"No compatible QUIC version found\"", "\"no compatible QUIC version found\"" ] ]

let private replace (text: string) (before: string, after: string) =
    if not (text.Contains(before, StringComparison.Ordinal)) then
        stop $"quic-go's endpoint has no {before} any more: build/QuicGo.fs has to learn what it has instead."

    text.Replace(before, after)

/// Writes the changed main files beside the packages, and the file that tells the compiler to take them.
let private writeOverlay (folder: string) (root: string) =
    let lines =
        [ for name, changes in replacements do
              let original = Path.Combine(root, goPath, "src", package, name, "main.go")
              let changed = Path.Combine(folder, $"{name}.go")
              File.WriteAllText(changed, List.fold replace (File.ReadAllText original) changes)
              $"\"{original}\": \"{changed}\"" ]

    let overlay = Path.Combine(folder, "overlay.json")
    let body = String.Join(", ", lines)
    File.WriteAllText(overlay, "{ \"Replace\": { " + body + " } }")
    overlay

/// The compiler and quic-go, unpacked into a folder; the result is their root.
let fetch (folder: string) (codename: string) : Result<string, string> =
    printfn "quic-go: fetching Debian's packages"
    Debian.unpackPackages folder codename packages

/// Compiles what the arguments name into `target`, with what `fetch` brought; `folder` takes what the compiler leaves behind.
let compile (folder: string) (root: string) (target: string) (arguments: string list) : Result<unit, string> =
    let environment =
        [ "GOROOT", Path.Combine(root, goRoot)
          "GOPATH", Path.Combine(root, goPath)
          "GOCACHE", Path.Combine(folder, "gocache")
          "GO111MODULE", "off"
          "GOTOOLCHAIN", "local"
          "CGO_ENABLED", "0" ]

    let go = Path.Combine(root, goRoot, "bin", "go")

    match runQuiet environment patience go ([ "build"; "-buildvcs=false"; "-o"; target ] @ arguments) with
    | Some 0, _ -> Ok()
    | _, lines ->
        let said = String.Join(" ", List.truncate 3 lines)
        Error $"building {Path.GetFileName target} failed: {said}"

let private build (programs: QuicGo) folder codename =
    fetch folder codename
    |> Result.bind (fun root ->
        printfn "quic-go: building"
        let overlay = writeOverlay folder root

        [ programs.Server, [ "-overlay"; overlay; $"{package}/server" ]
          programs.Client, [ "-overlay"; overlay; $"{package}/client" ]
          programs.Peer, [ ownSource ] ]
        |> List.fold
            (fun result (target, arguments) -> result |> Result.bind (fun () -> compile folder root target arguments))
            (Ok()))
    |> Result.map (fun () -> programs)

/// A name for what is made of these texts of ours: they change, and the programs are built again then.
let fingerprint (ours: string list) : string =
    let hash = SHA256.HashData(Encoding.UTF8.GetBytes(String.Join("\n", ours)))
    Convert.ToHexStringLower(hash).Substring(0, 12)

/// The programs: those built before, or else fetched and built now. An error says why this machine cannot have them.
let prepare () : Result<QuicGo, string> =
    let ours = [ yield! replacements |> List.map string; File.ReadAllText ownSource ]
    let folder = Path.Combine(cache, fingerprint ours)

    let programs =
        { Server = Path.Combine(folder, "quicgo-server")
          Client = Path.Combine(folder, "quicgo-client")
          Peer = Path.Combine(folder, "quicgo-peer") }

    if List.forall File.Exists [ programs.Server; programs.Client; programs.Peer ] then
        printfn $"quic-go: built before, in {folder}"
        Ok programs
    else
        Debian.onKnownRelease (fun codename ->
            Directory.CreateDirectory folder |> ignore
            withTemporaryFolder "coquic-quic-go-" (fun folder -> build programs folder codename))
