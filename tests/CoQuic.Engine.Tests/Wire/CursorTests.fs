module CoQuic.Engine.Tests.Wire.CursorTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Tests.Properties

let private bytes (hex: string) = Convert.FromHexString hex

let private readVarInt (encoded: byte[]) =
    let mutable reader = QuicReader(ReadOnlySpan encoded)
    let mutable value = 0UL
    let found = reader.TryReadVarInt &value
    found, value, reader.Position

let private writeVarInt value size =
    let buffer = Array.zeroCreate<byte> 16
    let mutable writer = QuicWriter(Span buffer)
    writer.WriteVarInt(value, size)
    Array.truncate writer.Position buffer

/// Any value of 62 bits, all four lengths being likely.
let private varInt (value: uint64) (length: byte) =
    match length % 4uy with
    | 0uy -> value % 64UL
    | 1uy -> value % 16_384UL
    | 2uy -> value % (1UL <<< 30)
    | _ -> value % (1UL <<< 62)

[<Tests>]
let tests =
    testList
        "variable-length integers (RFC 9000 §16)"
        [ for encoded, value in
              [ "c2197c5eff14e88c", 151_288_809_941_952_652UL
                "9d7f3e7d", 494_878_333UL
                "7bbd", 15_293UL
                "25", 37UL
                "4025", 37UL ] do
              testCase $"RFC 9000 §A.1: {encoded} is {value}"
              <| fun () ->
                  let encoded = bytes encoded
                  Expect.equal (readVarInt encoded) (true, value, encoded.Length) "read"
                  Expect.equal (writeVarInt value encoded.Length) encoded "written"

          property "what is written is read again, and its size is right"
          <| fun value length ->
              let value = varInt value length
              let encoded = writeVarInt value (VarInt.Size value)

              readVarInt encoded = (true, value, VarInt.Size value)
              && encoded.Length = VarInt.Size value

          property "a longer form than necessary has the same value"
          <| fun value length ->
              let value = varInt value length

              [ 1; 2; 4; 8 ]
              |> List.filter (fun size -> size >= VarInt.Size value)
              |> List.forall (fun size -> readVarInt (writeVarInt value size) = (true, value, size))

          property "one that is cut short is not read, and the position stays"
          <| fun value length ->
              let encoded = writeVarInt (varInt value length) 8

              [ 0..7 ]
              |> List.forall (fun kept -> readVarInt (Array.truncate kept encoded) = (false, 0UL, 0))

          for value, size in
              [ 0UL, 1
                63UL, 1
                64UL, 2
                16_383UL, 2
                16_384UL, 4
                1_073_741_823UL, 4
                1_073_741_824UL, 8
                VarInt.MaxValue, 8 ] do
              testCase $"{value} takes {size} bytes"
              <| fun () -> Expect.equal (VarInt.Size value) size "size" ]

[<Tests>]
let cursorTests =
    testList
        "the reader"
        [ property "a failed read of any kind leaves the position"
          <| fun (content: byte[]) (skipped: byte) ->
              let mutable reader = QuicReader(ReadOnlySpan content)
              let mutable ignored = ReadOnlySpan<byte>()
              reader.TryReadBytes(int skipped % (content.Length + 1), &ignored) |> ignore
              let start = reader.Position
              let mutable stays = true

              let check (found: bool) (position: int) = found || position = start

              let mutable u8, u16, u32, u64 = 0uy, 0us, 0u, 0UL
              let mutable copy = reader
              stays <- stays && check (copy.TryReadByte &u8) copy.Position
              copy <- reader
              stays <- stays && check (copy.TryReadUInt16 &u16) copy.Position
              copy <- reader
              stays <- stays && check (copy.TryReadUInt32 &u32) copy.Position
              copy <- reader
              stays <- stays && check (copy.TryReadUInt64 &u64) copy.Position
              copy <- reader
              stays <- stays && check (copy.TryReadLengthPrefixed &ignored) copy.Position
              copy <- reader
              stays <- stays && check (copy.TryReadByteLengthPrefixed &ignored) copy.Position
              stays

          testCase "a length beyond the end, however large, is refused"
          <| fun () ->
              for hex in [ "ffffffffffffffff00"; "800000030000"; "02aa" ] do
                  let mutable reader = QuicReader(ReadOnlySpan(bytes hex))
                  let mutable value = ReadOnlySpan<byte>()
                  Expect.isFalse (reader.TryReadLengthPrefixed &value) hex
                  Expect.equal reader.Position 0 "position"

          testCase "zeros are skipped up to the first other byte, or the end"
          <| fun () ->
              let mutable reader = QuicReader(ReadOnlySpan [| 0uy; 0uy; 5uy; 0uy |])
              Expect.equal (reader.SkipZeros()) 2 "two"
              Expect.equal (reader.SkipZeros()) 0 "none at the 5"
              let mutable last = QuicReader(ReadOnlySpan [| 0uy |])
              Expect.equal (last.SkipZeros()) 1 "the last"
              Expect.isTrue last.IsAtEnd "end" ]
