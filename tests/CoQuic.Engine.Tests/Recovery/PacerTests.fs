module CoQuic.Engine.Tests.Recovery.PacerTests

open System
open Expecto
open FsCheck
open CoQuic.Engine
open CoQuic.Engine.Tests.Recovery.Sender
open CoQuic.Tests.Properties

let private size = 1200

/// More than leaves at once.
let private plenty = UInt64.MaxValue

/// A pacer whose bucket was full at the origin.
let private paced (bytesPerSecond: uint64) =
    let pacer = Pacer(size, span 1.0)
    pacer.SetRate(TimeUs.Zero, Nullable bytesPerSecond)
    pacer

/// Sends full packets as fast as the pacer lets it until some time, waking when told, so many microseconds late.
let private sendUntil (until: TimeUs) lateness (pacer: Pacer) =
    let rec turn (now: TimeUs) sent =
        if now > until then
            List.rev sent
        elif pacer.CanSend(now, size) then
            pacer.OnSent(now, size)
            turn now (now :: sent)
        else
            turn (pacer.NextRelease(now, plenty).Value + TimeSpan.FromMicroseconds(float lateness)) sent

    turn TimeUs.Zero []

/// Sends all full packets that may leave at one instant: how many.
let private drain (now: TimeUs) (pacer: Pacer) =
    let rec next sent =
        if pacer.CanSend(now, size) then
            pacer.OnSent(now, size)
            next (sent + 1)
        else
            sent

    next 0

let private within (ratio: float) (expected: float) (actual: float) message =
    Expect.isLessThan (abs (actual - expected) / expected) ratio message

