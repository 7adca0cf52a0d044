/// Restore, compile and pack: what stands in artifacts/ afterwards.
module CoQuic.Build.Product

open System
open System.IO
open System.Security.Cryptography
open System.Text
open CoQuic.Build.Shell

let restore () =
    heading "restore"
    run "dotnet" [ "tool"; "restore" ]
    run "dotnet" [ "paket"; "restore" ]

let compile (solution: string) configuration =
    heading $"compile {solution} ({configuration})"
    run "dotnet" [ "build"; solution; "-c"; configuration; "-nologo"; "-v:minimal"; "-tl:off" ]

let private isSource (path: string) =
    let parts = Path.GetRelativePath(root, path).Split Path.DirectorySeparatorChar
    not (Array.contains "bin" parts || Array.contains "obj" parts)

let private packageSources () =
    let folders =
        [ "src"; "native" ]
        |> List.map inRoot
        |> List.filter Directory.Exists
        |> List.collect (fun folder -> List.ofArray (Directory.GetFiles(folder, "*", SearchOption.AllDirectories)))
        |> List.filter isSource

    let files =
        [ "Directory.Build.props"
          "Directory.Build.targets"
          "global.json"
          "paket.dependencies"
          "paket.lock"
          "README.md" ]
        |> List.map inRoot

    folders @ files
    |> List.sortWith (fun first second -> String.CompareOrdinal(first, second))

/// A version suffix that changes with the content of the packages, since a package cache believes that equal versions
/// have equal contents.
let versionSuffix () =
    use hash = IncrementalHash.CreateHash HashAlgorithmName.SHA256

    for path in packageSources () do
        hash.AppendData(Encoding.UTF8.GetBytes(Path.GetRelativePath(root, path) + "\n"))
        hash.AppendData(SHA256.HashData(File.ReadAllBytes path))

    "dev-" + Convert.ToHexStringLower(hash.GetHashAndReset()).Substring(0, 12)

let private librariesIn folder =
    Directory.GetFiles(inRoot $"artifacts/{folder}", "*.dll")
    |> Array.map (fun path -> Path.GetFileName path)
    |> Array.filter (fun name -> name <> "FSharp.Core.dll") // FSI has its own.
    |> Array.sort
    |> List.ofArray

/// `#load` these in a script or in FSI: they refer to the libraries just built, by path.
let private writeScripts () =
    let write (name: string) (lines: string list) =
        File.WriteAllLines(inRoot $"artifacts/{name}", lines)

    let libraries = librariesIn "lib"

    write
        "CoQuic.fsx"
        [ "// Written by `dotnet fsi build.fsx build`. Load it from a script, or in FSI: #load \"artifacts/CoQuic.fsx\";;"
          "#I \"lib\""
          for library in libraries do
              $"#r \"{library}\"" ]

    write
        "CoQuic.Testing.fsx"
        [ "// Written by `dotnet fsi build.fsx build`: all of CoQuic.fsx, and CoQuic.Testing with FsCheck and Expecto."
          "#load \"CoQuic.fsx\""
          "#I \"testing\""
          for library in librariesIn "testing" |> List.except libraries do
              $"#r \"{library}\"" ]

let build configuration =
    restore ()
    compile "build/Product.slnf" configuration
    heading "packages and programs"

    run
        "dotnet"
        [ "msbuild"
          "build/Artifacts.proj"
          "-nologo"
          "-v:quiet"
          "-m"
          $"-p:Configuration={configuration}"
          $"-p:VersionSuffix={versionSuffix ()}" ]

    writeScripts ()

    printfn
        "artifacts/packages, artifacts/CoQuic.fsx, artifacts/perf/coquic-fsharp-perf, artifacts/peers/coquic-interop"
