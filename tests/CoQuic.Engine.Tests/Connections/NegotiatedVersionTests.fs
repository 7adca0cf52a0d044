module CoQuic.Engine.Tests.Connections.NegotiatedVersionTests

open Expecto
open CoQuic.Engine

let private v1, v2, reserved =
    QuicVersion.V1, QuicVersion.V2, QuicVersion 0x1a2a3a4au

let private unknown = QuicVersion 0x99u

let private said chosen available =
    VersionInformation(chosen, List.toArray available)

let private code (error: TransportError | null) =
    match error with
    | null -> None
    | error -> Some error.Code

let private mismatch = Some TransportErrorCode.VersionNegotiationError

/// What a server that speaks these versions makes of a first flight and its version_information.
let private choose supported original (information: VersionInformation | null) =
    let version = NegotiatedVersion(original, List.toArray supported, false)
    code (version.OnClientInformation information), version.Current

/// What a client that speaks these versions makes of a server's version_information, after it followed the server to a version.
let private judge
    supported
    original
    (followed: QuicVersion option)
    hasReacted
    (information: VersionInformation | null)
    =
    let version = NegotiatedVersion(original, List.toArray supported, hasReacted)

    match followed with
    | Some other ->
        Expect.isTrue (version.MayFollow other) "it may follow"
        version.Follow other
    | None -> ()

    code (version.OnServerInformation information)

[<Tests>]
let server =
    testList
        "the version that a server chooses (RFC 9368 §2.3)"
        [ testCase "the first of its own among those that the client offers"
          <| fun () ->
              Expect.equal (choose [ v2; v1 ] v1 (said v1 [ v1; v2 ])) (None, v2) "it prefers version 2"
              Expect.equal (choose [ v1; v2 ] v1 (said v1 [ v2; v1 ])) (None, v1) "it prefers version 1"
              Expect.equal (choose [ v1; v2 ] v2 (said v2 [ v2; v1 ])) (None, v1) "also from 2 to 1"

          testCase "what the client does not offer is not chosen, nor what nobody speaks"
          <| fun () ->
              Expect.equal (choose [ v2; v1 ] v1 (said v1 [ v1 ])) (None, v1) "only version 1"
              Expect.equal (choose [ v1 ] v1 (said v1 [ reserved; unknown; v2; v1 ])) (None, v1) "only what it speaks"

          testCase "without version_information the version stays"
          <| fun () ->
              Expect.equal (choose [ v2; v1 ] v1 null) (None, v1) "1"
              Expect.equal (choose [ v1; v2 ] v2 null) (None, v2) "2"

          testCase "a Chosen Version that is not the version of the packets is an error (RFC 9368 §4)"
          <| fun () ->
              Expect.equal (choose [ v2; v1 ] v1 (said v2 [ v1; v2 ])) (mismatch, v1) "it says 2 in version 1"
              Expect.equal (choose [ v2; v1 ] v2 (said v1 [ v1; v2 ])) (mismatch, v2) "it says 1 in version 2"

          testCase "it says what it has chosen, and all that it speaks"
          <| fun () ->
              let version = NegotiatedVersion(v1, [| v2; v1 |], false)
              version.OnClientInformation(said v1 [ v1; v2 ]) |> ignore
              Expect.equal version.ServerInformation (said v2 [ v2; v1 ]) "version_information" ]

