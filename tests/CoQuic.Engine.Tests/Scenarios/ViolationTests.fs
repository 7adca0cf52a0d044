/// What a peer gets that breaks the protocol: the RFC's error code, the frame at fault, and a reason; nobody else notices.
module CoQuic.Engine.Tests.Scenarios.ViolationTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Engine.Tests.Scenarios.Attacker

let private minute = TimeSpan.FromMinutes 1.0

/// Small windows, so that a single packet can overrun them.
let private streamWindow, private connectionWindow = 1_000UL, 2_500UL

let private datagramFrameSize = 50UL

let private transport takesDatagrams =
    TransportConfig(
        MaxDatagramFrameSize = (if takesDatagrams then datagramFrameSize else 0UL),
        InitialMaxData = connectionWindow,
        InitialMaxStreamDataBidiLocal = streamWindow,
        InitialMaxStreamDataBidiRemote = streamWindow,
        InitialMaxStreamDataUni = streamWindow,
        InitialMaxStreamsBidi = 10UL,
        InitialMaxStreamsUni = 10UL,
        // More than anybody here issues, so that there is room for forged ones.
        ActiveConnectionIdLimit = LocalConnectionIds.MaximumActive + 2
    )

type private Violation =
    {
        Name: string
        Section: string
        Level: EncryptionLevel
        Victim: Side
        Code: TransportErrorCode
        /// The type of the frame at fault; 0 when none is.
        Frame: uint64
        Payload: byte[]
        /// Bits set in the first byte, before protection.
        Mask: byte
    }

let private violation code section name frame payload =
    { Name = name
      Section = section
      Level = EncryptionLevel.OneRtt
      Victim = Server
      Code = code
      Frame = frame
      Payload = payload
      Mask = 0uy }

let private encoding = violation TransportErrorCode.FrameEncodingError
let private protocol = violation TransportErrorCode.ProtocolViolation
let private streamState = violation TransportErrorCode.StreamStateError
let private finalSize = violation TransportErrorCode.FinalSizeError
let private flowControl = violation TransportErrorCode.FlowControlError
let private streamLimit = violation TransportErrorCode.StreamLimitError
let private cryptoBuffer = violation TransportErrorCode.CryptoBufferExceeded
let private idLimit = violation TransportErrorCode.ConnectionIdLimitError

let private toClient row = { row with Victim = Client }
let private during level row = { row with Level = level }

/// A STREAM frame with offset and length (RFC 9000 §19.8), its data zeros.
let private stream id offset length =
    Array.append (varints [ 0x0eUL; id; offset; uint64 length ]) (Array.zeroCreate length)

/// The same with FIN.
let private lastStream id offset length =
    Array.append (varints [ 0x0fUL; id; offset; uint64 length ]) (Array.zeroCreate length)

let private crypto offset (data: byte[]) =
    Array.append (varints [ 0x06UL; offset; uint64 data.Length ]) data

let private newConnectionId sequence retirePriorTo (id: byte[]) =
    Array.concat
        [ varints [ 0x18UL; sequence; retirePriorTo ]
          [| byte id.Length |]
          id
          Array.create 16 (byte sequence) ]

let private anId = Array.create 8 0xabuy
let private last = (1UL <<< 62) - 1UL

