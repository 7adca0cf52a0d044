module CoQuic.Engine.Tests.Endpoints.ConfigurationCheckTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios

let private ms (value: float) = TimeSpan.FromMilliseconds value
let private entropy = Pair.TestEntropy 1UL
let private calendar = CalendarAnchor(DateTimeOffset.UnixEpoch, TimeUs.Zero)

/// A server whose transport settings are given: nothing else of it is wrong.
let private withTransport transport =
    EndpointConfig(
        Role = Role.Server,
        Entropy = entropy,
        Calendar = calendar,
        ApplicationProtocols = [| "test" |],
        ServerIdentities = SingleServerIdentity(SimulationIdentity.Create(entropy, "localhost")),
        Transport = transport
    )

let private client protocols =
    EndpointConfig(Role = Role.Client, Entropy = entropy, Calendar = calendar, ApplicationProtocols = protocols)

let private faults config =
    [ for fault in ConfigurationCheck.Faults config -> fault.Path ]

/// Each transport setting that can be wrong, with a value that is.
let private wrongTransports =
    [ "MaxIdleTimeout", TransportConfig(MaxIdleTimeout = ms -1.0)
      "HandshakeTimeout", TransportConfig(HandshakeTimeout = ms -1.0)
      "KeepAliveInterval", TransportConfig(KeepAliveInterval = ms -1.0)
      "MaxUdpPayloadSize", TransportConfig(MaxUdpPayloadSize = 1199)
      "MaxUdpPayloadSize", TransportConfig(MaxUdpPayloadSize = 65528)
      "PmtudBaseDatagramSize", TransportConfig(PmtudBaseDatagramSize = 65528)
      "PmtudMaxDatagramSize", TransportConfig(PmtudMaxDatagramSize = 1)
      "PmtudMaxDatagramSize", TransportConfig(PmtudMaxDatagramSize = 65528)
      "ActiveConnectionIdLimit", TransportConfig(ActiveConnectionIdLimit = 1)
      "AckDelayExponent", TransportConfig(AckDelayExponent = 21)
      "AckDelayExponent", TransportConfig(AckDelayExponent = -1)
      "MaxAckDelay", TransportConfig(MaxAckDelay = ms 16384.0)
      "AckElicitingThreshold", TransportConfig(AckElicitingThreshold = 0)
      "TimerGranularity", TransportConfig(TimerGranularity = TimeSpan.Zero)
      "TimerGranularity", TransportConfig(TimerGranularity = TimeSpan.FromMilliseconds 101.0)
      "CongestionControl", TransportConfig(CongestionControl = LanguagePrimitives.EnumOfValue 6uy)
      "InitialMaxData", TransportConfig(InitialMaxData = (1UL <<< 62))
      "InitialMaxStreamDataBidiLocal", TransportConfig(InitialMaxStreamDataBidiLocal = (1UL <<< 62))
      "InitialMaxStreamDataBidiRemote", TransportConfig(InitialMaxStreamDataBidiRemote = (1UL <<< 62))
      "InitialMaxStreamDataUni", TransportConfig(InitialMaxStreamDataUni = (1UL <<< 62))
      "MaxDatagramFrameSize", TransportConfig(MaxDatagramFrameSize = (1UL <<< 62))
      "InitialMaxStreamsBidi", TransportConfig(InitialMaxStreamsBidi = (1UL <<< 60) + 1UL)
      "InitialMaxStreamsUni", TransportConfig(InitialMaxStreamsUni = (1UL <<< 60) + 1UL) ]

