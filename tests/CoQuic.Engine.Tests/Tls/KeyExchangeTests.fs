module CoQuic.Engine.Tests.Tls.KeyExchangeTests

open System
open System.Text.Json
open Expecto
open CoQuic.Engine
open CoQuic.Tests
open CoQuic.Tests.Properties
open CoQuic.Engine.Tests.Tls.Pair

let private hex (text: string) = Convert.FromHexString text

let private agree (share: IKeyShare) (peer: byte array) =
    match share.TryAgree(ReadOnlySpan peer) with
    | true, (NonNull secret) -> Some(Convert.ToHexStringLower secret)
    | _ -> None

let private x25519 (privateKey: string) : IKeyShare = new X25519KeyShare(hex privateKey)

/// Wycheproof writes numbers with their sign, so a scalar may have more or fewer digits than 64.
let private secp256r1 (privateKey: string) : IKeyShare =
    new Secp256r1KeyShare(hex (privateKey.TrimStart('0').PadLeft(64, '0')))

/// The entropy that gives out the blocks it was given, in their order.
type private Scripted(blocks: string list) =
    let mutable rest = blocks

    member _.Left = rest.Length

    interface IEntropy with
        member _.Fill destination =
            (hex rest.Head).AsSpan().CopyTo destination
            rest <- rest.Tail

let private groups =
    [ NamedGroup.X25519; NamedGroup.Secp256r1; NamedGroup.X25519MlKem768 ]

/// A server's answer to a share: what it sends, and the secret.
let private answer group (share: byte array) entropy =
    match KeyExchange.Instance.TryAnswer(group, ReadOnlySpan share, entropy) with
    | true, (NonNull answer) ->
        use answer = answer
        Some(answer.PublicKey.ToArray(), Convert.ToHexStringLower answer.SharedSecret)
    | _ -> None

type private Vector =
    { Name: string
      Private: string
      Public: string
      Shared: string
      Result: string
      Flags: string list }

/// Wycheproof's vectors, where they stand beside the repository.
let private vectors file =
    use document = Vectors.load file

    let text (test: JsonElement) (name: string) =
        test.GetProperty(name).GetString() |> string

    [ for group in document.RootElement.GetProperty("testGroups").EnumerateArray() do
          for test in group.GetProperty("tests").EnumerateArray() do
              { Name = $"""{test.GetProperty("tcId")}: {text test "comment"}"""
                Private = text test "private"
                Public = text test "public"
                Shared = text test "shared"
                Result = text test "result"
                Flags = [ for flag in test.GetProperty("flags").EnumerateArray() -> string (flag.GetString()) ] } ]

