/// X25519MLKEM768, and ML-KEM-768 inside it.
module CoQuic.Engine.Tests.Tls.HybridKeyExchangeTests

open System
open System.Security.Cryptography
open System.Text.Json
open Expecto
open CoQuic.Engine
open CoQuic.Tests
open CoQuic.Engine.Tests.Tls.Messages
open CoQuic.Engine.Tests.Tls.Pair

let private hex (text: string) = Convert.FromHexString text

let private decapsulate (seed: byte array) (ciphertext: byte array) =
    let secret: byte array = Array.zeroCreate MlKem768.SecretSize
    MlKem768.Decapsulate(seed, ReadOnlySpan ciphertext, Span secret)
    secret

/// A vector of FIPS 203: seed, the SHA-256 of the encapsulation key, ciphertext and secret.
let private seed =
    hex (
        "7c9935a0b07694aa0c6d10e4db6b1add2fd81a25ccb148032dcd739936737f2d8626ed79d451140800e03b59b956f8210e55"
        + "6067407d13dc90fa9e8b872bfb8f"
    )

let private keyHash =
    "86adbca81f4fee893e2fb58fb98aa2fe188f501fed268d7f4056f8c05c4e53c4"

let private ciphertext =
    hex (
        "c8391085b8d3ea9794212541b2914f08964d33521d3f67ad66096ebfb1f706424b49558f755b5625bae236f2e0079601c766"
        + "f7d960808f7e2bb0c7a5e066ed346de628f8c57eebabbb0c22d911548463693ef3ce52a53f7ff415f00e657ae1c5a48fa5ec"
        + "6e4be5cf462daffc84d2f6d5ff55dc9bbe8bb0d725ec64fd4cd4bd8dba0a844e8b5ce4b6a28934d7f7a050991fe185b506b4"
        + "51dabfad52d52cb2114ca7d9a5cf986c8fdc1bc10ec0c1869e50c03c55a76192a1049aca636ba9020bdaa8d0f58c763b0b89"
        + "845ca06d4c4ddc21433e16b9c62e44871fdbc05ba218af871fdd7dcfa464e60faa5265264ce1391bd9a8c5faa7626d5f159b"
        + "9805b975710a3503a0b858a11c6a647cc0e19ac88b1be9056c95b4d2087d0951d1d2f4992491117e6347794ba54571ec49bb"
        + "a71af3413d38a30bf5872248d1f6d07c86baf782e73d2637f043d341a00921857d8b21ddf3e1d6310036ed27af49e5de1b90"
        + "0fe4de79808ff29f9570859612b15adc01fbb265b305b1e3a12ae419da5b74261fa284c101da3d8dca8b2e4521aca571ef44"
        + "a058e844ff32b16d5aaea05f7f3af8e2ab16222e347662eddfb891d0ecc2a55c5638f9dde92d9a3d544a5f901ac501acd1ea"
        + "6a010201fcb10ad702c425a94bdf5890d500a2a147eee1d1fcba8c3abe7c2dfe70f346f033d816a0b2791b4f0b2d956d9ee5"
        + "971715399a5688302495e2e07c1c8c01527184bcd0c208bc159f2e13318c0bb3dd24a6a7fc849f83385ed4dba07fe1d7bd56"
        + "40cc9ed5ccfdd68763cb0d0edf61b292177fc1d2d3c11dd0495056bcb12558aebcfddef9feb4aebc57afd9023c65cfe65a24"
        + "e33f1b00111e92e63e011eaf0b212cf95743cd07f5189ece1f205b7f6fcb2e6b1961b5404cebe47c8cd13b8599d5b49e6d87"
        + "eeda36e9b8fc4c00635896aa2b75896e336d1b612ee13db811e1f07e61748d920f4865f3f11741399dc6162c91ca168a0232"
        + "9dff821d58198712dd558abb099b3a0baf9da1b730b2aa73bcf58d74f357b06f7211c804b6c8af16ff3509fad1d35b14bfdc"
        + "ed7db8a6a25c48e5956480724daa057cd660b67ee3e472574182679d485838a6476eac02141075c812af7967ba7c9185cc2a"
        + "bd2a4545b80f3d3104d58d654a57792dcfabbe9c0715e8de2ef81ef404c8168fd7a43efab3d448e686a088efd26a26159948"
        + "926723d7eccc39e3c1b719cf8becb7be7e964f22cd8cb1b7e25e800ea97d60a64cc0bbd9cb407a3ab9f88f5e29169eeafd4e"
        + "0322fde6590ae093ce8feeae98b622caa7556ff426c9e7a404ce69355830a7a67767a76c7d9a97b84bfcf50a02f75c235d2f"
        + "9c671138049ffc7c8055926c03eb3fb87f9695185a42eca9a41655873d30a6b3bf428b246223484a8ff61ee3eeafff10e99c"
        + "2c13a76284d063e56ab711a35a85b5383df81da23490f66e8ea3fcba067f5530c6541c2b8f74717c35023e7b9b3956c3ee2f"
        + "f84ba03ccf4b4b5321b9240895481bc6d63c1693c1847852f8e97f50a133532ac3ee1e52d464"
    )