/// Each other setting that can be wrong, with a client that has it.
let private wrongEndpoints =
    [ "SupportedVersions",
      EndpointConfig(
          Role = Role.Client,
          Entropy = entropy,
          Calendar = calendar,
          ApplicationProtocols = [| "a" |],
          SupportedVersions = [||]
      )
      "SupportedVersions",
      EndpointConfig(
          Role = Role.Client,
          Entropy = entropy,
          Calendar = calendar,
          ApplicationProtocols = [| "a" |],
          SupportedVersions = [| QuicVersion 0x1a2a3a4au |]
      )
      "ServerIdentities",
      EndpointConfig(Role = Role.Server, Entropy = entropy, Calendar = calendar, ApplicationProtocols = [| "a" |])
      "ServerIdentities",
      EndpointConfig(
          Role = Role.Server,
          Entropy = entropy,
          Calendar = calendar,
          ApplicationProtocols = [| "a" |],
          AsksForServerIdentities = true
      )
      "CertificateVerifier",
      EndpointConfig(
          Role = Role.Server,
          Entropy = entropy,
          Calendar = calendar,
          ApplicationProtocols = [| "a" |],
          ServerIdentities = SingleServerIdentity(SimulationIdentity.Create(entropy, "localhost")),
          ClientCertificates = ClientCertificatePolicy.Request
      )
      "ClientCertificates",
      EndpointConfig(
          Role = Role.Client,
          Entropy = entropy,
          Calendar = calendar,
          ApplicationProtocols = [| "a" |],
          ClientCertificates = LanguagePrimitives.EnumOfValue 9uy
      )
      "KeyShareGroups",
      EndpointConfig(
          Role = Role.Client,
          Entropy = entropy,
          Calendar = calendar,
          ApplicationProtocols = [| "a" |],
          KeyShareGroups = [| NamedGroup.X25519MlKem768 |]
      )
      "KeyShareGroups",
      EndpointConfig(
          Role = Role.Client,
          Entropy = entropy,
          Calendar = calendar,
          ApplicationProtocols = [| "a" |],
          KeyShareGroups = [| NamedGroup.Secp256r1; NamedGroup.X25519 |]
      )
      "MaxOutboundDatagramSize",
      EndpointConfig(
          Role = Role.Client,
          Entropy = entropy,
          Calendar = calendar,
          ApplicationProtocols = [| "a" |],
          MaxOutboundDatagramSize = 1199
      )
      "MaxServerConnections",
      EndpointConfig(
          Role = Role.Client,
          Entropy = entropy,
          Calendar = calendar,
          ApplicationProtocols = [| "a" |],
          MaxServerConnections = -1
      )
      "Groups",
      EndpointConfig(
          Role = Role.Client,
          Entropy = entropy,
          Calendar = calendar,
          ApplicationProtocols = [| "a" |],
          Groups = [||]
      )
      "Groups",
      EndpointConfig(
          Role = Role.Client,
          Entropy = entropy,
          Calendar = calendar,
          ApplicationProtocols = [| "a" |],
          Groups = [| LanguagePrimitives.EnumOfValue 0x1234us |]
      )
      "CipherSuites",
      EndpointConfig(
          Role = Role.Client,
          Entropy = entropy,
          Calendar = calendar,
          ApplicationProtocols = [| "a" |],
          CipherSuites = [||]
      )
      "StatelessResetKey",
      EndpointConfig(
          Role = Role.Client,
          Entropy = entropy,
          Calendar = calendar,
          ApplicationProtocols = [| "a" |],
          StatelessResetKey = Bytes.FromHex "0102"
      )
      "ApplicationProtocols", client [||]
      "ApplicationProtocols", client [| "" |]
      "ApplicationProtocols", client [| String('x', 256) |] ]

/// Settings of address validation that can be wrong, with a value that is.
let private wrongValidation: (string * objnull) list =
    let keys current previous =
        SealingKeys(
            Current = Pair.bytesOf (Array.zeroCreate current),
            Previous = Pair.bytesOf (Array.zeroCreate previous)
        )

    [ "RetryThreshold", -1
      "MaxHalfOpenConnections", -1
      "RetryTokenLifetime", TimeSpan.Zero
      "NewTokenLifetime", ms -1.0
      "NewTokensPerConnection", -1
      "NewTokensPerConnection", 9
      "TokenKeys", keys 31 0
      "TokenKeys", keys 32 31
      "TokenKeys", keys 0 32 ]

[<Tests>]
let tests =
    testList
        "Endpoints.ConfigurationCheck"
        [ testCase "the defaults work"
          <| fun () ->
              Expect.isEmpty (faults (client [| "test" |])) "a client's"
              Expect.isEmpty (faults (withTransport (TransportConfig()))) "a server's"

          for row, (name, transport) in List.indexed wrongTransports do
              testCase $"Transport.{name} that cannot be is found (row {row})"
              <| fun () -> Expect.equal (faults (withTransport transport)) [ "Transport." + name ] "exactly this fault"

          for row, (name, config) in List.indexed wrongEndpoints do
              testCase $"{name} that cannot be is found (row {row})"
              <| fun () -> Expect.equal (faults config) [ name ] "exactly this fault"

          for row, (name, value) in List.indexed wrongValidation do
              testCase $"{name} that cannot be is found (row {row} of address validation)"
              <| fun () ->
                  let config = Pair.having [ name, value ] (withTransport (TransportConfig()))
                  Expect.equal (faults config) [ name ] "exactly this fault"

          testCase "the last value that is allowed is allowed"
          <| fun () ->
              let transport =
                  TransportConfig(
                      MaxUdpPayloadSize = 1200,
                      ActiveConnectionIdLimit = 2,
                      AckDelayExponent = 20,
                      MaxAckDelay = ms 16383.0,
                      InitialMaxData = (1UL <<< 62) - 1UL,
                      InitialMaxStreamsBidi = (1UL <<< 60),
                      InitialMaxStreamsUni = (1UL <<< 60)
                  )

              Expect.isEmpty (faults (withTransport transport)) "no fault"

          testCase "all faults are told at once, in the endpoint's exception too"
          <| fun () ->
              let config =
                  EndpointConfig(
                      Role = Role.Server,
                      Entropy = entropy,
                      Calendar = calendar,
                      MaxOutboundDatagramSize = 10,
                      Transport = TransportConfig(AckDelayExponent = 99, ActiveConnectionIdLimit = 0)
                  )

              let expected =
                  [ "ApplicationProtocols"
                    "MaxOutboundDatagramSize"
                    "ServerIdentities"
                    "Transport.AckDelayExponent"
                    "Transport.ActiveConnectionIdLimit" ]

              Expect.equal (List.sort (faults config)) expected "five faults"

              let message =
                  try
                      use _ = new QuicEndpoint(config)
                      ""
                  with :? ArgumentException as refused ->
                      refused.Message

              for path in expected do
                  Expect.stringContains message path "the message names it" ]
