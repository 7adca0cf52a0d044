module CoQuic.Packages.Tests.SolutionTests

open System
open System.IO
open Expecto

let private projectsIn folder =
    let path = Path.Combine(Repository.root, folder)

    if Directory.Exists path then
        [ for extension in [ "*.csproj"; "*.fsproj" ] do
              yield! Directory.GetFiles(path, extension, SearchOption.AllDirectories) ]
        |> List.map (fun project -> Path.GetRelativePath(Repository.root, project).Replace('/', '\\'))
    else
        []

let private read path =
    File.ReadAllText(Path.Combine(Repository.root, path))

let private missing (text: string) projects =
    projects
    |> List.filter (fun (project: string) -> not (text.Contains(project, StringComparison.Ordinal)))

[<Tests>]
let tests =
    testList
        "the solution"
        [ testCase "names every project"
          <| fun () ->
              let projects = [ "src"; "tests"; "examples"; "native" ] |> List.collect projectsIn
              Expect.isEmpty (missing (read "CoQuic.FSharp.sln") projects) "no project is missing"

          testCase "has a filter for the product that names every project of src"
          <| fun () ->
              let projects =
                  projectsIn "src" |> List.map (fun project -> project.Replace("\\", "\\\\"))

              Expect.isEmpty (missing (read "build/Product.slnf") projects) "no project is missing"

          testCase "has every F# file of a project's folder in that project"
          <| fun () ->
              let unlisted =
                  [ for project in [ "src"; "tests"; "examples" ] |> List.collect projectsIn do
                        let project = Path.Combine(Repository.root, project.Replace('\\', '/'))
                        let folder = (FileInfo project).DirectoryName |> nonNull
                        let content = (File.ReadAllText project).Replace('\\', '/')

                        for file in Directory.GetFiles(folder, "*.fs", SearchOption.AllDirectories) do
                            let path = Path.GetRelativePath(folder, file)

                            let isBuilt =
                                path.StartsWith("obj/", StringComparison.Ordinal)
                                || path.StartsWith("bin/", StringComparison.Ordinal)

                            if not (isBuilt || content.Contains($"\"{path}\"", StringComparison.Ordinal)) then
                                path ]

              Expect.isEmpty unlisted "no file is left out" ]
