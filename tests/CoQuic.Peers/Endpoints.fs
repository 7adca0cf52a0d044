/// What the options of both sides make of their endpoints.
module CoQuic.Peers.Endpoints

open System.Net.Sockets
open System.Threading.Tasks
open CoQuic.FSharp
open CoQuic.Runtime

let private configure (common: Common) (config: EndpointConfig) : EndpointConfig =
    { config with
        SupportedVersions = common.Versions
        CipherSuites =
            match common.CipherSuites with
            | [] -> config.CipherSuites
            | suites -> suites
        Transport =
            { config.Transport with
                CongestionControl = common.CongestionControl
                HandshakeTimeout = common.HandshakeTimeout } }

let private withTraces (common: Common) (runtime: RuntimeOptions) : RuntimeOptions =
    { runtime with
        Endpoint = configure common runtime.Endpoint
        KeyLogFile = common.KeyLog
        QlogDirectory = common.Qlog }

/// A client that goes on with a session, unless that is empty.
let client (common: Common) (session: Secret) : ClientOptions =
    let options =
        ClientOptions.create common.Host common.Port common.Alpn
        |> ClientOptions.resuming session common.ZeroRtt

    let runtime = withTraces common options.Runtime

    { options with
        Request =
            { options.Request with
                InitialVersion = List.tryLast common.Versions }
        Runtime =
            { runtime with
                // Interop servers have certificates that nobody vouches for.
                Endpoint = EndpointConfig.withoutVerification runtime.Endpoint } }

let private preferred (asked: ServeOptions) : PreferredAddressOffer option =
    let ofFamily family =
        asked.PreferredAddresses
        |> List.tryFind (fun endPoint -> endPoint.AddressFamily = family)

    match asked.PreferredAddresses with
    | [] -> None
    | _ ->
        Some
            { IPv4 = ofFamily AddressFamily.InterNetwork
              IPv6 = ofFamily AddressFamily.InterNetworkV6 }

let private identity (asked: ServeOptions) =
    match asked.Certificate with
    | Some(chain, key) -> Identities.ofPemFiles chain key
    | None -> Ok(Identities.development [])

let private serverAt (asked: ServeOptions) endPoint identity : ServerOptions =
    let common = asked.Common
    let options = ServerOptions.create endPoint common.Alpn identity
    let runtime = withTraces common options.Runtime

    { options with
        Runtime =
            { runtime with
                Endpoint =
                    { runtime.Endpoint with
                        RetryEnabled = asked.Retry
                        PreferredAddress = preferred asked
                        ZeroRtt =
                            if common.ZeroRtt then
                                ZeroRttConfig.allowed
                            else
                                ZeroRttConfig.disabled } } }

/// A server, once its host is resolved and its certificate read.
let server (asked: ServeOptions) : Task<Result<ServerOptions, RuntimeError>> =
    task {
        let! endPoint = Runtime.resolve asked.Common.Host asked.Common.Port

        return
            match endPoint, identity asked with
            | Ok endPoint, Ok identity -> Ok(serverAt asked endPoint identity)
            | Error error, _
            | _, Error error -> Error error
    }

/// What a handshake settled, in one line that scripts can look for words in.
let describe (handshake: HandshakeInformation) : string =
    let resumed = if handshake.WasResumed then ", resumed" else ""

    $"QUIC {handshake.Version}, {handshake.ApplicationProtocol}, {handshake.CipherSuite}, {handshake.Group}{resumed}"
