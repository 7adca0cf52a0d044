module CoQuic.Engine.Tests.Tls.X25519Tests

open System
open System.Numerics
open Expecto
open CoQuic.Engine
open CoQuic.Tests.Properties
open CoQuic.Engine.Tests.Tls.Pair

let private hex (text: string) = Convert.FromHexString text

let private multiply (scalar: byte array) (point: byte array) =
    let result: byte array = Array.zeroCreate 32
    X25519.Multiply(ReadOnlySpan scalar, ReadOnlySpan point, Span result)
    result

let private multiplyHex scalar point =
    Convert.ToHexStringLower(multiply (hex scalar) (hex point))

let private basePoint = Array.append [| 9uy |] (Array.zeroCreate 31)

let private multiplyBase (scalar: byte array) =
    let result: byte array = Array.zeroCreate 32
    X25519.MultiplyBase(ReadOnlySpan scalar, Span result)
    result

let private random seed =
    let bytes: byte array = Array.zeroCreate 32
    (Seeded seed: IEntropy).Fill(Span bytes)
    bytes

let private known =
    [ "the first example of RFC 7748 §5.2",
      "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
      "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
      "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"

      "the second, whose highest bit is ignored",
      "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
      "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
      "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"

      "a point of the twist",
      "d03edde9f3e7b799045f9ac3793d4a9277dadeadc41bec0290f81f744f73775f",
      "0200000000000000000000000000000000000000000000000000000000000000",
      "b87a1722cc6c1e2feecb54e97abd5a22acc27616f78f6e315fd2b73d9f221e57"

      "the largest coordinate that is in its canonical form but for p - 1",
      "40bd4e1caf39d9def7663823502dad3e7d30eb6eb01e9b89516d4f2f45b7cd7f",
      "ebffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "2cf6974b0c070e3707bf92e721d3ea9de3db6f61ed810e0a23d72d433365f631"

      "p + 4, which stands for 4",
      "88dd14e2711ebd0b0026c651264ca965e7e3da5082789fbab7e24425e7b4377e",
      "f1ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "6919992d6a591e77b3f2bacbd74caf3aea4be4802b18b2bc07eb09ade3ad6662"

      "all ones",
      "c85f08e60c845f82099141a66dc4583d2b1040462c544d33d0453b20b1a6377e",
      "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      "e9db74bc88d0d9bf046ddd13f943bccbe6dbb47d49323f8dfeedc4a694991a3c"

      "a result just below p",
      "60a3a4f130b98a5be4b1cedb7cb85584a3520e142d474dc9ccb909a073a9767f",
      "8d44108d05d940d3dfe5647ea7a87be24d0d036c9f0a95a2386b839e7b7bf145",
      "ddffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"

      "a result of one bit in the last limb",
      "60a3a4f130b98a5be4b1cedb7cb85584a3520e142d474dc9ccb909a073a9767f",
      "8e41f05ea3c76572be104ad8788e970863c6e2ca3daae64d1c2f46decfffa571",
      "0000000000000000000000000000000000000000000000000000000000008000"

      "the scalar -1 modulo the order",
      "a023cdd083ef5bb82f10d62e59e15a6800000000000000000000000000000050",
      "6c05871352a451dbe182ed5e6ba554f2034456ffe041a054ff9cc56b8e946376",
      "6c05871352a451dbe182ed5e6ba554f2034456ffe041a054ff9cc56b8e946376"

      "a scalar of alternating bits",
      "b8aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa6a",
      "be3b3edeffaf83c54ae526379b23dd79f1cb41446e3687fef347eb9b5f0dc308",
      "e3c649beae7cc4a0698d519a0a61932ee5493cbb590dbe14db0274cc8611f914" ]

let private prime = BigInteger.Pow(2I, 255) - 19I

/// The number of 32 bytes without the highest bit, as RFC 7748 §5 reads it.
let private numberOf (bytes: byte array) =
    BigInteger(ReadOnlySpan bytes, isUnsigned = true) % BigInteger.Pow(2I, 255)

let private elementOf (bytes: byte array) =
    FieldElement25519.Read(ReadOnlySpan bytes)

let private valueOf (element: FieldElement25519) =
    let bytes: byte array = Array.zeroCreate 32
    element.Write(Span bytes)
    BigInteger(ReadOnlySpan bytes, isUnsigned = true)

// F# finds no operators that take their operands by reference.
let private plus (x: FieldElement25519) (y: FieldElement25519) = FieldElement25519.op_Addition (&x, &y)

let private minus (x: FieldElement25519) (y: FieldElement25519) =
    FieldElement25519.op_Subtraction (&x, &y)

let private times (x: FieldElement25519) (y: FieldElement25519) = FieldElement25519.op_Multiply (&x, &y)

let private modulo value = ((value % prime) + prime) % prime