[<Tests>]
let client =
    testList
        "the version that a client accepts (RFC 9368 §4)"
        [ testCase "it offers all that it speaks, its first flight's version among them"
          <| fun () ->
              let information original =
                  NegotiatedVersion(original, [| v2; v1 |], false).ClientInformation

              Expect.equal (information v1) (said v1 [ v2; v1 ]) "in its order"
              Expect.equal (information reserved) (said reserved [ reserved; v2; v1 ]) "a probe"

          testCase "the server may stay with the version, or change to one that was offered"
          <| fun () ->
              Expect.isNone (judge [ v2; v1 ] v1 None false (said v1 [ v1 ])) "stays"
              Expect.isNone (judge [ v2; v1 ] v1 (Some v2) false (said v2 [ v2; v1 ])) "changes"
              Expect.isNone (judge [ v1 ] v1 None false null) "knows nothing of it"
              Expect.isNone (judge [ v1 ] v1 None false (said v1 [])) "an empty list says nothing"

          testCase "a Chosen Version that was not offered is an error"
          <| fun () ->
              Expect.equal (judge [ v1 ] v1 None false (said v2 [ v2; v1 ])) mismatch "not spoken here"
              Expect.equal (judge [ v2; v1 ] v1 None false (said unknown [ v1 ])) mismatch "unknown"

          testCase "a Chosen Version that is not the version of the packets is an error"
          <| fun () ->
              Expect.equal (judge [ v2; v1 ] v1 None false (said v2 [ v2; v1 ])) mismatch "it never changed"
              Expect.equal (judge [ v2; v1 ] v1 (Some v2) false (said v1 [ v2; v1 ])) mismatch "it did not mean to"

          testCase "a change of version without version_information is an error"
          <| fun () ->
              Expect.equal (judge [ v2; v1 ] v1 (Some v2) false null) mismatch "to 2"
              Expect.equal (judge [ v2; v1 ] v2 (Some v1) false null) mismatch "to 1"

          testCase "after Version Negotiation the server must confirm that nothing better was concealed"
          <| fun () ->
              Expect.isNone (judge [ v2; v1 ] v1 None true (said v1 [ v1 ])) "it speaks nothing else"
              Expect.isNone (judge [ v2; v1 ] v2 None true (said v2 [ v1; v2 ])) "the best was chosen"
              Expect.isNone (judge [ v1; v2 ] v1 None true (said v1 [ v2 ])) "the negotiated version counts too"
              Expect.equal (judge [ v2; v1 ] v1 None true (said v1 [ v1; v2 ])) mismatch "version 2 was concealed"
              Expect.equal (judge [ v2; v1 ] v1 (Some v2) true (said v2 [ v1; v2 ])) mismatch "even when it changes"
              Expect.equal (judge [ v2; v1 ] v1 None true (said v1 [])) mismatch "an empty list"

          testCase "after Version Negotiation a server of version 1 may know nothing of it (RFC 9368 §8)"
          <| fun () ->
              Expect.isNone (judge [ v2; v1 ] v1 None true null) "version 1"
              Expect.equal (judge [ v2; v1 ] v2 None true null) mismatch "version 2 must"

          testCase "it follows to what it speaks, once"
          <| fun () ->
              let version = NegotiatedVersion(v1, [| v1; v2 |], false)
              Expect.isFalse (version.MayFollow v1) "its own"
              Expect.isFalse (version.MayFollow reserved) "a reserved one"
              Expect.isFalse (version.MayFollow unknown) "an unknown one"
              Expect.isTrue (version.MayFollow v2) "another"
              version.Follow v2
              Expect.isFalse (version.MayFollow v2) "settled"
              Expect.isFalse (NegotiatedVersion(v1, [| v1 |], false).MayFollow v2) "not spoken here"

          testCase "CRYPTO data settles the version, and never comes in two (RFC 9369 §4.1)"
          <| fun () ->
              let stayed = NegotiatedVersion(v1, [| v1; v2 |], false)
              Expect.isNone (code (stayed.OnServerCrypto v1)) "in the original version"
              Expect.isFalse (stayed.MayFollow v2) "then it stays"

              let followed = NegotiatedVersion(v1, [| v1; v2 |], false)
              followed.Follow v2
              Expect.isNone (code (followed.OnServerCrypto v2)) "in the negotiated version"
              Expect.equal (code (followed.OnServerCrypto v1)) (Some TransportErrorCode.ProtocolViolation) "in both" ]
