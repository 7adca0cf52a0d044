module CoQuic.Engine.Tests.Tokens.StateSealerTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Tests.Properties

let private key (fill: byte) =
    Bytes.CopyOf(ReadOnlySpan(Array.create SealingKeys.KeyLength fill))

let private only fill = SealingKeys(Current = key fill)

let private sealer keys = new StateSealer(keys, TestEntropy 5UL)

let private seal (sealer: StateSealer) (state: byte[]) (purpose: byte[]) =
    let room = Array.zeroCreate (state.Length + StateSealer.Overhead)
    sealer.Seal(ReadOnlySpan state, ReadOnlySpan purpose, Span room)
    room

let private tryOpen (sealer: StateSealer) (sealedState: byte[]) (purpose: byte[]) =
    let room = Array.zeroCreate 100
    let mutable length = 0

    if sealer.TryOpen(ReadOnlySpan sealedState, ReadOnlySpan purpose, Span room, &length) then
        Some(Array.truncate length room)
    else
        None

let private state = [| 1uy .. 50uy |]
let private purpose = [| 7uy |]

[<Tests>]
let tests =
    testList
        "sealed state"
        [ testCase "what was sealed opens again, and is unreadable in between"
          <| fun () ->
              use sealer = sealer (only 1uy)
              let sealedState = seal sealer state purpose
              Expect.equal (tryOpen sealer sealedState purpose) (Some state) "opened"
              let hidden = sealedState.AsSpan().IndexOf(ReadOnlySpan(Array.truncate 4 state))
              Expect.equal hidden -1 "no part of it shows"

          testCase "the same state never looks the same"
          <| fun () ->
              use sealer = sealer (only 1uy)
              Expect.notEqual (seal sealer state purpose) (seal sealer state purpose) "the nonces differ"

          testCase "state that is empty can be sealed too"
          <| fun () ->
              use sealer = sealer (only 1uy)
              Expect.equal (tryOpen sealer (seal sealer [||] purpose) purpose) (Some [||]) "nothing, authenticated"

          testCase "after a rotation the previous key opens, after the next it does not"
          <| fun () ->
              use before = sealer (only 1uy)
              use rotated = sealer (SealingKeys(Current = key 2uy, Previous = key 1uy))
              use later = sealer (SealingKeys(Current = key 3uy, Previous = key 2uy))
              let old = seal before state purpose
              Expect.equal (tryOpen rotated old purpose) (Some state) "previous"
              Expect.equal (tryOpen later old purpose) None "too old"

              let recent = seal rotated state purpose
              Expect.equal (tryOpen before recent purpose) None "the current key seals"
              Expect.equal (tryOpen later recent purpose) (Some state) "and opens once it is the previous one"

          testCase "what was sealed for another use does not open"
          <| fun () ->
              use sealer = sealer (only 1uy)
              Expect.equal (tryOpen sealer (seal sealer state purpose) [| 8uy |]) None "another use"
              Expect.equal (tryOpen sealer (seal sealer state purpose) [||]) None "no use"

          testCase "one bit changed anywhere, or any byte cut off, and it does not open"
          <| fun () ->
              use sealer = sealer (only 1uy)
              let sealedState = seal sealer state purpose

              for index in 0 .. sealedState.Length - 1 do
                  let flipped = Array.copy sealedState
                  flipped[index] <- flipped[index] ^^^ (1uy <<< (index % 8))
                  Expect.equal (tryOpen sealer flipped purpose) None $"byte {index}"
                  Expect.equal (tryOpen sealer (Array.truncate index sealedState) purpose) None $"{index} bytes"

          testCase "state that does not fit in the room is refused"
          <| fun () ->
              use sealer = sealer (only 1uy)

              Expect.equal
                  (tryOpen sealer (seal sealer (Array.zeroCreate 100) purpose) purpose
                   |> Option.isSome)
                  true
                  "100"

              Expect.equal (tryOpen sealer (seal sealer (Array.zeroCreate 101) purpose) purpose) None "101"

          property "whatever bytes come, nothing opens and nothing is thrown"
          <| fun (bytes: byte[]) ->
              use sealer = sealer (SealingKeys(Current = key 1uy, Previous = key 2uy))
              tryOpen sealer bytes purpose = None

          testCase "printed keys show their lengths and nothing else"
          <| fun () ->
              let printed = string (SealingKeys(Current = key 0xabuy, Previous = key 0xcduy))
              Expect.equal printed "SealingKeys { Current = 32 bytes, Previous = 32 bytes }" "lengths"

          testCase "keys that are not there are drawn, those that are stay"
          <| fun () ->
              let drawn = SealingKeys.Drawn.OrDrawn(TestEntropy 1UL)
              Expect.equal drawn.Current.Length SealingKeys.KeyLength "32 bytes"
              Expect.equal (SealingKeys.Drawn.OrDrawn(TestEntropy 1UL)) drawn "from the entropy"
              Expect.notEqual (SealingKeys.Drawn.OrDrawn(TestEntropy 2UL)) drawn "of the endpoint"
              Expect.equal ((only 1uy).OrDrawn(TestEntropy 1UL)) (only 1uy) "given keys"

          testCase "keys are 32 bytes long, and the previous one needs a current one"
          <| fun () ->
              let valid current previous =
                  SealingKeys(
                      Current = Bytes.Wrap(Array.zeroCreate<byte> current),
                      Previous = Bytes.Wrap(Array.zeroCreate<byte> previous)
                  )
                      .IsValid

              for current, previous in [ 0, 0; 32, 0; 32, 32 ] do
                  Expect.isTrue (valid current previous) $"{current} and {previous}"

              for current, previous in [ 0, 32; 31, 0; 33, 0; 16, 0; 32, 16; 32, 33 ] do
                  Expect.isFalse (valid current previous) $"{current} and {previous}" ]
