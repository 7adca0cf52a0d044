module CoQuic.Runtime.Tests.SampleTests

open System.IO
open System.Net.Quic
open System.Threading.Tasks
open Expecto
open CoQuic.Tests
open CoQuic.Runtime.Tests.ConnectionKit

/// Lines of code that one file has and the other does not, names of types that say whose they are apart.
let private differences (one: string) (other: string) =
    let lines (name: string) =
        File.ReadAllLines name
        |> Array.map _.Trim()
        |> Array.filter (fun line -> line.Length > 1)
        |> List.ofArray

    let others = lines other
    lines one |> List.filter (fun line -> not (List.contains line others))

let private source name =
    Path.Combine(Golden.root.Value, "examples", "CoQuic.Sample", name)

let private echoes name (echo: unit -> Task<string>) =
    testCaseTask $"the sample's text comes back over {name}"
    <| fun () ->
        task {
            let! answer = inTime (echo ())
            Expect.equal answer "hello" "the text"
        }

[<Tests>]
let tests =
    testList
        "the C# sample"
        [ echoes "CoQuic.Runtime" (fun () ->
              CoQuic.Sample.OverCoQuic.EchoAsync("hello", ClassFaceTests.certificate.Value))

          echoes "System.Net.Quic" (fun () ->
              if not QuicListener.IsSupported then
                  Capability.missing "msquic" "System.Net.Quic finds no libmsquic"

              CoQuic.Sample.OverSystemNetQuic.EchoAsync("hello", ClassFaceTests.certificate.Value))

          testCase "a handful of its lines differ from what they are over System.Net.Quic"
          <| fun () ->
              let ours, theirs = source "OverCoQuic.cs", source "OverSystemNetQuic.cs"
              Expect.hasLength (differences ours theirs) 7 "ours alone"
              Expect.isLessThan (differences theirs ours).Length 20 "theirs alone" ]
