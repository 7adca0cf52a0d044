namespace CoQuic.Peers

open System
open System.Globalization
open Argu
open CoQuic.FSharp

/// The options of both subcommands.
[<RequireQualifiedAccess>]
type Argument =
    | [<CustomCommandLine "--host">] Host of host: string
    | [<CustomCommandLine "--port">] Port of port: string
    | [<CustomCommandLine "--alpn">] Alpn of protocol: string
    | [<CustomCommandLine "--keylog">] KeyLog of file: string
    | [<CustomCommandLine "--versions">] Versions of list: string
    | [<CustomCommandLine "--www">] Www of directory: string
    | [<CustomCommandLine "--certificate-chain">] CertificateChain of file: string
    | [<CustomCommandLine "--private-key">] PrivateKey of file: string
    | [<CustomCommandLine "--retry">] Retry
    | [<CustomCommandLine "--reuse-token">] ReuseToken
    | [<CustomCommandLine "--download">] Download of directory: string
    | [<CustomCommandLine "--resume">] Resume of file: string
    | [<CustomCommandLine "--zero-rtt">] ZeroRtt
    | [<MainCommand>] Paths of path: string list

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Host _ -> "address to bind (server) or server to connect to (client); 127.0.0.1"
            | Port _ -> "UDP port, 0 to 65535; 4433"
            | Alpn _ -> "application protocol to offer or to accept; hq-interop"
            | KeyLog _ -> "file to append TLS secrets to, in the NSS key log format"
            | Versions _ -> "versions to speak, most preferred first, such as v2,v1; a client begins in the last; v1"
            | Www _ -> "server: the directory to serve"
            | CertificateChain _ -> "server: certificates, PEM; without them one for localhost is made"
            | PrivateKey _ -> "server: private key, PEM"
            | Retry -> "server: make every client show its address by Retry, unless it brings a token"
            | ReuseToken ->
                "client: fetch the first file, and the others over a second connection, with a token of the first"
            | Download _ -> "client: the directory for what is fetched"
            | Resume _ ->
                "client: file with an earlier session to go on with, if it is there; the newest session is kept in it"
            | ZeroRtt -> "client: ask in early data where --resume permits it; server: take early data"
            | Paths _ -> "client: what to fetch, such as /index.html"

/// The subcommands.
[<RequireQualifiedAccess>]
type Subcommand =
    | [<CliPrefix(CliPrefix.None); CustomCommandLine "server">] Server of ParseResults<Argument>
    | [<CliPrefix(CliPrefix.None); CustomCommandLine "client">] Client of ParseResults<Argument>

    interface IArgParserTemplate with
        member subcommand.Usage =
            match subcommand with
            | Server _ -> "serve a directory until ended"
            | Client _ -> "fetch files over one connection"

/// What both sides have.
type Common =
    {
        Host: string
        Port: int
        Alpn: string
        /// Most preferred first. A client begins in the last: as many servers as can be know it (RFC 9368 §2.4).
        Versions: QuicVersion list
        KeyLog: string option
        /// Early data: asked in, or taken.
        ZeroRtt: bool
    }

/// What a server is asked for.
type ServeOptions =
    {
        Common: Common
        Www: string
        /// The files of a certificate chain and of its private key.
        Certificate: (string * string) option
        Retry: bool
    }

/// What a client is asked for.
type FetchOptions =
    {
        Common: Common
        Directory: string
        Paths: string list
        ReuseToken: bool
        /// The file of the session.
        Resume: string option
    }

/// A validated command line.
type Invocation =
    | Serve of ServeOptions
    | Fetch of FetchOptions
    | Help of usage: string