let private secret =
    hex "e7184a0975ee3470878d2d159ec83129c8aec253d4ee17b4810311d198cd0368"

let private newShare () =
    X25519MlKem768KeyShare.Generate(Seeded 1)

let private hasAnswer (share: byte array) =
    match KeyExchange.Instance.TryAnswer(NamedGroup.X25519MlKem768, ReadOnlySpan share, Seeded 2) with
    | true, (NonNull answer) ->
        answer.Dispose()
        true
    | _ -> false

/// The key with one of its first two coefficients of 12 bits set to a number.
let private withCoefficient index (value: int) (key: byte array) =
    let copy = Array.copy key

    if index = 0 then
        copy[0] <- byte value
        copy[1] <- (copy[1] &&& 0xf0uy) ||| byte (value >>> 8)
    else
        copy[1] <- (copy[1] &&& 0x0fuy) ||| byte ((value &&& 0x0f) <<< 4)
        copy[2] <- byte (value >>> 4)

    copy

/// Shares of a client that are none, each with what is wrong.
let private badShares () =
    use share = newShare ()
    let good = share.PublicKey.ToArray()
    let lowOrder = Array.append good[..1183] (Array.zeroCreate 32)

    [ "its last byte missing", Array.truncate 1215 good
      "a byte behind it", Array.append good [| 0uy |]
      "nothing in it", [||]
      "its first coefficient 3329", withCoefficient 0 3329 good
      "its second coefficient 3329", withCoefficient 1 3329 good
      "its first coefficient 4095", withCoefficient 0 4095 good
      "an X25519 key of small order", lowOrder ]

let private postQuantum settings =
    { settings with
        Groups = [ NamedGroup.X25519MlKem768 ] }

/// A key_share extension of one share.
let private shareExtension (share: byte array) =
    Array.concat [ word16 0x11ec; vector16 share ] |> vector16

