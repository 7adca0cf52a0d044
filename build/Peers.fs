/// Our endpoints against quic-go's: files both ways, compared byte for byte by their hashes.
module CoQuic.Build.Peers

open System
open System.IO
open System.Net
open System.Net.Sockets
open System.Security.Cryptography
open System.Security.Cryptography.X509Certificates
open System.Threading
open CoQuic.Build.Shell

let private largeLength = 10 * 1024 * 1024
let private smallCount = 100

/// No case takes longer, on any machine: what does, hangs.
let private patience = TimeSpan.FromSeconds 120.0

/// Files to be served, and where things are.
type private Site =
    {
        Folder: string
        Www: string
        /// The hash of each file, by path.
        Hashes: Map<string, string>
    }

let private interop = "tests/CoQuic.Peers/bin/Release/net10.0/coquic-interop.dll"

let private hashOf path =
    Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes path))

let private writeCertificate (folder: string) =
    use key = ECDsa.Create ECCurve.NamedCurves.nistP256

    let request = CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)

    let now = DateTimeOffset.UtcNow
    use certificate = request.CreateSelfSigned(now.AddDays -1.0, now.AddDays 1.0)
    File.WriteAllText(Path.Combine(folder, "cert.pem"), certificate.ExportCertificatePem())
    File.WriteAllText(Path.Combine(folder, "key.pem"), key.ExportPkcs8PrivateKeyPem())

let private makeSite (folder: string) =
    let www = Path.Combine(folder, "www")
    Directory.CreateDirectory www |> ignore
    writeCertificate folder

    let sizes =
        ("large", largeLength)
        :: [ for index in 1..smallCount -> $"small{index}", RandomNumberGenerator.GetInt32 10_000 ]

    for name, size in sizes do
        File.WriteAllBytes(Path.Combine(www, name), RandomNumberGenerator.GetBytes size)

    { Folder = folder
      Www = www
      Hashes = Map [ for name, _ in sizes -> $"/{name}", hashOf (Path.Combine(www, name)) ] }

let private freePort () =
    use socket =
        new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)

    socket.Bind(IPEndPoint(IPAddress.Loopback, 0))
    (socket.LocalEndPoint :?> IPEndPoint).Port

/// Whose program takes a side of a case.
type private Side =
    | Ours
    | Theirs

let private startServer site (quicGo: QuicGo.QuicGo) side testCase port =
    let inSite name = Path.Combine(site.Folder, name)

    match side with
    | Ours ->
        let options =
            [ "--port"; string port; "--www"; site.Www ]
            @ [ "--certificate-chain"; inSite "cert.pem"; "--private-key"; inSite "key.pem" ]

        startQuiet [] "dotnet" (inRoot interop :: "server" :: options)
    | Theirs ->
        startQuiet
            [ "TESTCASE", testCase
              "LISTEN", $"127.0.0.1:{port}"
              "WWW", site.Www
              "CERTIFICATE", inSite "cert.pem"
              "PRIVATE_KEY", inSite "key.pem"
              "LOG", inSite "server.log" ]
            quicGo.Server
            []

/// Ours says when it listens. Theirs does not, but our client asks again.
let private awaitServer side (server: Quiet) =
    let isListening () =
        server.Lines
        |> Seq.exists (fun line -> line.StartsWith("listening", StringComparison.Ordinal))

    match side with
    | Theirs -> ()
    | Ours ->
        SpinWait.SpinUntil((fun () -> isListening () || server.Child.HasExited), patience)
        |> ignore

let private runClient site (quicGo: QuicGo.QuicGo) side testCase port (downloads: string) paths =
    match side with
    | Ours ->
        let options = [ "--port"; string port; "--download"; downloads ]
        runQuiet [] patience "dotnet" ((inRoot interop :: "client" :: options) @ paths)
    | Theirs ->
        let environment =
            [ "TESTCASE", testCase
              "DOWNLOADS", downloads
              "LOG", Path.Combine(site.Folder, "client.log") ]

        runQuiet environment patience quicGo.Client [ for path in paths -> $"https://127.0.0.1:{port}{path}" ]

