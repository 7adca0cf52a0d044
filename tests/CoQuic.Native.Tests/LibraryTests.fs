/// The library that `build.fsx native` makes, as programs in C use it. Skipped, visibly, where it was not made.
module CoQuic.Native.Tests.LibraryTests

open System
open System.Diagnostics
open System.IO
open Expecto
open CoQuic.Native.Tests.LayoutTests
open CoQuic.Tests

let private nativeFolder = Path.Combine(repository, "artifacts", "native")
let private library = Path.Combine(nativeFolder, "libcoquic-managed.so")
let private sources = Path.Combine(repository, "native", "smoke")

let private needLibrary () =
    needCompiler ()

    if not (File.Exists library) then
        Capability.missing "native" "artifacts/native is not there; `dotnet fsi build.fsx native` makes it"

let private needPkgConfig () =
    if not (Capability.hasProgram "pkg-config") then
        Capability.missing "cc" "there is no pkg-config"

/// Works in a folder of its own with an identity in PEM files.
let private withIdentity (work: string -> string list -> unit) =
    let folder = Directory.CreateTempSubdirectory("coquic-smoke-").FullName

    try
        let certificate, key = Two.identity.Value

        let paths =
            [ Path.Combine(folder, "certificate.pem"); Path.Combine(folder, "key.pem") ]

        File.WriteAllBytes(paths[0], certificate)
        File.WriteAllBytes(paths[1], key)
        work folder paths
    finally
        Directory.Delete(folder, true)

let private flags () =
    needPkgConfig ()
    Environment.SetEnvironmentVariable("PKG_CONFIG_PATH", Path.Combine(nativeFolder, "pkgconfig"))

    (runProgram "pkg-config" [ "--cflags"; "--libs"; "coquic-managed" ])
        .Split(' ', StringSplitOptions.TrimEntries ||| StringSplitOptions.RemoveEmptyEntries)
    |> List.ofArray

/// Compiles one of native/smoke against the library, with what pkg-config says.
let private compile name extra target =
    let source = Path.Combine(sources, name + ".c")

    runProgram
        "cc"
        ([ "-std=c11"; "-Wall"; "-Wextra"; "-Werror"; "-O1"; source; "-o"; target ]
         @ extra
         @ flags ()
         @ [ $"-Wl,-rpath,{nativeFolder}" ])
    |> ignore

/// The lines of the smoke program, without their times.
let private told (text: string) =
    text.TrimEnd().Split '\n'
    |> Array.map (fun line -> line.Substring(line.IndexOf("ms") + 4))
    |> List.ofArray

let private timeline =
    [ "client: created"
      "server: accepted"
      "client: handshake ready"
      "server: handshake ready"
      "server: handshake confirmed"
      "client: handshake confirmed"
      "server: stream 0: \"ping\", its end"
      "client: stream 0: \"pong\", its end"
      "client: failed"
      "server: failed" ]

let private smoke extra =
    withIdentity (fun folder pem ->
        let program = Path.Combine(folder, "smoke")
        compile "smoke" extra program
        let lines = told (runProgram program pem)
        Expect.equal (List.take timeline.Length lines) timeline "the timeline"

        Expect.equal
            (lines |> List.skip timeline.Length |> List.sort)
            [ "client: closed"; "server: closed" ]
            "both ends close")

/// A perf server on a port of its own; its first line says that it listens.
let private withPerfServer (work: int -> unit) =
    let tool = Path.Combine(repository, "artifacts", "perf", "coquic-fsharp-perf")

    if not (File.Exists tool) then
        Capability.missing "perf" "artifacts/perf is not there; `dotnet fsi build.fsx build` makes it"

    let port = 20_000 + Environment.ProcessId % 20_000

    let start =
        ProcessStartInfo(tool, [ "server"; "--port"; string port ], RedirectStandardOutput = true)

    use server = Process.Start start |> nonNull

    try
        server.StandardOutput.ReadLine() |> ignore
        work port
    finally
        server.Kill()

/// The example in Python of docs/abi.md.
let private example () =
    let page = File.ReadAllText(Path.Combine(repository, "docs", "abi.md"))
    let fence = "```python\n"
    let start = page.IndexOf fence + fence.Length
    page.Substring(start, page.IndexOf("```", start) - start)

