module CoQuic.Engine.Tests.Frames.FrameCodecTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Tests.Properties
open CoQuic.Engine.Tests.Frames.Frame

let private number (random: Random) =
    let bits = random.Next 63
    uint64 (random.NextInt64()) &&& ((1UL <<< bits) - 1UL)

let private bytesUpTo (random: Random) limit =
    let bytes = Array.zeroCreate<byte>(random.Next(limit + 1))
    random.NextBytes bytes
    bytes

let private offsetFor (random: Random) (data: byte[]) =
    min (number random) (VarInt.MaxValue - uint64 data.Length)

/// Descending ranges with gaps between them, from a largest number down.
let private ranges (random: Random) =
    let rec go largest count =
        let smallest = largest - min largest (number random % 200UL)

        if count = 0 || smallest < 2UL then
            [ smallest, largest ]
        else
            let gap = 2UL + min (smallest - 2UL) (number random % 100UL)
            (smallest, largest) :: go (smallest - gap) (count - 1)

    go (number random) (random.Next 80)

let private kind (random: Random) =
    if random.Next 2 = 0 then
        StreamKind.Bidirectional
    else
        StreamKind.Unidirectional

let private newConnectionId (random: Random) =
    let sequence = number random
    let id = Array.zeroCreate<byte>(1 + random.Next 20)
    random.NextBytes id
    let token = Array.zeroCreate<byte> 16
    random.NextBytes token
    let retire = min sequence (number random)
    NewConnectionIdFrame(sequence, retire, ConnectionId(ReadOnlySpan id), StatelessResetToken(ReadOnlySpan token))

/// One frame of every kind.
let private frames (random: Random) =
    let number () = number random
    let data = bytesUpTo random 1500
    let id = StreamId(number ())

    let ecn =
        if random.Next 2 = 0 then
            None
        else
            Some(number (), number (), number ())

    [ Padding(1 + random.Next 1200)
      Ack(number (), ranges random, ecn)
      ResetStream(ResetStreamFrame(id, number (), number ()))
      StopSending(StopSendingFrame(id, number ()))
      Crypto(offsetFor random data, data)
      NewToken(Array.append [| 1uy |] data)
      Stream(id.Value, offsetFor random data, data, random.Next 2 = 0)
      Stream(id.Value, 0UL, data, random.Next 2 = 0)
      MaxData(MaxDataFrame(number ()))
      MaxStreamData(MaxStreamDataFrame(id, number ()))
      MaxStreams(MaxStreamsFrame(kind random, min (number ()) (1UL <<< 60)))
      DataBlocked(DataBlockedFrame(number ()))
      StreamDataBlocked(StreamDataBlockedFrame(id, number ()))
      StreamsBlocked(StreamsBlockedFrame(kind random, min (number ()) (1UL <<< 60)))
      NewConnectionId(newConnectionId random)
      RetireConnectionId(RetireConnectionIdFrame(number ()))
      PathChallenge(PathChallengeFrame(number ()))
      PathResponse(PathResponseFrame(number ()))
      TransportClose(number (), number (), bytesUpTo random 200)
      ApplicationClose(number (), bytesUpTo random 200)
      Datagram data ]

/// Every type that has a codec of its own.
let private types =
    [ for rule in FrameRules.All.ToArray() do
          for frameType in rule.First .. rule.Last do
              if frameType <> FrameType.Ping && frameType <> FrameType.HandshakeDone then
                  frameType ]

/// Types whose last field takes the rest of the packet, so that no cut is a malformation.
let private endsWithPacket frameType =
    frameType = FrameType.Padding
    || frameType = FrameType.Datagram
    || (FrameType.IsStream frameType && frameType &&& 2UL = 0UL)

let private isMalformed hex =
    let frameType, rest = split (Convert.FromHexString(hex: string))
    Expect.isNone (decode frameType rest) hex

