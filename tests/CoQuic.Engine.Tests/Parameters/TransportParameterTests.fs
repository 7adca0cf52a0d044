module CoQuic.Engine.Tests.Parameters.TransportParameterTests

open System
open System.Net
open Expecto
open CoQuic.Engine
open CoQuic.Tests.Properties

let private hex (text: string) =
    Convert.FromHexString(text.Replace(" ", ""))

let private read sender (bytes: byte[]) =
    let mutable parameters: TransportParameters | null = null
    let mutable error: TransportError | null = null

    if TransportParameterCodec.TryRead(ReadOnlySpan bytes, sender, &parameters, &error) then
        Ok(nonNull parameters)
    else
        Error (nonNull error).Code

let private expectRefused sender text =
    Expect.equal (read sender (hex text)) (Error TransportErrorCode.TransportParameterError) text

let private expectAccepted sender text =
    Expect.isOk (read sender (hex text)) text

let private bytesOf (random: Random) length =
    let bytes = Array.zeroCreate<byte> length
    random.NextBytes bytes
    bytes

let private number (random: Random) =
    uint64 (random.NextInt64()) >>> (2 + random.Next 60)

let private connectionId (random: Random) =
    Nullable(ConnectionId(ReadOnlySpan(bytesOf random (random.Next 21))))

let private preferredAddress (random: Random) =
    let id = ConnectionId(ReadOnlySpan(bytesOf random (1 + random.Next 20)))

    let ipv4 =
        if random.Next 2 = 0 then
            null
        else
            IPEndPoint(IPAddress(bytesOf random 4), 1 + random.Next 65535)

    let ipv6 =
        if random.Next 2 = 0 then
            null
        else
            IPEndPoint(IPAddress(bytesOf random 16), 1 + random.Next 65535)

    PreferredAddress(ipv4, ipv6, id, Bytes.CopyOf(ReadOnlySpan(bytesOf random 16)))

/// What a server might send: every parameter, valid.
let private server (random: Random) =
    TransportParameters(
        OriginalDestinationConnectionId = connectionId random,
        MaxIdleTimeout = TimeSpan.FromMilliseconds(float (random.Next())),
        StatelessResetToken = Nullable(StatelessResetToken(ReadOnlySpan(bytesOf random 16))),
        MaxUdpPayloadSize = 1200UL + number random,
        InitialMaxData = number random,
        InitialMaxStreamDataBidiLocal = number random,
        InitialMaxStreamDataBidiRemote = number random,
        InitialMaxStreamDataUni = number random,
        InitialMaxStreamsBidi = min (number random) (1UL <<< 60),
        InitialMaxStreamsUni = min (number random) (1UL <<< 60),
        AckDelayExponent = random.Next 21,
        MaxAckDelay = TimeSpan.FromMilliseconds(float (random.Next 16384)),
        DisableActiveMigration = (random.Next 2 = 0),
        PreferredAddress = preferredAddress random,
        ActiveConnectionIdLimit = 2UL + number random,
        InitialSourceConnectionId = connectionId random,
        RetrySourceConnectionId = connectionId random,
        VersionInformation = VersionInformation(QuicVersion.V2, [| QuicVersion.V1; QuicVersion.V2 |]),
        MaxDatagramFrameSize = number random,
        GreaseQuicBit = (random.Next 2 = 0)
    )

