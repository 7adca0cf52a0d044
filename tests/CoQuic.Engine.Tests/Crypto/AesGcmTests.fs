module CoQuic.Engine.Tests.Crypto.AesGcmTests

open System
open System.Runtime.Intrinsics
open System.Security.Cryptography
open System.Text.Json
open Expecto
open CoQuic.Engine
open CoQuic.Tests
open CoQuic.Tests.Properties

let private span (array: byte[]) = ReadOnlySpan<byte> array

let private randomBytes (random: Random) length =
    let bytes = Array.zeroCreate<byte> length
    random.NextBytes bytes
    bytes

let private sealOurs (key: byte[]) (nonce: byte[]) (aad: byte[]) (plain: byte[]) =
    use aead = new IntrinsicAesGcm(span key)
    let text = Array.copy plain
    let tag = Array.zeroCreate<byte> 16
    aead.Seal(span nonce, span aad, Span text, Span tag)
    text, tag

let private sealPlatform (key: byte[]) (nonce: byte[]) (aad: byte[]) (plain: byte[]) =
    use aead = new AesGcm(span key, 16)
    let text = Array.zeroCreate<byte> plain.Length
    let tag = Array.zeroCreate<byte> 16
    aead.Encrypt(nonce, plain, text, tag, aad)
    text, tag

let private openOurs (key: byte[]) (nonce: byte[]) (aad: byte[]) (cipher: byte[]) (tag: byte[]) =
    use aead = new IntrinsicAesGcm(span key)
    let text = Array.copy cipher
    let opened = aead.TryOpen(span nonce, span aad, Span text, span tag)
    opened, text

let private needsInstructions test () =
    if IntrinsicAesGcm.IsSupported then
        test ()
    else
        Capability.missing "aes-instructions" "this processor has no AES or carry-less multiplication"

let private agree keyLength aadLength textLength (random: Random) =
    let key = randomBytes random keyLength
    let nonce = randomBytes random 12
    let aad = randomBytes random aadLength
    let plain = randomBytes random textLength
    let cipher, tag = sealOurs key nonce aad plain
    let label = $"key {keyLength}, associated data {aadLength}, text {textLength}"
    Expect.equal (cipher, tag) (sealPlatform key nonce aad plain) label
    Expect.equal (openOurs key nonce aad cipher tag) (true, plain) label

    let bit = random.Next(8 * (textLength + 16))
    let forged = Array.append cipher tag
    forged[bit / 8] <- forged[bit / 8] ^^^ (1uy <<< (bit % 8))
    let forgedText = Array.take textLength forged

    Expect.equal
        (openOurs key nonce aad forgedText (Array.skip textLength forged))
        (false, forgedText)
        $"forged: {label}"

let private checkVector (vector: JsonElement) =
    let field (name: string) =
        vector.GetProperty(name).GetString() |> nonNull |> Convert.FromHexString

    let opened, plain =
        openOurs (field "key") (field "iv") (field "aad") (field "ct") (field "tag")

    let isValid = vector.GetProperty("result").GetString() = "valid"
    let id = vector.GetProperty("tcId").GetInt32()
    Expect.equal opened isValid $"vector {id}"
    Expect.equal plain (field (if isValid then "msg" else "ct")) $"vector {id}"

    if isValid then
        Expect.equal
            (sealOurs (field "key") (field "iv") (field "aad") (field "msg"))
            (field "ct", field "tag")
            $"vector {id}"

/// Groups with 96-bit nonces and keys of 128 or 256 bits: what QUIC uses.
let private vectors (document: JsonDocument) =
    [ for group in document.RootElement.GetProperty("testGroups").EnumerateArray() do
          let size (name: string) = group.GetProperty(name).GetInt32()

          if size "ivSize" = 96 && size "keySize" <> 192 && size "tagSize" = 128 then
              yield! group.GetProperty("tests").EnumerateArray() ]