[<RequireQualifiedAccess>]
module Arguments =
    type private Draft =
        { Common: Common
          Www: string option
          Chain: string option
          Key: string option
          Download: string option
          Retry: bool
          ReuseToken: bool
          Resume: string option
          Paths: string list
          Faults: string list }

    let private empty =
        { Common =
            { Host = "127.0.0.1"
              Port = 4433
              Alpn = "hq-interop"
              Versions = [ QuicVersion.V1 ]
              KeyLog = None
              ZeroRtt = false }
          Www = None
          Chain = None
          Key = None
          Download = None
          Retry = false
          ReuseToken = false
          Resume = None
          Paths = []
          Faults = [] }

    let private port (text: string) (draft: Draft) : Draft =
        match UInt16.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture) with
        | true, port ->
            { draft with
                Common = { draft.Common with Port = int port } }
        | false, _ ->
            { draft with
                Faults = draft.Faults @ [ $"--port needs a number from 0 to 65535, not '{text}'." ] }

    let private versions (text: string) (draft: Draft) : Draft =
        let version name =
            match name with
            | "v1" -> Some QuicVersion.V1
            | "v2" -> Some QuicVersion.V2
            | _ -> None

        let named = text.Split ',' |> Array.map version |> List.ofArray

        if List.forall Option.isSome named then
            { draft with
                Common =
                    { draft.Common with
                        Versions = List.choose id named } }
        else
            { draft with
                Faults =
                    draft.Faults
                    @ [ $"--versions needs v1, v2 or both with a comma between, not '{text}'." ] }

    let private apply (draft: Draft) argument : Draft =
        match argument with
        | Argument.Host host ->
            { draft with
                Common = { draft.Common with Host = host } }
        | Argument.Port text -> port text draft
        | Argument.Alpn protocol ->
            { draft with
                Common = { draft.Common with Alpn = protocol } }
        | Argument.KeyLog file ->
            { draft with
                Common = { draft.Common with KeyLog = Some file } }
        | Argument.Versions list -> versions list draft
        | Argument.Retry -> { draft with Retry = true }
        | Argument.ReuseToken -> { draft with ReuseToken = true }
        | Argument.Www directory -> { draft with Www = Some directory }
        | Argument.CertificateChain file -> { draft with Chain = Some file }
        | Argument.PrivateKey file -> { draft with Key = Some file }
        | Argument.Download directory -> { draft with Download = Some directory }
        | Argument.Resume file -> { draft with Resume = Some file }
        | Argument.ZeroRtt ->
            { draft with
                Common = { draft.Common with ZeroRtt = true } }
        | Argument.Paths paths ->
            { draft with
                Paths = draft.Paths @ paths }

    let private serve draft =
        let serving www certificate =
            Serve
                { Common = draft.Common
                  Www = www
                  Certificate = certificate
                  Retry = draft.Retry }

        match draft.Www, draft.Chain, draft.Key with
        | None, _, _ -> Error [ "server needs --www." ]
        | Some www, Some chain, Some key -> Ok(serving www (Some(chain, key)))
        | Some www, None, None -> Ok(serving www None)
        | Some _, _, _ -> Error [ "--certificate-chain and --private-key need each other." ]

    /// Files are kept under the last part of their paths.
    let private pathFaults (paths: string list) =
        let names = paths |> List.map (fun path -> path.Substring(path.LastIndexOf '/' + 1))

        [ for path in paths do
              if not (path.StartsWith '/') then
                  $"A path begins with '/', unlike '{path}'."
          if List.length (List.distinct names) < List.length names then
              "Two paths end in the same name." ]

    let private fetch draft =
        match draft.Download, draft.Paths, pathFaults draft.Paths with
        | None, _, _ -> Error [ "client needs --download." ]
        | Some _, [], _ -> Error [ "client needs something to fetch." ]
        | Some directory, paths, [] ->
            Ok(
                Fetch
                    { Common = draft.Common
                      Directory = directory
                      Paths = paths
                      ReuseToken = draft.ReuseToken
                      Resume = draft.Resume }
            )
        | Some _, _, faults -> Error faults

    let private judge (results: ParseResults<Argument>) complete =
        let draft = results.GetAllResults() |> List.fold apply empty

        match complete draft, draft.Faults with
        | Ok invocation, [] -> Ok invocation
        | Ok _, faults -> Error faults
        | Error missing, faults -> Error(faults @ missing)

    /// What a command line asks for, or everything that is wrong with it and how it should look.
    let parse (arguments: string array) : Result<Invocation, string list> =
        let parser =
            ArgumentParser.Create<Subcommand>(programName = "coquic-interop", checkStructure = false)

        try
            match parser.ParseCommandLine(arguments).GetAllResults() with
            | [ Subcommand.Server results ] -> judge results serve
            | [ Subcommand.Client results ] -> judge results fetch
            | _ -> Error [ parser.PrintUsage() ]
        with :? ArguParseException as problem ->
            if problem.ErrorCode = ErrorCode.HelpText then
                Ok(Help problem.Message)
            else
                Error [ problem.Message ]
