module CoQuic.Engine.Tests.Parameters.RememberedParametersTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Pair

let private id = ConnectionId(ReadOnlySpan [| 1uy; 2uy; 3uy; 4uy |])
let private token = Bytes.CopyOf(ReadOnlySpan(Array.create 16 5uy))

/// A server's parameters, none of which has its default.
let private told =
    TransportParameters(
        MaxIdleTimeout = TimeSpan.FromSeconds 7.0,
        MaxUdpPayloadSize = 1300UL,
        InitialMaxData = 10UL,
        InitialMaxStreamDataBidiLocal = 11UL,
        InitialMaxStreamDataBidiRemote = 12UL,
        InitialMaxStreamDataUni = 13UL,
        InitialMaxStreamsBidi = 14UL,
        InitialMaxStreamsUni = 15UL,
        AckDelayExponent = 9,
        MaxAckDelay = TimeSpan.FromMilliseconds 77.0,
        DisableActiveMigration = true,
        ActiveConnectionIdLimit = 5UL,
        MaxDatagramFrameSize = 16UL,
        InitialSourceConnectionId = Nullable id,
        OriginalDestinationConnectionId = Nullable id,
        RetrySourceConnectionId = Nullable id,
        StatelessResetToken = Nullable(StatelessResetToken token.Span),
        PreferredAddress = PreferredAddress(Net.IPEndPoint(Net.IPAddress.Loopback, 1), null, id, token)
    )

/// The limits that early data could break (RFC 9000 §7.4.1, RFC 9221 §3).
let private limits =
    [ "ActiveConnectionIdLimit"
      "InitialMaxData"
      "InitialMaxStreamDataBidiLocal"
      "InitialMaxStreamDataBidiRemote"
      "InitialMaxStreamDataUni"
      "InitialMaxStreamsBidi"
      "InitialMaxStreamsUni"
      "MaxDatagramFrameSize" ]

let private valueOf name =
    let property = typeof<TransportParameters>.GetProperty(name: string) |> nonNull
    property.GetValue told |> unbox<uint64>

[<Tests>]
let tests =
    testList
        "Parameters.RememberedParameters (RFC 9000 §7.4.1)"
        [ testCase "what belongs to one connection is not remembered, and everything else is"
          <| fun () ->
              let remembered = RememberedParameters.Of told

              let forgotten: (string * objnull) list =
                  [ "AckDelayExponent", box TransportParameters.DefaultAckDelayExponent
                    "MaxAckDelay", box TransportParameters.DefaultMaxAckDelay
                    "InitialSourceConnectionId", null
                    "OriginalDestinationConnectionId", null
                    "RetrySourceConnectionId", null
                    "StatelessResetToken", null
                    "PreferredAddress", null ]

              Expect.equal remembered (told |> having forgotten) "all but those"
              let read = RememberedParameters.TryDecode((RememberedParameters.Encode told).Span)
              Expect.equal read remembered "and they survive being written down"

          testCase "a limit that is lower than remembered is a reduction, and the same or a higher one is none"
          <| fun () ->
              for limit in limits do
                  let isReduced (value: uint64) =
                      RememberedParameters.AreReduced(told, told |> having [ limit, box value ])

                  Expect.isTrue (isReduced (valueOf limit - 1UL)) $"{limit} is lower"
                  Expect.isFalse (isReduced (valueOf limit)) $"{limit} is the same"
                  Expect.isFalse (isReduced (valueOf limit + 1UL)) $"{limit} is higher" ]
