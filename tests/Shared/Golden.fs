/// Files in the repository that pin what must not change by accident. COQUIC_TEST_ACCEPT=1 rewrites them with what is there.
module CoQuic.Tests.Golden

open System
open System.IO
open Expecto

let private isAccepting =
    Environment.GetEnvironmentVariable "COQUIC_TEST_ACCEPT" = "1"

let rec private above (folder: DirectoryInfo | null) =
    match folder with
    | null -> invalidOp "There is no CoQuic.FSharp.sln above this test program."
    | folder when File.Exists(Path.Combine(folder.FullName, "CoQuic.FSharp.sln")) -> folder.FullName
    | folder -> above folder.Parent

/// The folder of the repository: found from where this program is, since the compiler's paths are not those of this machine.
let root = lazy (above (DirectoryInfo AppContext.BaseDirectory))

/// The first line that differs, and both sides of it.
let difference (expected: string list) (actual: string list) : string option =
    let line lines index =
        lines |> List.tryItem index |> Option.defaultValue "(nothing)"

    seq { 0 .. max expected.Length actual.Length - 1 }
    |> Seq.tryFind (fun index -> line expected index <> line actual index)
    |> Option.map (fun index ->
        $"line {index + 1}\n  is pinned as  {line expected index}\n  but is now     {line actual index}")

/// Holds lines against a file of the repository, `path` from its root.
let hold (path: string) (lines: string list) : unit =
    let file = Path.Combine(root.Value, path)

    if isAccepting then
        file |> Path.GetDirectoryName |> nonNull |> Directory.CreateDirectory |> ignore

        File.WriteAllText(file, lines |> List.map (fun line -> line + "\n") |> String.concat "")
    else
        let pinned =
            if File.Exists file then
                List.ofArray (File.ReadAllLines file)
            else
                []

        match difference pinned lines with
        | None -> ()
        | Some difference ->
            failtest
                $"{path}: {difference}\nIf that is meant, run the test with COQUIC_TEST_ACCEPT=1, and commit the file."