[<Tests>]
let tests =
    testSequenced
    <| testList
        "the native library"
        [ testCase "exports the functions of the header, and nothing else"
          <| fun () ->
              needLibrary ()

              if not (Capability.hasProgram "nm") then
                  Capability.missing "cc" "there is no nm"

              let exported =
                  (runProgram "nm" [ "-D"; "--defined-only"; library ]).TrimEnd().Split '\n'
                  |> Array.map (fun line -> Array.last (line.Split ' '))
                  |> Array.sort
                  |> List.ofArray

              let functions =
                  File.ReadAllLines(Path.Combine(repository, "native", "abi", "functions.txt"))
                  |> Array.sort
                  |> List.ofArray

              Expect.equal exported functions "without versions"

          testCase "two endpoints in C exchange a stream"
          <| fun () ->
              needLibrary ()
              smoke []

          testCase "so they do with the address and the undefined-behaviour sanitizer"
          <| fun () ->
              needLibrary ()
              // The collector's heap is invisible to the leak checker; evidence 6-memory looks at leaks instead.
              Environment.SetEnvironmentVariable("ASAN_OPTIONS", "detect_leaks=0")
              smoke [ "-g"; "-fsanitize=address,undefined"; "-fno-sanitize-recover=undefined" ]

          testCase "a host may load the library, close it and load it again"
          <| fun () ->
              needLibrary ()

              withIdentity (fun folder _ ->
                  let program = Path.Combine(folder, "reload")
                  let source = Path.Combine(sources, "reload.c")

                  runProgram "cc" [ "-std=c11"; "-Wall"; "-Wextra"; "-Werror"; source; "-o"; program; "-ldl" ]
                  |> ignore

                  let told = (runProgram program [ library ]).TrimEnd().Split '\n' |> List.ofArray
                  Expect.equal told (List.replicate 3 "version 12, stays") "its code is not taken from under it")

          testCase "a host keeps its signals, its small stacks and its forked children"
          <| fun () ->
              needLibrary ()

              withIdentity (fun folder _ ->
                  let program = Path.Combine(folder, "host")
                  compile "host" [ "-D_GNU_SOURCE"; "-pthread" ] program

                  Expect.equal
                      ((runProgram program []).TrimEnd().Split '\n' |> List.ofArray)
                      [ "runs on 131072 bytes of stack"
                        "SIGPIPE is as before"
                        "its own fault reaches its own handler"
                        "a forked child ends with 3" ]
                      "all as it was")

          testCase "what is linked under a name that bindings know asks for that name"
          <| fun () ->
              needLibrary ()

              withIdentity (fun folder pem ->
                  File.Copy(library, Path.Combine(folder, "libcoquic-quictls.so"))
                  let program = Path.Combine(folder, "smoke")

                  runProgram
                      "cc"
                      [ Path.Combine(sources, "smoke.c")
                        "-o"
                        program
                        $"-I{nativeFolder}/include"
                        $"-L{folder}"
                        "-lcoquic-quictls"
                        $"-Wl,-rpath,{folder}" ]
                  |> ignore

                  Expect.stringContains (runProgram program pem) "pong" "it finds the copy, the only one on its path")

          testCase "the page's example in Python opens a connection"
          <| fun () ->
              needLibrary ()

              if not (Capability.hasProgram "python3") then
                  Capability.missing "python3" "there is no python3"

              Environment.SetEnvironmentVariable("COQUIC_LIB_PATH", library)
              let told = runProgram "python3" [ "-c"; example () ]
              Expect.stringContains told "send 1200 bytes" "its first datagram"
              Expect.stringContains told "connection 1 is there" "and its handle"

          testCase "a client in C downloads from our perf server"
          <| fun () ->
              needLibrary ()

              withPerfServer (fun port ->
                  withIdentity (fun folder _ ->
                      let program = Path.Combine(folder, "download")
                      compile "download" [] program
                      let text = runProgram program [ "127.0.0.1"; string port; "5000000" ]
                      Expect.stringContains text "received 5000000 bytes" "every byte"))

          testCase "memory stays where it is over many calls"
          <| fun () ->
              needLibrary ()

              withIdentity (fun folder pem ->
                  let program = Path.Combine(folder, "memory")
                  compile "memory" [ "-O2" ] program
                  let text = runProgram program (pem @ [ "100000" ])
                  let words = text.Split ' '

                  let kib after =
                      float words[Array.IndexOf(words, after) - 1]

                  let settled, final = kib "KiB", float words[Array.LastIndexOf(words, "KiB") - 1]
                  Expect.isLessThan (final - settled) 16_384.0 $"no result is kept: {text}") ]
