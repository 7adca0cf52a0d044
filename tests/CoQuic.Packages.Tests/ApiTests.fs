module CoQuic.Packages.Tests.ApiTests

open System.Reflection
open Expecto
open CoQuic.Tests

/// Stands for a public type of a package.
type Specimen = { Field: int }

[<Tests>]
let tests =
    testList
        "the public API"
        [ testCase "of each package is what its file in api/ says (`dotnet fsi build.fsx api --accept` rewrites it)"
          <| fun () ->
              Repository.inTemporaryFolder (fun folder ->
                  for packed in PackageAssemblies.load folder do
                      Golden.hold $"api/{packed.Package}.txt" (ApiSurface.lines packed.Assembly))

          testCase "is printed with every type, field and method"
          <| fun () ->
              let lines = ApiSurface.lines (Assembly.GetExecutingAssembly())

              let isLine beginning =
                  List.exists (fun (line: string) -> line.StartsWith(beginning: string)) lines

              Expect.isTrue (isLine "record CoQuic.Packages.Tests.ApiTests.Specimen") "a record"

              Expect.isTrue
                  (isLine "  P:CoQuic.Packages.Tests.ApiTests.Specimen.Field: System.Int32")
                  "its field with its type"

              Expect.isTrue (isLine "  M:CoQuic.Packages.Tests.ApiSurface.lines(") "a function" ]
