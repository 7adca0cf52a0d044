module CoQuic.Packages.Tests.DocumentationTests

open System
open System.Collections.Generic
open System.Reflection
open System.Xml.Linq
open Expecto
open CoQuic.Packages.Tests.DocumentationRules

let private describe fault =
    match fault with
    | NoSummary id -> $"{id} has no summary"
    | NoUnit(id, parameter) -> $"{id}: the unit or range of {parameter} is not said"

/// A type without documentation; what is said of it below is false.
type Undocumented =
    { Number: int }

    member _.Wait(duration: int) = duration

let private inThisAssembly (docs: (string * string) list) =
    let found = Dictionary<string, XElement>()

    for id, xml in docs do
        found[id] <- XElement.Parse $"<member>{xml}</member>"

    faults found (Assembly.GetExecutingAssembly())
    |> List.map describe
    |> List.filter (fun fault -> fault.Contains "Undocumented")

[<Tests>]
let tests =
    testList
        "API documentation"
        [ testCase "every public member of every package has a summary, and every number and all bytes a unit or range"
          <| fun () ->
              Repository.inTemporaryFolder (fun folder ->
                  for packed in PackageAssemblies.load folder do
                      let found = faults (readXml packed.Xml) packed.Assembly |> List.map describe

                      Expect.isEmpty found $"""{packed.Package} is documented, but: {String.Join("\n", found)}""")

          testCase "a missing summary is noticed: of a type, a field, a method"
          <| fun () ->
              let found = inThisAssembly []
              Expect.exists found (fun fault -> fault.EndsWith "Undocumented has no summary") "the type"
              Expect.exists found (fun fault -> fault.Contains "Undocumented.Number has no summary") "the field"

              Expect.exists
                  found
                  (fun fault -> fault.Contains "Undocumented.Wait(System.Int32) has no summary")
                  "the method"

          testCase "a number without its unit is noticed"
          <| fun () ->
              let id =
                  $"M:{(nonNull typeof<Undocumented>.FullName).Replace('+', '.')}.Wait(System.Int32)"

              let isAbout fault =
                  (fault: string).Contains "the unit or range of duration"

              Expect.exists
                  (inThisAssembly [ id, "<summary>Waits.</summary><param name=\"duration\">For so long.</param>" ])
                  isAbout
                  "no unit"

              Expect.isFalse
                  (inThisAssembly [ id, "<summary>Waits.</summary><param name=\"duration\">Milliseconds.</param>" ]
                   |> List.exists isAbout)
                  "with its unit" ]
