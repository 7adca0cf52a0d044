/// HKDF with the vectors of others, and HMAC by one key beside the platform's.
module CoQuic.Engine.Tests.Crypto.HkdfTests

open System
open System.Security.Cryptography
open System.Text.Json
open Expecto
open CoQuic.Engine
open CoQuic.Tests

let private hex (text: string) = Convert.FromHexString text

let private bytes length =
    Array.init length (fun index -> byte (index * 7 + length))

let private hashes = [ HashAlgorithmName.SHA256; HashAlgorithmName.SHA384 ]

let private hashLength (hash: HashAlgorithmName) =
    if hash = HashAlgorithmName.SHA256 then 32 else 48

/// The codes of messages, all by one key.
let private hmac (hash: HashAlgorithmName) (key: byte array) (messages: byte array list) =
    use hmacKey = new HmacKey(hash, ReadOnlySpan key)
    let mutable codes = []

    for message in messages do
        let code: byte array = Array.zeroCreate (hashLength hash)
        hmacKey.Authenticate(ReadOnlySpan message, Span code)
        codes <- codes @ [ code ]

    codes

let private hkdf (hash: HashAlgorithmName) (salt: byte array) (secret: byte array) (info: byte array) size =
    let pseudorandomKey: byte array = Array.zeroCreate (hashLength hash)
    Hkdf.Extract(hash, ReadOnlySpan salt, ReadOnlySpan secret, Span pseudorandomKey)
    let output: byte array = Array.zeroCreate size
    Hkdf.Expand(hash, ReadOnlySpan pseudorandomKey, ReadOnlySpan info, Span output)
    output

/// The vectors whose output is not too long for HKDF, which nothing derived here can be.
let private expectVectors (file: string) hash =
    use document = Vectors.load file

    for group in document.RootElement.GetProperty("testGroups").EnumerateArray() do
        for test in group.GetProperty("tests").EnumerateArray() do
            let field (name: string) =
                test.GetProperty(name).GetString() |> string |> hex

            if test.GetProperty("result").GetString() = "valid" then
                let size = test.GetProperty("size").GetInt32()
                let name = test.GetProperty("tcId").GetInt32()
                Expect.equal (hkdf hash (field "salt") (field "ikm") (field "info") size) (field "okm") $"test {name}"

[<Tests>]
let tests =
    testList
        "HKDF"
        [ testCase "HMAC is the platform's, by keys of every length up to two blocks and beyond"
          <| fun () ->
              for hash in hashes do
                  for length in 0..150 do
                      let key = bytes length
                      let messages = [ bytes 0; bytes (2 * length); bytes 54 ]

                      Expect.equal
                          (hmac hash key messages)
                          [ for message in messages do
                                CryptographicOperations.HmacData(hash, key, message) ]
                          $"{hash}, {length} bytes"

          testCase "a code may be written over its message"
          <| fun () ->
              for hash in hashes do
                  let key, message = bytes 32, bytes (hashLength hash)
                  let expected = CryptographicOperations.HmacData(hash, key, message)
                  use hmacKey = new HmacKey(hash, ReadOnlySpan key)
                  hmacKey.Authenticate(ReadOnlySpan message, Span message)
                  Expect.equal message expected $"{hash}"

          testCase "a secret that several labels are expanded with gives what one alone gives"
          <| fun () ->
              for hash in hashes do
                  let secret, context = bytes (hashLength hash), bytes 32
                  use key = new HmacKey(hash, ReadOnlySpan secret)

                  for length in [ 12; 16; hashLength hash ] do
                      let alone: byte array = Array.zeroCreate length
                      let shared: byte array = Array.zeroCreate length
                      let label = "quic key"B
                      Hkdf.ExpandLabel(hash, ReadOnlySpan secret, ReadOnlySpan label, ReadOnlySpan context, Span alone)
                      Hkdf.ExpandLabel(&key, ReadOnlySpan label, ReadOnlySpan context, Span shared)
                      Expect.equal shared alone $"{hash}, {length} bytes"

          testCase "RFC 5869 §A.1: a basic test case"
          <| fun () ->
              Expect.equal
                  (hkdf
                      HashAlgorithmName.SHA256
                      (hex "000102030405060708090a0b0c")
                      (Array.create 22 0x0buy)
                      (hex "f0f1f2f3f4f5f6f7f8f9")
                      42)
                  (hex "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
                  "the output keying material"

          testCase "Wycheproof's vectors with SHA-256"
          <| fun () -> expectVectors "hkdf_sha256.json" HashAlgorithmName.SHA256

          testCase "Wycheproof's vectors with SHA-384"
          <| fun () -> expectVectors "hkdf_sha384.json" HashAlgorithmName.SHA384 ]
