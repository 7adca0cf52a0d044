/// Somebody else's projects, fresh, that use the packages: warnings are errors, and FSharp.Core is whichever version the
/// consumer's SDK brings, not the one that we build with.
module CoQuic.Packages.Tests.ConsumerTests

open System
open System.IO
open Expecto

let private version () =
    (Repository.packages () |> List.head |> PackageRules.read).Version

/// The machine's package sources stay; ours comes first.
let private nugetConfig =
    $"""<configuration>
  <packageSources>
    <add key="coquic" value="{Repository.packagesFolder}" />
  </packageSources>
</configuration>
"""

let private machineCache =
    match Environment.GetEnvironmentVariable "NUGET_PACKAGES" with
    | null
    | "" -> Path.Combine(Environment.GetFolderPath Environment.SpecialFolder.UserProfile, ".nuget", "packages")
    | folder -> folder

/// Our packages are unpacked inside the folder; those of others are taken from the machine's cache where it has them.
let private ownCache folder =
    [ "NUGET_PACKAGES", Path.Combine(folder, "cache")
      "NUGET_FALLBACK_PACKAGES", machineCache ]

let private writeAll folder files =
    for name: string, content: string in files do
        File.WriteAllText(Path.Combine(folder, name), content)

/// Writes the files, runs the SDK on them, and expects its success and a line of output.
let private consume files arguments expected =
    Repository.inTemporaryFolder (fun folder ->
        writeAll folder (("NuGet.config", nugetConfig) :: files)
        let outcome = Programs.run folder (ownCache folder) "dotnet" arguments
        Expect.equal outcome.Status 0 $"`dotnet` succeeds, but said:\n{outcome.Output}"
        Expect.stringContains outcome.Output expected "the program's own line")

let private project packages sources =
    let references =
        [ for package in packages -> $"""<PackageReference Include="{package}" Version="[{version ()}]" />""" ]

    let lines = String.Join("\n    ", references @ sources)

    $"""<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <Nullable>enable</Nullable>
    <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
    <NuGetAudit>false</NuGetAudit>
  </PropertyGroup>
  <ItemGroup>
    {lines}
  </ItemGroup>
</Project>
"""

let private runProject =
    [ "run"; "--configuration"; "Release"; "--disable-build-servers" ]

/// A server and a client on loopback, from C#.
let private csharpProgram =
    """using System;
using System.IO;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks;
using CoQuic.Runtime;

using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
var protocol = new SslApplicationProtocol("echo");

var listening = new QuicServerOptions { ListenEndPoint = new IPEndPoint(IPAddress.Loopback, 0), ServerCertificate = certificate };
listening.ApplicationProtocols.Add(protocol);
await using var server = await QuicServer.ListenAsync(listening);

var serving = Task.Run(async () =>
{
    var accepted = await server.AcceptConnectionAsync();
    await using var incoming = await accepted.AcceptInboundStreamAsync();
    await incoming.CopyToAsync(incoming);
    incoming.CompleteWrites();
});

var asking = new QuicClientOptions { RemoteEndPoint = server.LocalEndPoint, TargetHost = "localhost", VerifyServer = false };
asking.ApplicationProtocols.Add(protocol);
await using var connection = await QuicClient.ConnectAsync(asking);
await using var stream = await connection.OpenOutboundStreamAsync(QuicStreamType.Bidirectional);
await stream.WriteAsync("Hello from C#"u8.ToArray());
stream.CompleteWrites();
Console.WriteLine("echo: " + await new StreamReader(stream).ReadToEndAsync());
await serving;
"""

