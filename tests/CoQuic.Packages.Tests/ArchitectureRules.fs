/// What the compiled assemblies refer to: references point down only, and what BannedSymbols.txt names does not occur below
/// the runtime. The C# compiler refuses such a symbol already; here the F# library is held to the same list.
module CoQuic.Packages.Tests.ArchitectureRules

open System
open System.IO
open System.IO.Compression
open System.Reflection.Metadata
open System.Reflection.PortableExecutable

/// What an assembly refers to: other assemblies, types, and members as `Type.Member`.
type Uses =
    { Name: string
      Assemblies: Set<string>
      Types: Set<string>
      Members: Set<string> }

let rec private typeName (reader: MetadataReader) (handle: TypeReferenceHandle) =
    let reference = reader.GetTypeReference handle
    let name = reader.GetString reference.Name

    if reference.ResolutionScope.Kind = HandleKind.TypeReference then
        let outer = TypeReferenceHandle.op_Explicit reference.ResolutionScope
        $"{typeName reader outer}.{name}"
    else
        match reader.GetString reference.Namespace with
        | "" -> name
        | space -> $"{space}.{name}"

let private memberName (reader: MetadataReader) (handle: MemberReferenceHandle) =
    let reference = reader.GetMemberReference handle

    if reference.Parent.Kind = HandleKind.TypeReference then
        let parent = TypeReferenceHandle.op_Explicit reference.Parent
        Some $"{typeName reader parent}.{reader.GetString reference.Name}"
    else
        None

/// Reads what an assembly refers to, without loading it.
let read (assembly: Stream) =
    use file = new PEReader(assembly)
    let reader = file.GetMetadataReader()
    let definition = reader.GetAssemblyDefinition()

    { Name = reader.GetString definition.Name
      Assemblies =
        set [ for handle in reader.AssemblyReferences -> reader.GetString (reader.GetAssemblyReference handle).Name ]
      Types = set [ for handle in reader.TypeReferences -> typeName reader handle ]
      Members = reader.MemberReferences |> Seq.choose (memberName reader) |> set }

/// Our own assemblies inside a package.
let readPackage (package: string) =
    use archive = ZipFile.OpenRead package
    let own = (FileInfo package).Name.Split('.')[1]

    let isOwn name =
        name = $"CoQuic.{own}.dll" || (own = "Perf" && name = "coquic-fsharp-perf.dll")

    [ for entry in archive.Entries do
          if isOwn entry.Name then
              use content = new MemoryStream()
              use compressed = entry.Open()
              compressed.CopyTo content
              content.Position <- 0L
              read content ]

type Symbol =
    | Type of string
    /// Members as they are compiled: a property is `get_Name`.
    | Member of string

/// Reads the lines of BannedSymbols.txt: `T:Type;why`, `P:Type.Property;why`, `M:Type.Method(arguments);why`.
let parseBanned (line: string) =
    let name = line.Substring(2).Split(';', '(', '`').[0]

    match line.Substring(0, 2) with
    | "T:" -> Type name
    | "P:" ->
        let dot = name.LastIndexOf '.'
        Member $"{name.Substring(0, dot)}.get_{name.Substring(dot + 1)}"
    | _ -> Member name

let banned () =
    File.ReadAllLines(Path.Combine(Repository.root, "BannedSymbols.txt"))
    |> Array.filter (fun line -> line.Trim() <> "")
    |> Array.map parseBanned
    |> set

/// What F# adds to the list: printing, mailboxes, and starting asynchronous work.
let private bannedInFSharp =
    [ "Microsoft.FSharp.Core.ExtraTopLevelOperators.PrintFormat"
      "Microsoft.FSharp.Core.ExtraTopLevelOperators.PrintFormatLine"
      "Microsoft.FSharp.Core.ExtraTopLevelOperators.PrintFormatToError"
      "Microsoft.FSharp.Core.ExtraTopLevelOperators.PrintFormatLineToError" ]
    |> List.map Member
    |> List.append
        [ Type "Microsoft.FSharp.Control.FSharpMailboxProcessor`1"
          Type "Microsoft.FSharp.Control.FSharpAsync" ]
    |> set

/// For each of our assemblies, those of ours that stand below it.
let private below =
    let all = [ "CoQuic.Engine"; "CoQuic.Interop"; "CoQuic.FSharp"; "CoQuic.Runtime" ]

    Map
        [ "CoQuic.Engine", []
          "CoQuic.Interop", List.take 1 all
          "CoQuic.FSharp", List.take 2 all
          "CoQuic.Runtime", List.take 3 all
          "CoQuic.Testing", List.take 3 all
          "coquic-fsharp-perf", all ]

let private isBelowTheRuntime uses =
    List.contains uses.Name [ "CoQuic.Engine"; "CoQuic.Interop"; "CoQuic.FSharp" ]

type Fault =
    | PointsUp of assembly: string * reference: string
    | Banned of assembly: string * Symbol
    | KnowsFSharp of assembly: string

let private isOurs (name: string) =
    name.StartsWith("coquic", StringComparison.OrdinalIgnoreCase)

/// The banned symbols that an assembly uses.
let bannedUses symbols uses =
    let isUsed symbol =
        match symbol with
        | Type name -> uses.Types.Contains name
        | Member name -> uses.Members.Contains name

    symbols |> Set.filter isUsed |> Set.toList

let faults symbols uses =
    let mayUse = below |> Map.tryFind uses.Name |> Option.defaultValue []

    [ for reference in uses.Assemblies do
          if isOurs reference && not (List.contains reference mayUse) then
              PointsUp(uses.Name, reference)

      if isBelowTheRuntime uses then
          for symbol in bannedUses (Set.union symbols bannedInFSharp) uses do
              Banned(uses.Name, symbol)

      if
          List.contains uses.Name [ "CoQuic.Engine"; "CoQuic.Interop" ]
          && uses.Assemblies.Contains "FSharp.Core"
      then
          KnowsFSharp uses.Name ]
