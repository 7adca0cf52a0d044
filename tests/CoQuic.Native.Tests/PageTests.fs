/// docs/abi.md against the tests of this program: every row that is promised is shown.
module CoQuic.Native.Tests.PageTests

open System
open System.IO
open System.Reflection
open Expecto

/// A row of the page's tables.
type private Row =
    { Id: string
      Sort: string
      Remark: string }

let private parse (line: string) =
    match line.Trim().Trim('|').Split '|' |> Array.map _.Trim() with
    | [| id; _; sort; remark |] when id <> "id" && not (id.StartsWith '-') ->
        Some
            { Id = id
              Sort = sort
              Remark = remark }
    | _ -> None

let private rows () =
    File.ReadAllLines(Path.Combine(LayoutTests.repository, "docs", "abi.md"))
    |> Array.choose parse
    |> List.ofArray

/// The ids with which tests of this program begin.
let private shown () =
    match Impl.testFromAssembly (Assembly.GetExecutingAssembly()) with
    | None -> Set.empty
    | Some tests ->
        Expecto.Test.toTestCodeList tests
        |> Seq.map (fun test -> (List.last test.name).Split(':')[0])
        |> Seq.filter (fun id -> id.Contains '-' && Char.IsDigit id[0])
        |> set

[<Tests>]
let tests =
    testList
        "docs/abi.md"
        [ testCase "sorts every row into contract, defect or free"
          <| fun () ->
              for row in rows () do
                  Expect.contains [ "contract"; "defect"; "free" ] row.Sort row.Id

                  if row.Sort <> "contract" then
                      Expect.isNotEmpty row.Remark $"{row.Id} says why, or what is done instead"

          testCase "has every id once"
          <| fun () ->
              let ids = rows () |> List.map _.Id
              Expect.isGreaterThan ids.Length 80 "the rows are read"
              Expect.equal (List.distinct ids) ids "once"

          testCase "has a test for every row of the contract"
          <| fun () ->
              let promised =
                  rows ()
                  |> List.filter (fun row -> row.Sort = "contract" && not (row.Remark.StartsWith "elsewhere:"))
                  |> List.map _.Id
                  |> set

              Expect.equal (Set.toList (Set.difference promised (shown ()))) [] "every promise is shown"

          testCase "knows every id that a test names"
          <| fun () ->
              let known = rows () |> List.map _.Id |> set
              Expect.equal (Set.toList (Set.difference (shown ()) known)) [] "every test is of a row" ]
