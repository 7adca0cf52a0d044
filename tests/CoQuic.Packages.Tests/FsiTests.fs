/// What F# Interactive prints of public values, without anything registered: short, readable, and pinned.
module CoQuic.Packages.Tests.FsiTests

open System
open System.Diagnostics
open System.IO
open Expecto
open CoQuic.Tests

let private folder = "tests/CoQuic.Packages.Tests"

/// Pipes a session's lines into F# Interactive.
let private converse (session: string) =
    let info =
        ProcessStartInfo(
            "dotnet",
            [ "fsi"; "--nologo"; "--readline-" ],
            WorkingDirectory = Repository.root,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        )

    use child = Process.Start info |> nonNull
    let output = child.StandardOutput.ReadToEndAsync()
    let errors = child.StandardError.ReadToEndAsync()
    child.StandardInput.Write session
    child.StandardInput.Close()

    if not (child.WaitForExit(TimeSpan.FromMinutes 4.0)) then
        child.Kill true

    output.Result + errors.Result

/// What was printed once everything was loaded, without prompts.
let private printed (output: string) =
    let lines = output.Replace("\r", "").Split('\n') |> Array.map _.TrimEnd()

    let loaded =
        lines
        |> Array.tryFindIndex (fun line -> line.StartsWith("> > val", StringComparison.Ordinal))

    lines
    |> Array.skip (loaded |> Option.defaultValue 0)
    |> Array.map (fun line ->
        let mutable rest = line

        while rest.StartsWith("> ", StringComparison.Ordinal) do
            rest <- rest.Substring 2

        rest)
    |> Array.filter (fun line -> line <> "" && line <> ">")
    |> List.ofArray

let private widest = 120

[<Tests>]
let tests =
    testSequenced
    <| testList
        "F# Interactive"
        [ testCase "prints a value of each public type in a short and readable form"
          <| fun () ->
              let session = File.ReadAllText(Path.Combine(Repository.root, folder, "session.txt"))
              let lines = printed (converse session)

              for line in lines do
                  Expect.isLessThanOrEqual line.Length widest $"at most {widest} columns: {line}"

              Golden.hold $"{folder}/Golden/session.txt" lines

          testCase "is asked for a value of each type that people meet"
          <| fun () ->
              let output =
                  File.ReadAllText(Path.Combine(Repository.root, folder, "Golden", "session.txt"))

              Repository.inTemporaryFolder (fun folder ->
                  let missing =
                      [ for packed in PackageAssemblies.load folder do
                            if packed.Package = "CoQuic.FSharp" then
                                for kind in packed.Assembly.GetExportedTypes() do
                                    if FsiTypes.isMet kind && not (FsiTypes.isShown output kind) then
                                        kind.Name ]

                  Expect.isEmpty missing "a value of each is in session.txt") ]
