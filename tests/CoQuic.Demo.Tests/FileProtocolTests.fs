module CoQuic.Demo.Tests.FileProtocolTests

open System
open System.IO
open Expecto
open CoQuic.FSharp
open CoQuic.Demo
open CoQuic.Demo.FileProtocol
open CoQuic.Tests

let private header =
    { Name = "a.bin"
      Length = 0x0102030405060708UL }

let private bytes =
    Bytes.ofArray (Array.concat [ [| 5uy |]; "a.bin"B; [| 1uy .. 8uy |] ])

[<Tests>]
let tests =
    testList
        "file protocol"
        [ testCase "a header is a short name and eight bytes of length"
          <| fun () -> Expect.equal (encode header) bytes "the bytes"

          testCase "what follows the header is the file"
          <| fun () ->
              let start = Bytes.concat [ bytes; Bytes.ofArray [| 9uy |] ]
              Expect.equal (read start) (Start.Header(header, Bytes.ofArray [| 9uy |])) "header and rest"

          testCase "a header that is not all there yet is waited for"
          <| fun () ->
              for length in 0 .. bytes.Length - 1 do
                  Expect.equal (read (bytes.Slice(0, length))) Start.Incomplete $"{length} bytes"

          for name in [ ""; "."; ".."; "../a"; "a/b"; "a\\b"; "/etc/passwd"; "a\000b"; "ä" ] do
              testCase $"a peer may not name a file '{name}'"
              <| fun () -> Expect.equal (read (encode { header with Name = name })) Start.BadName "the start"

          testCase "a line about a transfer can be read again"
          <| fun () ->
              let success =
                  { Errand = Errand.ReceiveFile
                    Transfer =
                      { Header = header
                        Elapsed = TimeSpan.FromSeconds 1.5
                        Sha256 = Bytes.ofArray [| 0xabuy; 0xcduy |] }
                    Handshake = TimeSpan.FromMilliseconds 12.0 }

              let told: Line.Told =
                  { Errand = Errand.ReceiveFile
                    Bytes = header.Length
                    Elapsed = TimeSpan.FromSeconds 1.5
                    Handshake = TimeSpan.FromMilliseconds 12.0
                    Sha256 = "abcd" }

              Expect.equal (Line.tryRead (Line.write success)) (Some told) "the line"
              Expect.isNone (Line.tryRead "port 4433") "another line"

          Properties.property "any bytes are read without a fault"
          <| fun (content: byte array) ->
              match read (Bytes.copyOf content) with
              | Start.Header(header, rest) ->
                  Expect.isTrue (isPlainName header.Name) "a plain name"
                  Expect.equal (Bytes.concat [ encode header; rest ]) (Bytes.copyOf content) "the same bytes"
              | Start.Incomplete
              | Start.BadName -> ()

          testCase "a file is read in blocks and written as it was"
          <| fun () ->
              let folder = Directory.CreateTempSubdirectory "coquic-demo-tests-"

              try
                  let content = Array.init 700_000 (fun index -> byte (index * 7))
                  let source = Path.Combine(folder.FullName, "source:file.bin")
                  File.WriteAllBytes(source, content)
                  use reading = new Disk(Some source, "")
                  use writing = new Disk(None, Path.Combine(folder.FullName, "target"))

                  let rec copy () =
                      match reading.Perform DiskTask.ReadBlock with
                      | Some(DiskAnswer.Block block) ->
                          Expect.isNone (writing.Perform(DiskTask.Append block)) "written"
                          copy ()
                      | Some(DiskAnswer.Ended sha256) -> sha256
                      | other -> failtest $"unexpected: {other}"

                  match reading.Perform DiskTask.OpenFile with
                  | Some(DiskAnswer.Opened header) ->
                      Expect.equal header.Name "source_file.bin" "a name that any disk likes"
                      writing.Perform(DiskTask.Create header) |> ignore
                      let sha256 = copy ()
                      Expect.equal (writing.Perform DiskTask.Finish) (Some(DiskAnswer.Stored(header, sha256))) "stored"
                      let target = Path.Combine(folder.FullName, "target", "source_file.bin")
                      Expect.sequenceEqual (File.ReadAllBytes target) content "the content"
                  | other -> failtest $"unexpected: {other}"
              finally
                  folder.Delete true

          testCase "a file that cannot be read is an answer, not an exception"
          <| fun () ->
              use disk = new Disk(Some "/nowhere/file", "")

              match disk.Perform DiskTask.OpenFile with
              | Some(DiskAnswer.Failed _) -> ()
              | other -> failtest $"unexpected: {other}" ]