[<Tests>]
let tests =
    testList
        "TLS hybrid key exchange"
        [ testCase "a vector of FIPS 203: seed, encapsulation key, ciphertext, secret"
          <| fun () ->
              let key = MlKem768.EncapsulationKeyOf seed
              Expect.equal (Convert.ToHexStringLower(SHA256.HashData key)) keyHash "the encapsulation key"
              Expect.isTrue (MlKem768.IsEncapsulationKey(ReadOnlySpan key)) "which is one"
              Expect.equal (decapsulate seed ciphertext) secret "the secret"

          testCase "a ciphertext changed by one bit gives another secret, and no error (FIPS 203, implicit rejection)"
          <| fun () ->
              Expect.notEqual (decapsulate seed (set 0 (ciphertext[0] ^^^ 1uy) ciphertext)) secret "another secret"

          testCase "Wycheproof's ML-KEM-768 vectors: keys and secrets, and ciphertexts of a wrong size"
          <| fun () ->
              use document = Vectors.load "mlkem_768.json"
              use share = newShare ()

              for group in document.RootElement.GetProperty("testGroups").EnumerateArray() do
                  for test in group.GetProperty("tests").EnumerateArray() do
                      let bytes (name: string) =
                          test.GetProperty(name).GetString() |> string |> hex

                      let number = test.GetProperty "tcId"
                      let ciphertext = bytes "c"

                      if test.GetProperty("result").GetString() = "valid" then
                          Expect.equal (MlKem768.EncapsulationKeyOf(bytes "seed")) (bytes "ek") $"the key of {number}"
                          Expect.equal (decapsulate (bytes "seed") ciphertext) (bytes "K") $"the secret of {number}"
                      elif ciphertext.Length <> MlKem768.CiphertextSize then
                          let peer = Array.append ciphertext (share.PublicKey.ToArray()[1184..])
                          let mutable none = null
                          Expect.isFalse (share.TryAgree(ReadOnlySpan peer, &none)) $"the ciphertext of {number}"

          testCase "the shares have the sizes and the order of their parts, and the secret is ML-KEM's, then X25519's"
          <| fun () ->
              use share = newShare ()
              use x25519 = X25519KeyShare.Generate(Seeded 9)
              let encapsulated: byte array = Array.zeroCreate MlKem768.CiphertextSize
              let latticeSecret: byte array = Array.zeroCreate MlKem768.SecretSize
              let key = share.PublicKey.ToArray()
              Expect.equal key.Length 1216 "1184 and 32 bytes"

              MlKem768.Encapsulate(ReadOnlySpan(key, 0, 1184), Seeded 8, Span encapsulated, Span latticeSecret)
              let answer = Array.append encapsulated (x25519.PublicKey.ToArray())
              Expect.equal answer.Length 1120 "1088 and 32 bytes"

              match share.TryAgree(ReadOnlySpan answer), x25519.TryAgree(ReadOnlySpan(key, 1184, 32)) with
              | (true, (NonNull secret)), (true, (NonNull ecSecret)) ->
                  Expect.equal secret (Array.append latticeSecret ecSecret) "both secrets"
              | _ -> failtest "both sides are honest"

          testCase "a server's X25519 key of small order is refused"
          <| fun () ->
              use share = newShare ()
              let mutable none = null
              let answer: byte array = Array.zeroCreate X25519MlKem768KeyShare.ServerShareSize
              Expect.isFalse (share.TryAgree(ReadOnlySpan answer, &none)) "refused"

          testCase "the largest coefficient is 3328"
          <| fun () ->
              use share = newShare ()
              let key = share.PublicKey.ToArray()
              Expect.isTrue (hasAnswer (key |> withCoefficient 0 3328 |> withCoefficient 1 3328)) "an answer"

          for what, change, expected in
              [ "without its last byte", Array.truncate 1119, AlertDescription.IllegalParameter
                "with a byte behind it", (fun share -> Array.append share [| 0uy |]), AlertDescription.IllegalParameter
                "with an X25519 key of small order",
                (fun share -> Array.append share[..1087] (Array.zeroCreate 32)),
                AlertDescription.IllegalParameter
                "with another ciphertext, whose secret nobody knows",
                (fun share -> set 0 (share[0] ^^^ 1uy) share),
                AlertDescription.DecryptError ] do
              testCase $"a server's share {what} is refused with {expected}"
              <| fun () ->
                  let changeShare (extension: byte array) =
                      Array.append (word16 0x11ec) (vector16 (change extension[4..]))

                  let changeHello original =
                      original
                      |> mapExtensions (
                          List.map (fun (kind, data) ->
                              kind,
                              (if kind = int ExtensionType.KeyShare then
                                   changeShare data
                               else
                                   data))
                      )

                  let wire = editing Role.Server HandshakeType.ServerHello changeHello

                  let outcome =
                      runOver wire (clientSession (postQuantum client)) (serverSession (postQuantum server))

                  Expect.equal (alert outcome) (Some(Role.Client, expected)) "the alert"

          for what, share in badShares () do
              testCase $"a client's share with {what} is refused with illegal_parameter"
              <| fun () ->
                  Expect.isFalse (hasAnswer share) "no answer"

                  let wire =
                      editing
                          Role.Client
                          HandshakeType.ClientHello
                          (mapExtensions (replacing ExtensionType.KeyShare (shareExtension share)))

                  let outcome =
                      runOver wire (clientSession (postQuantum client)) (serverSession (postQuantum server))

                  let expected =
                      // RFC 8446 §4.2.8: an empty key_exchange is no KeyShareEntry at all.
                      if share.Length = 0 then
                          AlertDescription.DecodeError
                      else
                          AlertDescription.IllegalParameter

                  Expect.equal (alert outcome) (Some(Role.Server, expected)) "the alert" ]
