/// Packages of Debian and its backports, unpacked into a folder. The machine's own package lists, sources and packages stay as they
/// are: apt works on lists and archives in a folder of ours, and needs no root for that.
module CoQuic.Build.Debian

open System
open System.IO
open CoQuic.Build.Shell

let private release = "/etc/os-release"
let private sourceFile = "/etc/apt/sources.list"
let private sourceFolder = "/etc/apt/sources.list.d"

/// Packages come from far away; longer than this is too far.
let private patience = TimeSpan.FromMinutes 10.0

/// The release's name, such as `bookworm`; none on other systems.
let codename () =
    if not (File.Exists release) then
        None
    else
        let value (name: string) =
            File.ReadLines release
            |> Seq.tryFind (fun line -> line.StartsWith(name + "=", StringComparison.Ordinal))
            |> Option.map (fun line -> line.Substring(name.Length + 1).Trim '"')

        match value "ID", value "VERSION_CODENAME" with
        | Some "debian", codename -> codename
        | _ -> None

/// The fields of each paragraph of a file in the deb822 format, comments left out.
let private paragraphs (path: string) =
    let text =
        File.ReadAllLines path
        |> Array.filter (fun line -> not (line.StartsWith '#'))
        |> String.concat "\n"

    text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
    |> Array.map (fun paragraph -> paragraph.Split('\n', StringSplitOptions.RemoveEmptyEntries) |> List.ofArray)
    |> List.ofArray

let private isSuites (line: string) =
    line.StartsWith("Suites:", StringComparison.Ordinal)

let private words (line: string) =
    line.Split([| ' '; '\t' |], StringSplitOptions.RemoveEmptyEntries)

/// A paragraph that names the release, with the release and its backports as its suites.
let private backportsParagraph codename (paragraph: string list) =
    match List.tryFind isSuites paragraph with
    | Some suites when Array.contains codename (words suites) ->
        let others = paragraph |> List.filter (isSuites >> not)
        Some(others @ [ $"Suites: {codename} {codename}-backports"; "" ])
    | _ -> None

/// The same of the older format, one line an entry: `deb [options] address suite components`.
let private backportsLines codename (line: string) =
    let isEntry = line.StartsWith("deb ", StringComparison.Ordinal)

    if isEntry && Array.contains codename (words line) then
        Some [ line; line.Replace($" {codename} ", $" {codename}-backports ") ]
    else
        None

let private readIf exists read path = if exists path then read path else []

/// The machine's own entry for the release, extended by backports: file name and content.
let private sources codename =
    let newFormat =
        readIf Directory.Exists (fun folder -> List.ofArray (Directory.GetFiles(folder, "*.sources"))) sourceFolder
        |> List.collect paragraphs
        |> List.tryPick (backportsParagraph codename)

    let oldFormat () =
        readIf File.Exists (File.ReadAllLines >> List.ofArray) sourceFile
        |> List.tryPick (backportsLines codename)

    match newFormat with
    | Some paragraph -> Some("backports.sources", paragraph)
    | None -> oldFormat () |> Option.map (fun lines -> "backports.list", lines)

/// Makes apt work in the folder: a configuration file, for the variable APT_CONFIG.
let private configure (folder: string) (name, content: string list) =
    let inFolder path = Path.Combine(folder, path)

    for path in [ "sources"; "lists/partial"; "archives/partial" ] do
        Directory.CreateDirectory(inFolder path) |> ignore

    File.WriteAllLines(inFolder $"sources/{name}", content)
    // No package counts as installed, so that everything needed is fetched.
    File.WriteAllText(inFolder "status", "")

    File.WriteAllLines(
        inFolder "apt.conf",
        [ "Dir::Etc::SourceList \"/dev/null\";"
          $"Dir::Etc::SourceParts \"{folder}/sources\";"
          $"Dir::State::Lists \"{folder}/lists\";"
          $"Dir::State::Status \"{folder}/status\";"
          $"Dir::Cache \"{folder}\";"
          $"Dir::Cache::Archives \"{folder}/archives\";"
          "APT::Sandbox::User \"\";"
          // A list that cannot be fetched is a failure here, not a warning.
          "APT::Update::Error-Mode \"any\";"
          "APT::Install-Recommends \"false\";"
          "Debug::NoLocking \"true\";" ]
    )

    [ ("APT_CONFIG", inFolder "apt.conf") ]

