/// What a package of ours may depend on, and how.
module CoQuic.Packages.Tests.PackageRules

open System
open System.IO
open System.IO.Compression
open System.Xml.Linq

type Dependency = { Id: string; Range: string }

/// What a package says about itself.
type Manifest =
    { Id: string
      Version: string
      Dependencies: Dependency list }

type Fault =
    | ExactThirdPartyRange of package: string * Dependency
    | InexactSibling of package: string * Dependency
    | AnalyzerDependency of package: string * Dependency
    | TestFrameworkDependency of package: string * Dependency

let private attribute (name: string) (element: XElement) =
    match element.Attribute name with
    | null -> ""
    | attribute -> attribute.Value

let private named name (elements: XElement seq) =
    elements |> Seq.filter (fun element -> element.Name.LocalName = name)

/// Reads a nuspec, in whichever version of its namespace.
let parse (nuspec: string) =
    let elements = (XDocument.Parse nuspec).Descendants() |> List.ofSeq

    let text name =
        elements
        |> named name
        |> Seq.tryHead
        |> Option.map _.Value
        |> Option.defaultValue ""

    { Id = text "id"
      Version = text "version"
      Dependencies =
        [ for element in named "dependency" elements ->
              { Id = attribute "id" element
                Range = attribute "version" element } ] }

/// The manifest of a package file.
let read (package: string) =
    use archive = ZipFile.OpenRead package

    let entry =
        archive.Entries
        |> Seq.find (fun entry -> entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal))

    use reader = new StreamReader(entry.Open())
    parse (reader.ReadToEnd())

/// `[1.2.3]` and `[1.2.3, 1.2.3]` accept one version.
let private isExact (range: string) =
    match range.Trim('[', ']').Split ',' |> Array.map _.Trim() with
    | [| _ |] -> range.StartsWith '['
    | [| low; high |] -> range.StartsWith '[' && range.EndsWith ']' && low = high
    | _ -> false

let private testFrameworks =
    [ "Expecto"; "FsCheck"; "xunit"; "NUnit"; "MSTest"; "Microsoft.NET.Test.Sdk" ]

let private isTestFramework (id: string) =
    testFrameworks
    |> List.exists (fun framework -> id.StartsWith(framework, StringComparison.OrdinalIgnoreCase))

let private isSibling (dependency: Dependency) =
    dependency.Id.StartsWith("CoQuic.", StringComparison.Ordinal)

let private faultsOf (package: Manifest) (dependency: Dependency) =
    [ if isSibling dependency && dependency.Range <> $"[{package.Version}]" then
          InexactSibling(package.Id, dependency)
      if not (isSibling dependency) && isExact dependency.Range then
          ExactThirdPartyRange(package.Id, dependency)
      if dependency.Id.Contains("Analyzer", StringComparison.OrdinalIgnoreCase) then
          AnalyzerDependency(package.Id, dependency)
      if isTestFramework dependency.Id && package.Id <> "CoQuic.Testing" then
          TestFrameworkDependency(package.Id, dependency) ]

let faults package =
    package.Dependencies |> List.collect (faultsOf package)
