/// Breaks the rules of `Mutations` one at a time, in a copy of the sources, and sees that the test which docs/compliance.md names for
/// the rule fails.
module CoQuic.Build.Mutate

open System
open System.IO
open CoQuic.Build.Shell

let private engine = "src/CoQuic.Engine"
let private program = "tests/CoQuic.Engine.Tests"

/// A mutant that never ends has been noticed too.
let private patience = TimeSpan.FromMinutes 2.0

/// The test of a row: what stands behind the module's name in the last cell.
let private testOf (row: string) =
    let found =
        File.ReadLines(inRoot "docs/compliance.md")
        |> Seq.tryFind (fun line -> line.StartsWith($"| {row} |", StringComparison.Ordinal))

    match found with
    | None -> stop $"docs/compliance.md has no row {row}."
    | Some line ->
        let cells = line.Split '|'

        match cells[4].Trim().Split(": ", 2) with
        | [| _; name |] -> name
        | _ -> stop $"The row {row} names no test."

let private copyTo (folder: string) =
    let _, files = runQuiet [] patience "git" [ "ls-files" ]

    for file in files do
        let target = Path.Combine(folder, file)
        let source = inRoot file

        if File.Exists source then
            Path.GetDirectoryName target |> string |> Directory.CreateDirectory |> ignore
            File.Copy(source, target)

let private compile (folder: string) (project: string) (more: string list) =
    let arguments =
        [ "build"
          Path.Combine(folder, project)
          "-c"
          "Checked"
          "-v"
          "q"
          "--nologo" ]
        @ more

    match runQuiet [] (TimeSpan.FromMinutes 20.0) "dotnet" arguments with
    | Some 0, _ -> ()
    | _, lines -> stop (String.Join("\n", $"{project} does not compile:" :: lines))

/// Whether the tests of that name pass on what was compiled last.
let private passes (folder: string) (name: string) =
    let tests =
        Path.Combine(folder, program, "bin", "Checked", "net10.0", "CoQuic.Engine.Tests.dll")

    let compiled =
        Path.Combine(folder, engine, "bin", "Checked", "net10.0", "CoQuic.Engine.dll")

    File.Copy(compiled, Path.Combine(Path.GetDirectoryName tests |> string, "CoQuic.Engine.dll"), true)
    fst (runQuiet [ ("COQUIC_TEST_FILTER", name) ] patience "dotnet" [ tests ]) = Some 0

/// The engine alone is compiled for a mutant, without the rules of style.
let private compileMutant folder =
    compile folder engine [ "--no-restore"; "-p:RunAnalyzers=false"; "-p:TreatWarningsAsErrors=false" ]

let private isNoticed folder (mutation: Mutations.Mutation) =
    let file = Path.Combine(folder, engine, mutation.File)
    let text = File.ReadAllText file

    if text.Split(mutation.Find).Length <> 2 then
        stop
            $"`{mutation.Find}` does not stand once in {mutation.File}: the edit for {mutation.Row} has to follow the sources."

    File.WriteAllText(file, text.Replace(mutation.Find, mutation.Put))

    try
        compileMutant folder
        not (passes folder (testOf mutation.Row))
    finally
        File.WriteAllText(file, text)

/// Breaks each rule, says which test noticed, and returns the figures; stops where one did not.
let run () =
    withTemporaryFolder "coquic-mutants-" (fun folder ->
        copyTo folder
        compile folder program []

        for mutation in Mutations.all do
            if not (passes folder (testOf mutation.Row)) then
                stop $"The test of {mutation.Row} fails before anything is broken."

        let unnoticed =
            [ for mutation in Mutations.all do
                  let noticed = isNoticed folder mutation
                  let verdict = if noticed then "noticed" else "NOT NOTICED"
                  printfn $"%-16s{mutation.Row}%-12s{verdict}{testOf mutation.Row}"

                  if not noticed then
                      mutation.Row ]

        match unnoticed with
        | [] ->
            [ "rules_broken", float Mutations.all.Length
              "noticed", float Mutations.all.Length ]
        | rows ->
            let names = String.Join(", ", rows)
            stop $"Nothing notices that these rules are broken: {names}.")
