/// The assemblies inside the packages that `build` left, loaded for reflection.
module CoQuic.Packages.Tests.PackageAssemblies

open System
open System.IO
open System.IO.Compression
open System.Reflection
open System.Runtime.Loader

/// One package's own assembly, and its XML documentation.
type Packed =
    { Package: string
      Assembly: Assembly
      Xml: string }

/// Where what the assemblies refer to is found: other packages' assemblies, what `build` laid out, and this test's folder.
let private resolve (folder: string) (context: AssemblyLoadContext) (name: AssemblyName) =
    [ folder
      Path.Combine(Repository.root, "artifacts", "lib")
      Path.Combine(Repository.root, "artifacts", "perf")
      AppContext.BaseDirectory ]
    |> List.map (fun place -> Path.Combine(place, $"{name.Name}.dll"))
    |> List.tryFind File.Exists
    |> Option.map context.LoadFromAssemblyPath
    |> Option.toObj

/// The libraries that users reference; the tool is a program.
let private isLibrary (package: string) =
    not ((FileInfo package).Name.StartsWith("CoQuic.Perf.", StringComparison.Ordinal))

let private extract (folder: string) (package: string) =
    use archive = ZipFile.OpenRead package
    let id = (PackageRules.read package).Id

    let write (extension: string) =
        let entry =
            archive.Entries |> Seq.find (fun entry -> entry.Name = $"{id}.{extension}")

        let path = Path.Combine(folder, entry.Name)
        entry.ExtractToFile(path, overwrite = true)
        path

    id, write "dll", write "xml"

/// Unpacks all libraries into a folder and loads them.
let load (folder: string) : Packed list =
    // What a public member refers to is loaded when somebody looks at it: a context that can be collected may be gone by then.
    let context = AssemblyLoadContext "packages"
    context.add_Resolving (fun context name -> resolve folder context name)

    // All are there before the first is loaded: they refer to each other.
    Repository.packages ()
    |> List.filter isLibrary
    |> List.map (extract folder)
    |> List.map (fun (id, dll, xml) ->
        { Package = id
          Assembly = context.LoadFromAssemblyPath dll
          Xml = File.ReadAllText xml })