/// The paths whose files are not there, or are not what was served.
let private differing site (downloads: string) paths =
    paths
    |> List.filter (fun (path: string) ->
        let file = Path.Combine(downloads, path.TrimStart '/')
        not (File.Exists file) || hashOf file <> site.Hashes[path])

/// One attempt: which program serves, which one fetches, quic-go's name for what it does, and what is fetched.
type private Case =
    { Name: string
      Server: Side
      Client: Side
      TestCase: string
      Paths: string list }

/// Why a case failed, or none; the downloads are left in the folder.
let private attempt site quicGo case (downloads: string) =
    Directory.CreateDirectory downloads |> ignore
    let port = freePort ()
    let server = startServer site quicGo case.Server case.TestCase port

    try
        awaitServer case.Server server

        match runClient site quicGo case.Client case.TestCase port downloads case.Paths with
        | None, _ -> Some $"the client was still running after {patience}"
        | Some 0, _ ->
            match differing site downloads case.Paths with
            | [] -> None
            | path :: _ as paths -> Some $"{paths.Length} files differ, the first is {path}"
        | Some code, lines ->
            let said = String.Join(" | ", lines @ List.ofSeq server.Lines |> List.truncate 6)
            Some $"the client ended with exit status {code}: {said}"
    finally
        endQuiet server

let private large = [ "/large" ]
let private small = [ for index in 1..smallCount -> $"/small{index}" ]

let private cases =
    let case server client testCase name paths =
        let title =
            match server with
            | Ours -> "quic-go's client, our server"
            | Theirs -> "our client, quic-go's server"

        { Name = $"{title}: {name}"
          Server = server
          Client = client
          TestCase = testCase
          Paths = paths }

    [ for server, client in [ Theirs, Ours; Ours, Theirs ] do
          case server client "transfer" "10 MiB" large
          case server client "transfer" "100 small files" small
          case server client "chacha20" "10 MiB with ChaCha20-Poly1305" large
      case Ours Theirs "keyupdate" "10 MiB with key updates" large
      case Ours Theirs "multiconnect" "a connection for each of 100 small files" small ]

let private report name failure =
    match failure with
    | None -> printfn $"ok      {name}"
    | Some reason -> printfn $"FAILED  {name}: {reason}"

    Option.isNone failure

/// The comparison has to notice a byte that differs: what a case left is spoilt, and looked at again.
let private noticesCorruption site (downloads: string) =
    let file = Path.Combine(downloads, "large")
    let content = File.ReadAllBytes file
    content[content.Length / 2] <- content[content.Length / 2] ^^^ 1uy
    File.WriteAllBytes(file, content)

    if differing site downloads large = large then
        None
    else
        Some "it was not noticed"

let private runCases quicGo folder =
    let site = makeSite folder

    let downloads index =
        Path.Combine(folder, $"downloads{index}")

    let results =
        cases
        |> List.mapi (fun index case -> report case.Name (attempt site quicGo case (downloads index)))

    let corruption =
        report "a byte that differs is noticed" (noticesCorruption site (downloads 0))

    results @ [ corruption ]

/// Runs every case, or says why it cannot; with `isRequired` a skip is a failure.
let run isRequired : Counts.Counts =
    Product.restore ()
    Product.compile "tests/CoQuic.Peers/CoQuic.Peers.fsproj" "Release"
    heading "peers"

    let counts: Counts.Counts =
        match QuicGo.prepare () with
        | Error reason ->
            printfn $"SKIP quic-go: {reason}"
            let failed = if isRequired then cases.Length else 0

            { Passed = 0
              Failed = failed
              Skipped = cases.Length - failed }
        | Ok quicGo ->
            let results = withTemporaryFolder "coquic-peers-" (runCases quicGo)
            let passed = results |> List.filter id |> List.length

            { Passed = passed
              Failed = results.Length - passed
              Skipped = 0 }

    printfn $"\n{Counts.describe counts}"
    counts