let private frames =
    [ encoding "§12.4" "an unknown frame type" 0x21UL (varints [ 0x21UL ])
      encoding "§12.4" "an unknown frame type of eight bytes" last (varints [ last ])
      protocol "§12.4" "a frame type that is not in its shortest form" 0x01UL [| 0x40uy; 0x01uy |]
      protocol "§12.4" "a packet without frames" 0UL [||]
      encoding "§12.4" "a frame that ends too early" 0x04UL (varints [ 0x04UL; 0UL ])
      encoding "§19.8" "STREAM with a length beyond its packet" 0x0aUL (varints [ 0x0aUL; 0UL; 100UL ])
      { protocol "§17.3.1" "reserved bits in a short header" 0UL [| 1uy |] with
          Mask = 0x18uy }
      { protocol "§17.2" "reserved bits in a long header" 0UL [| 1uy |] with
          Mask = 0x0cuy
          Level = EncryptionLevel.Handshake }
      protocol "§13.1" "ACK of a packet that was not sent" 0x02UL (varints [ 0x02UL; 100_000UL; 0UL; 0UL; 0UL ])
      protocol
          "§13.1"
          "ACK of a packet that was not sent, to a client"
          0x02UL
          (varints [ 2UL; 90_000UL; 0UL; 0UL; 0UL ])
      |> toClient
      encoding "§19.3.1" "ACK of packet numbers below zero" 0x02UL (varints [ 0x02UL; 0UL; 0UL; 0UL; 1UL ])
      streamState
          "§19.4"
          "RESET_STREAM on a stream that only the victim sends on"
          0x04UL
          (varints [ 4UL; 3UL; 0UL; 0UL ])
      streamState "§19.5" "STOP_SENDING on a stream that the victim only receives on" 0x05UL (varints [ 5UL; 2UL; 0UL ])
      streamState
          "§19.5"
          "STOP_SENDING on a stream of the victim that it has not opened"
          0x05UL
          (varints [ 5UL; 1UL; 0UL ])
      cryptoBuffer "§7.5" "CRYPTO too far ahead" 0x06UL (crypto CryptoStream.MaximumBuffered [| 0uy |])
      cryptoBuffer "§7.5" "CRYPTO too far ahead, in a Handshake packet" 0x06UL (crypto 1_000_000UL [| 0uy |])
      |> during EncryptionLevel.Handshake
      cryptoBuffer "§7.5" "CRYPTO too far ahead, in an Initial packet" 0x06UL (crypto 1_000_000UL [| 0uy |])
      |> during EncryptionLevel.Initial
      encoding "§19.6" "CRYPTO beyond 2^62 - 1" 0x06UL (crypto last [| 0uy |])
      protocol "§19.7" "NEW_TOKEN from a client" 0x07UL (varints [ 0x07UL; 1UL; 1UL ])
      encoding "§19.7" "NEW_TOKEN that is empty" 0x07UL (varints [ 0x07UL; 0UL ])
      |> toClient
      streamState "§19.8" "STREAM on a stream that only the victim sends on" 0x0eUL (stream 3UL 0UL 1)
      streamState "§19.8" "STREAM on a stream of the victim that it has not opened" 0x0eUL (stream 1UL 0UL 1)
      encoding "§19.8" "STREAM beyond 2^62 - 1" 0x0eUL (stream 0UL last 1)
      streamLimit "§4.6" "more bidirectional streams than allowed" 0x0eUL (stream 40UL 0UL 1)
      streamLimit "§4.6" "more unidirectional streams than allowed" 0x0eUL (stream 42UL 0UL 1)
      flowControl "§4.1" "more data than the stream's limit" 0x0eUL (stream 0UL streamWindow 1)
      flowControl
          "§4.1"
          "more data than the connection's limit"
          0x0eUL
          (Array.concat [ for id in [ 0UL; 4UL; 8UL ] -> stream id (streamWindow - 1UL) 1 ])
      flowControl
          "§4.5"
          "a reset whose final size exceeds the stream's limit"
          0x04UL
          (varints [ 4UL; 0UL; 0UL; 1001UL ])
      finalSize "§4.5" "data beyond the final size" 0x0eUL (Array.append (lastStream 0UL 0UL 10) (stream 0UL 10UL 1))
      finalSize "§4.5" "two final sizes" 0x0fUL (Array.append (lastStream 0UL 0UL 10) (lastStream 0UL 0UL 9))
      finalSize
          "§4.5"
          "a final size below what was received"
          0x0fUL
          (Array.append (stream 0UL 0UL 10) (lastStream 0UL 0UL 9))
      finalSize
          "§4.5"
          "a reset that changes the final size"
          0x04UL
          (Array.append (lastStream 0UL 5UL 5) (varints [ 4UL; 0UL; 0UL; 11UL ]))
      streamState
          "§19.10"
          "MAX_STREAM_DATA on a stream that the victim only receives on"
          0x11UL
          (varints [ 0x11UL; 2UL; 9UL ])
      encoding "§19.11" "MAX_STREAMS beyond 2^60" 0x12UL (varints [ 0x12UL; (1UL <<< 60) + 1UL ])
      encoding "§19.11" "MAX_STREAMS beyond 2^60, unidirectional" 0x13UL (varints [ 0x13UL; last ])
      streamState
          "§19.13"
          "STREAM_DATA_BLOCKED on a stream that only the victim sends on"
          0x15UL
          (varints [ 0x15UL; 3UL; 0UL ])
      encoding "§19.14" "STREAMS_BLOCKED beyond 2^60" 0x16UL (varints [ 0x16UL; (1UL <<< 60) + 1UL ])
      encoding "§19.15" "NEW_CONNECTION_ID that retires itself" 0x18UL (newConnectionId 9UL 10UL anId)
      encoding "§19.15" "NEW_CONNECTION_ID without an ID" 0x18UL (newConnectionId 9UL 0UL [||])
      encoding "§19.15" "NEW_CONNECTION_ID of 21 bytes" 0x18UL (newConnectionId 9UL 0UL (Array.create 21 1uy))
      protocol "§19.15" "one sequence number for two connection IDs" 0x18UL (newConnectionId 0UL 0UL anId)
      protocol
          "§19.15"
          "one connection ID with two sequence numbers"
          0x18UL
          (Array.append (newConnectionId 20UL 0UL anId) (newConnectionId 21UL 0UL anId))
      idLimit
          "§5.1.1"
          "more connection IDs than the limit"
          0x18UL
          (Array.concat [ for sequence in 8UL .. 20UL -> newConnectionId sequence 0UL (Array.create 8 (byte sequence)) ])
      protocol "§19.16" "RETIRE_CONNECTION_ID for one that was not issued" 0x19UL (varints [ 0x19UL; 1000UL ])
      protocol "§19.16" "RETIRE_CONNECTION_ID for the one it is sent to" 0x19UL (varints [ 0x19UL; 0UL ])
      protocol "§19.20" "HANDSHAKE_DONE from a client" 0x1eUL (varints [ 0x1eUL ])
      protocol "§12.4; RFC 9221 §3" "DATAGRAM to one that takes none" 0x31UL (varints [ 0x31UL; 1UL; 0UL ])
      |> toClient
      protocol
          "§12.4; RFC 9221 §3"
          "DATAGRAM larger than the victim takes"
          0x30UL
          (Array.append (varints [ 0x30UL ]) (Array.zeroCreate (int datagramFrameSize))) ]

