module CoQuic.Engine.Tests.Paths.PathValidatorTests

open System
open Expecto
open CoQuic.Engine

let private ms (value: float) = TimeSpan.FromMilliseconds value
let private at (value: float) = TimeUs.FromMilliseconds value

let private started () =
    let validator = PathValidator()
    validator.Start(at 0.0, ms 100.0, ms 50.0)
    validator

let private respond (now: TimeUs) data (validator: PathValidator) =
    let answer, _ = validator.OnResponse(now, data)
    answer

[<Tests>]
let tests =
    testList
        "Paths.PathValidator (RFC 9000 §8.2)"
        [ testCase "nothing is due before it was asked for"
          <| fun () ->
              let validator = PathValidator()
              Expect.isFalse (validator.IsChallengeDue(at 1.0)) "no challenge"
              Expect.isFalse (validator.Deadline(true).HasValue) "no deadline"
              Expect.isFalse (validator.OnTimeout(at 1e6)) "no failure"

          testCase "a challenge is due at once, and again after probe timeouts that double"
          <| fun () ->
              let validator = started ()
              Expect.isTrue (validator.IsChallengeDue(at 0.0)) "at once"
              validator.OnChallengeSent(at 0.0, 1UL, true)
              Expect.isFalse (validator.IsChallengeDue(at 99.0)) "no more often than an Initial"
              Expect.isTrue (validator.IsChallengeDue(at 100.0)) "one probe timeout later"
              validator.OnChallengeSent(at 100.0, 2UL, true)
              Expect.isTrue (validator.IsChallengeDue(at 100.0)) "two at a time"
              validator.OnChallengeSent(at 100.0, 3UL, true)
              Expect.isFalse (validator.IsChallengeDue(at 299.0)) "twice that"

          testCase "a response to any challenge that is remembered validates the path"
          <| fun () ->
              let validator = started ()
              validator.OnChallengeSent(at 0.0, 1UL, true)
              validator.OnChallengeSent(at 100.0, 2UL, true)
              Expect.equal (validator.OnResponse(at 130.0, 1UL)) (PathAnswer.Path, ms 130.0) "the first one's"
              Expect.equal validator.State PathValidation.Succeeded "done"
              Expect.isFalse (validator.OnTimeout(at 1e6)) "and it stays so"

          testCase "a response that nobody asked for shows nothing"
          <| fun () ->
              let validator = started ()
              Expect.equal (respond (at 1.0) 0UL validator) PathAnswer.Unknown "nothing was sent"
              validator.OnChallengeSent(at 0.0, 1UL, true)
              Expect.equal (respond (at 1.0) 2UL validator) PathAnswer.Unknown "other data"

          testCase
              "a response to a small datagram validates the address alone, and another round follows (RFC 9000 §8.2.1)"
          <| fun () ->
              let validator = started ()
              validator.OnChallengeSent(at 0.0, 1UL, false)
              Expect.equal (respond (at 10.0) 1UL validator) PathAnswer.Address "the address"
              Expect.isTrue (validator.IsChallengeDue(at 10.0)) "a full datagram is due"
              validator.OnChallengeSent(at 10.0, 2UL, true)
              Expect.equal (respond (at 20.0) 2UL validator) PathAnswer.Path "the path"

          testCase "it fails after three times the larger probe timeout (RFC 9000 §8.2.4)"
          <| fun () ->
              let validator = started ()
              validator.OnChallengeSent(at 0.0, 1UL, true)
              Expect.isFalse (validator.OnTimeout(at 299.0)) "not yet"
              Expect.isTrue (validator.OnTimeout(at 300.0)) "now"
              Expect.isFalse (validator.OnTimeout(at 301.0)) "once"
              Expect.equal (respond (at 302.0) 1UL validator) PathAnswer.Unknown "a late response"

          testCase "while nothing may be sent, only the end is a deadline"
          <| fun () ->
              let validator = started ()
              Expect.equal (validator.Deadline false) (Nullable(at 300.0)) "blocked"
              Expect.equal (validator.Deadline true) (Nullable(at 0.0)) "free"

          testCase "beginning while it is under way changes nothing"
          <| fun () ->
              let validator = started ()
              validator.OnChallengeSent(at 0.0, 1UL, true)
              validator.Start(at 200.0, ms 100.0, ms 100.0)
              Expect.isTrue (validator.OnTimeout(at 300.0)) "the first timer counts"

          testCase "it remembers a bounded number of challenges"
          <| fun () ->
              let validator = started ()

              for number in 0 .. PathValidator.MaximumChallenges do
                  validator.OnChallengeSent(at 0.0, uint64 number, true)

              Expect.equal (respond (at 1.0) 0UL validator) PathAnswer.Unknown "the oldest is forgotten"
              Expect.equal (respond (at 1.0) 1UL validator) PathAnswer.Path "the next is not" ]

let private identity family (host: byte list) port =
    Bytes.CopyOf(ReadOnlySpan(Array.ofList (family :: host @ [ 0uy; port ])))

[<Tests>]
let addresses =
    testList
        "Paths.PeerAddress"
        [ testCase "addresses of one host differ in their port only"
          <| fun () ->
              let first = identity 4uy [ 10uy; 0uy; 0uy; 1uy ] 1uy
              Expect.isTrue (PeerAddress.DifferInPortOnly(first, identity 4uy [ 10uy; 0uy; 0uy; 1uy ] 2uy)) "the port"
              Expect.isFalse (PeerAddress.DifferInPortOnly(first, identity 4uy [ 10uy; 0uy; 0uy; 2uy ] 1uy)) "the host"

              Expect.isFalse
                  (PeerAddress.DifferInPortOnly(first, identity 6uy (List.replicate 16 1uy) 1uy))
                  "the family"

          testCase "what is in no known form differs altogether"
          <| fun () ->
              let odd = Bytes.CopyOf(ReadOnlySpan [| 1uy; 2uy; 3uy |])
              Expect.isFalse (PeerAddress.DifferInPortOnly(odd, odd)) "unknown"
              Expect.isFalse (PeerAddress.DifferInPortOnly(Bytes.Empty, Bytes.Empty)) "empty"

          testCase "IPv4 leaves 20 bytes more of an Ethernet frame"
          <| fun () ->
              Expect.equal (PeerAddress.DefaultCeiling(identity 4uy [ 1uy; 1uy; 1uy; 1uy ] 1uy)) 1472 "IPv4"
              Expect.equal (PeerAddress.DefaultCeiling(identity 6uy (List.replicate 16 1uy) 1uy)) 1452 "IPv6"
              Expect.equal (PeerAddress.DefaultCeiling Bytes.Empty) 1452 "unknown" ]
