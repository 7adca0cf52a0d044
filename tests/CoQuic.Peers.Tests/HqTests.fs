module CoQuic.Peers.Tests.HqTests

open System
open System.IO
open System.Text
open Expecto
open CoQuic.Peers
open CoQuic.Tests

let private pathOf (request: string) =
    Hq.tryPath (ReadOnlySpan(Encoding.UTF8.GetBytes request))

/// A served directory with a file, beside a file that is not served and a link to it.
let private withSite test =
    let folder = (Directory.CreateTempSubdirectory "coquic-peers-tests-").FullName

    try
        let www = Path.Combine(folder, "www")
        Directory.CreateDirectory(Path.Combine(www, "inner")) |> ignore
        File.WriteAllText(Path.Combine(www, "inner", "file"), "served")
        File.WriteAllText(Path.Combine(folder, "secret"), "not served")
        File.WriteAllText(Path.Combine(folder, "www-secret"), "not served either")

        File.CreateSymbolicLink(Path.Combine(www, "link"), Path.Combine(folder, "secret"))
        |> ignore

        test www
    finally
        Directory.Delete(folder, true)

[<Tests>]
let tests =
    testList
        "HTTP/0.9"
        [ testCase "a request is a path behind GET, with or without a line end"
          <| fun () ->
              for request in [ "GET /a/b\r\n"; "GET /a/b\n"; "GET /a/b"; "GET /a/b \r\n" ] do
                  Expect.equal (pathOf request) (Some "/a/b") request

              Expect.equal (Hq.tryPath (ReadOnlySpan(Hq.request "/x"))) (Some "/x") "what our client sends"

          testCase "anything else is no request"
          <| fun () ->
              for request in [ ""; "GET"; "GET "; "GET a"; "POST /a\r\n"; "get /a\r\n"; "GET\t/a" ] do
                  Expect.isNone (pathOf request) request

          testCase "a file of the directory is served"
          <| fun () ->
              withSite (fun www ->
                  for path in [ "/inner/file"; "/inner//file"; "inner/file" ] do
                      Expect.isSome (Hq.tryFile www path) path
                      Expect.isSome (Hq.tryFile (www + "/") path) path)

          testCase "nothing leads out of the directory, and a directory is no file"
          <| fun () ->
              withSite (fun www ->
                  for path in
                      [ "/../secret"
                        "/inner/../../secret"
                        "/..%2fsecret"
                        "/./inner/file"
                        "/link"
                        "/../www-secret"
                        "/inner"
                        "/"
                        ""
                        "/nothing"
                        "/a\000b"
                        "//etc/passwd" ] do
                      Expect.isNone (Hq.tryFile www path) path)

          Properties.property "any bytes are a request or none, and any path is a file of the directory or none"
          <| fun (bytes: byte array) ->
              match Hq.tryPath (ReadOnlySpan bytes) with
              | Some path -> Expect.isNone (Hq.tryFile (Path.GetTempPath()) path) "no such file"
              | None -> () ]
