/// Formatting: fantomas for F#, the SDK's own formatter for the whitespace of C#. The compiler checks C#'s style.
module CoQuic.Build.Format

open System.IO
open CoQuic.Build.Shell

let private fsharp () =
    [ "build.fsx"; "build"; "src"; "tests"; "examples" ]
    |> List.filter (fun path -> File.Exists(inRoot path) || Directory.Exists(inRoot path))

let private csharp check =
    [ "format"
      "whitespace"
      "."
      "--folder"
      "--include"
      "src/"
      "native/"
      "tests/" ]
    @ if check then [ "--verify-no-changes" ] else []

/// Writes every file as the formatters want it.
let write () =
    heading "format"
    run "dotnet" ("fantomas" :: fsharp ())
    run "dotnet" (csharp false)

/// Whether the formatters would change nothing.
let isClean () =
    heading "format --check"
    let fsharpStatus = status [] "dotnet" ([ "fantomas"; "--check" ] @ fsharp ())
    let csharpStatus = status [] "dotnet" (csharp true)
    fsharpStatus = 0 && csharpStatus = 0

let check () =
    if not (isClean ()) then
        stop "Some files are not formatted: `dotnet fsi build.fsx format` formats them."
