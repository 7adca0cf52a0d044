module CoQuic.Engine.Tests.Connections.ClosingPeriodTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Tests.Properties

let private closeDatagram = Bytes.Wrap(ReadOnlyMemory(Array.create 100 7uy))

let private period close =
    ClosingPeriod(TimeUs.FromMilliseconds 50.0, TimeSpan.FromMilliseconds 100.0, close)

let private answer size (period: ClosingPeriod) =
    match period.TryAnswer size with
    | true, datagram -> Some datagram
    | false, _ -> None

[<Tests>]
let tests =
    testList
        "Connections.ClosingPeriod (RFC 9000 §10.2)"
        [ testCase "it lasts three probe timeouts"
          <| fun () -> Expect.equal (period closeDatagram).End (TimeUs.FromMilliseconds 350.0) "50 + 3 × 100 ms"

          testCase "who drains answers nothing (RFC 9000 §10.2.2)"
          <| fun () ->
              let draining = period Bytes.Empty
              Expect.isFalse draining.IsClosing "draining"
              Expect.all [ for _ in 1..100 -> answer 1200 draining ] Option.isNone "silence"

          testCase "answers become rarer with every one (RFC 9000 §10.2.1)"
          <| fun () ->
              let closing = period closeDatagram

              let answered =
                  [ for number in 1..62 do
                        if (answer 1200 closing).IsSome then
                            number ]

              Expect.equal answered [ 2; 6; 14; 30; 62 ] "after 2, 4, 8, 16 and 32 datagrams"

          testCase "however long it lasts, one datagram in 1024 is answered"
          <| fun () ->
              let closing = period closeDatagram

              let count =
                  [ for _ in 1..10_240 -> answer 1200 closing ] |> List.choose id |> List.length

              Expect.equal count (9 + 9) "nine among the first 1022, then one in 1024"

          testCase "what it answers is the datagram that was sent"
          <| fun () ->
              let closing = period closeDatagram
              answer 1200 closing |> ignore
              Expect.equal (answer 1200 closing) (Some closeDatagram) "the same bytes"

          property "an answer is never more than three times what asked for it (RFC 9000 §8.1)"
          <| fun (sizes: byte list) ->
              let closing = period closeDatagram

              for size in sizes do
                  match answer (int size) closing with
                  | Some datagram -> Expect.isLessThanOrEqual datagram.Length (3 * int size) "the answer's size"
                  | None -> () ]
