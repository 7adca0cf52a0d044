namespace CoQuic.Peers

open System
open System.Globalization
open System.Net
open Argu
open CoQuic.FSharp

/// Command lines, judged.
[<RequireQualifiedAccess>]
module Arguments =

    /// What was read so far. What nothing was said of is empty.
    type private Draft =
        { Common: Common
          HasProtocol: bool
          Datagram: bool
          Www: string option
          Chain: string option
          Key: string option
          Retry: bool
          Preferred: IPEndPoint list
          Download: string option
          Fetch: FetchOptions
          Server: IPEndPoint option
          Link: LinkConditions
          Capture: string option
          Faults: string list }

    let private empty =
        { Common = Common.defaults
          HasProtocol = false
          Datagram = false
          Www = None
          Chain = None
          Key = None
          Retry = false
          Preferred = []
          Download = None
          Fetch = FetchOptions.create Common.defaults "" []
          Server = None
          Link = LinkConditions.ideal
          Capture = None
          Faults = [] }

    let private fault sentence (draft: Draft) =
        { draft with
            Faults = draft.Faults @ [ sentence ] }

    /// The draft with a value read from text, or with the fault that it needs another.
    let private reading option needs (read: string -> 'value option) text apply (draft: Draft) =
        match read text with
        | Some value -> apply draft value
        | None -> fault $"{option} needs {needs}, not '{text}'." draft

    let private number (text: string) =
        match Int32.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture) with
        | true, number -> Some number
        | false, _ -> None

    let private port text =
        number text |> Option.filter (fun port -> port <= int UInt16.MaxValue)

    let private percent (text: string) =
        match Double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture) with
        | true, percent when percent <= 100.0 -> Some(percent / 100.0)
        | _ -> None

    /// An address with its port: without one, it would be the port 0.
    let private endPoint (text: string) =
        match IPEndPoint.TryParse text with
        | true, NonNull endPoint when endPoint.Port > 0 -> Some endPoint
        | _ -> None

    /// Names between commas, each known and none twice.
    let private names (known: (string * 'value) list) (text: string) =
        let values =
            text.Split ','
            |> List.ofArray
            |> List.map (fun name -> List.tryFind (fst >> (=) name) known)

        if List.contains None values || List.distinct values <> values then
            None
        else
            values |> List.choose (Option.map snd) |> Some

    let private versions = [ "v1", QuicVersion.V1; "v2", QuicVersion.V2 ]

    let private ciphers =
        [ "aes128", CipherSuite.Aes128GcmSha256
          "aes256", CipherSuite.Aes256GcmSha384
          "chacha20", CipherSuite.ChaCha20Poly1305Sha256 ]

    let private controllers =
        [ "newreno", CongestionControl.NewReno
          "cubic", CongestionControl.Cubic
          "bbr", CongestionControl.Bbr
          "copa", CongestionControl.Copa
          "pcc", CongestionControl.Pcc
          "pcc-vivace", CongestionControl.PccVivace ]

    let private controller text =
        names controllers text
        |> Option.filter (List.length >> (=) 1)
        |> Option.map List.head

    let private withCommon change (draft: Draft) =
        { draft with
            Draft.Common = change draft.Common }

    let private withFetch change (draft: Draft) =
        { draft with
            Draft.Fetch = change draft.Fetch }

    let private withLink change (draft: Draft) =
        { draft with
            Draft.Link = change draft.Link }

    let private disturb disturbance =
        withFetch (fun fetch ->
            { fetch with
                Disturbances = List.distinct (fetch.Disturbances @ [ disturbance ]) })

    let private probability option text change =
        reading option "a percentage from 0 to 100" percent text (fun draft value ->
            withLink (fun link -> change link value) draft)

    let private apply (draft: Draft) argument : Draft =
        match argument with
        | Argument.Host host -> draft |> withCommon (fun common -> { common with Host = host })
        | Argument.Port text ->
            draft
            |> reading "--port" "a number from 0 to 65535" port text (fun draft port ->
                draft |> withCommon (fun common -> { common with Port = port }))
        | Argument.Alpn protocol ->
            { draft with HasProtocol = true }
            |> withCommon (fun common -> { common with Alpn = protocol })
        | Argument.KeyLog file -> draft |> withCommon (fun common -> { common with KeyLog = Some file })
        | Argument.Qlog directory -> draft |> withCommon (fun common -> { common with Qlog = Some directory })
        | Argument.Versions text ->
            draft
            |> reading "--versions" "v1, v2 or both with a comma between" (names versions) text (fun draft versions ->
                draft |> withCommon (fun common -> { common with Versions = versions }))
        | Argument.Cipher text ->
            let known = String.Join(", ", List.map fst ciphers)

            draft
            |> reading "--cipher" $"some of {known} with commas between" (names ciphers) text (fun draft suites ->
                draft |> withCommon (fun common -> { common with CipherSuites = suites }))
        | Argument.CongestionControl text ->
            let known = String.Join(", ", List.map fst controllers)

            draft
            |> reading "--congestion-control" $"one of {known}" controller text (fun draft controller ->
                draft
                |> withCommon (fun common ->
                    { common with
                        CongestionControl = controller }))
        | Argument.HandshakeTimeout text ->
            draft
            |> reading "--handshake-timeout" "a number of seconds" number text (fun draft seconds ->
                draft
                |> withCommon (fun common ->
                    { common with
                        HandshakeTimeout = TimeSpan.FromSeconds(float seconds) }))
        | Argument.ZeroRtt -> draft |> withCommon (fun common -> { common with ZeroRtt = true })
        | Argument.Datagram -> { draft with Datagram = true }
        | Argument.Www directory -> { draft with Www = Some directory }
        | Argument.CertificateChain file -> { draft with Chain = Some file }
        | Argument.PrivateKey file -> { draft with Key = Some file }
        | Argument.Retry -> { draft with Retry = true }
        | Argument.PreferredAddress text ->
            draft
            |> reading "--preferred-address" "an address and a port" endPoint text (fun draft endPoint ->
                { draft with
                    Preferred = draft.Preferred @ [ endPoint ] })
        | Argument.Download directory -> { draft with Download = Some directory }
        | Argument.Resume file -> draft |> withFetch (fun fetch -> { fetch with Resume = Some file })
        | Argument.ReuseToken -> draft |> withFetch (fun fetch -> { fetch with ReuseToken = true })
        | Argument.KeyUpdate -> disturb Disturbance.KeyUpdate draft
        | Argument.Rebind -> disturb Disturbance.Rebinding draft
        | Argument.Migrate -> disturb Disturbance.Migration draft
        | Argument.VersionProbe -> draft |> withFetch (fun fetch -> { fetch with ProbesVersions = true })
        | Argument.To text ->
            draft
            |> reading "--to" "an address and a port" endPoint text (fun draft endPoint ->
                { draft with Server = Some endPoint })
        | Argument.Drop text ->
            draft
            |> probability "--drop" text (fun link value -> { link with Drop = value })
        | Argument.Corrupt text ->
            draft
            |> probability "--corrupt" text (fun link value -> { link with Corrupt = value })
        | Argument.Reorder text ->
            draft
            |> probability "--reorder" text (fun link value -> { link with Reorder = value })
        | Argument.Duplicate text ->
            draft
            |> probability "--duplicate" text (fun link value -> { link with Duplicate = value })
        | Argument.RebindAfter text ->
            draft
            |> reading "--rebind-after" "a number" number text (fun draft count ->
                draft |> withLink (fun link -> { link with RebindAfter = count }))
        | Argument.Seed text ->
            draft
            |> reading "--seed" "a number" number text (fun draft seed ->
                draft |> withLink (fun link -> { link with Seed = seed }))
        | Argument.Pcap file -> { draft with Capture = Some file }
        | Argument.Paths paths ->
            draft
            |> withFetch (fun fetch ->
                { fetch with
                    Paths = fetch.Paths @ paths })

    /// DATAGRAM frames are exchanged under a protocol of their own, unless another is named.
    let private commonOf (draft: Draft) =
        if draft.Datagram && not draft.HasProtocol then
            { draft.Common with
                Alpn = Duck.protocol }
        else
            draft.Common

    let private serverFaults (draft: Draft) =
        [ match draft.Www, draft.Datagram with
          | None, false -> "server needs --www or --datagram."
          | Some _, true -> "--www and --datagram exclude each other."
          | _ -> ()
          if draft.Chain.IsSome <> draft.Key.IsSome then
              "--certificate-chain and --private-key need each other."
          let families = draft.Preferred |> List.map _.AddressFamily

          if List.distinct families <> families then
              "--preferred-address is taken once for IPv4 and once for IPv6." ]

    let private serve (draft: Draft) =
        Serve
            { Common = commonOf draft
              Service = draft.Www |> Option.map Files |> Option.defaultValue Datagrams
              Certificate = Option.map2 (fun chain key -> chain, key) draft.Chain draft.Key
              Retry = draft.Retry
              PreferredAddresses = draft.Preferred }

    /// Files are kept under the last part of their paths.
    let private pathFaults (paths: string list) =
        let names = paths |> List.map (fun path -> path.Substring(path.LastIndexOf '/' + 1))

        [ for path in paths do
              if not (path.StartsWith '/') then
                  $"A path begins with '/', unlike '{path}'."
          if List.length (List.distinct names) < List.length names then
              "Two paths end in the same name." ]

    let private fetchFaults (draft: Draft) =
        let fetch = draft.Fetch

        [ if draft.Download.IsNone then
              "client needs --download, or --datagram."
          if fetch.Paths.IsEmpty then
              "client needs something to fetch, or --datagram."
          yield! pathFaults fetch.Paths
          if draft.Common.ZeroRtt && fetch.Resume.IsNone then
              "--zero-rtt needs --resume: early data belongs to an earlier session."
          if fetch.ReuseToken && fetch.Paths.Length < 2 then
              "--reuse-token needs two paths: one for each connection."
          if fetch.ReuseToken && fetch.Resume.IsSome then
              "--reuse-token and --resume exclude each other: the second connection is another client's."
          if
              List.contains Rebinding fetch.Disturbances
              && List.contains Migration fetch.Disturbances
          then
              "--rebind and --migrate exclude each other: the server could not tell one from the other." ]

    let private datagramFaults (draft: Draft) =
        [ if draft.Download.IsSome || not draft.Fetch.Paths.IsEmpty then
              "--datagram fetches nothing: it takes neither --download nor a path."
          if draft.Common.ZeroRtt || draft.Fetch.Resume.IsSome || draft.Fetch.ReuseToken then
              "--datagram takes neither --resume nor --zero-rtt nor --reuse-token."
          if not draft.Fetch.Disturbances.IsEmpty || draft.Fetch.ProbesVersions then
              "--datagram takes neither --key-update nor --rebind nor --migrate nor --version-probe." ]

    let private clientFaults (draft: Draft) =
        if draft.Datagram then
            datagramFaults draft
        else
            fetchFaults draft

    let private ask (draft: Draft) =
        if draft.Datagram then
            Ask(commonOf draft)
        else
            Fetch
                { draft.Fetch with
                    Common = draft.Common
                    Directory = Option.defaultValue "" draft.Download }

    let private relayFaults (draft: Draft) =
        [ if draft.Server.IsNone then
              "relay needs --to." ]

    let private relay (draft: Draft) =
        Relay
            { Port = draft.Common.Port
              Server = draft.Server |> Option.defaultValue (IPEndPoint(IPAddress.Loopback, 0))
              Link = draft.Link
              Capture = draft.Capture }

    let private strangers name arguments =
        [ for argument in arguments do
              match Argument.scope argument with
              | option, scopes when not (List.contains name scopes) ->
                  let known = String.Join(" and ", scopes)
                  $"{name} does not take {option}: {known} does."
              | _ -> () ]

    let private judge name (results: ParseResults<Argument>) faults complete =
        let arguments = results.GetAllResults()

        match strangers name arguments with
        | [] ->
            let draft = List.fold apply empty arguments

            match draft.Faults @ faults draft with
            | [] -> Ok(complete draft)
            | faults -> Error faults
        | strangers -> Error strangers

    let private about =
        "Speaks HTTP/0.9 over QUIC (hq-interop) with other QUIC stacks. Without arguments and with ROLE set to server or client it "
        + "obeys the QUIC interop runner: TESTCASE, REQUESTS, SERVER_PARAMS and CLIENT_PARAMS (options to append), SSLKEYLOGFILE, "
        + "QLOGDIR; WWW, DOWNLOADS and CERTS replace /www, /downloads and /certs, PORT replaces 443, PREFERRED_ADDRESSES the "
        + "addresses of this machine. A test case that is not supported ends with exit status 127."

    /// What a command line asks for, or everything that is wrong with it and how it should look.
    let parse (arguments: string array) : Result<Invocation, string list> =
        let parser =
            ArgumentParser.Create<Subcommand>(
                programName = "coquic-interop",
                helpTextMessage = about,
                checkStructure = false
            )

        try
            match parser.ParseCommandLine(arguments).GetAllResults() with
            | [ Subcommand.Server results ] -> judge "server" results serverFaults serve
            | [ Subcommand.Client results ] -> judge "client" results clientFaults ask
            | [ Subcommand.Relay results ] -> judge "relay" results relayFaults relay
            | _ -> Error [ parser.PrintUsage() ]
        with :? ArguParseException as problem ->
            if problem.ErrorCode = ErrorCode.HelpText then
                Ok(Help problem.Message)
            else
                Error [ problem.Message ]
