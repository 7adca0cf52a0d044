module CoQuic.Packages.Tests.ComplianceTests

open System.IO
open Expecto
open CoQuic.Tests
open CoQuic.Packages.Tests.ComplianceRules

/// Rules that one test may prove at most: a test that proves everything proves nothing.
let private rowsPerTest = 5

let private counted rows =
    rows |> List.countBy (fun row -> row.Rfc, row.Section) |> Map.ofList

[<Tests>]
let tests =
    testList
        "compliance"
        [ testCase "every section has as many rows as rules, numbered from 1"
          <| fun () ->
              let rows = rows ()
              Expect.equal (counted rows) (Map.ofList (pinnedCounts ())) "rows by section"

              for section, own in List.groupBy (fun row -> row.Rfc, row.Section) rows do
                  Expect.equal (List.map _.Ordinal own) [ 1 .. own.Length ] $"{section}"

          testCase "the pinned counts are those of the RFCs' texts"
          <| fun () ->
              match textFolder with
              | Some folder ->
                  Golden.hold
                      "docs/compliance-counts.txt"
                      [ for (rfc, section), count in countedIn folder -> $"{rfc} {section} {count}" ]
              | None -> Capability.missing "rfc-texts" "the texts of the RFCs are not beside this repository"

          testCase "every code that is named exists"
          <| fun () ->
              let missing =
                  [ for row in rows () do
                        match row.Proof with
                        | Test _ when not (codeExists row.Code) -> $"{row.Id}: {row.Code}"
                        | _ -> () ]

              Expect.isEmpty missing "code"

          testCase "every test that is named exists"
          <| fun () ->
              let missing =
                  [ for row in rows () do
                        match row.Proof with
                        | Test(file, name) when not (testExists file name) -> $"{row.Id}: {file}: {name}"
                        | _ -> () ]

              Expect.isEmpty missing "tests"

          testCase "no test proves more than five rules"
          <| fun () ->
              let overworked =
                  rows ()
                  |> List.choose (fun row ->
                      match row.Proof with
                      | Test(file, name) -> Some(file, name)
                      | _ -> None)
                  |> List.countBy id
                  |> List.filter (fun (_, count) -> count > rowsPerTest)

              Expect.isEmpty overworked "tests"

          testCase "every rule is said in words of ours, and no reason is empty"
          <| fun () ->
              for row in rows () do
                  Expect.isGreaterThan row.Rule.Length 5 row.Id
                  Expect.isFalse (row.Rule.Contains "MUST") $"{row.Id} says what we do"

                  match row.Proof with
                  | Reason reason
                  | Open reason -> Expect.isNotEmpty reason row.Id
                  | Test _ -> ()

          testCase
              "each of the twenty rules that are broken on purpose has a test, and what is edited stands once in its file"
          <| fun () ->
              let proved =
                  set
                      [ for row in rows () do
                            match row.Proof with
                            | Test _ -> row.Id
                            | Reason _
                            | Open _ -> () ]

              Expect.hasLength CoQuic.Build.Mutations.all 20 "twenty"

              for mutation in CoQuic.Build.Mutations.all do
                  Expect.isTrue (proved.Contains mutation.Row) mutation.Row

                  let source =
                      File.ReadAllText(Path.Combine(Repository.root, "src", "CoQuic.Engine", mutation.File))

                  Expect.equal (source.Split(mutation.Find).Length - 1) 1 $"{mutation.Row}: `{mutation.Find}`"

          testCase "the check notices what does not exist"
          <| fun () ->
              Expect.isTrue (codeExists "FrameRules") "a type that exists"
              Expect.isFalse (codeExists "FrameRulez") "one that does not"
              Expect.isTrue (testExists "ComplianceTests" "every test that is named exists") "a test that exists"

              Expect.isFalse
                  (testExists "ComplianceTests" ("every test that is named " + "existed"))
                  "one that does not"

              Expect.isFalse (testExists "NoTests" "every test that is named exists") "a module that does not" ]
