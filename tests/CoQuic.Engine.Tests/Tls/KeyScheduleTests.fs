/// The "Simple 1-RTT Handshake" of RFC 8448 §3: from both key pairs and the messages to every secret.
module CoQuic.Engine.Tests.Tls.KeyScheduleTests

open System
open System.Security.Cryptography
open Expecto
open CoQuic.Engine

let private hex (text: string) =
    Convert.FromHexString(text.Replace(" ", ""))

let private clientPrivateKey =
    hex "49af42ba7f7994852d713ef2784bcbcaa7911de26adc5642cb634540e7ea5005"

let private serverPrivateKey =
    hex "b1580eeadf6dd589b8ef4f2d5652578cc810e9980191ec8d058308cea216a21e"

let private clientHello =
    hex (
        "010000c00303cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7000006130113031302"
        + "010000910000000b0009000006736572766572ff01000100000a00140012001d0017001800190100010101020103"
        + "010400230000003300260024001d002099381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c"
        + "002b0003020304000d0020001e040305030603020308040805080604010501060102010402050206020202"
        + "002d00020101001c00024001"
    )

let private serverHello =
    hex (
        "020000560303a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e2692800130100002e"
        + "00330024001d0020c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f002b00020304"
    )

/// The transcript hash up to the server's Finished.
let private serverFinishedHash =
    hex "9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13"

let private clientHandshakeSecret =
    hex "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21"

let private sharedSecret () =
    use client = new X25519KeyShare(Array.copy clientPrivateKey)
    use server = new X25519KeyShare(Array.copy serverPrivateKey)

    match client.TryAgree server.PublicKey.Span with
    | true, (NonNull secret) -> secret
    | _ -> failtest "the keys agree"

let private helloHash () =
    use transcript = new Transcript()
    transcript.Append(ReadOnlySpan clientHello)
    transcript.SelectHash HashAlgorithmName.SHA256
    transcript.Append(ReadOnlySpan serverHello)
    transcript.CurrentHash()

let private equal (actual: byte array) (expected: string) what =
    Expect.equal (Convert.ToHexStringLower actual) expected what

[<Tests>]
let tests =
    testList
        "TLS key schedule"
        [ testCase "the key pairs of RFC 8448 §3 give its public keys and its shared secret"
          <| fun () ->
              use client = new X25519KeyShare(Array.copy clientPrivateKey)
              use server = new X25519KeyShare(Array.copy serverPrivateKey)

              Expect.equal
                  (client.PublicKey.ToHex())
                  "99381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c"
                  "the client's"

              Expect.equal
                  (server.PublicKey.ToHex())
                  "c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f"
                  "the server's"

              equal
                  (sharedSecret ())
                  "8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d"
                  "what both compute"

          testCase "early, handshake and master secret follow one from the other"
          <| fun () ->
              use schedule = new KeySchedule(HashAlgorithmName.SHA256)

              equal
                  (schedule.Secret.ToArray())
                  "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a"
                  "the Early Secret"

              schedule.MixSharedSecret(ReadOnlySpan(sharedSecret ()))

              equal
                  (schedule.Secret.ToArray())
                  "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac"
                  "the Handshake Secret"

              schedule.AdvanceToMasterSecret()

              equal
                  (schedule.Secret.ToArray())
                  "18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919"
                  "the Master Secret"

          testCase "handshake traffic secrets follow from the transcript of both hellos"
          <| fun () ->
              use schedule = new KeySchedule(HashAlgorithmName.SHA256)
              schedule.MixSharedSecret(ReadOnlySpan(sharedSecret ()))
              let hash = helloHash ()
              equal hash "860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8" "the transcript"

              equal
                  (schedule.DeriveSecret("c hs traffic"B, ReadOnlySpan hash))
                  (Convert.ToHexStringLower clientHandshakeSecret)
                  "the client's"

              equal
                  (schedule.DeriveSecret("s hs traffic"B, ReadOnlySpan hash))
                  "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38"
                  "the server's"

          testCase "application traffic secrets follow from the transcript up to the server's Finished"
          <| fun () ->
              use schedule = new KeySchedule(HashAlgorithmName.SHA256)
              schedule.MixSharedSecret(ReadOnlySpan(sharedSecret ()))
              schedule.AdvanceToMasterSecret()

              equal
                  (schedule.DeriveSecret("c ap traffic"B, ReadOnlySpan serverFinishedHash))
                  "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5"
                  "the client's"

              equal
                  (schedule.DeriveSecret("s ap traffic"B, ReadOnlySpan serverFinishedHash))
                  "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643"
                  "the server's"

          testCase "the client's Finished is the one of the trace"
          <| fun () ->
              use schedule = new KeySchedule(HashAlgorithmName.SHA256)

              equal
                  (schedule.VerifyData(ReadOnlySpan clientHandshakeSecret, ReadOnlySpan serverFinishedHash))
                  "a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61"
                  "verify_data"

          testCase "the hash of a message does not depend on when the cipher suite becomes known"
          <| fun () ->
              use early = new Transcript()
              early.SelectHash HashAlgorithmName.SHA384
              early.Append(ReadOnlySpan clientHello)
              use late = new Transcript()
              late.Append(ReadOnlySpan clientHello)
              late.SelectHash HashAlgorithmName.SHA384
              Expect.equal (late.CurrentHash()) (early.CurrentHash()) "kept, then hashed"
              Expect.equal (late.CurrentHash()) (SHA384.HashData clientHello) "asking changes nothing"

          testCase "after a HelloRetryRequest the first ClientHello counts as its message_hash (RFC 8446 §4.4.1)"
          <| fun () ->
              use transcript = new Transcript()
              transcript.Append(ReadOnlySpan clientHello)
              transcript.SelectHash HashAlgorithmName.SHA256
              transcript.ReplaceWithMessageHash()
              transcript.Append(ReadOnlySpan serverHello)

              let replacement =
                  Array.append [| 254uy; 0uy; 0uy; 32uy |] (SHA256.HashData clientHello)

              Expect.equal
                  (transcript.CurrentHash())
                  (SHA256.HashData(Array.append replacement serverHello))
                  "message_hash, then the HelloRetryRequest" ]
