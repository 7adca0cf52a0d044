namespace CoQuic.Peers

open Argu

/// The options of all subcommands. Values are read as text here, so that one function can judge them all.
[<RequireQualifiedAccess>]
type Argument =
    | [<CustomCommandLine "--host">] Host of host: string
    | [<CustomCommandLine "--port">] Port of port: string
    | [<CustomCommandLine "--alpn">] Alpn of protocol: string
    | [<CustomCommandLine "--keylog">] KeyLog of file: string
    | [<CustomCommandLine "--qlog">] Qlog of directory: string
    | [<CustomCommandLine "--versions">] Versions of list: string
    | [<CustomCommandLine "--cipher">] Cipher of list: string
    | [<CustomCommandLine "--congestion-control">] CongestionControl of algorithm: string
    | [<CustomCommandLine "--handshake-timeout">] HandshakeTimeout of seconds: string
    | [<CustomCommandLine "--zero-rtt">] ZeroRtt
    | [<CustomCommandLine "--datagram">] Datagram
    | [<CustomCommandLine "--www">] Www of directory: string
    | [<CustomCommandLine "--certificate-chain">] CertificateChain of file: string
    | [<CustomCommandLine "--private-key">] PrivateKey of file: string
    | [<CustomCommandLine "--retry">] Retry
    | [<CustomCommandLine "--preferred-address">] PreferredAddress of endPoint: string
    | [<CustomCommandLine "--download">] Download of directory: string
    | [<CustomCommandLine "--resume">] Resume of file: string
    | [<CustomCommandLine "--reuse-token">] ReuseToken
    | [<CustomCommandLine "--key-update">] KeyUpdate
    | [<CustomCommandLine "--rebind">] Rebind
    | [<CustomCommandLine "--migrate">] Migrate
    | [<CustomCommandLine "--version-probe">] VersionProbe
    | [<CustomCommandLine "--to">] To of endPoint: string
    | [<CustomCommandLine "--drop">] Drop of percent: string
    | [<CustomCommandLine "--corrupt">] Corrupt of percent: string
    | [<CustomCommandLine "--reorder">] Reorder of percent: string
    | [<CustomCommandLine "--duplicate">] Duplicate of percent: string
    | [<CustomCommandLine "--rebind-after">] RebindAfter of datagrams: string
    | [<CustomCommandLine "--seed">] Seed of seed: string
    | [<CustomCommandLine "--pcap">] Pcap of file: string
    | [<MainCommand>] Paths of path: string list

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Host _ -> "address to bind (server) or server to connect to (client); 127.0.0.1"
            | Port _ -> "UDP port, 0 to 65535; 4433"
            | Alpn _ ->
                "application protocol to offer or to accept: h3 for HTTP/3, others are HTTP/0.9; hq-interop, or siduck with --datagram"
            | KeyLog _ -> "file to append TLS secrets to, in the NSS key log format; what SSLKEYLOGFILE says"
            | Qlog _ -> "directory for qlog files, one a connection; what QLOGDIR says"
            | Versions _ -> "versions to speak, most preferred first, such as v2,v1; a client begins in the last; v1"
            | Cipher _ -> "cipher suites, most preferred first: aes128, aes256, chacha20; aes128,aes256,chacha20"
            | CongestionControl _ -> "newreno, cubic, bbr, copa, pcc or pcc-vivace; cubic"
            | HandshakeTimeout _ -> "how long a handshake may take, in seconds, 0 for ever; 10"
            | ZeroRtt -> "client: ask in early data where --resume permits it; server: take early data"
            | Datagram ->
                "client: send 'quack' in DATAGRAM frames until 'quack-ack' comes back, instead of fetching; server: answer so"
            | Www _ -> "server: the directory to serve"
            | CertificateChain _ -> "server: certificates, PEM; without them one for localhost is made"
            | PrivateKey _ -> "server: private key, PEM"
            | Retry -> "server: make every client show its address by Retry, unless it brings a token"
            | PreferredAddress _ ->
                "server: where clients should go on, such as 127.0.0.2:4433; once for IPv4 and once for IPv6 at most"
            | Download _ -> "client: the directory for what is fetched"
            | Resume _ ->
                "client: file with an earlier session to go on with, if it is there; the newest session is kept in it"
            | ReuseToken ->
                "client: fetch the first file, and the others over a second connection, with a token of the first"
            | KeyUpdate -> "client: update the keys once the first bytes are there"
            | Rebind -> "client: appear at another port once the first bytes are there, as behind a NAT"
            | Migrate -> "client: migrate to another port once the first bytes are there"
            | VersionProbe -> "client: begin in a version that no server knows, and go on in one that is negotiated"
            | To _ -> "relay: the server's address and port, such as 127.0.0.1:4433"
            | Drop _ -> "relay: datagrams lost, in percent; 0"
            | Corrupt _ -> "relay: datagrams with a wrong bit, in percent; 0"
            | Reorder _ -> "relay: datagrams overtaken by the next, in percent; 0"
            | Duplicate _ -> "relay: datagrams that arrive twice, in percent; 0"
            | RebindAfter _ -> "relay: another port towards the server after so many datagrams of a client, or never; 0"
            | Seed _ -> "relay: number that decides which datagrams suffer; 0"
            | Pcap _ -> "relay: file for what passes between it and the clients, over IPv4, as tcpdump writes it"
            | Paths _ -> "client: what to fetch, such as /index.html"