/// Where TLS finds the fault, the code is that of its alert (RFC 9001 §4.8).
let private tls =
    let unexpected = TransportErrorCodes.OfAlert 10uy

    [ violation unexpected "RFC 9001 §6" "a KeyUpdate message of TLS" 0x06UL (crypto 0UL [| 24uy; 0uy; 0uy; 1uy; 0uy |])
      violation
          unexpected
          "RFC 9001 §4"
          "a ClientHello after the handshake"
          0x06UL
          (crypto 0UL [| 1uy; 0uy; 0uy; 0uy |]) ]

/// Every frame that Table 3 forbids in a packet type, in that packet type.
let private misplaced =
    [ for rule in FrameRules.All.ToArray() do
          for level in [ EncryptionLevel.Initial; EncryptionLevel.Handshake ] do
              if not (rule.MayAppearIn(PacketTypes.Of level)) then
                  { protocol "§12.4" $"{rule.Name} ({rule.First}) in {level}" rule.First (varints [ rule.First ]) with
                      Level = level } ]

let private await what condition pair =
    Expect.isTrue (runUntil minute condition pair) what

/// A connection beside the one that is attacked, of the same two endpoints.
let private bystander pair =
    connect pair
    await "the bystander's handshake" confirmed pair
    pair.ClientConnection, pair.ServerConnection

let private isConfirmed side handle pair =
    told<StateEventEffect> side pair
    |> List.exists (fun event -> event.Connection = handle && event.Change = StateChange.HandshakeConfirmed)

