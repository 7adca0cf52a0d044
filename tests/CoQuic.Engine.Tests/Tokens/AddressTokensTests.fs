module CoQuic.Engine.Tests.Tokens.AddressTokensTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Tests.Properties

let private id (value: byte) =
    ConnectionId(ReadOnlySpan(Array.create 8 value))

let private original, retrySource = id 1uy, id 2uy
let private home, elsewhere = address4 "192.0.2.1" 4321, address4 "192.0.2.2" 4321
let private otherPort = address4 "192.0.2.1" 4322
let private issued = DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)

let private keys (current: byte) (previous: byte) =
    let key (fill: byte) =
        if fill = 0uy then
            Bytes.Empty
        else
            bytesOf (Array.create 32 fill)

    SealingKeys(Current = key current, Previous = key previous)

let private tokensWith (keys: SealingKeys) =
    new AddressTokens(having [ "TokenKeys", keys ] (serverConfig "test" 1UL))

let private scope version (address: AddressDigest) =
    TokenScope(version, issued.ToUnixTimeMilliseconds(), address)

let private issueRetry (tokens: AddressTokens) (address: Bytes) =
    let token =
        RetryToken(
            scope QuicVersion.V1 (AddressDigest.OfEndpoint address.Span),
            original,
            retrySource,
            ClientHelloDigest()
        )

    tokens.Issue(&token)

let private issueNew (tokens: AddressTokens) (address: Bytes) =
    let scope = scope QuicVersion.V1 (AddressDigest.OfAddress address.Span)
    tokens.Issue(&scope)

let private judgeIn version destination (tokens: AddressTokens) (token: byte[]) (address: Bytes) (after: TimeSpan) =
    let packet =
        ProtectedPacket(
            Type = PacketType.Initial,
            Version = version,
            HasFixedBit = true,
            DestinationConnectionId = destination,
            Token = ReadOnlySpan token,
            Length = 0
        )

    tokens.Judge(&packet, address.Span, issued + after)

let private judge tokens token address after =
    (judgeIn QuicVersion.V1 retrySource tokens token address after).Standing

let private seconds (value: float) = TimeSpan.FromSeconds value