/// The subcommands.
[<RequireQualifiedAccess>]
type Subcommand =
    | [<CliPrefix(CliPrefix.None); CustomCommandLine "server">] Server of ParseResults<Argument>
    | [<CliPrefix(CliPrefix.None); CustomCommandLine "client">] Client of ParseResults<Argument>
    | [<CliPrefix(CliPrefix.None); CustomCommandLine "relay">] Relay of ParseResults<Argument>

    interface IArgParserTemplate with
        member subcommand.Usage =
            match subcommand with
            | Server _ -> "serve a directory, or answer DATAGRAM frames, until ended"
            | Client _ -> "fetch files over one connection, or exchange DATAGRAM frames"
            | Relay _ -> "be a bad link and a NAT between clients and a server, until ended"

/// Which subcommands take an option.
[<RequireQualifiedAccess>]
module internal Argument =

    let private both = [ "server"; "client" ]
    let private all = "relay" :: both

    /// The option as it is written, and the subcommands that take it.
    let scope (argument: Argument) : string * string list =
        match argument with
        | Argument.Host _ -> "--host", both
        | Argument.Port _ -> "--port", all
        | Argument.Alpn _ -> "--alpn", both
        | Argument.KeyLog _ -> "--keylog", both
        | Argument.Qlog _ -> "--qlog", both
        | Argument.Versions _ -> "--versions", both
        | Argument.Cipher _ -> "--cipher", both
        | Argument.CongestionControl _ -> "--congestion-control", both
        | Argument.HandshakeTimeout _ -> "--handshake-timeout", both
        | Argument.ZeroRtt -> "--zero-rtt", both
        | Argument.Datagram -> "--datagram", both
        | Argument.Www _ -> "--www", [ "server" ]
        | Argument.CertificateChain _ -> "--certificate-chain", [ "server" ]
        | Argument.PrivateKey _ -> "--private-key", [ "server" ]
        | Argument.Retry -> "--retry", [ "server" ]
        | Argument.PreferredAddress _ -> "--preferred-address", [ "server" ]
        | Argument.Download _ -> "--download", [ "client" ]
        | Argument.Resume _ -> "--resume", [ "client" ]
        | Argument.ReuseToken -> "--reuse-token", [ "client" ]
        | Argument.KeyUpdate -> "--key-update", [ "client" ]
        | Argument.Rebind -> "--rebind", [ "client" ]
        | Argument.Migrate -> "--migrate", [ "client" ]
        | Argument.VersionProbe -> "--version-probe", [ "client" ]
        | Argument.To _ -> "--to", [ "relay" ]
        | Argument.Drop _ -> "--drop", [ "relay" ]
        | Argument.Corrupt _ -> "--corrupt", [ "relay" ]
        | Argument.Reorder _ -> "--reorder", [ "relay" ]
        | Argument.Duplicate _ -> "--duplicate", [ "relay" ]
        | Argument.RebindAfter _ -> "--rebind-after", [ "relay" ]
        | Argument.Seed _ -> "--seed", [ "relay" ]
        | Argument.Pcap _ -> "--pcap", [ "relay" ]
        | Argument.Paths _ -> "a path", [ "client" ]
