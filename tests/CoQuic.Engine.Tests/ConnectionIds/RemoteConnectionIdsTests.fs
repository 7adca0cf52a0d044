module CoQuic.Engine.Tests.ConnectionIds.RemoteConnectionIdsTests

open System
open Expecto
open CoQuic.Engine

let private id (number: int) =
    ConnectionId(ReadOnlySpan [| 0xC0uy; byte number |])

let private token (number: int) =
    StatelessResetToken(ReadOnlySpan(Array.create 16 (byte number)))

let private code (error: TransportError | null) =
    match error with
    | null -> None
    | error -> Some error.Code

/// The peer issues the ID with this number, retiring those before another.
let private issue (ids: RemoteConnectionIds) number retirePriorTo =
    ids.OnNewConnectionId(uint64 number, uint64 retirePriorTo, id number, token number)
    |> code

let private issued limit numbers =
    let ids = RemoteConnectionIds(id 0, limit)

    for number in numbers do
        Expect.isNone (issue ids number 0) $"number {number} is within the limit"

    ids

let private sendRetirements (ids: RemoteConnectionIds) =
    [ while fst (ids.TryGetPendingRetirement()) do
          let _, sequence = ids.TryGetPendingRetirement()
          ids.OnRetirementSent sequence
          sequence ]

let private isReset (ids: RemoteConnectionIds) (token: StatelessResetToken) = ids.IsStatelessReset token.Span

let private limitError = Some TransportErrorCode.ConnectionIdLimitError
let private violation = Some TransportErrorCode.ProtocolViolation
let private encodingError = Some TransportErrorCode.FrameEncodingError

[<Tests>]
let checks =
    testList
        "NEW_CONNECTION_ID (RFC 9000 §19.15)"
        [ testCase "IDs are kept up to our limit, and one more is a CONNECTION_ID_LIMIT_ERROR"
          <| fun () ->
              let ids = issued 3UL [ 1; 2 ]
              Expect.equal (issue ids 3 0) limitError "the fourth"

          testCase "one that retires an older one stays within the limit"
          <| fun () ->
              let ids = issued 3UL [ 1; 2 ]
              Expect.isNone (issue ids 3 1) "the fourth replaces the first"
              Expect.equal ids.ActiveCount 3 "three are active"

          testCase "the same frame again changes nothing"
          <| fun () ->
              let ids = issued 3UL [ 1; 1; 1 ]
              Expect.equal ids.ActiveCount 2 "one ID"

          testCase "a number with another ID, an ID with another number or another token is a PROTOCOL_VIOLATION"
          <| fun () ->
              let contradict sequence name secret =
                  (issued 4UL [ 1 ]).OnNewConnectionId(sequence, 0UL, id name, token secret)
                  |> code

              Expect.equal (contradict 1UL 2 1) violation "another ID"
              Expect.equal (contradict 2UL 1 1) violation "another number"
              Expect.equal (contradict 1UL 1 2) violation "another token"

          testCase "Retire Prior To beyond the number itself is a FRAME_ENCODING_ERROR"
          <| fun () -> Expect.equal (issue (issued 4UL []) 1 2) encodingError "2 > 1"

          testCase "an ID of length 0 is a FRAME_ENCODING_ERROR"
          <| fun () ->
              let ids = issued 4UL []

              Expect.equal
                  (ids.OnNewConnectionId(1UL, 0UL, ConnectionId.Empty, token 1) |> code)
                  encodingError
                  "length 0"

          testCase "a peer that is reached without ID cannot issue one"
          <| fun () ->
              let ids = RemoteConnectionIds(ConnectionId.Empty, 4UL)
              Expect.equal (issue ids 1 0) violation "PROTOCOL_VIOLATION"

          testCase "a late ID below an earlier Retire Prior To is retired at once, and once"
          <| fun () ->
              let ids = issued 4UL []
              issue ids 3 3 |> ignore
              Expect.isNone (issue ids 1 0) "late"
              Expect.isNone (issue ids 1 0) "and repeated"
              Expect.equal (sendRetirements ids) [ 0UL; 1UL ] "each once"
              Expect.equal ids.ActiveCount 1 "only number 3"

          testCase "a smaller Retire Prior To than before has no effect"
          <| fun () ->
              let ids = issued 4UL []
              issue ids 3 3 |> ignore
              issue ids 4 1 |> ignore
              Expect.equal (sendRetirements ids) [ 0UL ] "as the first frame asked"

          testCase "a repeated frame for an ID that we have retired does not bring it back"
          <| fun () ->
              let ids = issued 4UL [ 1 ]
              ids.Retire(RemoteConnectionId(1UL, id 1))
              Expect.isNone (issue ids 1 0) "a retransmission"
              Expect.equal ids.ActiveCount 1 "still gone" ]

