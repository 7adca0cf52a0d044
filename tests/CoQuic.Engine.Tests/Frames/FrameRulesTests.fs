module CoQuic.Engine.Tests.Frames.FrameRulesTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Tests.Properties

/// RFC 9000 §12.4, Table 3, as it is printed there; DATAGRAM as RFC 9221 §4 has it.
let private table =
    """
    0x00      PADDING              IH01  NP
    0x01      PING                 IH01
    0x02-0x03 ACK                  IH_1  NC
    0x04      RESET_STREAM         __01
    0x05      STOP_SENDING         __01
    0x06      CRYPTO               IH_1
    0x07      NEW_TOKEN            ___1
    0x08-0x0f STREAM               __01  F
    0x10      MAX_DATA             __01
    0x11      MAX_STREAM_DATA      __01
    0x12-0x13 MAX_STREAMS          __01
    0x14      DATA_BLOCKED         __01
    0x15      STREAM_DATA_BLOCKED  __01
    0x16-0x17 STREAMS_BLOCKED      __01
    0x18      NEW_CONNECTION_ID    __01  P
    0x19      RETIRE_CONNECTION_ID __01
    0x1a      PATH_CHALLENGE       __01  P
    0x1b      PATH_RESPONSE        ___1  P
    0x1c-0x1d CONNECTION_CLOSE     ih01  N
    0x1e      HANDSHAKE_DONE       ___1
    0x30-0x31 DATAGRAM             __01
    """

type private Row =
    { First: uint64
      Last: uint64
      Name: string
      Packets: string
      Letters: string }

let private rows =
    [ for line in table.Split('\n', StringSplitOptions.RemoveEmptyEntries ||| StringSplitOptions.TrimEntries) do
          let fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)

          let types =
              fields[0].Split '-' |> Array.map (fun text -> Convert.ToUInt64(text, 16))

          { First = types[0]
            Last = Array.last types
            Name = fields[1]
            Packets = fields[2]
            Letters = if fields.Length > 3 then fields[3] else "" } ]

let private packetTypes =
    [ PacketType.Initial, 'I'
      PacketType.Handshake, 'H'
      PacketType.ZeroRtt, '0'
      PacketType.OneRtt, '1' ]

/// "ih": only a CONNECTION_CLOSE of type 0x1c can appear in Initial and Handshake packets.
let private mayAppear row frameType (letter: char) =
    row.Packets.Contains letter
    || (row.Packets.Contains(Char.ToLowerInvariant letter) && frameType = 0x1cUL)

/// The code of the error, and the type that was read.
let private readType (bytes: byte[]) packetType =
    let mutable reader = QuicReader(ReadOnlySpan bytes)
    let mutable rule = FrameRule()
    let mutable frameType = 0UL

    match FrameReader.ReadType(&reader, packetType, &rule, &frameType) with
    | null -> Ok frameType
    | error -> Error error.Code

[<Tests>]
let tests =
    testList
        "frame rules (RFC 9000 §12.4, Table 3)"
        [ for row in rows do
              testCase row.Name
              <| fun () ->
                  for frameType in row.First .. row.Last do
                      let found, rule = FrameRules.TryGet frameType
                      Expect.isTrue found "known"
                      Expect.equal rule.Name row.Name "name"
                      Expect.equal rule.IsAckEliciting (not (row.Letters.Contains 'N')) "N"
                      Expect.equal rule.CountsInFlight (not (row.Letters.Contains 'C')) "C"
                      Expect.equal rule.IsProbing (row.Letters.Contains 'P') "P"
                      Expect.equal rule.IsFlowControlled (row.Letters.Contains 'F') "F"

                      for packetType, letter in packetTypes do
                          Expect.equal
                              (rule.MayAppearIn packetType)
                              (mayAppear row frameType letter)
                              $"0x{frameType:x} in {packetType}"

          testCase "no other type is known"
          <| fun () ->
              for frameType in 0UL .. 0x100UL do
                  let listed =
                      rows |> List.exists (fun row -> row.First <= frameType && frameType <= row.Last)

                  Expect.equal (fst (FrameRules.TryGet frameType)) listed $"0x{frameType:x}"

          testCase "no frame may appear in a Retry or Version Negotiation packet"
          <| fun () ->
              for rule in FrameRules.All.ToArray() do
                  Expect.isFalse (rule.MayAppearIn PacketType.Retry) rule.Name
                  Expect.isFalse (rule.MayAppearIn PacketType.VersionNegotiation) rule.Name ]

[<Tests>]
let typeTests =
    testList
        "frame types (RFC 9000 §12.4)"
        [ testCase "a type in its shortest form is read"
          <| fun () -> Expect.equal (readType [| 1uy |] PacketType.OneRtt) (Ok FrameType.Ping) "PING"

          testCase "a longer form than necessary is a PROTOCOL_VIOLATION"
          <| fun () ->
              Expect.equal
                  (readType [| 0x40uy; 1uy |] PacketType.OneRtt)
                  (Error TransportErrorCode.ProtocolViolation)
                  "0x4001"

          testCase "an unknown type is a FRAME_ENCODING_ERROR"
          <| fun () ->
              for bytes in [ [| 0x1fuy |]; [| 0x21uy |]; [| 0x40uy; 0x52uy |]; Array.create 8 0xffuy ] do
                  Expect.equal
                      (readType bytes PacketType.OneRtt)
                      (Error TransportErrorCode.FrameEncodingError)
                      $"{bytes}"

          testCase "a type that is cut short is a FRAME_ENCODING_ERROR"
          <| fun () ->
              Expect.equal
                  (readType [| 0x40uy |] PacketType.OneRtt)
                  (Error TransportErrorCode.FrameEncodingError)
                  "one byte of two"

          testCase "a frame in a packet that may not carry it is a PROTOCOL_VIOLATION"
          <| fun () ->
              Expect.equal
                  (readType [| 8uy |] PacketType.Initial)
                  (Error TransportErrorCode.ProtocolViolation)
                  "STREAM in Initial"

              Expect.equal
                  (readType [| 2uy |] PacketType.ZeroRtt)
                  (Error TransportErrorCode.ProtocolViolation)
                  "ACK in 0-RTT"

              Expect.equal
                  (readType [| 0x1duy |] PacketType.Handshake)
                  (Error TransportErrorCode.ProtocolViolation)
                  "0x1d in Handshake"

          property "random bytes give a type that is known and allowed, or an error"
          <| fun (bytes: byte[]) ->
              packetTypes
              |> List.forall (fun (packetType, _) ->
                  match readType bytes packetType with
                  | Ok frameType -> (snd (FrameRules.TryGet frameType)).MayAppearIn packetType
                  | Error code ->
                      code = TransportErrorCode.FrameEncodingError
                      || code = TransportErrorCode.ProtocolViolation) ]