[<Tests>]
let tests =
    testList
        "AES-GCM by the processor's instructions"
        [ testCase "every length from 0 to 600 bytes gives what the platform gives"
          <| needsInstructions (fun () ->
              let random = Random 1

              for length in 0..600 do
                  agree (if length % 2 = 0 then 16 else 32) (length % 53) length random)

          testCase "random lengths up to 70,000 bytes give what the platform gives"
          <| needsInstructions (fun () ->
              let random = Random 2

              for _ in 1 .. Scale.current.PropertyCases / 4 do
                  agree (if random.Next 2 = 0 then 16 else 32) (random.Next 300) (random.Next 70_000) random)

          testCase "Project Wycheproof's vectors"
          <| needsInstructions (fun () ->
              use document = Vectors.load "aes_gcm.json"
              let vectors = vectors document
              Expect.isGreaterThan vectors.Length 100 "the file has vectors for QUIC's parameters"
              vectors |> List.iter checkVector)

          // NIST's GCM test cases 2, 4 and 16.
          testCase "NIST's test cases 2, 4 and 16"
          <| needsInstructions (fun () ->
              let bytes (hex: string) = Convert.FromHexString hex

              let text =
                  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"

              let aad = bytes "feedfacedeadbeeffeedfacedeadbeefabaddad2"
              let key = "feffe9928665731c6d6a8f9467308308"

              let expectTag key nonce aad text tag =
                  let _, actual = sealOurs (bytes key) (bytes nonce) aad (bytes text)
                  Expect.equal (Convert.ToHexStringLower actual) tag key

              expectTag (String('0', 32)) (String('0', 24)) [||] (String('0', 32)) "ab6e47d42cec13bdf53a67b21257bddf"
              expectTag key "cafebabefacedbaddecaf888" aad text "5bc94fbc3221a5db94fae95ae7121a47"
              expectTag (key + key) "cafebabefacedbaddecaf888" aad text "76fc6ece0f4e1768cddf8853bb2d551b") ]

[<Tests>]
let blockTests =
    testList
        "AES blocks and header protection"
        [ property "a block is what the platform makes of it, with 128 and 256 bits"
          <| fun (seed: int) ->
              let random = Random seed

              for keyLength in [ 16; 32 ] do
                  let key = randomBytes random keyLength
                  let block = randomBytes random 16
                  use platform = Aes.Create()
                  platform.Key <- key
                  let expected = platform.EncryptEcb(block, PaddingMode.None)

                  if AesKeySchedule.IsSupported then
                      use ours = new AesKeySchedule(span key)
                      let result = Array.zeroCreate<byte> 16
                      Vector128.CopyTo(ours.Encrypt(Vector128.Create<byte>(block: byte[])), result)
                      Expect.equal result expected "one block"

          property "the mask is the same by the processor's instructions and by the platform"
          <| fun (seed: int) ->
              let random = Random seed
              let key = randomBytes random (if seed % 2 = 0 then 16 else 32)
              use platform = new PlatformAesHeaderProtectionKey(span key)

              for _ in 1..3 do
                  let sample = randomBytes random 16
                  let expected = Array.zeroCreate<byte> 5
                  platform.Mask(span sample, Span expected)

                  if AesKeySchedule.IsSupported then
                      use ours = new IntrinsicAesHeaderProtectionKey(span key)
                      let mask = Array.zeroCreate<byte> 5
                      ours.Mask(span sample, Span mask)
                      Expect.equal mask expected "mask"

          testCase "RFC 8439 §2.3.2: the ChaCha20 block function"
          <| fun () ->
              let key = Array.init 32 byte
              let counterAndNonce = Convert.FromHexString "01000000000000090000004a00000000"
              let block = Array.zeroCreate<byte> 64
              ChaCha20.Block(span key, span counterAndNonce, Span block)

              Expect.equal
                  (Convert.ToHexStringLower block)
                  ("10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
                   + "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e")
                  "block"

          testCase "the platform's AES-GCM opens what ours seals, and a forged packet stays as it was"
          <| fun () ->
              let random = Random 3
              let key, iv = randomBytes random 16, randomBytes random 12
              use platform = new PlatformPacketKey(new AesGcmAead(span key), span iv)
              use chosen = PacketKey.Create(CipherSuite.Aes128GcmSha256, span key, span iv)

              for length in [ 0; 1; 16; 1200; 5000 ] do
                  let header = randomBytes random 20
                  let plain = randomBytes random length
                  let packet = Array.append plain (Array.zeroCreate 16)
                  chosen.Seal(uint64 length, span header, Span packet)
                  let cipher = Array.copy packet
                  Expect.isFalse (platform.TryOpen(1234567UL, span header, Span packet)) "another packet number"
                  Expect.equal packet cipher "untouched"
                  Expect.isTrue (platform.TryOpen(uint64 length, span header, Span packet)) "authentic"
                  Expect.equal (Array.take length packet) plain "plaintext" ]