[<Tests>]
let bounds =
    testList
        "what a peer can make us keep about its connection IDs"
        [ testCase "retirements that it does not acknowledge are bounded"
          <| fun () ->
              let ids = issued 2UL []
              let answers = [ for number in 1..20 -> issue ids number number ]

              Expect.equal
                  (List.tryFindIndex ((=) limitError) answers)
                  (Some 6)
                  "three times the limit are fine, one more is not"

          testCase "acknowledged retirements are forgotten"
          <| fun () ->
              let ids = issued 2UL []

              for number in 1..200 do
                  Expect.isNone (issue ids number number) "within the bound"
                  sendRetirements ids |> List.iter ids.OnRetirementAcked

              Expect.equal ids.OutstandingRetirements 0 "none is kept"

          testCase "skipped sequence numbers are bounded"
          <| fun () ->
              let ids = issued 2UL []

              let skip number =
                  let error =
                      ids.OnNewConnectionId(uint64 number, uint64 number, id number, token number)
                      |> code

                  sendRetirements ids |> List.iter ids.OnRetirementAcked
                  error

              let answers = [ for index in 1..100 -> skip (2 * index) ]
              let refused = RemoteConnectionIds.MaximumSequenceRanges - 1
              Expect.equal (List.tryFindIndex ((=) limitError) answers) (Some refused) "the first ID makes a range too" ]

[<Tests>]
let use' =
    testList
        "using the peer's connection IDs (RFC 9000 §5.1.2)"
        [ testCase "the peer's choice replaces the first ID"
          <| fun () ->
              let ids = issued 4UL []
              ids.ReplaceInitial(id 9)
              Expect.equal ids.Current (RemoteConnectionId(0UL, id 9)) "it has number 0"

          testCase "when the ID in use is to be retired, another is used and the old one retired"
          <| fun () ->
              let ids = issued 4UL [ 1 ]
              issue ids 2 1 |> ignore
              Expect.equal ids.Current (RemoteConnectionId(1UL, id 1)) "the next one"
              Expect.equal (sendRetirements ids) [ 0UL ] "the old one"

          testCase "a new path takes an ID that no path has used, while there are any"
          <| fun () ->
              let ids = issued 4UL [ 1; 2 ]
              Expect.equal (ids.TryTakeUnused()) (true, RemoteConnectionId(1UL, id 1)) "one"
              Expect.equal (ids.TryTakeUnused()) (true, RemoteConnectionId(2UL, id 2)) "another"
              Expect.isFalse ids.HasUnused "all are used"
              Expect.isFalse (fst (ids.TryTakeUnused())) "none is left"

          testCase "moving to a new path uses its ID and retires the old one"
          <| fun () ->
              let ids = issued 4UL [ 1 ]
              let old, (_, taken) = ids.Current, ids.TryTakeUnused()
              ids.Use taken
              ids.Retire old
              Expect.equal (ids.Current, sendRetirements ids) (taken, [ 0UL ]) "RETIRE_CONNECTION_ID for number 0"
              Expect.isFalse (ids.IsActive old) "the old one is gone"

          testCase "with IDs of length 0 every path uses the same one"
          <| fun () ->
              let ids = RemoteConnectionIds(ConnectionId.Empty, 4UL)
              Expect.isTrue ids.HasUnused "there is always one"
              Expect.equal (ids.TryTakeUnused()) (true, ids.Current) "the empty one"

          testCase "a lost RETIRE_CONNECTION_ID is sent again, an acknowledged one is not"
          <| fun () ->
              let ids = issued 4UL []
              issue ids 2 2 |> ignore
              Expect.equal (sendRetirements ids) [ 0UL ] "sent"
              ids.OnRetirementLost 0UL
              Expect.equal (sendRetirements ids) [ 0UL ] "sent again"
              ids.OnRetirementAcked 0UL
              ids.OnRetirementLost 0UL
              Expect.isEmpty (sendRetirements ids) "done"

          testCase "a stateless reset is known by the token of an ID that we have sent to, and by no other"
          <| fun () ->
              let ids = issued 4UL [ 1 ]
              ids.SetInitialToken(token 7)
              Expect.isTrue (isReset ids (token 7)) "the ID in use"
              Expect.isFalse (isReset ids (token 1)) "an ID that was not used (RFC 9000 §10.3.1)"
              ids.TryTakeUnused() |> ignore
              Expect.isTrue (isReset ids (token 1)) "now it is"
              issue ids 2 1 |> ignore
              Expect.isFalse (isReset ids (token 7)) "retiring an ID invalidates its token" ]
