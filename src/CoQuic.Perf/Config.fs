namespace CoQuic.Perf

open System
open CoQuic.FSharp

/// Where a server finds its certificate.
type CertificateFiles =
    {
        /// PEM, the server's own certificate first.
        Chain: string
        /// PEM.
        PrivateKey: string
    }

/// A validated command line. Both roles take every option; what a role does not use, it ignores.
type Config =
    {
        Host: string
        Port: uint16
        /// None takes what COQUIC_ENGINE says.
        Engine: EngineSource option
        CongestionControl: CongestionControl
        Mode: Mode
        Direction: Direction
        RequestBytes: uint64
        ResponseBytes: uint64
        /// At least 1; for bulk.
        Streams: uint64
        /// At least 1.
        Connections: uint64
        /// At least 1; for rr and persistent-rr.
        RequestsInFlight: uint64
        /// Bounds rr, persistent-rr and crr.
        Requests: uint64 option
        /// Bounds bulk, for each connection.
        TotalBytes: uint64 option
        Warmup: TimeSpan
        Duration: TimeSpan
        /// In bytes, at least 1200.
        MaxOutboundDatagramSize: int
        /// In bytes, at least 1200; none lets the search for the path's size choose.
        PmtudMaxDatagramSize: int option
        /// None: the server makes itself a certificate for localhost.
        CertificateFiles: CertificateFiles option
        ServerName: string
        VerifyPeer: bool
        JsonOut: string option
        /// How many threads a server has, with a socket each at its port: 1 to 256.
        Shards: int
        /// Whether the connections of crr after the first resume its session.
        Resume: bool
        /// How often a client runs the benchmark, 1 to 1000.
        Repeat: int
        /// The directory for qlog files.
        QlogDirectory: string option
        /// The file to append key-log lines to.
        KeyLogFile: string option
        /// The file for a page with charts.
        Chart: string option
        /// How long a client waits for a handshake, or for anything to happen in a bounded run; none is for ever.
        ConnectTimeout: TimeSpan option
    }

[<RequireQualifiedAccess>]
module Config =
    let standard =
        { Host = "127.0.0.1"
          Port = 4433us
          Engine = None
          CongestionControl = CongestionControl.NewReno
          Mode = Mode.Bulk
          Direction = Direction.Download
          RequestBytes = 64UL
          ResponseBytes = 64UL
          Streams = 1UL
          Connections = 1UL
          RequestsInFlight = 1UL
          Requests = None
          TotalBytes = None
          Warmup = TimeSpan.Zero
          Duration = TimeSpan.FromSeconds 5.0
          MaxOutboundDatagramSize = 1472
          PmtudMaxDatagramSize = None
          CertificateFiles = None
          ServerName = "localhost"
          VerifyPeer = false
          JsonOut = None
          Shards = 1
          Resume = false
          Repeat = 1
          QlogDirectory = None
          KeyLogFile = None
          Chart = None
          ConnectTimeout = Some(TimeSpan.FromSeconds 10.0) }

    /// Whether the run ends by the clock: nothing bounds its work.
    let isTimed config =
        match config.Mode with
        | Mode.Bulk -> config.TotalBytes.IsNone
        | Mode.RequestResponse
        | Mode.ConnectRequestResponse
        | Mode.PersistentRequestResponse -> config.Requests.IsNone

    let congestionControlName algorithm =
        match algorithm with
        | CongestionControl.Cubic -> "cubic"
        | CongestionControl.Bbr -> "bbr"
        | CongestionControl.Copa -> "copa"
        | CongestionControl.Pcc -> "pcc"
        | CongestionControl.PccVivace -> "pcc-vivace"
        | _ -> "newreno"

    let private microseconds (duration: TimeSpan) =
        uint64 (duration.Ticks / TimeSpan.TicksPerMicrosecond)

    /// The session_start of a connection. `requests` is that connection's share in rr and persistent-rr.
    let sessionStart requests config =
        { Version = ProtocolVersion.Current
          Mode = config.Mode
          Direction = config.Direction
          RequestBytes = config.RequestBytes
          ResponseBytes = config.ResponseBytes
          TotalBytes = config.TotalBytes
          Requests = requests
          Warmup = microseconds config.Warmup
          Duration = microseconds config.Duration
          Streams = config.Streams
          Connections = config.Connections
          RequestsInFlight = config.RequestsInFlight }
