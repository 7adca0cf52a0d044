/// The native library: CoQuic.Native compiled ahead of time, and what C programs need to find it.
module CoQuic.Build.Native

open System
open System.IO
open System.Runtime.InteropServices
open System.Runtime.Intrinsics.X86
open CoQuic.Build.Shell

let folder = inRoot "artifacts/native"
let private project = "native/CoQuic.Native/CoQuic.Native.csproj"
let private name = "coquic-managed"

/// The library, if it was made.
let library = Path.Combine(folder, $"lib{name}.so")

/// The names under which CoQUIC's own libraries are known: bindings link one of them.
let otherNames = [ "quictls"; "boringssl" ]

/// An ahead-of-time compiler needs a linker.
let canBeMade = OperatingSystem.IsLinux() && hasProgram "cc"

/// What this machine has, the library may use without asking: vectors of 256 bits make it a tenth faster. Any machine of x86-64-v2
/// runs a portable one.
let private instructionSet isPortable =
    if
        not isPortable
        && Avx2.IsSupported
        && Bmi2.IsSupported
        && Fma.IsSupported
        && Lzcnt.IsSupported
    then
        [ "-p:IlcInstructionSet=x86-64-v3" ]
    else
        []

let private publish isPortable (target: string) =
    let arguments =
        [ "publish"
          project
          "-c"
          "Release"
          "-r"
          RuntimeInformation.RuntimeIdentifier
          "-p:PublishNative=true"
          // Objects of their own: the ordinary build knows nothing of runtime identifiers, nor does one for other machines serve.
          "--artifacts-path"
          Path.Combine(folder, (if isPortable then "build-portable" else "build"))
          "-o"
          target
          "-nologo"
          "-v:quiet" ]

    run "dotnet" (arguments @ instructionSet isPortable)

/// Puts a file in its place at once: programs that have the old one open, or run it, keep that.
let private put (target: string) (write: string -> unit) =
    let fresh = target + ".new"
    write fresh
    File.Move(fresh, target, overwrite = true)

let private copy (source: string) (target: string) =
    put target (fun fresh -> File.Copy(source, fresh, overwrite = true))

let private packageVersion () =
    Text.RegularExpressions.Regex
        .Match(File.ReadAllText(inRoot "Directory.Build.props"), "<VersionPrefix>(.*)</VersionPrefix>")
        .Groups[1].Value

let private write (path: string) (lines: string list) =
    let path = Path.Combine(folder, path)
    Directory.CreateDirectory((Path.GetDirectoryName path)) |> ignore
    put path (fun fresh -> File.WriteAllText(fresh, String.Join("\n", lines) + "\n"))

// Package files find library and header from where they lie themselves, so that the folder can be moved.

let private writePkgConfig (name: string) =
    write
        $"pkgconfig/{name}.pc"
        [ "libdir=${pcfiledir}/.."
          "includedir=${pcfiledir}/../include"
          ""
          $"Name: {name}"
          "Description: QUIC with the CoQUIC C ABI, from the managed engine of CoQuic.FSharp"
          $"Version: {packageVersion ()}"
          "Cflags: -I${includedir}"
          $"Libs: -L${{libdir}} -l{name}" ]

let private writeCMake () =
    write
        $"cmake/{name}-config.cmake"
        [ $"# find_package({name}) defines coquic::managed; the folder is given by {name}_DIR or CMAKE_PREFIX_PATH."
          "if(NOT TARGET coquic::managed)"
          "  add_library(coquic::managed SHARED IMPORTED)"
          "  set_target_properties(coquic::managed PROPERTIES"
          $"    IMPORTED_LOCATION \"${{CMAKE_CURRENT_LIST_DIR}}/../lib{name}.so\""
          "    IMPORTED_NO_SONAME TRUE"
          "    INTERFACE_INCLUDE_DIRECTORIES \"${CMAKE_CURRENT_LIST_DIR}/../include\")"
          "endif()" ]

let private copyHeaders () =
    let source = inRoot "native/include"

    for file in Directory.GetFiles(source, "*.h", SearchOption.AllDirectories) do
        let target = Path.Combine(folder, "include", Path.GetRelativePath(source, file))
        Directory.CreateDirectory((Path.GetDirectoryName target)) |> ignore
        copy file target

/// The library under another name, for what links that name or asks pkg-config for it.
let private link (other: string) =
    if not (List.contains other otherNames) then
        let known = String.Join(", ", otherNames)
        stop $"native knows the names {known}, not '{other}'."

    let path = Path.Combine(folder, $"libcoquic-{other}.so")
    File.Delete(path + ".new")
    put path (fun fresh -> File.CreateSymbolicLink(fresh, Path.GetFileName library) |> ignore)
    writePkgConfig $"coquic-{other}"

/// Makes library, header and package files in artifacts/native, and links under other names.
let makeFor isPortable (others: string list) =
    if not canBeMade then
        stop "The native library is made on Linux, and needs a C compiler (cc) to link."

    heading "native library"
    let published = Path.Combine(folder, "publish")
    publish isPortable published
    copy (Path.Combine(published, "CoQuic.Native.so")) library
    copyHeaders ()
    writePkgConfig name
    writeCMake ()
    others |> List.iter link
    printfn $"artifacts/native: lib{name}.so, include/, pkgconfig/, cmake/"

/// As `makeFor` this machine.
let make others = makeFor false others
