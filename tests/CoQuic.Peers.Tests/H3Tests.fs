module CoQuic.Peers.Tests.H3Tests

open System
open System.IO
open System.Threading.Tasks
open Expecto
open CoQuic.Peers
open CoQuic.Tests

let private pathOf (bytes: byte array) =
    H3.dialect.TryPath(ReadOnlyMemory bytes)

let private request path = H3.dialect.Request "localhost" path

/// The file in an answer.
let private fileOf (answer: byte array) =
    let file = new MemoryStream()

    let take (piece: ReadOnlyMemory<byte>) : Task =
        file.Write piece.Span
        Task.CompletedTask

    (H3.dialect.Copy (new MemoryStream(answer)) take).Wait()
    file.ToArray()

[<Tests>]
let tests =
    testList
        "HTTP/3"
        [ testCase "a request is read as it was written"
          <| fun () ->
              for path in [ "/"; "/a"; "/a/b.html"; "/" + String('x', 14); "/" + String('x', 300) ] do
                  Expect.equal (pathOf (request path)) (Some path) path

          testCase
              "a request by another client is read: field lines of every kind, and a frame that nobody knows before them"
          <| fun () ->
              let lines =
                  [ yield! [ 0xD1uy; 0xD7uy ] // :method GET, :scheme https
                    yield! [ 0x50uy; 0x81uy; 0xA3uy ] // :authority, in Huffman coding
                    yield! [ 0x23uy; 0x61uy; 0x2Duy; 0x62uy; 0x01uy; 0x31uy ] // a-b: 1
                    yield! [ 0x5Fuy; 0x50uy; 0x01uy; 0x32uy ] // name 95 of the static table: 2
                    yield! [ 0x51uy; 0x02uy; 0x2Fuy; 0x7Euy ] ] // :path /~

              let bytes =
                  [ 0x21uy; 0x01uy; 0xFFuy; 0x01uy; byte (lines.Length + 2); 0uy; 0uy ] @ lines

              Expect.equal (pathOf (List.toArray bytes)) (Some "/~") "the path"

          testCase "a compressed path counts as none"
          <| fun () -> Expect.isNone (pathOf [| 1uy; 5uy; 0uy; 0uy; 0x51uy; 0x81uy; 0x63uy |]) "no request"

          testCase "a request that breaks off anywhere is none"
          <| fun () ->
              let whole = request "/path"

              for length in 0 .. whole.Length - 1 do
                  Expect.isNone (pathOf whole[.. length - 1]) $"{length} bytes"

          testCase "a file is what DATA frames carry"
          <| fun () ->
              let file = Array.init 70_000 byte
              Expect.equal (fileOf (Array.append (H3.dialect.Head file.LongLength) file)) file "one frame"

              Expect.equal
                  (fileOf
                      [| 1uy
                         3uy
                         0uy
                         0uy
                         0xD9uy
                         0uy
                         1uy
                         7uy
                         0x21uy
                         2uy
                         9uy
                         9uy
                         0uy
                         2uy
                         8uy
                         9uy |])
                  [| 7uy; 8uy; 9uy |]
                  "several, and another between"

          Properties.property "any bytes are a request or none"
          <| fun (bytes: byte array) -> pathOf bytes |> ignore ]
