module CoQuic.Engine.Tests.FlowControl.LimitTests

open System
open Expecto
open CoQuic.Engine

let private ms milliseconds =
    TimeUs.FromMilliseconds(float milliseconds)

let private rtt milliseconds =
    TimeSpan.FromMilliseconds(float milliseconds)

[<Tests>]
let sendLimit =
    testList
        "send limit (RFC 9000 §4.1)"
        [ testCase "a limit that does not rise is ignored"
          <| fun () ->
              let limit = SendLimit 100UL
              Expect.equal (limit.Raise 100UL, limit.Raise 99UL, limit.Limit) (false, false, 100UL) "nothing changes"
              Expect.equal (limit.Raise 101UL, limit.Limit) (true, 101UL) "a higher one counts"

          testCase "being blocked is reported once for each limit"
          <| fun () ->
              let limit = SendLimit 100UL
              Expect.isFalse limit.ShouldReportBlocked "credit is left"
              limit.Use 100UL
              Expect.isTrue limit.ShouldReportBlocked "nothing is left"
              limit.OnBlockedSent()
              Expect.isFalse limit.ShouldReportBlocked "reported"
              limit.Raise 150UL |> ignore
              limit.Use 50UL
              Expect.isTrue limit.ShouldReportBlocked "blocked anew, at another limit"

          testCase "a lost report is repeated only while its limit still blocks (RFC 9000 §13.3)"
          <| fun () ->
              let limit = SendLimit 100UL
              limit.Use 100UL
              limit.OnBlockedSent()
              limit.OnBlockedLost 100UL
              Expect.isTrue limit.ShouldReportBlocked "still blocked there"
              limit.OnBlockedSent()
              limit.Raise 200UL |> ignore
              limit.OnBlockedLost 100UL
              Expect.isFalse limit.ShouldReportBlocked "no longer blocked" ]

[<Tests>]
let receiveLimit =
    testList
        "receive limit (RFC 9000 §4.1)"
        [ testCase "the limit itself may be reached and not exceeded"
          <| fun () ->
              let limit = ReceiveLimit(100UL, 100UL)
              Expect.isTrue (limit.TryReceive 60UL) "within"
              Expect.isFalse (limit.TryReceive 41UL) "beyond"
              Expect.equal limit.Received 60UL "a refusal counts nothing"
              Expect.isTrue (limit.TryReceive 40UL) "the limit itself"

          testCase "an update is due when half of the window is consumed"
          <| fun () ->
              let limit = ReceiveLimit(100UL, 100UL)
              limit.TryReceive 100UL |> ignore
              limit.Consume 49UL
              Expect.isFalse limit.ShouldUpdate "less than half"
              limit.Consume 1UL
              Expect.isTrue limit.ShouldUpdate "half"
              Expect.equal (limit.Update(ms 0, rtt 0)) 150UL "the window beyond what is consumed"
              Expect.isFalse limit.ShouldUpdate "told"

          testCase "receiving without consuming gives no credit"
          <| fun () ->
              let limit = ReceiveLimit(100UL, 100UL)
              limit.TryReceive 100UL |> ignore
              Expect.isFalse limit.ShouldUpdate "nothing was consumed"

          testCase "a window that is used up within two round trips doubles, up to its maximum"
          <| fun () ->
              let limit = ReceiveLimit(100UL, 350UL)

              let turn now =
                  limit.TryReceive(limit.Limit - limit.Received) |> ignore
                  limit.Consume(limit.Received - limit.Consumed)
                  limit.Update(now, rtt 10) |> ignore
                  limit.Window

              Expect.equal
                  [ turn (ms 0); turn (ms 19); turn (ms 38); turn (ms 57) ]
                  [ 100UL; 200UL; 350UL; 350UL ]
                  "windows"

          testCase "a window that lasts longer stays, and so does one without a round-trip sample"
          <| fun () ->
              for roundTrip, next in [ rtt 10, ms 20; TimeSpan.Zero, ms 1 ] do
                  let limit = ReceiveLimit(100UL, 400UL)
                  limit.TryReceive 100UL |> ignore
                  limit.Consume 100UL
                  limit.Update(ms 0, roundTrip) |> ignore
                  limit.TryReceive 100UL |> ignore
                  limit.Consume 100UL
                  Expect.equal (limit.Update(next, roundTrip), limit.Window) (300UL, 100UL) "the window"

          testCase "a lost update is told again unless a later one was (RFC 9000 §13.3)"
          <| fun () ->
              let limit = ReceiveLimit(100UL, 100UL)
              limit.TryReceive 100UL |> ignore
              limit.Consume 100UL
              let first = limit.Update(ms 0, rtt 0)
              limit.OnUpdateLost first
              Expect.isTrue limit.ShouldUpdate "the latest was lost"
              Expect.equal (limit.Update(ms 1, rtt 0)) first "the same limit again"
              limit.TryReceive 100UL |> ignore
              limit.Consume 100UL
              limit.Update(ms 2, rtt 0) |> ignore
              limit.OnUpdateLost first
              Expect.isFalse limit.ShouldUpdate "an older one was lost" ]

