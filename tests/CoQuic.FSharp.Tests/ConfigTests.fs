module CoQuic.FSharp.Tests.ConfigTests

open System
open System.IO
open Expecto
open CoQuic
open CoQuic.FSharp
open CoQuic.FSharp.Tests.Generators
open CoQuic.FSharp.Tests.TransferProgram

let private sources () =
    Sources.create (SeededEntropy(1UL, "test")) TimeUs.zero (DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero))

let private pathsOf (faults: ConfigurationFault list) = faults |> List.map _.Path

/// Whatever this machine has, the native library is looked for where there is none. Tests that run over one do not run beside these.
let private withoutNativeLibrary (test: string -> unit) =
    let variable = "COQUIC_LIB_PATH"
    let before = Environment.GetEnvironmentVariable variable
    let missing = Path.Combine(Path.GetTempPath(), $"no-such-{Guid.NewGuid():N}.so")

    try
        Environment.SetEnvironmentVariable(variable, missing)
        test missing
    finally
        Environment.SetEnvironmentVariable(variable, before)

[<Tests>]
let defaults =
    testList
        "configuration defaults"
        [ testCase "people get CUBIC, timeouts, autotuned windows, and no DATAGRAM"
          <| fun () ->
              let config = TransportConfig.defaults
              Expect.equal config.CongestionControl CongestionControl.Cubic "CUBIC"
              Expect.equal config.MaxIdleTimeout (TimeSpan.FromSeconds 30.0) "idle timeout"
              Expect.equal config.HandshakeTimeout (TimeSpan.FromSeconds 10.0) "handshake timeout"

              Expect.equal
                  (config.InitialMaxStreamDataBidiRemote, config.MaxStreamWindow, config.MaxConnectionWindow)
                  (1UL <<< 20, 16UL <<< 20, 64UL <<< 20)
                  "windows"

              Expect.equal (config.InitialMaxStreamsBidi, config.InitialMaxStreamsUni) (100UL, 100UL) "streams"
              Expect.equal config.ActiveConnectionIdLimit 8 "connection IDs"
              Expect.equal config.MaxDatagramFrameSize 0UL "no DATAGRAM"

          testCase "the C ABI's defaults are its own"
          <| fun () ->
              Expect.equal TransportConfig.coquic.CongestionControl CongestionControl.NewReno "NewReno"
              Expect.equal (EndpointConfig.coquic Role.Client).ApplicationProtocols [ "coquic" ] "its protocol"
              Expect.equal (EndpointConfig.coquic Role.Server).MaxServerConnections 0 "any number of connections"

          testCase "a client and a server need no more than a protocol and an identity"
          <| fun () ->
              Expect.isEmpty (EndpointConfig.faults clientConfig) "a client"
              Expect.isEmpty (EndpointConfig.faults serverConfig) "a server"
              Expect.isTrue (EndpointConfig.client "h3").VerifyPeer "verification is on"
              Expect.isGreaterThan serverConfig.MaxServerConnections 0 "a server's connections are limited" ]

[<Tests>]
let validation =
    testList
        "configuration faults"
        [ testCase "all are named at once"
          <| fun () ->
              let config =
                  { EndpointConfig.client "" with
                      Role = Role.Server
                      MaxOutboundDatagramSize = 1
                      Transport =
                          { TransportConfig.defaults with
                              AckDelayExponent = 21
                              InitialMaxData = UInt64.MaxValue } }

              let expected =
                  [ "ApplicationProtocols"
                    "MaxOutboundDatagramSize"
                    "ServerIdentities"
                    "Transport.AckDelayExponent"
                    "Transport.InitialMaxData" ]

              Expect.equal (EndpointConfig.faults config |> pathsOf |> List.sort) expected "every setting"

              match Endpoint.create (sources ()) config with
              | Error(EndpointError.Configuration faults) ->
                  Expect.equal (faults |> pathsOf |> List.sort) expected "as an error, before anything starts"
              | Error other -> failtest $"{other}"
              | Ok _ -> failtest "it was made"

          testCase "an engine that is not there is an error in a sentence"
          <| fun () ->
              // A configuration that asks for nothing beyond the C ABI, so that only the library can be what is missing.
              let config =
                  { EndpointConfig.coquic Role.Client with
                      ApplicationProtocols = clientConfig.ApplicationProtocols }

              withoutNativeLibrary (fun missing ->
                  match Endpoint.createOn EngineSource.Native (sources ()) config with
                  | Error(EndpointError.EngineUnavailable reason) ->
                      Expect.stringContains reason missing "what is missing"
                  | Error other -> failtest $"{other}"
                  | Ok _ -> failtest "it was made")

          testCase "PEM texts that hold nothing are an error in a sentence"
          <| fun () ->
              Expect.isError (ServerIdentity.ofPem "" "") "no identity"

              Expect.isError
                  (ServerIdentity.ofPem "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----" "")
                  "no certificate"

              Expect.isError (Trust.onlyPem "roots") "no roots" ]

