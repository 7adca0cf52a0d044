/// A real transfer between processes over loopback: examples/CoQuic.Demo, built and run.
module CoQuic.Build.Demo

open System.IO
open CoQuic.Build.Shell

/// Restores, builds, and runs the demo, with a file of its own unless one is given. The exit status is the demo's.
let run (file: string option) =
    let file = file |> Option.map (fun path -> Path.Combine(startedIn, path))

    match file with
    | Some path when not (File.Exists path) -> stop $"demo: there is no file '{path}'."
    | _ -> ()

    Product.restore ()
    Product.compile "examples/CoQuic.Demo/CoQuic.Demo.fsproj" "Release"
    heading "demo"
    let program = inRoot "examples/CoQuic.Demo/bin/Release/net10.0/coquic-demo.dll"
    status [] "dotnet" (program :: Option.toList file)