let private attempt environment program arguments =
    match runQuiet environment patience program arguments with
    | Some 0, _ -> Ok()
    | _, lines ->
        let said =
            lines
            |> List.filter (fun line -> line.StartsWith("E:", StringComparison.Ordinal))
            |> List.tryHead
            |> Option.defaultValue (List.tryLast lines |> Option.defaultValue "no output")

        Error $"{program} {List.head arguments} failed: {said}"

/// The C library is the machine's own: its loader takes no other.
let private isForeign (archive: string) =
    not (Path.GetFileName(archive).StartsWith("libc6_", StringComparison.Ordinal))

let private unpack (folder: string) =
    let target = Path.Combine(folder, "root")

    Directory.GetFiles(Path.Combine(folder, "archives"), "*.deb")
    |> Array.filter isForeign
    |> Array.fold
        (fun result archive ->
            result
            |> Result.bind (fun () -> attempt [] "dpkg-deb" [ "--extract"; archive; target ]))
        (Ok())
    |> Result.map (fun () -> target)

/// Fetches packages with all that they need, and unpacks them below the folder; the result is the root that they were packed for.
let unpackPackages (folder: string) codename packages =
    match sources codename, List.tryFind (hasProgram >> not) [ "apt-get"; "dpkg-deb" ] with
    | _, Some program -> Error $"there is no {program}"
    | None, None -> Error $"apt has no source for {codename}"
    | Some entry, None ->
        let environment = configure folder entry

        let install =
            [ "install"; "--download-only"; "--yes"; "-t"; $"{codename}-backports" ]
            @ packages

        attempt environment "apt-get" [ "update" ]
        |> Result.bind (fun () -> attempt environment "apt-get" install)
        |> Result.bind (fun () -> unpack folder)

/// Where programs of packages are kept between runs, outside the repository.
let cache name =
    let folder =
        match Environment.GetEnvironmentVariable "XDG_CACHE_HOME" with
        | null
        | "" -> Path.Combine(Environment.GetFolderPath Environment.SpecialFolder.UserProfile, ".cache")
        | folder -> folder

    Path.Combine(folder, "coquic-fsharp", name)

/// Which release has packages that are known to work.
let knownRelease = "bookworm"

/// Does something with the release's name, where it is the known one.
let onKnownRelease work =
    match codename () with
    | Some codename when codename = knownRelease -> work codename
    | _ -> Error $"its packages are taken from Debian {knownRelease}, and this is another system"

/// The root of packages that were unpacked before, or else are fetched now and kept.
let keepPackages name packages : Result<string, string> =
    let kept = Path.Combine(cache name, "root")

    if Directory.Exists kept then
        printfn $"{name}: fetched before, in {kept}"
        Ok kept
    else
        onKnownRelease (fun codename ->
            printfn $"{name}: fetching Debian's packages"
            Directory.CreateDirectory(cache name) |> ignore

            // Beside its place at first: what is there is whole.
            let folder = Path.Combine(cache name, "fetching")

            if Directory.Exists folder then
                Directory.Delete(folder, true)

            Directory.CreateDirectory folder |> ignore

            unpackPackages folder codename packages
            |> Result.map (fun root ->
                Directory.Move(root, kept)
                Directory.Delete(folder, true)
                kept))

/// The variable that makes programs below a root find the libraries that came with them.
let librariesOf (root: string) =
    let folders =
        [ "usr/lib"; "lib" ]
        |> List.map (fun folder -> Path.Combine(root, folder))
        |> List.filter Directory.Exists
        |> List.collect (fun folder -> List.ofArray (Directory.GetDirectories(folder, "*-linux-gnu")))

    "LD_LIBRARY_PATH", String.Join(Path.PathSeparator, folders)
