/// docs/compliance.md as data, and the rules that the RFCs' texts have: one for each MUST and MUST NOT.
module CoQuic.Packages.Tests.ComplianceRules

open System
open System.IO
open System.Text.RegularExpressions

/// A row of the table. Its identifier is RFC, section, and the rule's place in the section, counted from 1.
type Row =
    {
        Rfc: string
        Section: string
        Ordinal: int
        Rule: string
        /// The file or type that keeps the rule; empty where there is none.
        Code: string
        Proof: Proof
    }

    member this.Id = $"{this.Rfc}-{this.Section}-{this.Ordinal}"

and Proof =
    /// A test, by module and name.
    | Test of file: string * name: string
    /// The rule binds no endpoint of ours, or no test can prove it.
    | Reason of string
    /// What the rule speaks of is not there, or not proven, yet.
    | Open of string

let document = Path.Combine(Repository.root, "docs", "compliance.md")
let pinned = Path.Combine(Repository.root, "docs", "compliance-counts.txt")

let private proofOf (cell: string) =
    let after (mark: string) = cell.Substring(mark.Length).Trim()

    if cell.StartsWith "no test: " then
        Reason(after "no test: ")
    elif cell.StartsWith "open: " then
        Open(after "open: ")
    else
        match cell.Split(": ", 2) with
        | [| file; name |] -> Test(file, name)
        | _ -> invalidOp $"`{cell}` names neither a test nor a reason."

/// The rows of the document, in its order.
let rows () =
    [ for line in File.ReadAllLines document do
          let cells = line.Split('|') |> Array.map _.Trim()
          let id = Regex.Match(line, @"^\| (\d{4})-([0-9A-Z.]+)-(\d+) \|")

          if id.Success then
              { Rfc = id.Groups[1].Value
                Section = id.Groups[2].Value
                Ordinal = int id.Groups[3].Value
                Rule = cells[2]
                Code = cells[3].Trim '`'
                Proof = proofOf cells[4] } ]

/// How many rules each section has, as pinned: lines of RFC, section and count.
let pinnedCounts () =
    [ for line in File.ReadAllLines pinned do
          match line.Split ' ' with
          | [| rfc; section; count |] -> (rfc, section), int count
          | _ -> invalidOp $"`{line}` is not RFC, section and count." ]

let private texts =
    [ "8999", "rfc8999.md"
      "9000", "rfc9000.txt"
      "9001", "rfc9001.txt"
      "9002", "rfc9002.txt"
      "9221", "rfc9221.txt"
      "9287", "rfc9287-quic-bit-grease.md"
      "9368", "rfc9368-compatible-version-negotiation.md"
      "9369", "rfc9369-quic-v2.md"
      "8446", "rfc8446.txt"
      "7301", "rfc7301.txt" ]

/// Where the texts of the standards are, if they are here.
let textFolder =
    let folder = Path.GetFullPath(Path.Combine(Repository.root, "..", "shared", "spec"))
    if Directory.Exists folder then Some folder else None

/// Plain RFCs have numbered headings at the left edge, and page breaks between.
let private plainSections (lines: string array) =
    let isPageBreak (line: string) =
        Regex.IsMatch(line, @"\[Page \d+\]$")
        || Regex.IsMatch(line, @"^RFC \d+ .*\d{4}$")

    let heading = Regex @"^(?:Appendix )?([0-9A-Z]+(?:\.[0-9]+)*)\.  \S"

    (("0", []), Array.filter (isPageBreak >> not) lines)
    ||> Array.scan (fun (section, _) line ->
        let found = heading.Match line

        if found.Success then
            found.Groups[1].Value, []
        else
            section, [ line ])

/// In the sources of RFCs headings count themselves; those behind "--- back" are appendices.
let private markdownSections (lines: string array) =
    let number (counts: int list) isBack =
        counts
        |> List.mapi (fun index count ->
            if index = 0 && isBack then
                string (char (64 + count))
            else
                string count)
        |> String.concat "."

    let step (counts: int list, isBack, _) (line: string) =
        let level = (Regex.Match(line, "^(#+) ")).Groups[1].Length

        if line.StartsWith "--- back" then
            [], true, []
        elif level > 0 then
            let above =
                List.init (level - 1) (fun index -> List.tryItem index counts |> Option.defaultValue 0)

            above @ [ 1 + (List.tryItem (level - 1) counts |> Option.defaultValue 0) ], isBack, []
        else
            counts, isBack, [ line ]

    (([], false, []), lines)
    ||> Array.scan step
    |> Array.map (fun (counts, isBack, line) -> (if counts.IsEmpty then "0" else number counts isBack), line)

/// Counts MUST and MUST NOT; where the words are only quoted they bind nobody.
let private rulesIn (lines: string list) =
    let text = Regex.Replace(String.Join(" ", lines), @"\s+", " ")
    Regex.Matches(text, @"(?<!"")\bMUST\b").Count

/// How many rules each section of the texts has, in their order.
let countedIn (folder: string) =
    [ for rfc, file in texts do
          let lines =
              File.ReadAllText(Path.Combine(folder, file)).Replace("\012", "").Split '\n'

          let sections =
              if file.EndsWith ".md" then
                  markdownSections lines
              else
                  plainSections lines

          for section in Array.distinct (Array.map fst sections) do
              let own =
                  sections
                  |> Seq.filter (fun (name, _) -> name = section)
                  |> Seq.collect snd
                  |> List.ofSeq

              match rulesIn own with
              | 0 -> ()
              | count -> (rfc, section), count ]

let private sources folder extensions =
    [ for file in Directory.EnumerateFiles(Path.Combine(Repository.root, folder), "*.*", SearchOption.AllDirectories) do
          let separator = Path.DirectorySeparatorChar

          if
              List.contains (Path.GetExtension file) extensions
              && not (file.Contains $"{separator}obj{separator}")
          then
              (Path.ChangeExtension(file, null) |> string).Replace(separator, '/'), File.ReadAllText file ]

let private code = lazy sources "src" [ ".cs"; ".fs" ]
let private tests = lazy sources "tests" [ ".fs" ]

/// The names of our files, and of the types that they declare.
let private named =
    lazy
        (let declaration =
            Regex @"\b(?:class|struct|record|enum|interface|type|module)(?: struct)? (?:internal |private )?(\w+)"

         set
             [ for path, text in code.Value do
                   path.Substring(path.LastIndexOf '/' + 1)

                   for found in declaration.Matches text do
                       found.Groups[1].Value ])

/// Whether a file or a type of that name is among our sources.
let codeExists (name: string) = named.Value.Contains name

/// Whether a module of tests has a test, or a row of a table of tests, of that name. A module whose name is not the only one of
/// its kind goes by its folder too.
let testExists (file: string) (name: string) =
    match tests.Value |> List.filter (fun (path, _) -> path.EndsWith $"/{file}") with
    | [ _, text ] -> text.Contains $"\"{name}\""
    | _ -> false