[<Tests>]
let mapping =
    testList
        "configuration mapping"
        [ property "every transport setting reaches the engine as it is" (fun config ->
              TransportConfig.ofEngine (TransportConfig.toEngine config) = config)

          property "every early data setting reaches the engine as it is" (fun config ->
              ZeroRttConfig.ofEngine (ZeroRttConfig.toEngine config) = config)

          testCase "an endpoint's settings reach the engine as they are"
          <| fun () ->
              let config =
                  { serverConfig with
                      SupportedVersions = [ QuicVersion.V2; QuicVersion.V1 ]
                      MaxOutboundDatagramSize = 1300
                      RetryEnabled = true
                      RetryThreshold = 7
                      RetryTokenLifetime = TimeSpan.FromSeconds 5.0
                      NewTokensPerConnection = 2
                      NewTokenLifetime = TimeSpan.FromHours 1.0
                      TokenKeys =
                          SealingKeys.ofKey (Bytes.ofArray (Array.create 32 1uy))
                          |> SealingKeys.rotate (Bytes.ofArray (Array.create 32 2uy))
                      MaxHalfOpenConnections = 4
                      EnableKeyLog = true
                      MaxServerConnections = 3
                      OrphanZeroRttBuffer =
                          { MaxPackets = 1
                            MaxBytes = 2
                            MaxAge = TimeSpan.FromSeconds 3.0 }
                      TicketKeys =
                          { Current = Secret.ofBytes (Bytes.ofArray (Array.create 32 1uy))
                            Previous = Secret.ofBytes (Bytes.ofArray (Array.create 32 2uy)) }
                      TicketsPerConnection = 3
                      TicketLifetime = TimeSpan.FromHours 2.0
                      ReplayGuard = Some(CoQuic.Engine.ReplayGuard(1, DateTimeOffset.MinValue))
                      Groups = [ NamedGroup.X25519MlKem768; NamedGroup.Secp256r1 ]
                      KeyShareGroups = [ NamedGroup.Secp256r1 ]
                      CipherSuites = [ CipherSuite.ChaCha20Poly1305Sha256 ]
                      StatelessResetKey = Secret.ofBytes (Bytes.ofArray (Array.zeroCreate 32)) }

              let engine = EndpointConfig.toEngine (sources ()) config
              Expect.equal engine.Role Role.Server "role"
              Expect.sequenceEqual engine.SupportedVersions config.SupportedVersions "versions"
              Expect.sequenceEqual engine.ApplicationProtocols config.ApplicationProtocols "protocols"
              Expect.equal (engine.MaxOutboundDatagramSize, engine.MaxServerConnections) (1300, 3) "sizes"
              Expect.isTrue (engine.RetryEnabled && engine.EnableKeyLog) "switches"
              Expect.equal (engine.RetryThreshold, engine.MaxHalfOpenConnections) (7, 4) "half-open connections"
              Expect.equal (engine.NewTokensPerConnection, engine.NewTokenLifetime) (2, TimeSpan.FromHours 1.0) "tokens"
              Expect.equal engine.RetryTokenLifetime (TimeSpan.FromSeconds 5.0) "Retry tokens"
              Expect.equal (engine.TokenKeys.Current[0], engine.TokenKeys.Previous[0]) (2uy, 1uy) "rotated keys"

              Expect.equal
                  engine.OrphanZeroRttBuffer
                  (Engine.OrphanZeroRttBuffer(1, 2, TimeSpan.FromSeconds 3.0))
                  "orphans"

              Expect.equal (SealingKeys.ofEngine engine.TicketKeys) config.TicketKeys "ticket keys"

              Expect.equal
                  (engine.TicketsPerConnection, engine.TicketLifetime)
                  (3, TimeSpan.FromHours 2.0)
                  "tickets, and how long they live"

              Expect.equal (Option.ofObj engine.ReplayGuard) config.ReplayGuard "replay guard"
              Expect.sequenceEqual engine.Groups config.Groups "groups"
              Expect.sequenceEqual engine.KeyShareGroups config.KeyShareGroups "groups of key shares"
              Expect.sequenceEqual engine.CipherSuites config.CipherSuites "suites"
              Expect.equal engine.StatelessResetKey (Secret.reveal config.StatelessResetKey) "key" ]