[<Tests>]
let tests =
    testList
        "Recovery.Pacer (RFC 9002 §7.7)"
        [ testCase "before there is an RTT sample nothing is paced"
          <| fun () ->
              let pacer = Pacer(size, span 1.0)

              for _ in 1..100 do
                  Expect.isTrue (pacer.CanSend(TimeUs.Zero, size)) "the window alone limits"
                  pacer.OnSent(TimeUs.Zero, size)

              Expect.equal (pacer.NextRelease(TimeUs.Zero, plenty)) (Nullable()) "now"

          testCase "ten packets leave at once, and ten more when they have been earned"
          <| fun () ->
              // A packet a millisecond.
              let pacer = paced 1_200_000UL
              let sent = pacer |> sendUntil TimeUs.Zero 0
              Expect.equal sent.Length Pacer.BurstPackets "a burst"
              Expect.equal (pacer.NextRelease(TimeUs.Zero, plenty)) (Nullable(ms 10.0)) "one wake-up for all of them"
              Expect.isFalse (pacer.CanSend(ms 9.9, size)) "who comes earlier, with an acknowledgment, breaks no run"
              Expect.isTrue (pacer.CanSend(ms 10.0, size)) "the run"

          testCase "less than a burst leaves when all of it has been earned, and a packet is waited for at least"
          <| fun () ->
              let pacer = paced 1_200_000UL
              pacer |> sendUntil TimeUs.Zero 0 |> ignore
              let release bytes = pacer.NextRelease(TimeUs.Zero, bytes)
              Expect.equal (release 3_600UL) (Nullable(ms 3.0)) "three packets"
              Expect.equal (release 1_201UL) (Nullable(us 1001L)) "a packet, and a byte of the next"
              Expect.equal (release 0UL) (Nullable(ms 1.0)) "what is not counted may fill a packet"

          testCase "what cannot wait for a run need not"
          <| fun () ->
              let pacer = paced 1_200_000UL
              pacer |> sendUntil TimeUs.Zero 0 |> ignore
              pacer.NextRelease(TimeUs.Zero, plenty) |> ignore
              Expect.isFalse (pacer.CanSend(ms 2.0, size)) "a run is waited for"
              Expect.equal (pacer.NextRelease(ms 2.0, 0UL)) (Nullable(ms 2.0)) "a packet was earned long ago"
              Expect.isTrue (pacer.CanSend(ms 2.0, size)) "so that it may go"

          testCase "who comes late finds what was earned meanwhile, up to another burst"
          <| fun () ->
              let late (lateness: float) =
                  let pacer = paced 1_200_000UL
                  pacer |> sendUntil TimeUs.Zero 0 |> ignore

                  let release =
                      pacer.NextRelease(TimeUs.Zero, plenty).Value
                      + TimeSpan.FromMilliseconds lateness

                  drain release pacer

              Expect.equal (late 0.0) 10 "in time"
              Expect.equal (late 4.0) 14 "four milliseconds late"
              Expect.equal (late 1000.0) 20 "for ever is too long"

          testCase "who was not waiting finds a burst and no more"
          <| fun () ->
              let pacer = paced 1_200_000UL
              pacer |> sendUntil (ms 5.0) 0 |> ignore
              pacer.OnSent(ms 5.0, size)
              Expect.equal (drain (ms 1000.0) pacer) Pacer.BurstPackets "a burst"

          testCase "a smooth sender is woken for each packet"
          <| fun () ->
              let pacer = paced 1_200_000UL
              pacer.SetRate(TimeUs.Zero, Nullable 1_200_000UL, isSmooth = true)
              pacer |> sendUntil TimeUs.Zero 0 |> ignore
              Expect.equal (pacer.NextRelease(TimeUs.Zero, plenty)) (Nullable(ms 1.0)) "one packet a millisecond"

          for rate in [ 1_000UL; 125_000UL; 12_500_000UL; 1_250_000_000UL ] do
              testCase $"at {rate} bytes per second the average rate is right within 1 %%"
              <| fun () ->
                  let pacer = paced rate
                  let seconds = 20_000.0 * float size / float rate |> max 0.1 |> min 2_000.0
                  let sent = pacer |> sendUntil (ms (1000.0 * seconds)) 0
                  let beyondBurst = float (int64 sent.Length * int64 size - pacer.Burst)
                  within 0.01 (float rate * seconds) beyondBurst "rate"

          testCase "packets further apart than a microsecond's fraction are not starved by rounding"
          <| fun () ->
              // 3 bytes a microsecond and a third: asking at every microsecond must not lose the third.
              let pacer = paced 3_333_333UL
              let mutable sent = 0

              for now in 0L .. 1_000_000L do
                  if pacer.CanSend(us now, size) then
                      pacer.OnSent(us now, size)
                      sent <- sent + size

              within 0.01 3_333_333.0 (float sent) "one second's worth"

          testCase "a wake-up half a millisecond late costs no rate"
          <| fun () ->
              let rate = 125_000_000UL
              let sent = paced rate |> sendUntil (ms 1000.0) 400
              within 0.02 (float rate) (float (sent.Length * size)) "rate"

          testCase "a fast sender is woken for runs, not for packets"
          <| fun () ->
              let pacer = paced 1_250_000_000UL
              pacer |> sendUntil TimeUs.Zero 0 |> ignore
              let wait = pacer.NextRelease(TimeUs.Zero, plenty).Value - TimeUs.Zero
              Expect.isGreaterThan wait (TimeSpan.FromMicroseconds 400.0) "about half a millisecond"

          testCase "packets that did not ask delay those that do"
          <| fun () ->
              let pacer = paced 1_200_000UL
              pacer |> sendUntil TimeUs.Zero 0 |> ignore
              pacer.OnSent(TimeUs.Zero, size)
              Expect.equal (pacer.NextRelease(TimeUs.Zero, plenty)) (Nullable(ms 11.0)) "the probe first"

          testCase "credit earned at the old rate stays when the rate changes"
          <| fun () ->
              let pacer = paced 1_200_000UL
              pacer |> sendUntil TimeUs.Zero 0 |> ignore
              pacer.SetRate(ms 0.5, Nullable 120_000UL)
              Expect.equal (pacer.NextRelease(ms 0.5, plenty)) (Nullable(ms 95.5)) "nine packets and a half are missing"

          property "no window of time has more than a burst and the rate"
          <| fun (PositiveInt rate) (waits: uint16 list) ->
              let rate = uint64 rate * 10_000UL
              let pacer = paced rate
              let mutable now = TimeUs.Zero
              let mutable sent = 0L

              for wait in waits do
                  now <- now + TimeSpan.FromMicroseconds(float wait)

                  sent <- sent + int64 (drain now pacer * size)

                  let allowed = float pacer.Burst + float rate * float now.Microseconds / 1e6
                  Expect.isLessThanOrEqual (float sent) (allowed + 1.0) "bounded"

          property "nor with wake-ups that come late, but for another burst"
          <| fun (PositiveInt rate) (delays: uint16 list) ->
              let pacer = paced (uint64 rate * 10_000UL)
              let mutable now = TimeUs.Zero
              let mutable sent = 0L

              for delay in delays do
                  sent <- sent + int64 (drain now pacer * size)

                  let allowed = float pacer.Burst + float rate * 1e4 * float now.Microseconds / 1e6
                  Expect.isLessThanOrEqual (float sent) (allowed + 1.0) "never more than was earned"
                  let before = sent
                  now <- pacer.NextRelease(now, plenty).Value + TimeSpan.FromMicroseconds(float delay)

                  sent <- sent + int64 (drain now pacer * size)

                  Expect.isLessThanOrEqual (sent - before) (2L * pacer.Burst) "at once"

          property "whoever waits as told may send"
          <| fun (PositiveInt rate) (sizes: byte list) ->
              let pacer = paced (uint64 rate)
              let mutable now = TimeUs.Zero

              for extra in sizes do
                  pacer.OnSent(now, int extra * 10)

                  pacer.NextRelease(now, plenty)
                  |> Option.ofNullable
                  |> Option.iter (fun release ->
                      Expect.isGreaterThan release now "later"
                      now <- release)

                  Expect.isTrue (pacer.CanSend(now, size)) "now it may" ]
