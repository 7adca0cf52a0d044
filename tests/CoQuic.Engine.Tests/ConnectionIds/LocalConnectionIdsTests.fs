module CoQuic.Engine.Tests.ConnectionIds.LocalConnectionIdsTests

open Expecto
open CoQuic.Engine

let private id (number: int) =
    ConnectionId(System.ReadOnlySpan [| 0xC0uy; byte number |])

let private code (error: TransportError | null) =
    match error with
    | null -> None
    | error -> Some error.Code

/// Issues whatever is due, numbering the IDs on from those that are active.
let private issueAll (ids: LocalConnectionIds) first =
    let mutable next = first

    while ids.ShouldIssue do
        ids.Issue(id next)
        next <- next + 1

let private sendAll (ids: LocalConnectionIds) =
    [ while (let found, _, _ = ids.TryGetPending() in found) do
          let _, sequence, issued = ids.TryGetPending()
          ids.OnSent sequence
          sequence, issued ]

let private retire (ids: LocalConnectionIds) sequence destination =
    let error, retired = ids.OnRetire(sequence, destination)
    code error, Option.ofNullable retired

let private withFour () =
    let ids = LocalConnectionIds(id 0)
    ids.OnPeerLimit 4UL
    issueAll ids 1
    sendAll ids |> ignore
    ids

[<Tests>]
let tests =
    testList
        "local connection IDs (RFC 9000 §5.1.1)"
        [ testCase "nothing is issued before the peer's limit is known"
          <| fun () -> Expect.isFalse (LocalConnectionIds(id 0)).ShouldIssue "the handshake's ID is enough"

          testCase "IDs are issued up to the peer's limit, with sequence numbers that rise by 1"
          <| fun () ->
              let ids = LocalConnectionIds(id 0)
              ids.OnPeerLimit 4UL
              issueAll ids 1
              Expect.equal ids.ActiveCount 4 "the first counts"
              Expect.equal (sendAll ids) [ 1UL, id 1; 2UL, id 2; 3UL, id 3 ] "each is told once"

          testCase "a peer that would keep any number of IDs gets a bounded one"
          <| fun () ->
              let ids = LocalConnectionIds(id 0)
              ids.OnPeerLimit(1UL <<< 60)
              issueAll ids 1
              Expect.equal ids.ActiveCount LocalConnectionIds.MaximumActive "our bound"

          testCase "the ID of a preferred address is number 1 and is not told by a frame"
          <| fun () ->
              let ids = LocalConnectionIds(id 0)
              ids.AddPreferredAddress(id 1)
              ids.OnPeerLimit 3UL
              issueAll ids 2
              Expect.equal (sendAll ids) [ 2UL, id 2 ] "the next number"

          testCase "a retired ID is forgotten and replaced by one with the next number"
          <| fun () ->
              let ids = withFour ()
              Expect.equal (retire ids 2UL (id 0)) (None, Some(id 2)) "the router hears of it"
              Expect.isTrue ids.ShouldIssue "a new one is due"
              ids.Issue(id 9)
              Expect.equal (sendAll ids) [ 4UL, id 9 ] "numbers are never used again"

          testCase "retiring an ID again changes nothing"
          <| fun () ->
              let ids = withFour ()
              retire ids 2UL (id 0) |> ignore
              Expect.equal (retire ids 2UL (id 0)) (None, None) "a repetition"
              Expect.equal ids.ActiveCount 3 "the others stay"

          testCase "retiring an ID that was never issued is a PROTOCOL_VIOLATION (RFC 9000 §19.16)"
          <| fun () ->
              Expect.equal
                  (retire (withFour ()) 4UL (id 0))
                  (Some TransportErrorCode.ProtocolViolation, None)
                  "number 4"

          testCase "so is retiring one that is issued and not told yet: nobody answers a guess with more IDs"
          <| fun () ->
              let ids = withFour ()
              retire ids 2UL (id 0) |> ignore
              ids.Issue(id 9)
              Expect.equal (retire ids 4UL (id 0)) (Some TransportErrorCode.ProtocolViolation, None) "never sent"

          testCase "retiring the ID that the packet was sent to is a PROTOCOL_VIOLATION (RFC 9000 §19.16)"
          <| fun () ->
              Expect.equal
                  (retire (withFour ()) 1UL (id 1))
                  (Some TransportErrorCode.ProtocolViolation, None)
                  "number 1"

          testCase "who uses an ID of length 0 issues none and takes no retirement"
          <| fun () ->
              let ids = LocalConnectionIds ConnectionId.Empty
              ids.OnPeerLimit 8UL
              Expect.isFalse ids.ShouldIssue "RFC 9000 §5.1.1"

              Expect.equal
                  (retire ids 0UL ConnectionId.Empty)
                  (Some TransportErrorCode.ProtocolViolation, None)
                  "RFC 9000 §19.16"

          testCase "a lost NEW_CONNECTION_ID is sent again unless its ID was retired"
          <| fun () ->
              let ids = withFour ()
              retire ids 2UL (id 0) |> ignore
              ids.OnLost 1UL
              ids.OnLost 2UL
              Expect.equal (sendAll ids) [ 1UL, id 1 ] "the one that is active" ]