[<Tests>]
let streamCounts =
    testList
        "stream counts (RFC 9000 §4.6)"
        [ testCase "streams below the limit may be opened, and being blocked is reported once"
          <| fun () ->
              let limit = StreamOpenLimit()
              Expect.isFalse limit.ShouldReportBlocked "nobody wanted a stream"
              Expect.isFalse (limit.TryOpen 0UL) "before the peer allows any"
              Expect.isTrue limit.ShouldReportBlocked "wanted"
              limit.OnBlockedSent()
              limit.TryOpen 0UL |> ignore
              Expect.isFalse limit.ShouldReportBlocked "reported at this limit"
              Expect.equal (limit.Raise 2UL, limit.Raise 1UL) (true, false) "only a higher limit counts"
              Expect.equal (limit.TryOpen 1UL, limit.TryOpen 2UL) (true, false) "the limit is a count"
              Expect.isTrue limit.ShouldReportBlocked "blocked anew"

          testCase "a lost STREAMS_BLOCKED is repeated while its limit blocks"
          <| fun () ->
              let limit = StreamOpenLimit()
              limit.TryOpen 0UL |> ignore
              limit.OnBlockedSent()
              limit.OnBlockedLost 0UL
              Expect.isTrue limit.ShouldReportBlocked "still blocked"
              limit.Raise 1UL |> ignore
              limit.OnBlockedLost 0UL
              Expect.isFalse limit.ShouldReportBlocked "no longer"

          testCase "each released stream makes room for one, told when half of the streams were"
          <| fun () ->
              let limit = StreamAcceptLimit 4UL
              Expect.equal (limit.Allows 3UL, limit.Allows 4UL) (true, false) "the limit is a count"
              limit.OnReleased()
              Expect.isFalse limit.ShouldUpdate "one of four"
              limit.OnReleased()
              Expect.isTrue limit.ShouldUpdate "two of four"
              Expect.equal (limit.Update()) 6UL "two more"
              Expect.isTrue (limit.Allows 5UL) "they may be opened"

          testCase "a peer that is blocked hears of every stream at once"
          <| fun () ->
              let limit = StreamAcceptLimit 100UL
              limit.OnPeerBlocked 100UL
              Expect.isFalse limit.ShouldUpdate "no room yet"
              limit.OnReleased()
              Expect.isTrue limit.ShouldUpdate "room for one"
              Expect.equal (limit.Update()) 101UL "one more"
              limit.OnReleased()
              limit.OnPeerBlocked 100UL
              Expect.isFalse limit.ShouldUpdate "an old STREAMS_BLOCKED does not count"

          testCase "with a limit of 0 nobody may open a stream"
          <| fun () ->
              let limit = StreamAcceptLimit 0UL
              Expect.isFalse (limit.Allows 0UL) "none"
              Expect.isFalse limit.ShouldUpdate "and none will be"

          testCase "a lost MAX_STREAMS is told again unless a later one was"
          <| fun () ->
              let limit = StreamAcceptLimit 1UL
              limit.OnReleased()
              let first = limit.Update()
              limit.OnUpdateLost first
              Expect.isTrue limit.ShouldUpdate "the latest was lost"
              limit.OnReleased()
              limit.Update() |> ignore
              limit.OnUpdateLost first
              Expect.isFalse limit.ShouldUpdate "an older one was lost"

          testCase "the count never exceeds 2^60"
          <| fun () ->
              let limit = StreamAcceptLimit StreamCounts.Maximum
              limit.OnReleased()
              Expect.isFalse limit.ShouldUpdate "there are no more identifiers" ]