/// Somebody's own protocol, tested in simulation.
let private fsharpProgram =
    """open Expecto
open CoQuic.FSharp
open CoQuic.Testing

let greeting: Program<string, unit> =
    { Init = "", []
      Update =
        fun _ event heard ->
            match event with
            | Network(Signal.StreamData data) -> heard + Bytes.toString data.Bytes, []
            | Network(Signal.Closed _) -> heard, [ Command.Stop ]
            | Network _
            | Message() -> heard, [] }

let greeter: Program<unit, unit> =
    { Init = (), [ Command.connect 1 "server" 443 ]
      Update =
        fun _ event () ->
            match event with
            | Network(Signal.HandshakeReady(connection, _)) ->
                (), [ Command.OpenStream(connection, StreamKind.Unidirectional, 1) ]
            | Network(Signal.StreamOpened(_, connection, stream)) ->
                (), [ Command.sendLast connection stream (Bytes.ofString "hello") ]
            | Network(Signal.SendProgress progress) when progress.Buffered = 0UL ->
                (), [ Command.close progress.Connection 0UL "done"; Command.Stop ]
            | Network _
            | Message() -> (), [] }

let identity = ServerIdentity.simulated 1UL "server"

let client =
    EndpointConfig.client "greeting"
    |> EndpointConfig.verifiedBy (Trust.only identity)

let server = Node.create "server" (EndpointConfig.server "greeting" identity) greeting

let network =
    Simulation.create 1UL [ server; Node.create "client" client greeter ]
    |> Simulation.over (Link.ideal |> Link.loss 0.1)

let heardIt (report: Report) =
    Expect.equal (Report.model server report) "hello" "the greeting"

[<EntryPoint>]
let main arguments =
    testList
        "greeting"
        [ simulationTest "survives loss" (fun _ -> network) heardIt
          simulationProperty "survives what links do" network heardIt ]
    |> runTestsWithCLIArgs [ No_Spinner; Colours 0 ] arguments
"""

let private script () =
    $"""#i "nuget: {Repository.packagesFolder}"
#r "nuget: CoQuic.Runtime, {version ()}"

open CoQuic.FSharp

let identity = ServerIdentity.simulated 1UL "server"
let trusting = EndpointConfig.client "h3" |> EndpointConfig.verifiedBy (Trust.only identity)

match Pair.create 1UL trusting (EndpointConfig.server "h3" identity) with
| Ok pair ->
    let _, _, opened = Pair.connect "server" pair
    let results, _ = Pair.exchange 20 opened
    let lines = Pair.describe results |> List.filter (fun line -> line.Contains "HandshakeConfirmed")
    printfn $"{{lines.Length}} sides have confirmed the handshake"
| Error error -> printfn $"{{error}}"
"""

[<Tests>]
let tests =
    testSequenced
    <| testList
        "a consumer"
        [ testCase "uses the packages from a fresh C# project"
          <| fun () ->
              let files =
                  [ "consumer.csproj", project [ "CoQuic.Runtime" ] []
                    "Program.cs", csharpProgram ]

              consume files runProject "echo: Hello from C#"

          testCase "uses the packages from a fresh F# project with its SDK's own FSharp.Core"
          <| fun () ->
              let files =
                  [ "consumer.fsproj",
                    project [ "CoQuic.Runtime"; "CoQuic.Testing" ] [ """<Compile Include="Program.fs" />""" ]
                    "Program.fs", fsharpProgram ]

              consume files runProject "2 passed, 0 ignored, 0 failed, 0 errored"

          testCase "uses the packages from a script"
          <| fun () ->
              consume
                  [ "consumer.fsx", script () ]
                  [ "fsi"; "--warnaserror+"; "consumer.fsx" ]
                  "2 sides have confirmed the handshake"

          testCase "installs the tool, and runs it"
          <| fun () ->
              Repository.inTemporaryFolder (fun folder ->
                  writeAll folder [ "NuGet.config", nugetConfig ]

                  let install =
                      [ "tool"
                        "install"
                        "CoQuic.Perf"
                        "--version"
                        version ()
                        "--tool-path"
                        "tools" ]

                  let installed = Programs.run folder (ownCache folder) "dotnet" install
                  Expect.equal installed.Status 0 $"it is installed, but that said:\n{installed.Output}"
                  let tool = Path.Combine(folder, "tools", "coquic-fsharp-perf")
                  let helped = Programs.run folder [] tool [ "client"; "--help" ]
                  Expect.stringContains helped.Output "--direction" "it tells its options") ]