[<Tests>]
let tests =
    testList
        "transport parameters (RFC 9000 §18)"
        [ testCase "absent parameters have the defaults of RFC 9000 §18.2"
          <| fun () ->
              let expected =
                  TransportParameters(
                      MaxUdpPayloadSize = 65527UL,
                      AckDelayExponent = 3,
                      MaxAckDelay = TimeSpan.FromMilliseconds 25.0,
                      ActiveConnectionIdLimit = 2UL
                  )

              Expect.equal (read Role.Server [||]) (Ok expected) "nothing was sent"
              Expect.isEmpty (TransportParameterCodec.Write expected) "nothing needs to be sent"

          property "what is written is read again"
          <| fun (seed: int) ->
              let parameters = server (Random seed)
              read Role.Server (TransportParameterCodec.Write parameters) = Ok parameters

          property "random bytes, and parameters cut short or changed, never throw"
          <| fun (bytes: byte[]) (seed: int) ->
              let random = Random seed
              let written = TransportParameterCodec.Write(server random)
              let changed = Array.copy written
              changed[random.Next changed.Length] <- byte (random.Next 256)

              [ bytes; Array.truncate (random.Next written.Length) written; changed ]
              |> List.forall (fun bytes ->
                  [ Role.Client; Role.Server ]
                  |> List.forall (fun sender ->
                      match read sender bytes with
                      | Ok _ -> true
                      | Error code -> code = TransportErrorCode.TransportParameterError))

          testCase "unknown parameters are ignored, even twice"
          <| fun () ->
              Expect.equal
                  (read Role.Client (hex "1b02ffff 1b00"))
                  (Ok(TransportParameters()))
                  "27 is reserved to be ignored"

          testCase "a parameter that appears twice is an error"
          <| fun () ->
              for text in [ "01010101 0102"; "0401050401 05"; "0c000c00"; "200101200101"; "6ab2006ab200" ] do
                  expectRefused Role.Client text

          testCase "a client must not send what only a server may"
          <| fun () ->
              for text in
                  [ "0000"
                    "0210 00112233445566778899aabbccddeeff"
                    "1000"
                    "0d2a 7f000001 0050 00000000000000000000000000000000 0000 01aa 00112233445566778899aabbccddeeff" ] do
                  expectAccepted Role.Server text
                  expectRefused Role.Client text

          testCase "values out of range are errors, their neighbours are not"
          <| fun () ->
              for refused, accepted in
                  [ "030244af", "030244b0" // max_udp_payload_size 1199
                    "0a0115", "0a0114" // ack_delay_exponent 21
                    "0b0480004000", "0b027fff" // max_ack_delay 2^14
                    "0e0101", "0e0102" // active_connection_id_limit 1
                    "0808d000000000000001", "0808d000000000000000" // initial_max_streams_bidi 2^60 + 1
                    "0908d000000000000001", "0908d000000000000000" // initial_max_streams_uni 2^60 + 1
                    "0f15000000000000000000000000000000000000000000", "0f14" + String('0', 40) ] do
                  expectRefused Role.Client refused
                  expectAccepted Role.Client accepted

          testCase "values of the wrong length are errors"
          <| fun () ->
              for text in
                  [ "01020101" // an integer and a byte too many
                    "0100" // no integer
                    "0c0100" // a flag with a value
                    "6ab20100" // grease_quic_bit with a value (RFC 9287 §3)
                    "0104"
                    "01" ] do
                  expectRefused Role.Client text

              expectRefused Role.Server "020f00112233445566778899aabbccddee"

          testCase "a preferred address needs a connection ID and nothing more than its fields"
          <| fun () ->
              let addresses = String('0', 48)
              let token = String('a', 32)
              expectRefused Role.Server $"0d29{addresses}00{token}"
              expectRefused Role.Server $"0d2b{addresses}01bb{token}00"
              expectRefused Role.Server $"0d29{addresses}01bb{token.Substring 2}"
              expectAccepted Role.Server $"0d2a{addresses}01bb{token}"

          testCase "an address of zeros stands for none"
          <| fun () ->
              match read Role.Server (hex $"""0d2a{String('0', 48)}01bb{String('a', 32)}""") with
              | Ok parameters ->
                  let address = nonNull parameters.PreferredAddress
                  Expect.isNull address.IPv4 "IPv4"
                  Expect.isNull address.IPv6 "IPv6"
              | Error code -> failtest $"{code}"

          testCase "version information is checked as RFC 9368 §4 says"
          <| fun () ->
              expectAccepted Role.Client "1108 00000001 00000001"
              expectRefused Role.Client "1104 00000001"
              expectAccepted Role.Server "1104 00000001"
              expectRefused Role.Server "1100"
              expectRefused Role.Server "1106 00000001 0000"
              expectRefused Role.Server "1104 00000000"
              expectRefused Role.Server "1108 00000001 00000000"

          testCase "an idle timeout beyond all bounds is the longest there is"
          <| fun () ->
              match read Role.Client (hex "0108ffffffffffffffff") with
              | Ok parameters ->
                  Expect.isGreaterThan parameters.MaxIdleTimeout (TimeSpan.FromDays 10_000_000.0) "no overflow"
              | Error code -> failtest $"{code}" ]
