module CoQuic.Packages.Tests.ArchitectureTests

open System
open System.IO
open System.Reflection
open Expecto
open CoQuic.Packages.Tests.ArchitectureRules

/// This very assembly, under another name: it reads files, starts processes, prints, and is written in F#.
let private thisAssemblyAs name =
    use file = File.OpenRead(Assembly.GetExecutingAssembly().Location)
    { read file with Name = name }

let private nothing =
    { Name = "CoQuic.Interop"
      Assemblies = Set.empty
      Types = Set.empty
      Members = Set.empty }

[<Tests>]
let tests =
    testList
        "architecture"
        [ testCase "references point down, nothing banned is used below the runtime, and C# never sees FSharp.Core"
          <| fun () ->
              let assemblies = Repository.packages () |> List.collect readPackage
              Expect.hasLength assemblies 6 "an assembly of ours in each package"
              Expect.isEmpty (assemblies |> List.collect (faults (banned ()))) "no fault"

          testCase "a banned symbol below the runtime is noticed"
          <| fun () ->
              printf "" // Makes this assembly use what F# prints with.
              let uses = thisAssemblyAs "CoQuic.FSharp"
              let found = faults (banned ()) uses
              Expect.contains found (Banned("CoQuic.FSharp", Type "System.IO.File")) "a type"
              Expect.contains found (Banned("CoQuic.FSharp", Type "System.IO.Directory")) "another type"

              // The optimiser puts F#'s printing where it is called, and System.Console comes to light.
              let printing =
                  [ Type "System.Console"
                    Member "Microsoft.FSharp.Core.ExtraTopLevelOperators.PrintFormat" ]

              let isPrinting fault =
                  printing |> List.exists (fun symbol -> fault = Banned("CoQuic.FSharp", symbol))

              Expect.exists found isPrinting "printing"

          testCase "a banned property or method is noticed"
          <| fun () ->
              let symbols =
                  set
                      [ parseBanned "P:System.AppContext.BaseDirectory;a reason"
                        parseBanned "M:System.IO.Stream.CopyTo(System.IO.Stream);a reason" ]

              let expected =
                  [ Member "System.AppContext.get_BaseDirectory"
                    Member "System.IO.Stream.CopyTo" ]

              Expect.equal (bannedUses symbols (thisAssemblyAs "CoQuic.FSharp")) expected "both are used here"

          testCase "a reference that points up is noticed"
          <| fun () ->
              let uses =
                  { nothing with
                      Assemblies = set [ "CoQuic.Engine"; "CoQuic.Runtime" ] }

              Expect.equal (faults Set.empty uses) [ PointsUp("CoQuic.Interop", "CoQuic.Runtime") ] "the runtime"

          testCase "an engine that refers to FSharp.Core is noticed"
          <| fun () ->
              let found = faults Set.empty (thisAssemblyAs "CoQuic.Engine")
              Expect.contains found (KnowsFSharp "CoQuic.Engine") "FSharp.Core"

          testCase "every line of BannedSymbols.txt gives its reason"
          <| fun () ->
              let lines = File.ReadAllLines(Path.Combine(Repository.root, "BannedSymbols.txt"))

              for line in lines do
                  let parts = line.Split(';', 2)
                  Expect.isTrue (parts.Length = 2 && parts[1].Trim().Length > 10) $"a reason in '{line}'"
                  Expect.isTrue (line.StartsWith("T:", StringComparison.Ordinal) || line[1] = ':') "a kind of symbol" ]
