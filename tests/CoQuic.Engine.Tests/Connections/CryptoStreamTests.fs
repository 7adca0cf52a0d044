module CoQuic.Engine.Tests.Connections.CryptoStreamTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Tests.Properties

let private memory (bytes: byte[]) = ReadOnlyMemory<byte> bytes

let private readAll (stream: CryptoStream) =
    let rec loop parts =
        match stream.TryRead() with
        | true, data -> loop (data.ToArray() :: parts)
        | false, _ -> Array.concat (List.rev parts)

    loop []

let private codeOf (error: TransportError | null) =
    match error with
    | null -> None
    | error -> Some error.Code

let private exceeded = Some TransportErrorCode.CryptoBufferExceeded

[<Tests>]
let tests =
    testList
        "Connections.CryptoStream (RFC 9000 §7.5, §19.6)"
        [ testCase "more than the 4096 bytes are buffered that RFC 9000 §7.5 asks for"
          <| fun () -> Expect.isGreaterThanOrEqual CryptoStream.MaximumBuffered 4096UL "the bound"

          testCase "data up to the bound is kept, and one byte beyond it ends the connection"
          <| fun () ->
              let bound = CryptoStream.MaximumBuffered
              let stream = CryptoStream()
              Expect.equal (codeOf (stream.OnCrypto(bound - 1UL, memory [| 1uy |]))) None "the last byte"
              Expect.equal (codeOf (stream.OnCrypto(bound, memory [| 1uy |]))) exceeded "the byte behind it"

          testCase "the bound moves with what was read"
          <| fun () ->
              let bound = CryptoStream.MaximumBuffered
              let stream = CryptoStream()
              stream.OnCrypto(0UL, memory (Array.zeroCreate 1000)) |> ignore
              Expect.equal (codeOf (stream.OnCrypto(bound, memory [| 1uy |]))) exceeded "not read yet"
              readAll stream |> ignore
              Expect.equal (codeOf (stream.OnCrypto(bound + 999UL, memory [| 1uy |]))) None "read"

          testCase "the largest offset that a frame can have is refused and does not wrap"
          <| fun () ->
              let last = (1UL <<< 62) - 1UL
              Expect.equal (codeOf (CryptoStream().OnCrypto(last, memory [| 1uy |]))) exceeded "2^62 − 1"

          testCase "data in more pieces than can be remembered ends the connection"
          <| fun () ->
              let stream = CryptoStream()

              let error =
                  Seq.init (Reassembler.MaximumRanges + 1) (fun index ->
                      codeOf (stream.OnCrypto(uint64 (2 * index + 1), memory [| 0uy |])))
                  |> Seq.tryPick id

              Expect.equal error exceeded "CRYPTO_BUFFER_EXCEEDED"

          property "pieces in any order, repeated or overlapping, come out as the bytes that were sent"
          <| fun (cuts: (byte * byte) list) ->
              let sent = Array.init 300 (fun index -> byte (index * 7))
              let stream = CryptoStream()

              let pieces =
                  [ for start, length in cuts -> min 299 (int start), int length % 64
                    for start in 0..50..299 -> start, 50 ]

              let received =
                  [ for start, length in pieces ->
                        let length = min length (300 - start)
                        stream.OnCrypto(uint64 start, memory (Array.sub sent start length)) |> ignore
                        readAll stream ]

              Expect.equal (Array.concat received) sent "each byte once, in order" ]
