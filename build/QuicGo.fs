/// quic-go's interop endpoints, from Debian's packages, as two programs in a cache outside the repository.
module CoQuic.Build.QuicGo

open System
open System.IO
open CoQuic.Build.Shell

type QuicGo = { Server: string; Client: string }

/// Which release has packages that are known to build, and which those are.
let private knownRelease = "bookworm"

let private packages =
    [ "golang-1.23-go"; "golang-github-lucas-clemente-quic-go-dev" ]

let private goRoot = "usr/lib/go-1.23"
let private goPath = "usr/share/gocode"
let private package = "github.com/quic-go/quic-go/interop"

/// Building takes half a minute where nothing else runs.
let private patience = TimeSpan.FromMinutes 10.0

let private cache () =
    let folder =
        match Environment.GetEnvironmentVariable "XDG_CACHE_HOME" with
        | null
        | "" -> Path.Combine(Environment.GetFolderPath Environment.SpecialFolder.UserProfile, ".cache")
        | folder -> folder

    Path.Combine(folder, "coquic-fsharp", "quic-go")

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
        "\"/downloads\"", "os.Getenv(\"DOWNLOADS\")" ] ]

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

let private compile (folder: string) (root: string) overlay name =
    let environment =
        [ "GOROOT", Path.Combine(root, goRoot)
          "GOPATH", Path.Combine(root, goPath)
          "GOCACHE", Path.Combine(folder, "gocache")
          "GO111MODULE", "off"
          "GOTOOLCHAIN", "local"
          "CGO_ENABLED", "0" ]

    let target = Path.Combine(cache (), $"quicgo-{name}")

    let arguments =
        [ "build"
          "-buildvcs=false"
          "-overlay"
          overlay
          "-o"
          target
          $"{package}/{name}" ]

    match runQuiet environment patience (Path.Combine(root, goRoot, "bin", "go")) arguments with
    | Some 0, _ -> Ok target
    | _, lines ->
        let said = String.Join(" ", List.truncate 3 lines)
        Error $"building quic-go's {name} failed: {said}"

let private build codename folder =
    printfn "quic-go: fetching Debian's packages"

    match Debian.unpackPackages folder codename packages with
    | Error reason -> Error reason
    | Ok root ->
        printfn "quic-go: building"
        Directory.CreateDirectory(cache ()) |> ignore
        let overlay = writeOverlay folder root

        compile folder root overlay "server"
        |> Result.bind (fun server ->
            compile folder root overlay "client"
            |> Result.map (fun client -> { Server = server; Client = client }))

/// The programs: those built before, or else fetched and built now. An error says why this machine cannot have them.
let prepare () : Result<QuicGo, string> =
    let built name =
        Path.Combine(cache (), $"quicgo-{name}")

    let quicGo =
        { Server = built "server"
          Client = built "client" }

    if File.Exists quicGo.Server && File.Exists quicGo.Client then
        printfn $"quic-go: built before, in {cache ()}"
        Ok quicGo
    else
        match Debian.codename () with
        | Some codename when codename = knownRelease -> withTemporaryFolder "coquic-quic-go-" (build codename)
        | _ -> Error $"its packages are taken from Debian {knownRelease}, and this is another system"