/// Opens the connection that is attacked, as far as the attack needs it.
let private openVictim level pair =
    connect pair

    match level with
    | EncryptionLevel.OneRtt ->
        let ready p =
            isConfirmed Client p.ClientConnection p
            && isConfirmed Server p.ServerConnection p

        await "the handshake is confirmed" ready pair
    | _ ->
        // The server has answered, and nothing of it has arrived.
        let bystander = pair.ServerConnection
        await "the server has answered" (fun p -> p.ServerConnection <> bystander) pair

let private transfers (client, server) pair =
    // A stream that no attack touches.
    let id = StreamId 36UL
    pair.ClientConnection <- client
    pair.ServerConnection <- server
    let sent = Array.init 5_000 byte
    Expect.isNone (send Client id sent true pair) "the bystander's data is taken"
    await "the bystander's data arrives" (fun p -> snd (received Server id p)) pair
    Expect.equal (fst (received Server id pair)) sent "the bystander's data is whole"

let private enumOf (code: uint64) =
    LanguagePrimitives.EnumOfValue<uint64, TransportErrorCode> code

let private closesWith row =
    testCase $"{row.Name} (RFC 9000 {row.Section})"
    <| fun () ->
        let pair = openPair (transport false) (transport true) ideal
        let others = bystander pair
        openVictim row.Level pair
        let forged = sealWith row.Mask [||] row.Level row.Victim row.Payload pair
        strike row.Victim forged pair

        let reason = (closeReason row.Victim pair).Value
        Expect.equal reason.Origin CloseOrigin.Local "the victim closes"
        Expect.isFalse reason.IsApplicationError "with a transport error"
        Expect.equal (enumOf reason.Code) row.Code reason.Reason
        Expect.equal reason.FrameType row.Frame "the frame at fault"
        Expect.isNotEmpty reason.Reason "a reason"

        // The honest peer, in whose name it was done, hears the same.
        await "the close arrives" (fun p -> (closeReason (other row.Victim) p).IsSome) pair
        let heard = (closeReason (other row.Victim) pair).Value

        Expect.equal
            heard
            (CloseReason(CloseOrigin.Peer, false, uint64 row.Code, row.Frame, reason.Reason))
            "what it hears"

        transfers others pair

[<Tests>]
let tests =
    testList
        "scenario: violations"
        [ testList "frames" (List.map closesWith frames)
          testList "TLS" (List.map closesWith tls)
          testList "misplaced frames" (List.map closesWith misplaced)

          testCase "a violation ends what the packet has not done yet, and what came before it is delivered"
          <| fun () ->
              let pair = openPair (transport false) (transport true) ideal
              connect pair
              await "confirmed" confirmed pair

              let payload =
                  Array.concat [ stream 0UL 0UL 10; varints [ 0x21UL ]; stream 0UL 10UL 10 ]

              strike Server (seal EncryptionLevel.OneRtt Server payload pair) pair
              Expect.equal (received Server (StreamId 0UL) pair) (Array.zeroCreate 10, false) "the first frame alone"

          testCase "a forged packet without violation is taken: the attacker's packets are packets"
          <| fun () ->
              for level in [ EncryptionLevel.Initial; EncryptionLevel.Handshake; EncryptionLevel.OneRtt ] do
                  let pair = openPair (transport false) (transport true) ideal
                  connect pair

                  match level with
                  | EncryptionLevel.OneRtt -> await "confirmed" confirmed pair
                  | _ -> await "the server has answered" (fun p -> p.ServerConnection <> ConnectionHandle.None) pair

                  let before = pair.Server.GetStatistics(pair.ServerConnection)
                  strike Server (seal level Server [| 1uy |] pair) pair
                  let after = pair.Server.GetStatistics(pair.ServerConnection)

                  match before, after with
                  | null, _
                  | _, null -> failtest "the connection is held"
                  | before, after -> Expect.equal after.PacketsReceived (before.PacketsReceived + 1UL) $"{level}" ]
