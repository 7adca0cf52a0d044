namespace CoQuic.Perf

open System
open System.Globalization
open Argu
open CoQuic.FSharp

/// What a command line asks for.
type Invocation =
    | Serve of Config
    | Measure of Config
    | Help of usage: string

/// Why a command line cannot be obeyed: every fault at once, and how it should look.
type UsageError = { Faults: string list; Usage: string }

[<RequireQualifiedAccess>]
module Arguments =
    let private programName = "coquic-fsharp-perf"

    let private number name (text: string) =
        match UInt64.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture) with
        | true, value -> Ok value
        | false, _ -> Error $"{name} needs a plain decimal number, not '{text}'."

    let private numberFrom name smallest largest text =
        match number name text with
        | Ok value when value < smallest || value > largest ->
            Error $"{name} must be between {smallest} and {largest}, not {value}."
        | result -> result

    let private datagramSize name text =
        let smallest = uint64 CoQuic.Engine.DatagramSizes.Smallest
        let largest = uint64 CoQuic.Engine.DatagramSizes.Largest
        numberFrom name smallest largest text |> Result.map int

    /// 0 is no size of one's own.
    let private optionalDatagramSize name text =
        if text = "0" then
            Ok None
        else
            datagramSize name text |> Result.map Some

    let private countOf name text =
        match number name text with
        | Ok 0UL -> Error $"{name} must be greater than zero."
        | result -> result

    /// Digits with `ms` or `s` behind.
    let private duration name (text: string) =
        let digits, milliseconds =
            if text.EndsWith("ms", StringComparison.Ordinal) then
                text.Substring(0, text.Length - 2), 1UL
            elif text.EndsWith 's' then
                text.Substring(0, text.Length - 1), 1000UL
            else
                "", 0UL

        match UInt64.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture) with
        | true, value when value <= uint64 TimeSpan.MaxValue.TotalSeconds ->
            Ok(TimeSpan.FromTicks(int64 (value * milliseconds) * TimeSpan.TicksPerMillisecond))
        | true, value -> Error $"{name} is too long: {value}."
        | false, _ -> Error $"{name} needs digits followed by ms or s, not '{text}'."

    let private oneOf name choices (text: string) =
        match List.tryFind (fun (names, _) -> List.contains text names) choices with
        | Some(_, value) -> Ok value
        | None ->
            let known = String.Join(", ", [ for names, _ in choices -> List.head names ])
            Error $"{name} knows {known}, not '{text}'."

    let private algorithms =
        [ [ "newreno" ], CongestionControl.NewReno
          [ "cubic" ], CongestionControl.Cubic
          [ "bbr" ], CongestionControl.Bbr
          [ "copa" ], CongestionControl.Copa
          [ "pcc"; "pcc-allegro"; "pcc_allegro" ], CongestionControl.Pcc
          [ "pcc-vivace"; "pcc_vivace"; "vivace" ], CongestionControl.PccVivace ]

    let private engines =
        [ [ "embedded" ], EngineSource.Embedded; [ "native" ], EngineSource.Native ]

    let private modes =
        [ for mode in
              [ Mode.Bulk
                Mode.RequestResponse
                Mode.ConnectRequestResponse
                Mode.PersistentRequestResponse ] -> [ Mode.name mode ], mode ]

    let private directions =
        [ for direction in [ Direction.Upload; Direction.Download ] -> [ Direction.name direction ], direction ]

    /// What the options say so far, and what only all of them together can tell.
    type private Draft =
        { Config: Config
          GivesDirection: bool
          Chain: string option
          PrivateKey: string option }

    let private change update (draft: Draft) =
        { draft with
            Config = update draft.Config }

    let private apply (option: Option) : Result<Draft -> Draft, string> =
        let set result update =
            Result.map (fun value -> change (update value)) result

        match option with
        | Option.Host host -> set (Ok host) (fun host config -> { config with Host = host })
        | Option.Port text ->
            set (numberFrom "--port" 0UL 65535UL text) (fun port config -> { config with Port = uint16 port })
        | Option.IoBackend text -> set (oneOf "--io-backend" [ [ "socket" ], () ] text) (fun () config -> config)
        | Option.Engine text ->
            set (oneOf "--engine" engines text) (fun engine config -> { config with Engine = Some engine })
        | Option.CongestionControl text ->
            set (oneOf "--congestion-control" algorithms text) (fun algorithm config ->
                { config with
                    CongestionControl = algorithm })
        | Option.Mode text -> set (oneOf "--mode" modes text) (fun mode config -> { config with Mode = mode })
        | Option.Direction text ->
            oneOf "--direction" directions text
            |> Result.map (fun direction draft ->
                { change (fun config -> { config with Direction = direction }) draft with
                    GivesDirection = true })
        | Option.RequestBytes text ->
            set (number "--request-bytes" text) (fun bytes config -> { config with RequestBytes = bytes })
        | Option.ResponseBytes text ->
            set (number "--response-bytes" text) (fun bytes config -> { config with ResponseBytes = bytes })
        | Option.Streams text -> set (countOf "--streams" text) (fun count config -> { config with Streams = count })
        | Option.Connections text ->
            set (countOf "--connections" text) (fun count config -> { config with Connections = count })
        | Option.RequestsInFlight text ->
            set (countOf "--requests-in-flight" text) (fun count config -> { config with RequestsInFlight = count })
        | Option.Requests text ->
            set (number "--requests" text) (fun count config -> { config with Requests = Some count })
        | Option.TotalBytes text ->
            set (number "--total-bytes" text) (fun bytes config -> { config with TotalBytes = Some bytes })
        | Option.Warmup text -> set (duration "--warmup" text) (fun warmup config -> { config with Warmup = warmup })
        | Option.Duration text ->
            set (duration "--duration" text) (fun duration config -> { config with Duration = duration })
        | Option.MaxOutboundDatagramSize text ->
            set (datagramSize "--max-outbound-datagram-size" text) (fun size config ->
                { config with
                    MaxOutboundDatagramSize = size })
        | Option.PmtudMaxDatagramSize text ->
            set (optionalDatagramSize "--pmtud-max-datagram-size" text) (fun size config ->
                { config with
                    PmtudMaxDatagramSize = size })
        | Option.CertificateChain path -> Ok(fun draft -> { draft with Chain = Some path })
        | Option.PrivateKey path -> Ok(fun draft -> { draft with PrivateKey = Some path })
        | Option.ServerName name -> set (Ok name) (fun name config -> { config with ServerName = name })
        | Option.VerifyPeer -> set (Ok()) (fun () config -> { config with VerifyPeer = true })
        | Option.JsonOut path -> set (Ok path) (fun path config -> { config with JsonOut = Some path })
        | Option.ConnectTimeout text ->
            set (duration "--connect-timeout" text) (fun timeout config ->
                { config with
                    ConnectTimeout = (if timeout = TimeSpan.Zero then None else Some timeout) })
        | Option.Shards text ->
            set (numberFrom "--shards" 1UL 256UL text) (fun count config -> { config with Shards = int count })
        | Option.Resume -> set (Ok()) (fun () config -> { config with Resume = true })
        | Option.Repeat text ->
            set (numberFrom "--repeat" 1UL 1000UL text) (fun count config -> { config with Repeat = int count })
        | Option.Chart path -> set (Ok path) (fun path config -> { config with Chart = Some path })
        | Option.Qlog path ->
            set (Ok path) (fun path config ->
                { config with
                    QlogDirectory = Some path })
        | Option.KeyLog path -> set (Ok path) (fun path config -> { config with KeyLogFile = Some path })

    /// Applies one option after the other, later ones winning, and collects the faults.
    let private applyAll options =
        let step (draft, faults) option =
            match apply option with
            | Ok update -> update draft, faults
            | Error fault -> draft, faults @ [ fault ]

        let empty =
            { Config = Config.standard
              GivesDirection = false
              Chain = None
              PrivateKey = None }

        List.fold step (empty, []) options

    /// What no option alone can tell.
    let private contradictions (draft: Draft) =
        let config = draft.Config

        let needsSizes =
            config.Mode = Mode.PersistentRequestResponse
            && (config.RequestBytes = 0UL || config.ResponseBytes = 0UL)

        [ if config.Mode <> Mode.Bulk && draft.GivesDirection then
              "--direction is for --mode bulk only."
          if config.Mode <> Mode.ConnectRequestResponse && config.Resume then
              "--resume is for --mode crr only."
          if needsSizes then
              "--mode persistent-rr needs --request-bytes and --response-bytes greater than zero."
          if draft.Chain.IsSome && draft.PrivateKey.IsNone then
              "--certificate-chain needs --private-key."
          if draft.Chain.IsNone && draft.PrivateKey.IsSome then
              "--private-key needs --certificate-chain." ]

    let private certificateFiles (draft: Draft) =
        Option.map2 (fun chain key -> { Chain = chain; PrivateKey = key }) draft.Chain draft.PrivateKey

    /// A validated configuration, or every fault of the options.
    let private validate (options: Option list) : Result<Config, string list> =
        let draft, faults = applyAll options

        match faults @ contradictions draft with
        | [] ->
            Ok
                { draft.Config with
                    CertificateFiles = certificateFiles draft }
        | faults -> Error faults

    let private ofSubcommand (subcommand: Subcommand) =
        let results, invocation =
            match subcommand with
            | Subcommand.Server results -> results, Serve
            | Subcommand.Client results -> results, Measure

        validate (results.GetAllResults())
        |> Result.map invocation
        |> Result.mapError (fun faults ->
            { Faults = faults
              Usage = results.Parser.PrintUsage() })

    /// Argu's sentence without the usage that it appends.
    let private firstLine (message: string) =
        (message.Split('\n')[0]).Replace("ERROR: ", "").Trim()

    /// Turns a command line into what it asks for, or into everything that is wrong with it.
    let parse (arguments: string array) : Result<Invocation, UsageError> =
        let parser =
            ArgumentParser.Create<Subcommand>(programName = programName, checkStructure = false)

        let refuse fault =
            Error
                { Faults = [ fault ]
                  Usage = parser.PrintUsage() }

        try
            match parser.ParseCommandLine(arguments).GetAllResults() with
            | [ subcommand ] -> ofSubcommand subcommand
            | _ -> refuse "The first argument is the role: server or client."
        with :? ArguParseException as problem ->
            if problem.ErrorCode = ErrorCode.HelpText then
                Ok(Help problem.Message)
            else
                refuse (firstLine problem.Message)
