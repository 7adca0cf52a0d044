module CoQuic.Engine.Tests.Tokens.StatelessResetTokensTests

open System
open System.Security.Cryptography
open Expecto
open CoQuic.Engine

let private id (hex: string) =
    ConnectionId(ReadOnlySpan(Convert.FromHexString hex))

[<Tests>]
let tests =
    testList
        "stateless reset tokens (RFC 9000 §10.3.2)"
        [ testCase "a token is the first 16 bytes of HMAC-SHA256 of the ID under the key"
          <| fun () ->
              let key = Bytes.FromHex "000102030405060708090a0b0c0d0e0f"

              let expected =
                  HMACSHA256.HashData(key.ToArray(), Convert.FromHexString "8394c8f03e515708")

              let token = StatelessResetTokens(key).Of(id "8394c8f03e515708")
              Expect.equal (token.Span.ToArray()) expected[..15] "16 bytes"

          testCase "the same key and ID make the same token, another of either another"
          <| fun () ->
              let tokens, others =
                  StatelessResetTokens(Bytes.FromHex "01"), StatelessResetTokens(Bytes.FromHex "02")

              Expect.equal (tokens.Of(id "aa")) (StatelessResetTokens(Bytes.FromHex "01").Of(id "aa")) "after a restart"
              Expect.notEqual (tokens.Of(id "aa")) (tokens.Of(id "ab")) "another ID"
              Expect.notEqual (tokens.Of(id "aa")) (others.Of(id "aa")) "another key" ]