[<Tests>]
let tests =
    testList
        "frame codecs (RFC 9000 §19)"
        [ property "a frame that was written is read again, and its size is right"
          <| fun (seed: int) ->
              for frame in frames (Random seed) do
                  let encoded, size = encode frame
                  let frameType, rest = split encoded
                  Expect.equal size encoded.Length "size"
                  Expect.equal (decode frameType rest) (Some(frame, rest.Length)) "frame"

          property "a frame that is cut short is not read, and the position stays"
          <| fun (seed: int) ->
              let random = Random seed

              for frame in frames random do
                  let frameType, rest = split (fst (encode frame))

                  if not (endsWithPacket frameType) then
                      Expect.isNone
                          (decode frameType (Array.truncate (random.Next rest.Length) rest))
                          $"0x{frameType:x}"

          property "random bytes are read as a frame that can be written, or not at all"
          <| fun (bytes: byte[]) ->
              for frameType in types do
                  match decode frameType bytes with
                  | None -> ()
                  | Some(Padding _, _) -> ()
                  | Some(frame, position) ->
                      Expect.isLessThanOrEqual position bytes.Length "the reader stays in its buffer"
                      let again, rest = split (fst (encode frame))
                      Expect.equal (decode again rest) (Some(frame, rest.Length)) $"0x{frameType:x}"

          testCase "each field has its place (RFC 9000 §19, byte for byte)"
          <| fun () ->
              let expect frame (hex: string) =
                  Expect.equal (Convert.ToHexStringLower(fst (encode frame))) (hex.Replace(" ", "")) hex

              expect (ResetStream(ResetStreamFrame(StreamId 4UL, 7UL, 15_293UL))) "0404077bbd"
              expect (StopSending(StopSendingFrame(StreamId 4UL, 7UL))) "050407"
              expect (Crypto(2UL, [| 0xaauy |])) "060201aa"
              expect (Stream(4UL, 0UL, [| 0xaauy |], false)) "0a0401aa"
              expect (Stream(4UL, 9UL, [| 0xaauy |], true)) "0f040901aa"
              expect (MaxStreams(MaxStreamsFrame(StreamKind.Unidirectional, 3UL))) "1303"
              expect (StreamsBlocked(StreamsBlockedFrame(StreamKind.Bidirectional, 3UL))) "1603"
              expect (TransportClose(0x0aUL, 6UL, "no"B)) "1c0a06026e6f"
              expect (ApplicationClose(5UL, "no"B)) "1d05026e6f"
              expect (Datagram [| 1uy; 2uy |]) "31020102"
              // 90-100, 80-85 and 70: gaps of 90 - 85 - 2 and 80 - 70 - 2.
              expect (Ack(5UL, [ 90UL, 100UL; 80UL, 85UL; 70UL, 70UL ], None)) "0240640502 0a 0305 0800"
              expect (Ack(5UL, [ 7UL, 7UL ], Some(1UL, 2UL, 3UL))) "0307050000 010203"

          testCase "a STREAM frame without a length takes the rest of the packet"
          <| fun () ->
              let read = decode 0x09UL [| 4uy; 1uy; 2uy; 3uy |]
              Expect.equal read (Some(Stream(4UL, 0UL, [| 1uy; 2uy; 3uy |], true), 4)) "FIN, no OFF, no LEN"

          testCase "data beyond 2^62 - 1 is malformed"
          <| fun () ->
              isMalformed "0e04ffffffffffffffff01aa"
              isMalformed "06ffffffffffffffff01aa"
              Expect.isSome (decode 0x06UL (Convert.FromHexString "ffffffffffffffff00")) "no data at the very end"

          testCase "a stream count beyond 2^60 is malformed"
          <| fun () ->
              for frameType in [ "12"; "13"; "16"; "17" ] do
                  isMalformed $"{frameType}d000000000000001"
                  let edge = Convert.FromHexString "d000000000000000"
                  Expect.isSome (decode (uint64 (Convert.ToByte(frameType, 16))) edge) "2^60 itself"

          testCase "an acknowledgment of numbers below zero is malformed"
          <| fun () ->
              isMalformed "0203000004" // the first range is longer than the largest number
              isMalformed "0205000101" // a range is announced and missing
              isMalformed "02050001010300" // 5-4, a gap of 5: largest would be -1
              isMalformed "02050001010104" // 5-4, then 1 and four below it
              Expect.isSome (decode 0x02UL (Convert.FromHexString "050001010101")) "5-4 and 1-0"

          testCase "a range count that the packet cannot hold is malformed"
          <| fun () -> isMalformed "02406400ffffffffffffffff00"

          testCase "a connection ID of 0 or 21 bytes, or one that retires beyond itself, is malformed"
          <| fun () ->
              let token = String('a', 32)
              isMalformed $"18010000{token}"
              isMalformed $"""18010015{String('b', 42)}{token}"""
              isMalformed $"18010201bb{token}"
              Expect.isSome (decode 0x18UL (Convert.FromHexString $"010101bb{token}")) "equal is allowed"

          testCase "an empty token is malformed" <| fun () -> isMalformed "0700"

          property "an ACK cut down to some room fits, and keeps the largest ranges"
          <| fun (seed: int) (room: uint16) ->
              let random = Random seed
              let all = ranges random |> List.map PacketNumberRange |> Array.ofList
              let frame = OutgoingAckFrame(3UL, ReadOnlySpan all, Nullable())
              let room = 12 + int room % 300
              let mutable fitting = OutgoingAckFrame()

              if frame.TryFit(room, &fitting) then
                  Expect.isLessThanOrEqual fitting.Size room "fits"
                  Expect.equal fitting.LargestAcknowledged frame.LargestAcknowledged "largest"

                  if frame.Size <= room then
                      Expect.equal fitting.RangeCount frame.RangeCount "nothing is lost that fits"
              else
                  Expect.isLessThan room frame.Size "it does not fit"

          property "data of the fitting length fits with its header"
          <| fun (seed: int) (room: uint16) ->
              let random = Random seed
              let room = int room % 3000
              let id, offset = StreamId(number random), number random
              let stream = StreamFrame.FittingLength(id, offset, room)
              let crypto = CryptoFrame.FittingLength(offset, room)

              (stream < 0 || stream + StreamFrame.HeaderSize(id, offset, stream) <= room)
              && (crypto < 0 || crypto + CryptoFrame.HeaderSize(offset, crypto) <= room)

          testCase "a reason is cut at a character's border to fit"
          <| fun () ->
              let reason = Text.Encoding.UTF8.GetBytes "größer"
              let frame = ConnectionCloseFrame.Application(1UL, ReadOnlySpan reason)

              for room in 3..10 do
                  let fitting = frame.FitInto room
                  Expect.isLessThanOrEqual fitting.Size (max room 3) "fits"

                  Expect.isFalse
                      ((Text.Encoding.UTF8.GetString fitting.ReasonPhrase).Contains '\uFFFD')
                      "whole characters" ]
