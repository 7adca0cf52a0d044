/// The contract of the public QUIC interop runner: what its environment variables ask an endpoint for, as command lines.
module CoQuic.Peers.Runner

open System
open System.IO
open System.Net
open System.Net.NetworkInformation
open System.Net.Sockets

/// The exit status that says that a test case is not supported.
let unsupported = 127

/// What the environment asks for.
type Demand =
    /// Command lines, each to be done when the one before has succeeded.
    | CommandLines of string list list
    /// A test case that is not supported here.
    | Unsupported of testCase: string
    /// The environment itself is wrong.
    | Unclear of faults: string list

/// Handshakes of the runner cross links that lose every third datagram.
let private patience = [ "--handshake-timeout"; "60" ]

/// What some test cases ask of both sides, and some of one.
let private options role testCase =
    match testCase, role with
    | "chacha20", _ -> [ "--cipher"; "chacha20" ]
    | "v2", _ -> [ "--versions"; "v2,v1" ]
    | "zerortt", "server" -> [ "--zero-rtt" ]
    | "retry", "server" -> [ "--retry" ]
    | "keyupdate", "client" -> [ "--key-update" ]
    | "versionnegotiation", "client" -> [ "--version-probe" ]
    | _ -> []

/// The runner's results have more names than its endpoints see: most of them are a network for one of these test cases.
let private testCaseOf name =
    match name with
    | "handshake"
    | "transfer"
    | "retry"
    | "resumption"
    | "zerortt"
    | "chacha20"
    | "keyupdate"
    | "v2"
    | "multiconnect"
    | "versionnegotiation"
    | "ecn"
    | "connectionmigration" -> Some name
    | "longrtt" -> Some "handshake"
    | "multiplexing"
    | "blackhole"
    | "amplificationlimit"
    | "transferloss"
    | "transfercorruption"
    | "ipv6"
    | "rebind-port"
    | "rebind-addr"
    | "goodput"
    | "crosstraffic" -> Some "transfer"
    | "handshakeloss"
    | "handshakecorruption" -> Some "multiconnect"
    | _ -> None

let private words (text: string) =
    text.Split([| ' '; '\n'; '\t' |], StringSplitOptions.RemoveEmptyEntries)
    |> List.ofArray

/// The addresses at which other machines reach this one; those of loopback where there are no others.
let private ownAddresses () =
    let addresses =
        [ for network in NetworkInterface.GetAllNetworkInterfaces() do
              if network.OperationalStatus = OperationalStatus.Up then
                  for entry in network.GetIPProperties().UnicastAddresses do
                      if not entry.Address.IsIPv6LinkLocal then
                          entry.Address ]

    let others, loopback = addresses |> List.partition (IPAddress.IsLoopback >> not)

    [ for family in [ AddressFamily.InterNetwork; AddressFamily.InterNetworkV6 ] do
          match
              others @ loopback
              |> List.tryFind (fun address -> address.AddressFamily = family)
          with
          | Some address -> address
          | None -> () ]

let private preferredAddresses (get: string -> string option) port =
    let addresses =
        match get "PREFERRED_ADDRESSES" with
        | Some addresses -> words addresses
        | None -> [ for address in ownAddresses () -> string (IPEndPoint(address, port)) ]

    addresses |> List.collect (fun address -> [ "--preferred-address"; address ])

let private serve (get: string -> string option) testCase =
    let certificates = get "CERTS" |> Option.defaultValue "/certs"
    let port = get "PORT" |> Option.defaultValue "443"

    let preferred =
        match testCase, Int32.TryParse port with
        | "connectionmigration", (true, number) -> preferredAddresses get number
        | _ -> []

    CommandLines
        [ [ "server"; "--host"; (if Socket.OSSupportsIPv6 then "::" else "0.0.0.0") ]
          @ [ "--port"; port; "--www"; get "WWW" |> Option.defaultValue "/www" ]
          @ [ "--certificate-chain"; Path.Combine(certificates, "cert.pem") ]
          @ [ "--private-key"; Path.Combine(certificates, "priv.key") ]
          @ patience
          @ options "server" testCase
          @ preferred
          @ words (get "SERVER_PARAMS" |> Option.defaultValue "") ]

/// The requests' one server, and their paths.
let private target (requests: string) =
    let isWhole (uri: Uri) = uri.Scheme = Uri.UriSchemeHttps

    let uris =
        words requests
        |> List.map (fun text ->
            match Uri.TryCreate(text, UriKind.Absolute) with
            | true, NonNull uri when isWhole uri -> Ok uri
            | _ -> Error $"REQUESTS needs addresses such as https://server:443/file, not '{text}'.")

    let faults =
        uris
        |> List.choose (function
            | Error fault -> Some fault
            | Ok _ -> None)

    let good =
        uris
        |> List.choose (function
            | Ok uri -> Some uri
            | Error _ -> None)

    match faults, List.distinct [ for uri in good -> uri.DnsSafeHost, uri.Port ] with
    | _ :: _, _ -> Error faults
    | [], [ server ] -> Ok(server, [ for uri in good -> uri.AbsolutePath ])
    | [], [] -> Error [ "REQUESTS is empty: there is nothing to fetch." ]
    | [], _ -> Error [ "REQUESTS names more than one server." ]

/// The first path, and the others over a connection that goes on with its session.
let private resuming command session more (paths: string list) =
    let resume = [ "--resume"; session ]

    match paths with
    | first :: (_ :: _ as others) -> CommandLines [ command @ resume @ [ first ]; command @ resume @ more @ others ]
    | _ -> Unclear [ "REQUESTS needs two files at least: one for each connection." ]

let private fetch (get: string -> string option) session testCase ((host, port: int), paths: string list) =
    let command =
        [ "client"; "--host"; host; "--port"; string port ]
        @ [ "--download"; get "DOWNLOADS" |> Option.defaultValue "/downloads" ]
        @ patience
        @ options "client" testCase
        @ words (get "CLIENT_PARAMS" |> Option.defaultValue "")

    match testCase with
    | "resumption" -> resuming command session [] paths
    | "zerortt" -> resuming command session [ "--zero-rtt" ] paths
    | "multiconnect" -> CommandLines [ for path in paths -> command @ [ path ] ]
    | _ -> CommandLines [ command @ paths ]

/// What the variables ask for, read by `get`; `session` is a file for a session between two connections.
let demand (get: string -> string option) (session: string) : Demand =
    let name = get "TESTCASE" |> Option.defaultValue ""

    match get "ROLE", testCaseOf name with
    | Some("server" | "client"), None -> Unsupported name
    | Some "server", Some testCase -> serve get testCase
    | Some "client", Some testCase ->
        match target (get "REQUESTS" |> Option.defaultValue "") with
        | Ok target -> fetch get session testCase target
        | Error faults -> Unclear faults
    | role, _ ->
        let said = role |> Option.defaultValue ""
        Unclear [ $"ROLE needs server or client, not '{said}'." ]