/// Where carries and the last subtraction go wrong, if anywhere.
let private edges =
    [ for offset in -20 .. 20 do
          for value in
              [ BigInteger offset
                prime + BigInteger offset
                BigInteger.Pow(2I, 254) + BigInteger offset ] do
              if value.Sign >= 0 && value < BigInteger.Pow(2I, 255) then
                  let bytes: byte array = Array.zeroCreate 32
                  let digits = value.ToByteArray(isUnsigned = true)
                  Array.blit digits 0 bytes 0 digits.Length
                  bytes ]
    @ [ Array.create 32 0xffuy ]

let private expectArithmetic (left: byte array) (right: byte array) =
    let a, b = numberOf left, numberOf right
    let x, y = elementOf left, elementOf right
    Expect.equal (valueOf x) (modulo a) "read and written below p"
    Expect.equal (valueOf (plus x y)) (modulo (a + b)) "sum"
    Expect.equal (valueOf (minus x y)) (modulo (a - b)) "difference"
    Expect.equal (valueOf (times x y)) (modulo (a * b)) "product"
    Expect.equal (valueOf (times (minus x y) (minus y x))) (modulo ((a - b) * (b - a))) "product of differences"
    Expect.equal (valueOf ((minus x y).Square())) (modulo ((a - b) * (a - b))) "square of a difference"
    Expect.equal (valueOf ((plus x y).Square())) (modulo ((a + b) * (a + b))) "square of a sum"
    Expect.equal (valueOf ((minus x y).Times 121665u)) (modulo ((a - b) * 121665I)) "product with a24"

[<Tests>]
let tests =
    testList
        "X25519"
        [ for name, scalar, point, expected in known do
              testCase name
              <| fun () -> Expect.equal (multiplyHex scalar point) expected "the product"

          testCase "a thousand times the result becomes the scalar and the scalar the point (RFC 7748 §5.2)"
          <| fun () ->
              let rec iterate count (scalar: byte array) point =
                  if count = 0 then
                      Convert.ToHexStringLower scalar
                  else
                      iterate (count - 1) (multiply scalar point) scalar

              Expect.equal
                  (iterate 1 basePoint basePoint)
                  "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"
                  "once"

              Expect.equal
                  (iterate 1000 basePoint basePoint)
                  "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"
                  "a thousand times"

          testCase "a hundred random products are those of another implementation"
          <| fun () ->
              for seed in 1..100 do
                  let scalar, point = random seed, random -seed
                  let expected: byte array = Array.zeroCreate 32
                  Org.BouncyCastle.Math.EC.Rfc7748.X25519.ScalarMult(scalar, 0, point, 0, expected, 0)
                  Expect.equal (multiply scalar point) expected $"seed {seed}"

          testCase "public keys are the base point's products"
          <| fun () ->
              for seed in 1..200 do
                  let scalar = random seed
                  Expect.equal (multiplyBase scalar) (multiply scalar basePoint) $"seed {seed}"

          testCase "public keys of scalars without, or with nothing but, ones"
          <| fun () ->
              let scalars =
                  [ yield Array.create 32 0x00uy
                    yield Array.create 32 0xffuy
                    for bit in 0..255 do
                        yield Array.init 32 (fun index -> if index = bit / 8 then 1uy <<< bit % 8 else 0uy)
                    // Every digit of four bits alone, which is carried on from 8.
                    for digit in 0..15 do
                        yield Array.create 32 (byte (17 * digit))
                        yield Array.create 32 (byte digit)
                        yield Array.create 32 (byte (16 * digit)) ]

              for scalar in scalars do
                  Expect.equal (multiplyBase scalar) (multiply scalar basePoint) (Convert.ToHexStringLower scalar)

          testCase "a carried element is the same number"
          <| fun () ->
              for bytes in edges do
                  let element = elementOf bytes
                  let sum = plus element element
                  Expect.equal (valueOf (sum.Carried())) (valueOf sum) (Convert.ToHexStringLower bytes)

          testCase "the scalar is left as it was"
          <| fun () ->
              let scalar = random 1
              multiply scalar (random 2) |> ignore
              Expect.equal scalar (random 1) "not clamped in place"

          testCase "field arithmetic is right around 0, p and 2^254"
          <| fun () ->
              for left, right in List.allPairs edges edges do
                  expectArithmetic left right

          rareProperty 10 "field arithmetic is that of whole numbers modulo p"
          <| fun (left: int) (right: int) -> expectArithmetic (random left) (random right)

          testCase "the inverse times the number is one, and the inverse of zero is zero"
          <| fun () ->
              for bytes in edges do
                  let element = elementOf bytes
                  let expected = if (valueOf element).IsZero then 0I else 1I
                  Expect.equal (valueOf (times element (element.Invert()))) expected (Convert.ToHexStringLower bytes) ]
