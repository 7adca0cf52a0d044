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

let private csharpProgram =
    """using System;
using System.Linq;
using System.Reflection;

var names = new[] { "CoQuic.Engine", "CoQuic.Interop", "CoQuic.FSharp", "CoQuic.Runtime" };
var types = names.Sum(name => Assembly.Load(name).GetTypes().Length);
Console.WriteLine($"{names.Length} assemblies with {types} types loaded");
"""

let private fsharpProgram =
    """open System.Reflection

let names =
    [ "CoQuic.Engine"; "CoQuic.Interop"; "CoQuic.FSharp"; "CoQuic.Runtime"; "CoQuic.Testing" ]

let types = names |> List.sumBy (fun name -> (Assembly.Load name).GetTypes().Length)
printfn $"{names.Length} assemblies with {types} types loaded"
"""

let private script () =
    $"""#i "nuget: {Repository.packagesFolder}"
#r "nuget: CoQuic.Runtime, {version ()}"

let names = [ "CoQuic.Engine"; "CoQuic.Interop"; "CoQuic.FSharp"; "CoQuic.Runtime" ]
let types = names |> List.sumBy (fun name -> (System.Reflection.Assembly.Load name).GetTypes().Length)
printfn $"{{names.Length}} assemblies with {{types}} types loaded"
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

              consume files runProject "4 assemblies with"

          testCase "uses the packages from a fresh F# project with its SDK's own FSharp.Core"
          <| fun () ->
              let files =
                  [ "consumer.fsproj",
                    project [ "CoQuic.Runtime"; "CoQuic.Testing" ] [ """<Compile Include="Program.fs" />""" ]
                    "Program.fs", fsharpProgram ]

              consume files runProject "5 assemblies with"

          testCase "uses the packages from a script"
          <| fun () ->
              consume [ "consumer.fsx", script () ] [ "fsi"; "--warnaserror+"; "consumer.fsx" ] "4 assemblies with"

          testCase "installs the tool"
          <| fun () ->
              let install =
                  [ "tool"
                    "install"
                    "CoQuic.Perf"
                    "--version"
                    version ()
                    "--tool-path"
                    "tools" ]

              consume [] install "coquic-fsharp-perf" ]
