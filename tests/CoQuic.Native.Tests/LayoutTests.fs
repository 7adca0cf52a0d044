/// Sizes, offsets and numbers: what native/abi/*.tsv says, what a C compiler makes of the header, and what C# makes of the structs.
module CoQuic.Native.Tests.LayoutTests

open System
open System.Diagnostics
open System.IO
open System.Runtime.InteropServices
open System.Text
open Expecto
open CoQuic.Abi
open CoQuic.Native
open CoQuic.Tests

let rec private repositoryAbove (folder: string) =
    if File.Exists(Path.Combine(folder, "CoQuic.FSharp.sln")) then
        folder
    else
        repositoryAbove ((Directory.GetParent folder |> nonNull).FullName)

let repository = repositoryAbove AppContext.BaseDirectory

/// A struct or one of its fields: C names, offset and size in bytes. The struct itself has the field `-`.
type private Place =
    { Struct: string
      Field: string
      Offset: int
      Size: int }

let private table name =
    File.ReadAllLines(Path.Combine(repository, "native", "abi", name))
    |> Array.map (fun line -> line.Split '\t')
    |> List.ofArray

let private reference =
    lazy
        [ for cells in table "layout.tsv" ->
              { Struct = cells[0]
                Field = cells[1]
                Offset = int cells[2]
                Size = int cells[3] } ]

/// Runs a program and returns what it wrote; a failure fails the test.
let runProgram (program: string) (arguments: string list) =
    let start =
        ProcessStartInfo(program, arguments, RedirectStandardOutput = true, RedirectStandardError = true)

    use child = Process.Start start |> nonNull
    let errors = child.StandardError.ReadToEndAsync()
    let text = child.StandardOutput.ReadToEnd()
    child.WaitForExit()
    Expect.equal child.ExitCode 0 $"{program} succeeds: {errors.Result}"
    text

/// Skips where there is no C compiler.
let needCompiler () =
    if not (Capability.hasProgram "cc") then
        Capability.missing "cc" "there is no C compiler"

/// Compiles a C program against the header, runs it, and returns what it wrote.
let private runC (body: string) =
    needCompiler ()
    let folder = Directory.CreateTempSubdirectory("coquic-layout-").FullName

    try
        let source = Path.Combine(folder, "print.c")
        let program = Path.Combine(folder, "print")

        File.WriteAllText(
            source,
            "#include <stdio.h>\n#include \"coquic/ffi/core.h\"\nint main(void) {\n"
            + body
            + "return 0;\n}\n"
        )

        let includes = Path.Combine(repository, "native", "include")

        runProgram
            "cc"
            [ "-std=c99"
              "-Wall"
              "-Wextra"
              "-Werror"
              "-pedantic"
              "-I"
              includes
              source
              "-o"
              program ]
        |> ignore

        runProgram program []
    finally
        Directory.Delete(folder, true)

let private describe place =
    $"{place.Struct} {place.Field} {place.Offset} {place.Size}"

let private printPlace place =
    if place.Field = "-" then
        $"    printf(\"{place.Struct} - 0 %%zu\\n\", sizeof({place.Struct}));\n"
    else
        $"    printf(\"{place.Struct} {place.Field} %%zu %%zu\\n\", offsetof({place.Struct}, {place.Field}), sizeof((({place.Struct} *)0)->{place.Field}));\n"

/// A C name as it is in C#: `coquic_bytes_view_t` is CoquicBytesView.
let private pascal (name: string) =
    let text = StringBuilder()

    for part in name.Split('_', StringSplitOptions.RemoveEmptyEntries) do
        text.Append(Char.ToUpperInvariant part[0]).Append(part.Substring 1) |> ignore

    text.ToString()

let private typeOf (structName: string) =
    let name = "CoQuic.Abi." + pascal (structName.Substring(0, structName.Length - 2))

    match typeof<CoquicEffect>.Assembly.GetType name with
    | null -> failtest $"there is no {name}"
    | found -> found

/// Where C# puts what a row of the table is about. The members of a union have no `as` before them.
let private managedPlace place =
    let owner = typeOf place.Struct

    if place.Field = "-" then
        { place with
            Offset = 0
            Size = Marshal.SizeOf owner }
    else
        let name = pascal (place.Field.Replace("as.", ""))

        match owner.GetField name with
        | null -> failtest $"{owner.Name} has no {name}"
        | field ->
            let size =
                if field.FieldType.IsPointer then
                    8
                elif field.FieldType.IsEnum then
                    Marshal.SizeOf(Enum.GetUnderlyingType field.FieldType)
                else
                    Marshal.SizeOf field.FieldType

            { place with
                Offset = int (Marshal.OffsetOf(owner, name))
                Size = size }

[<Tests>]
let tests =
    testList
        "C ABI layouts"
        [ testCase "the header's structs have the reference's sizes and offsets"
          <| fun () ->
              let expected = reference.Value |> List.map describe

              let actual = runC (reference.Value |> List.map printPlace |> String.concat "")

              Expect.equal (List.ofArray (actual.TrimEnd().Split '\n')) expected "every row"

          testCase "the structs of C# have them too"
          <| fun () ->
              let rows = reference.Value |> List.filter (fun place -> place.Field <> "as")
              Expect.equal (rows |> List.map managedPlace) rows "every row"

          testCase "every struct of C# is one of the header's"
          <| fun () ->
              let known =
                  reference.Value
                  |> List.map (fun place -> pascal (place.Struct.Substring(0, place.Struct.Length - 2)))
                  |> set

              let ours =
                  typeof<CoquicEffect>.Assembly.GetTypes()
                  |> Array.filter (fun found ->
                      found.Namespace = "CoQuic.Abi"
                      && found.IsValueType
                      && not found.IsEnum
                      && not found.IsNested)
                  |> Array.map _.Name
                  |> set

              Expect.equal ours known "the same"

          testCase "the header's constants have the reference's numbers"
          <| fun () ->
              let rows = table "constants.tsv"

              let body =
                  rows
                  |> List.map (fun cells -> $"    printf(\"{cells[0]} %%u\\n\", (unsigned){cells[0]});\n")
                  |> String.concat ""

              let expected = rows |> List.map (fun cells -> $"{cells[0]} {cells[1]}")
              Expect.equal (List.ofArray ((runC body).TrimEnd().Split '\n')) expected "every row"

          testCase "a struct that is laid out otherwise is noticed"
          <| fun () ->
              let wrong =
                  { List.head reference.Value with
                      Size = 17 }

              Expect.notEqual (managedPlace wrong) wrong "the check can fail"

          testCase "the exports are the header's functions, under their names"
          <| fun () ->
              let exported =
                  [ for method in typeof<Exports>.GetMethods() do
                        for data in method.GetCustomAttributesData() do
                            for argument in data.NamedArguments do
                                if argument.MemberName = "EntryPoint" then
                                    string argument.TypedValue.Value ]

              let functions = table "functions.txt" |> List.map Array.head
              Expect.equal (List.sort exported) (List.sort functions) "44 of them"
              Expect.equal exported.Length 44 "each once" ]
