module CoQuic.Engine.Tests.Packets.PacketNumberTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Tests.Properties

[<Tests>]
let tests =
    testList
        "packet numbers (RFC 9000 §17.1)"
        [ testCase "RFC 9000 §A.2: 0xac5c02 needs 16 bits and 0xace8fe 24, after 0xabe8b3"
          <| fun () ->
              Expect.equal (PacketNumber.EncodedLength(0xac5c02UL, Nullable 0xabe8b3UL)) 2 "0xac5c02"
              Expect.equal (PacketNumber.EncodedLength(0xace8feUL, Nullable 0xabe8b3UL)) 3 "0xace8fe"

          testCase "RFC 9000 §A.3: 0x9b32 in 16 bits after 0xa82f30ea is 0xa82f9b32"
          <| fun () -> Expect.equal (PacketNumber.Decode(Nullable 0xa82f30eaUL, 0x9b32u, 16)) 0xa82f9b32UL "decoded"

          testCase "the first packet of a space takes one byte"
          <| fun () ->
              Expect.equal (PacketNumber.EncodedLength(0UL, Nullable())) 1 "length"
              Expect.equal (PacketNumber.Decode(Nullable(), 0u, 8)) 0UL "decoded"

          property "a receiver that has any number from the largest acknowledged on decodes what was sent"
          <| fun (acknowledged: uint64) (ahead: uint32) (received: uint32) ->
              let acknowledged = acknowledged % (1UL <<< 61)
              let number = acknowledged + 1UL + uint64 (ahead % 1_000_000u)
              let largest = acknowledged + uint64 received % (number - acknowledged)
              let length = PacketNumber.EncodedLength(number, Nullable acknowledged)
              let truncated = uint32 (number &&& ((1UL <<< (8 * length)) - 1UL))
              PacketNumber.Decode(Nullable largest, truncated, 8 * length) = number

          property "whatever is decoded is a packet number with those low bits"
          <| fun (largest: uint64) (truncated: uint32) (length: byte) ->
              let bits = 8 * (1 + int length % 4)

              let truncated =
                  if bits = 32 then
                      truncated
                  else
                      truncated &&& ((1u <<< bits) - 1u)

              let decoded = PacketNumber.Decode(Nullable(largest % (1UL <<< 62)), truncated, bits)

              decoded <= PacketNumber.MaxValue
              && (decoded &&& ((1UL <<< bits) - 1UL)) = uint64 truncated ]
