/// Every numbered example runs as it stands, against what `build` left in artifacts/.
module CoQuic.Packages.Tests.ExampleTests

open System.IO
open Expecto

let private examples =
    Directory.GetFiles(Path.Combine(Repository.root, "examples"), "*.fsx")
    |> Array.sort
    |> List.ofArray

/// The README's example is the script, from its first `open` to its end.
let private body (script: string) =
    File.ReadAllText script
    |> fun text -> text.Substring(text.IndexOf "open System.IO")

[<Tests>]
let tests =
    testList
        "examples"
        [ for example in examples do
              testCase $"{Path.GetFileName example} runs"
              <| fun () ->
                  let outcome = Programs.run Repository.root [] "dotnet" [ "fsi"; "--quiet"; example ]
                  Expect.equal outcome.Status 0 $"it succeeds, but said:\n{outcome.Output}"
                  Expect.isNotEmpty (outcome.Output.Trim()) "it says what it does"

          testCase "the README shows the first example as it is"
          <| fun () ->
              let readme = File.ReadAllText(Path.Combine(Repository.root, "README.md"))
              Expect.stringContains readme ((body examples.Head).Trim()) "the script's text" ]
