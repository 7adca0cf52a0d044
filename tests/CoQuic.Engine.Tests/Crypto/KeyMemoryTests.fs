/// Memory of keys is used again, and never by two. Each test has a kind of memory of its own, which nobody else takes.
module CoQuic.Engine.Tests.Crypto.KeyMemoryTests

open System
open Expecto
open CoQuic.Engine

[<Tests>]
let tests =
    testList
        "key memory"
        [ testCase "what is given back is zeroed and taken again"
          <| fun () ->
              let first = KeyMemory<int16>.Take()
              Array.fill first 0 first.Length 1s
              let mutable held = first
              KeyMemory<int16>.Return &held
              Expect.all first ((=) 0s) "zeroed"
              let second = KeyMemory<int16>.Take()
              Expect.isTrue (obj.ReferenceEquals(second, first)) "taken again"

          testCase "who gives it back has zeros in its place"
          <| fun () ->
              let mutable held = KeyMemory<int32>.Take()
              let first = held
              KeyMemory<int32>.Return &held
              Expect.isFalse (obj.ReferenceEquals(held, first)) "it is no longer held"
              Expect.equal held (Array.zeroCreate KeyMemory<int32>.Length) "zeros"

          testCase "what is given back twice is taken once"
          <| fun () ->
              let mutable held = KeyMemory<int64>.Take()
              KeyMemory<int64>.Return &held
              KeyMemory<int64>.Return &held
              let second, third = KeyMemory<int64>.Take(), KeyMemory<int64>.Take()
              Expect.isFalse (obj.ReferenceEquals(second, third)) "each has its own"

          testCase "a key that is disposed of twice shares its memory with no other"
          <| fun () ->
              if not AesKeySchedule.IsSupported then
                  CoQuic.Tests.Capability.missing "aes-instructions" "this processor has no AES"

              let key (first: byte) =
                  new AesKeySchedule(ReadOnlySpan(Array.create 16 first))

              let block = Runtime.Intrinsics.Vector128.Create 7uy
              let gone = key 1uy
              gone.Dispose()
              gone.Dispose()
              use second = key 2uy
              let expected = second.Encrypt block
              use _third = key 3uy
              Expect.equal (second.Encrypt block) expected "the third key is not the second's" ]
