module CoQuic.Engine.Tests.Tls.ReplayGuardTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Tls.Pair

let private at seconds =
    midYear + TimeSpan.FromSeconds(float seconds)

let private id (number: int) =
    Bytes.CopyOf(ReadOnlySpan(BitConverter.GetBytes number))

let private claim (guard: ReplayGuard) number seconds =
    guard.TryClaim(id number, at seconds, at seconds, at (seconds + 10))

[<Tests>]
let tests =
    testList
        "replay guard"
        [ testCase "a ticket is claimed once (RFC 8446 §8.1)"
          <| fun () ->
              let guard = ReplayGuard(8, DateTimeOffset.MinValue)
              Expect.isTrue (claim guard 1 0) "the first time"
              Expect.isFalse (claim guard 1 0) "at once again"
              Expect.isFalse (claim guard 1 10) "as long as it could be taken for fresh"
              Expect.isTrue (claim guard 2 10) "another ticket"

          testCase "what cannot be replayed any more is forgotten"
          <| fun () ->
              let guard = ReplayGuard(8, DateTimeOffset.MinValue)

              for second in 0..100 do
                  Expect.isTrue (claim guard second (second * 5)) $"ticket {second}"

              Expect.isLessThanOrEqual guard.Count 3 "those of the last ten seconds"

          testCase "while it is full it refuses, and forgets nothing early"
          <| fun () ->
              let guard = ReplayGuard(2, DateTimeOffset.MinValue)
              Expect.isTrue (claim guard 1 0) "one"
              Expect.isTrue (claim guard 2 5) "two"
              Expect.isFalse (claim guard 3 9) "full"
              Expect.isFalse (claim guard 1 9) "still known"
              Expect.isTrue (claim guard 3 11) "the first is over"
              Expect.isFalse (claim guard 2 11) "the second is not"

          testCase "what was sent before it began is refused (RFC 8446 §8.2)"
          <| fun () ->
              let guard = ReplayGuard(8, at 20)
              Expect.isFalse (guard.TryClaim(id 1, at 19, at 21, at 29)) "before"
              Expect.isTrue (guard.TryClaim(id 1, at 20, at 21, at 30)) "after"

          testCase "a guard that remembers nothing cannot be made"
          <| fun () ->
              Expect.throwsT<ArgumentOutOfRangeException> (fun () -> ReplayGuard(0, midYear) |> ignore) "no capacity" ]
