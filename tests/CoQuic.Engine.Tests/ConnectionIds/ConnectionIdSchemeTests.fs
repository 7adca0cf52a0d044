module CoQuic.Engine.Tests.ConnectionIds.ConnectionIdSchemeTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Tests.Properties

/// Gives out 1, 2, 3, …
type private CountingEntropy() =
    let mutable next = 0uy

    interface IEntropy with
        member _.Fill destination =
            for index in 0 .. destination.Length - 1 do
                next <- next + 1uy
                destination[index] <- next

[<Tests>]
let tests =
    testList
        "connection ID scheme"
        [ testCase "random connection IDs have 8 bytes unless told otherwise, from the injected entropy"
          <| fun () ->
              let scheme, entropy = RandomConnectionIds(), CountingEntropy()
              Expect.equal (scheme.Generate(entropy).ToString()) "0102030405060708" "the first"
              Expect.equal (scheme.Generate(entropy).ToString()) "090a0b0c0d0e0f10" "the second"

          testCase "every length from 0 to 20 bytes works and comes back from a short header"
          <| fun () ->
              for length in 0..20 do
                  let scheme = RandomConnectionIds length
                  let id = scheme.Generate(CountingEntropy())
                  let packet = Array.append (id.Span.ToArray()) [| 0xAAuy; 0xBBuy |]
                  Expect.equal (scheme.TryRead(ReadOnlySpan packet)) (true, id) $"length {length}"

          testCase "other lengths are refused when the scheme is made"
          <| fun () ->
              for length in [ -1; 21 ] do
                  Expect.throwsT<ArgumentOutOfRangeException>
                      (fun () -> RandomConnectionIds length |> ignore)
                      $"{length}"

          property "a packet that is too short for an ID has none"
          <| fun (bytes: byte array) ->
              let scheme = RandomConnectionIds 20
              let found, _ = scheme.TryRead(ReadOnlySpan bytes)
              Expect.equal found (bytes.Length >= 20) "it takes 20 bytes" ]
