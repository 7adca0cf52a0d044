namespace CoQuic.Perf

open Argu

/// The options of both subcommands. Values are read as text here, so that one function can judge them all.
[<RequireQualifiedAccess>]
type Option =
    | [<CustomCommandLine "--host">] Host of host: string
    | [<CustomCommandLine "--port">] Port of port: string
    | [<CustomCommandLine "--io-backend">] IoBackend of backend: string
    | [<CustomCommandLine "--engine">] Engine of engine: string
    | [<CustomCommandLine "--congestion-control">] CongestionControl of algorithm: string
    | [<CustomCommandLine "--mode">] Mode of mode: string
    | [<CustomCommandLine "--direction">] Direction of direction: string
    | [<CustomCommandLine "--request-bytes">] RequestBytes of bytes: string
    | [<CustomCommandLine "--response-bytes">] ResponseBytes of bytes: string
    | [<CustomCommandLine "--streams">] Streams of count: string
    | [<CustomCommandLine "--connections">] Connections of count: string
    | [<CustomCommandLine "--requests-in-flight">] RequestsInFlight of count: string
    | [<CustomCommandLine "--requests">] Requests of count: string
    | [<CustomCommandLine "--total-bytes">] TotalBytes of bytes: string
    | [<CustomCommandLine "--warmup">] Warmup of duration: string
    | [<CustomCommandLine "--duration">] Duration of duration: string
    | [<CustomCommandLine "--max-outbound-datagram-size">] MaxOutboundDatagramSize of bytes: string
    | [<CustomCommandLine "--pmtud-max-datagram-size">] PmtudMaxDatagramSize of bytes: string
    | [<CustomCommandLine "--certificate-chain">] CertificateChain of path: string
    | [<CustomCommandLine "--private-key">] PrivateKey of path: string
    | [<CustomCommandLine "--server-name">] ServerName of name: string
    | [<CustomCommandLine "--verify-peer">] VerifyPeer
    | [<CustomCommandLine "--json-out">] JsonOut of path: string
    | [<CustomCommandLine "--connect-timeout">] ConnectTimeout of duration: string
    | [<CustomCommandLine "--shards">] Shards of count: string
    | [<CustomCommandLine "--resume">] Resume
    | [<CustomCommandLine "--repeat">] Repeat of count: string
    | [<CustomCommandLine "--chart">] Chart of path: string
    | [<CustomCommandLine "--qlog">] Qlog of directory: string
    | [<CustomCommandLine "--keylog">] KeyLog of path: string

    interface IArgParserTemplate with
        member option.Usage =
            match option with
            | Host _ -> "address to bind (server) or server to connect to (client), a name or a literal; 127.0.0.1"
            | Port _ -> "UDP port, 0 to 65535; 4433"
            | IoBackend _ -> "socket, the only one there is"
            | Engine _ ->
                "embedded, or native for the shared library that COQUIC_LIB_PATH names; what COQUIC_ENGINE says, or embedded"
            | CongestionControl _ -> "newreno, cubic, bbr, copa, pcc or pcc-vivace; newreno"
            | Mode _ -> "bulk, rr, crr or persistent-rr; bulk"
            | Direction _ -> "upload or download, as the client sees it, for bulk only; download"
            | RequestBytes _ -> "bytes of a request; 64"
            | ResponseBytes _ -> "bytes of a response; 64"
            | Streams _ -> "streams of each connection, for bulk; 1"
            | Connections _ -> "connections at a time; 1"
            | RequestsInFlight _ -> "outstanding requests of each connection, for rr and persistent-rr; 1"
            | Requests _ -> "end an rr, crr or persistent-rr run after this many requests"
            | TotalBytes _ -> "end a bulk run after this many bytes on each connection"
            | Warmup _ -> "time before measuring starts, such as 500ms or 2s; 0ms"
            | Duration _ -> "time to measure where nothing else ends the run, such as 500ms or 10s; 5s"
            | MaxOutboundDatagramSize _ -> "largest UDP payload to send in bytes, at least 1200; 1472"
            | PmtudMaxDatagramSize _ ->
                "largest UDP payload to probe for in bytes, at least 1200, or 0 for automatic; 0"
            | CertificateChain _ -> "the server's certificates, PEM; without it a certificate for localhost is made"
            | PrivateKey _ -> "the server's private key, PEM"
            | ServerName _ -> "name to ask for and to find in the server's certificate; localhost"
            | VerifyPeer -> "check the server's certificate and its name"
            | JsonOut _ -> "file for the result as JSON, overwritten"
            | ConnectTimeout _ -> "how long a client waits for the server, such as 500ms or 10s, 0s for ever; 10s"
            | Shards _ -> "threads of a server, each with a socket at its port, 1 to 256; 1"
            | Resume -> "crr: every connection after the first resumes a session, as returning clients do"
            | Repeat _ -> "run the benchmark so often, 1 to 1000, and report median and spread; 1"
            | Chart _ -> "file for a page with throughput over time and the latency distribution, overwritten"
            | Qlog _ -> "directory for qlog files, one a connection; what QLOGDIR says, or none"
            | KeyLog _ -> "file to append TLS secrets to, for packet analysers; what SSLKEYLOGFILE says, or none"

/// The subcommands.
[<RequireQualifiedAccess>]
type Subcommand =
    | [<CliPrefix(CliPrefix.None); CustomCommandLine "server">] Server of ParseResults<Option>
    | [<CliPrefix(CliPrefix.None); CustomCommandLine "client">] Client of ParseResults<Option>

    interface IArgParserTemplate with
        member subcommand.Usage =
            match subcommand with
            | Server _ -> "serve coquic-perf/1 sessions until ended"
            | Client _ -> "run one benchmark against a server and report"
