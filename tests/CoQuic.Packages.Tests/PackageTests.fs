module CoQuic.Packages.Tests.PackageTests

open Expecto
open CoQuic.Packages.Tests.PackageRules

let private manifest id dependencies =
    let lines =
        [ for name, range in dependencies -> $"""<dependency id="{name}" version="{range}" />""" ]

    let all = System.String.Join("\n", lines)

    parse
        $"""<package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd"><metadata><id>{id}</id>
            <version>1.2.3</version><dependencies><group targetFramework="net10.0">{all}</group></dependencies>
            </metadata></package>"""

/// A manifest with one dependency that the rules refuse, and the fault to be found.
let private refused name id dependency range fault =
    testCase name
    <| fun () ->
        let package =
            manifest id [ dependency, range; "BouncyCastle.Cryptography", "[2.7.0, 3.0.0)" ]

        Expect.equal (faults package) [ fault (id, { Id = dependency; Range = range }) ] "this fault and no other"

[<Tests>]
let tests =
    testList
        "packages"
        [ testCase "all six are there, in one version"
          <| fun () ->
              let packages = Repository.packages () |> List.map read

              let expected =
                  [ "Engine"; "FSharp"; "Interop"; "Perf"; "Runtime"; "Testing" ]
                  |> List.map (fun name -> "CoQuic." + name)

              Expect.equal (packages |> List.map _.Id |> List.sort) expected "their names"
              Expect.hasLength (packages |> List.distinctBy _.Version) 1 "their version"

          testCase "none has a dependency that the rules refuse"
          <| fun () ->
              let found = Repository.packages () |> List.collect (read >> faults)
              Expect.isEmpty found "no fault"

          testList
              "the rules refuse"
              [ refused "an exact third-party range" "CoQuic.FSharp" "FSharp.Core" "[10.1.401]" ExactThirdPartyRange
                refused
                    "an exact third-party range with two ends"
                    "CoQuic.FSharp"
                    "FSharp.Core"
                    "[10.1.401, 10.1.401]"
                    ExactThirdPartyRange
                refused "a sibling that may be newer" "CoQuic.FSharp" "CoQuic.Interop" "1.2.3" InexactSibling
                refused "a sibling of another version" "CoQuic.FSharp" "CoQuic.Interop" "[1.2.4]" InexactSibling
                refused
                    "an analyzer"
                    "CoQuic.Engine"
                    "Microsoft.CodeAnalysis.BannedApiAnalyzers"
                    "[5.6.0, 6.0.0)"
                    AnalyzerDependency
                refused
                    "a test framework outside CoQuic.Testing"
                    "CoQuic.Runtime"
                    "FsCheck"
                    "[3.6.0, 4.0.0)"
                    TestFrameworkDependency ]

          testCase "the rules accept ranges, exact siblings, and a test framework in CoQuic.Testing"
          <| fun () ->
              let package =
                  manifest
                      "CoQuic.Testing"
                      [ "CoQuic.FSharp", "[1.2.3]"
                        "FSharp.Core", "[10.0.111, 11.0.0)"
                        "Expecto", "11.1.1"
                        "FsCheck", "[3.6.0, 4.0.0)" ]

              Expect.isEmpty (faults package) "no fault" ]
