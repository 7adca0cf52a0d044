/// One attempt with a peer: who serves, who fetches, over which link, and what has to be seen.
module CoQuic.Build.PeerCase

open System
open System.IO
open CoQuic.Build.Shell

/// Where a case happens.
type Setting =
    {
        Site: PeerSite.Site
        /// A folder of the case's own.
        Folder: string
        /// Where the server listens.
        Port: int
        /// Whom clients are to connect to: the server, or a relay before it.
        Target: int
    }

    member setting.Downloads = Path.Combine(setting.Folder, "downloads")
    member setting.Inside name = Path.Combine(setting.Folder, name)

/// A program to be run.
type Launch =
    {
        Program: string
        Arguments: string list
        Environment: (string * string) list
        /// What ours write is looked at.
        IsOurs: bool
    }

type Case =
    {
        Peer: string
        Name: string
        Server: Setting -> Launch
        /// One after the other.
        Clients: (Setting -> Launch) list
        /// Options of a relay between them, or none.
        Link: string list
        /// What is fetched in all.
        Paths: string list
        /// What our program has to say, or its qlog files.
        Says: string list
        /// What is looked at besides; a sentence where it is not as it should be.
        Look: Setting -> string option
    }

let private interop =
    inRoot "tests/CoQuic.Peers/bin/Release/net10.0/coquic-interop.dll"

/// No case takes longer, on any machine: what does, hangs.
let private patience = TimeSpan.FromSeconds 120.0

let private ours arguments =
    { Program = "dotnet"
      Arguments = interop :: arguments
      Environment = []
      IsOurs = true }

let theirs environment program arguments =
    { Program = program
      Arguments = arguments
      Environment = environment
      IsOurs = false }

let private traces (setting: Setting) =
    [ "--qlog"; setting.Inside "qlog"; "--keylog"; setting.Inside "keys" ]

let private identity (setting: Setting) =
    [ "--certificate-chain"
      setting.Site.Certificate
      "--private-key"
      setting.Site.Key ]

/// Our server of files. `PORT` in the options is its port.
let ourServer options (setting: Setting) =
    let options =
        options
        |> List.map (fun (text: string) -> text.Replace("PORT", string setting.Port))

    ours (
        [ "server"; "--port"; string setting.Port; "--www"; setting.Site.Www ]
        @ identity setting
        @ traces setting
        @ options
    )

/// Our server of DATAGRAM frames.
let ourDuck (setting: Setting) =
    ours (
        [ "server"; "--datagram"; "--port"; string setting.Port ]
        @ identity setting
        @ traces setting
    )

/// Our client of files. `SESSION` among the options is a file of the case's own.
let ourClient options paths (setting: Setting) =
    let option text =
        if text = "SESSION" then setting.Inside "session" else text

    ours (
        [ "client"; "--port"; string setting.Target; "--download"; setting.Downloads ]
        @ traces setting
        @ List.map option options
        @ paths
    )

/// Our client of DATAGRAM frames.
let askingDuck (setting: Setting) =
    ours ([ "client"; "--datagram"; "--port"; string setting.Target ] @ traces setting)

let private start launch =
    startQuiet launch.Environment launch.Program launch.Arguments

let private describe (lines: string seq) =
    String.Join(" | ", Seq.truncate 8 lines)

/// Starts a program, and waits until it listens.
let private listening launch port =
    let started = start launch
    PeerSite.awaitPort patience (fun () -> started.Child.HasExited) port
    started

/// Runs clients in turn, until one fails. What ours wrote is added to `lines`.
let rec private runClients (lines: ResizeArray<string>) setting (clients: (Setting -> Launch) list) =
    match clients with
    | [] -> None
    | client :: others ->
        let launch = client setting

        let status, written =
            runQuiet launch.Environment patience launch.Program launch.Arguments

        if launch.IsOurs then
            lines.AddRange written

        match status with
        | Some 0 -> runClients lines setting others
        | Some code -> Some $"the client ended with exit status {code}: {describe written}"
        | None -> Some $"the client was still running after {patience}"

let private qlogOf (setting: Setting) =
    let folder = setting.Inside "qlog"

    if Directory.Exists folder then
        Directory.GetFiles(folder, "*.sqlog") |> Seq.map File.ReadAllText
    else
        Seq.empty

let private unsaid (setting: Setting) (lines: string seq) words =
    let said = String.Join("\n", Seq.append lines (qlogOf setting))

    words
    |> List.filter (fun (word: string) -> not (said.Contains(word, StringComparison.Ordinal)))

/// Why what was seen is not enough, or none.
let private judge (case: Case) setting lines =
    match PeerSite.differing setting.Site setting.Downloads case.Paths, unsaid setting lines case.Says with
    | path :: _ as paths, _ -> Some $"{paths.Length} files differ, the first is {path}"
    | [], word :: _ -> Some $"nobody said '{word}': {describe lines}"
    | [], [] -> case.Look setting

let private between (case: Case) (setting: Setting) work =
    if List.isEmpty case.Link then
        work ()
    else
        let option text =
            if text = "PCAP" then setting.Inside "pcap" else text

        let relay =
            [ "relay"
              "--port"
              string setting.Target
              "--to"
              $"127.0.0.1:{setting.Port}" ]
            @ List.map option case.Link

        let relay = listening (ours relay) setting.Target

        try
            work ()
        finally
            endQuiet relay

/// Why a case failed, or none; what it downloaded is left in the folder.
let attempt site (case: Case) folder =
    let port = PeerSite.freePort ()

    let setting =
        { Site = site
          Folder = folder
          Port = port
          Target =
            (if List.isEmpty case.Link then
                 port
             else
                 PeerSite.freePort ()) }

    Directory.CreateDirectory setting.Downloads |> ignore
    let server = case.Server setting
    let serving = listening server port
    let lines = ResizeArray<string>()

    let failure =
        try
            between case setting (fun () -> runClients lines setting case.Clients)
        finally
            endQuiet serving

    if server.IsOurs then
        lines.AddRange serving.Lines

    match failure with
    | Some reason when server.IsOurs -> Some $"{reason} | our server: {describe serving.Lines}"
    | Some reason -> Some reason
    | None -> judge case setting lines