let private x25519Tests =
    [ testCase "Bob's key of RFC 7748 §6.1 gives his public key, and with Alice's the shared secret"
      <| fun () ->
          use bob = x25519 "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"

          Expect.equal
              (bob.PublicKey.ToHex())
              "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
              "the public key"

          Expect.equal
              (agree bob (hex "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"))
              (Some "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
              "the shared secret"

      testCase "public keys of small order are refused (RFC 7748 §6.1)"
      <| fun () ->
          use share = KeyExchange.Instance.Generate(NamedGroup.X25519, Seeded 1)

          for point in
              [ "0000000000000000000000000000000000000000000000000000000000000000"
                "0100000000000000000000000000000000000000000000000000000000000000"
                "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"
                "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"
                "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
                "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
                "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f" ] do
              Expect.isNone (agree share (hex point)) point

      testCase "Wycheproof's X25519 vectors: every result, and none that is all zeros"
      <| fun () ->
          for vector in vectors "x25519.json" do
              use share = x25519 vector.Private

              let expected =
                  if List.contains "ZeroSharedSecret" vector.Flags then
                      None
                  else
                      Some vector.Shared

              Expect.equal (agree share (hex vector.Public)) expected vector.Name ]

/// The base point of the curve: the public key of 1.
let private basePoint =
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    + "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"

let private secp256r1Tests =
    [ testCase "the public key of 1 is the base point"
      <| fun () ->
          use share = secp256r1 "1"
          Expect.equal (share.PublicKey.ToHex()) basePoint "the base point"

      testCase "private keys are drawn until one is from 1 to n - 1"
      <| fun () ->
          let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"

          let entropy =
              Scripted [ String('0', 64); order; String('f', 64); "1".PadLeft(64, '0') ]

          use share = KeyExchange.Instance.Generate(NamedGroup.Secp256r1, entropy)
          Expect.equal (share.PublicKey.ToHex(), entropy.Left) (basePoint, 0) "the fourth draw"

      testCase "a source that gives nothing usable is a defect, not an endless loop"
      <| fun () ->
          let zeros =
              { new IEntropy with
                  member _.Fill destination = destination.Clear() }

          Expect.throwsT<InvalidOperationException>
              (fun () -> KeyExchange.Instance.Generate(NamedGroup.Secp256r1, zeros) |> ignore)
              "refused"

      testCase "Wycheproof's P-256 vectors: valid points agree, all others but uncompressed ones are refused"
      <| fun () ->
          for vector in vectors "ecdh_secp256r1_ecpoint.json" do
              use share = secp256r1 vector.Private

              let expected =
                  // RFC 8446 §4.2.8.2: the uncompressed form is the only one.
                  if
                      vector.Result = "valid"
                      && vector.Public.StartsWith("04", StringComparison.Ordinal)
                  then
                      Some vector.Shared
                  else
                      None

              Expect.equal (agree share (hex vector.Public)) expected vector.Name ]

[<Tests>]
let tests =
    testList
        "TLS key exchange"
        [ testList "x25519" x25519Tests
          testList "secp256r1" secp256r1Tests

          for group in groups do
              testCase $"both sides of {group} compute the same secret, which is theirs alone"
              <| fun () ->
                  use share = KeyExchange.Instance.Generate(group, Seeded 1)

                  let answers =
                      [ for seed in 2..3 -> answer group (share.PublicKey.ToArray()) (Seeded seed) ]

                  for answer in answers do
                      match answer with
                      | Some(publicKey, secret) -> Expect.equal (agree share publicKey) (Some secret) "the same secret"
                      | None -> failtest "the client's share is good"

                  Expect.notEqual
                      (Option.map snd answers[0])
                      (Option.map snd answers[1])
                      "another server, another secret"

              rareProperty 10 $"bytes that are no share of {group} get no answer"
              <| fun (noise: byte array) ->
                  use share = KeyExchange.Instance.Generate(group, Seeded 1)

                  noise.Length = share.PublicKey.Length || (answer group noise (Seeded 2)).IsNone

              testCase $"the same seed gives the same share of {group}, and no share comes twice from one source"
              <| fun () ->
                  let entropy = Seeded 1
                  use first = KeyExchange.Instance.Generate(group, entropy)
                  use second = KeyExchange.Instance.Generate(group, entropy)
                  use again = KeyExchange.Instance.Generate(group, Seeded 1)
                  Expect.equal again.PublicKey first.PublicKey "the seed decides"
                  Expect.notEqual second.PublicKey first.PublicKey "a fresh key each time"

              rareProperty 10 $"bytes that are no public key of {group} are refused, not thrown at"
              <| fun (noise: byte array) ->
                  use share = KeyExchange.Instance.Generate(group, Seeded 1)
                  noise.Length = share.PublicKey.Length || (agree share noise).IsNone

          rareProperty 10 "random coordinates are no point of P-256"
          <| fun (seed: int) ->
              use share = KeyExchange.Instance.Generate(NamedGroup.Secp256r1, Seeded 1)
              let noise: byte array = Array.zeroCreate 65
              (Seeded seed: IEntropy).Fill(Span noise)
              noise[0] <- 4uy
              (agree share noise).IsNone ]
