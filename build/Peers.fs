/// Our endpoints with those of other QUIC stacks: files both ways, compared byte for byte by their hashes.
module CoQuic.Build.Peers

open System
open System.IO
open CoQuic.Build.Shell

let private report name failure =
    match failure with
    | None -> printfn $"ok      {name}"
    | Some reason -> printfn $"FAILED  {name}: {reason}"

    Option.isNone failure

let private counted isPassed : Counts.Counts =
    { Counts.none with
        Passed = Convert.ToInt32(isPassed: bool)
        Failed = Convert.ToInt32(not isPassed) }

/// The comparison has to notice a byte that differs: what a case left is spoilt, and looked at again.
let private noticesCorruption site (downloads: string) =
    let file = downloads + PeerSite.large
    let content = File.ReadAllBytes file
    content[content.Length / 2] <- content[content.Length / 2] ^^^ 1uy
    File.WriteAllBytes(file, content)

    if PeerSite.differing site downloads [ PeerSite.large ] = [ PeerSite.large ] then
        None
    else
        Some "it was not noticed"

/// A folder of its own for each attempt, which goes with it.
let private attempt site (case: PeerCase.Case) =
    withTemporaryFolder "coquic-peers-case-" (fun folder -> report case.Name (PeerCase.attempt site case folder))

/// A peer's first case, once more, with a look at the comparison itself.
let private checkComparison site (case: PeerCase.Case) =
    withTemporaryFolder "coquic-peers-case-" (fun folder ->
        let failure =
            PeerCase.attempt site case folder
            |> Option.orElseWith (fun () -> noticesCorruption site (Path.Combine(folder, "downloads")))

        report $"{case.Peer}: a byte that differs is noticed" failure)

/// A peer's name, its cases, or why it is not here.
type private Peer = string * Result<PeerCase.Case list, string>

let private runCases site (filter: string) (cases: PeerCase.Case list) =
    let wanted =
        cases
        |> List.filter (fun case -> case.Name.Contains(filter, StringComparison.OrdinalIgnoreCase))

    [ for case in wanted do
          attempt site case
      if filter = "" then
          checkComparison site (List.head cases) ]
    |> List.map counted
    |> List.fold Counts.add Counts.none

let private runPeer site filter required ((name, prepared): Peer) =
    match prepared with
    | Ok cases -> name, runCases site filter cases
    | Error reason ->
        printfn $"SKIP {name}: {reason}"

        if List.contains name required then
            name, counted false
        else
            name, { Counts.none with Skipped = 1 }

let private peers () : Peer list =
    [ "quic-go", QuicGo.prepare () |> Result.map QuicGoCases.all
      "ngtcp2", Ngtcp2.prepare () |> Result.map Ngtcp2Cases.all
      "tshark", Tshark.prepare () |> Result.map Tshark.cases ]

/// The peers that may be required.
let names = [ "quic-go"; "ngtcp2"; "tshark" ]

/// Runs the cases whose names contain `filter`, or says why it cannot; a peer that is required is not skipped, but fails. The
/// counts of each.
let run (required: string list) (filter: string) : (string * Counts.Counts) list =
    Product.restore ()
    Product.compile "tests/CoQuic.Peers/CoQuic.Peers.fsproj" "Release"
    heading "peers"

    withTemporaryFolder "coquic-peers-" (fun folder ->
        let site = PeerSite.make folder
        peers () |> List.map (runPeer site filter required))

/// All counts together.
let total counts =
    counts |> List.map snd |> List.fold Counts.add Counts.none