[<Tests>]
let tests =
    testList
        "address-validation tokens (RFC 9000 §8.1)"
        [ testCase "a Retry token comes back with what the server knew"
          <| fun () ->
              use tokens = tokensWith (keys 1uy 0uy)
              let token = issueRetry tokens home
              let judged = judgeIn QuicVersion.V1 retrySource tokens token home (seconds 1.0)
              Expect.equal judged.Standing TokenStanding.Retry "good"
              Expect.equal judged.Retry.OriginalDestinationId original "where the first Initial went"

          testCase "a Retry token is bound to address, port, version and connection ID"
          <| fun () ->
              use tokens = tokensWith (keys 1uy 0uy)
              let token = issueRetry tokens home
              Expect.equal (judge tokens token elsewhere TimeSpan.Zero) TokenStanding.InvalidRetry "another address"
              Expect.equal (judge tokens token otherPort TimeSpan.Zero) TokenStanding.InvalidRetry "another port"
              Expect.equal (judge tokens token Bytes.Empty TimeSpan.Zero) TokenStanding.InvalidRetry "no address"

              let other = judgeIn QuicVersion.V2 retrySource tokens token home TimeSpan.Zero
              Expect.equal other.Standing TokenStanding.InvalidRetry "another version"

              let elsewhere = judgeIn QuicVersion.V1 original tokens token home TimeSpan.Zero
              Expect.equal elsewhere.Standing TokenStanding.InvalidRetry "another destination"

          testCase "a Retry token expires"
          <| fun () ->
              use tokens = tokensWith (keys 1uy 0uy)
              let token = issueRetry tokens home
              Expect.equal (judge tokens token home (seconds 10.0)) TokenStanding.Retry "10 seconds"
              Expect.equal (judge tokens token home (seconds 10.001)) TokenStanding.InvalidRetry "later"
              Expect.equal (judge tokens token home (seconds -10.0)) TokenStanding.Retry "an issuer that is ahead"
              Expect.equal (judge tokens token home (seconds -11.0)) TokenStanding.InvalidRetry "too far ahead"

          testCase "a token of an earlier connection is bound to the address without its port, and to its version"
          <| fun () ->
              use tokens = tokensWith (keys 1uy 0uy)
              let take () = issueNew tokens home
              Expect.equal (judge tokens (take ()) home (seconds 3600.0)) TokenStanding.NewToken "an hour later"

              Expect.equal
                  (judge tokens (take ()) otherPort (seconds 3600.0))
                  TokenStanding.NewToken
                  "from another port"

              Expect.equal (judge tokens (take ()) elsewhere TimeSpan.Zero) TokenStanding.Unknown "from another address"
              Expect.equal (judge tokens (take ()) home (seconds 86_401.0)) TokenStanding.Unknown "after a day"

              let other = judgeIn QuicVersion.V2 retrySource tokens (take ()) home TimeSpan.Zero
              Expect.equal other.Standing TokenStanding.Unknown "in another version (RFC 9369 §5)"

          testCase "addresses of IPv6 lose their ports too, identities of another shape count whole"
          <| fun () ->
              let ipv6 (port: byte) =
                  Array.concat [ [| 6uy |]; Array.create 16 0x20uy; [| 1uy; port |] ]

              let digest (bytes: byte[]) =
                  AddressDigest.OfAddress(ReadOnlySpan bytes)

              Expect.equal (digest (ipv6 1uy)) (digest (ipv6 2uy)) "without the port"
              Expect.notEqual (digest [| 9uy; 1uy; 1uy |]) (digest [| 9uy; 1uy; 2uy |]) "whole"

          testCase "a token of an earlier connection is good once (RFC 9000 §8.1.4)"
          <| fun () ->
              use tokens = tokensWith (keys 1uy 0uy)
              let first, second = issueNew tokens home, issueNew tokens home
              Expect.equal (judge tokens first home TimeSpan.Zero) TokenStanding.NewToken "once"
              Expect.equal (judge tokens first home TimeSpan.Zero) TokenStanding.Unknown "twice"
              Expect.equal (judge tokens second home TimeSpan.Zero) TokenStanding.NewToken "another"

          testCase "a token that was judged at another address was not used by it"
          <| fun () ->
              use tokens = tokensWith (keys 1uy 0uy)
              let token = issueNew tokens home
              Expect.equal (judge tokens token elsewhere TimeSpan.Zero) TokenStanding.Unknown "a thief"
              Expect.equal (judge tokens token home TimeSpan.Zero) TokenStanding.NewToken "its owner"

          testCase "no more used tokens are remembered than the bound says"
          <| fun () ->
              let used = UsedTokens()

              for token in 0UL .. uint64 UsedTokens.MaximumRemembered do
                  Expect.isTrue (used.TryUse token) "new"

              Expect.isFalse (used.TryUse 1UL) "remembered"
              Expect.isTrue (used.TryUse 0UL) "the oldest is forgotten"

          testCase "issued to no address, a token is good from everywhere"
          <| fun () ->
              use tokens = tokensWith (keys 1uy 0uy)

              Expect.equal
                  (judge tokens (issueRetry tokens Bytes.Empty) home TimeSpan.Zero)
                  TokenStanding.Retry
                  "unbound"

          testCase "after a rotation tokens of the previous key are good, older ones are unknown"
          <| fun () ->
              use first = tokensWith (keys 1uy 0uy)
              use second = tokensWith (keys 2uy 1uy)
              use third = tokensWith (keys 3uy 2uy)

              for token in [ issueRetry first home; issueNew first home ] do
                  Expect.notEqual (judge second token home TimeSpan.Zero) TokenStanding.Unknown "previous"
                  Expect.equal (judge third token home TimeSpan.Zero) TokenStanding.Unknown "too old"

          testCase "no two tokens are the same, nor is anything in them readable"
          <| fun () ->
              use tokens = tokensWith (keys 1uy 0uy)
              let tokens = [ for _ in 1..50 -> issueRetry tokens home ]
              Expect.equal (List.distinct tokens).Length 50 "unique (RFC 9000 §8.1.3)"

              for token in tokens do
                  Expect.equal (token.AsSpan().IndexOf(original.Span)) -1 "no connection ID"

          property "a token with one bit changed, or cut, is unknown"
          <| fun (bit: uint16) (cut: uint16) ->
              use tokens = tokensWith (keys 1uy 0uy)

              [ issueRetry tokens home; issueNew tokens home ]
              |> List.forall (fun token ->
                  let changed = Array.copy token
                  let bit = int bit % (8 * token.Length)
                  changed[bit / 8] <- changed[bit / 8] ^^^ (1uy <<< (bit % 8))
                  let cut = Array.truncate (int cut % token.Length) token

                  judge tokens changed home TimeSpan.Zero = TokenStanding.Unknown
                  && judge tokens cut home TimeSpan.Zero = TokenStanding.Unknown) ]
