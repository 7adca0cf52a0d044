module CoQuic.Engine.Tests.Recovery.SentPacketLogTests

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Recovery.Sender
open CoQuic.Tests.Properties

let private append (log: SentPacketLog) (frames: SentFrame list) =
    let sent = packet EncryptionLevel.OneRtt log.NextPacketNumber 100
    log.Append(&sent, ReadOnlySpan(Array.ofList frames))

let private sent count =
    let log = SentPacketLog()

    for _ in 1..count do
        append log []

    log

/// Acknowledges one range and returns what was new, or None when it holds a number that was never sent.
let private acknowledge smallest largest (log: SentPacketLog) =
    let settled = SettledPackets()

    if log.TryAcknowledge(PacketNumberRange(smallest, largest), settled) then
        Some [ for packet in settled.Packets.ToArray() -> packet.PacketNumber ]
    else
        None

/// Losses by the packet threshold alone.
let private detectLost (log: SentPacketLog) =
    let lost = SettledPackets()
    let rules = LossRules(TimeUs -1L, span 1000.0, Nullable(), 0u)
    log.DetectLost(&rules, PersistentCongestion(), lost) |> ignore
    [ for packet in lost.Packets.ToArray() -> packet.PacketNumber ]

let private framesOf (number: uint64) =
    [ for index in 0UL .. number % 5UL -> SentFrame.Stream(StreamId number, index, int number, (index = 0UL)) ]

let private cases =
    testList
        "by example"
        [ testCase "packet numbers rise by one"
          <| fun () ->
              let log = SentPacketLog()
              Expect.equal log.NextPacketNumber 0UL "the first"
              append log []
              append log []
              Expect.equal log.NextPacketNumber 2UL "the third"

          testCase "a packet is acknowledged once"
          <| fun () ->
              let log = sent 5
              Expect.equal (acknowledge 1UL 3UL log) (Some [ 3UL; 2UL; 1UL ]) "all new"
              Expect.equal (acknowledge 0UL 4UL log) (Some [ 4UL; 0UL ]) "the rest"
              Expect.equal (acknowledge 0UL 4UL log) (Some []) "nothing"
              Expect.equal log.AckElicitingInFlight 0 "all settled"

          testCase "an ACK for a number not sent yet is an error"
          <| fun () ->
              Expect.equal (acknowledge 0UL 5UL (sent 5)) None "5 was never sent"
              Expect.equal (acknowledge 0UL 0UL (SentPacketLog())) None "nothing was sent"
              Expect.equal (acknowledge 0UL UInt64.MaxValue (sent 5)) None "however large"

          testCase "an ACK for a skipped number is an error (RFC 9000 §21.4)"
          <| fun () ->
              let log = sent 2
              Expect.equal (log.Skip()) 2UL "left out"
              append log []
              Expect.equal (acknowledge 3UL 3UL log) (Some [ 3UL ]) "its neighbour may be"
              Expect.equal (acknowledge 1UL 3UL log) None "2 was never sent"

          testCase "three later packets make a loss, a skipped number does not count among them"
          <| fun () ->
              let log = sent 1
              log.Skip() |> ignore
              append log []
              append log []
              acknowledge 3UL 3UL log |> ignore
              Expect.isEmpty (detectLost log) "0 was overtaken by 2 and 3 only"
              append log []
              acknowledge 4UL 4UL log |> ignore
              Expect.equal (detectLost log) [ 0UL ] "and by 4"

          testCase "a lost packet that is acknowledged later was lost spuriously"
          <| fun () ->
              let log = sent 4
              acknowledge 3UL 3UL log |> ignore
              Expect.equal (detectLost log) [ 0UL ] "overtaken by three"
              let late = SettledPackets()
              Expect.isTrue (log.TryAcknowledge(PacketNumberRange(0UL, 0UL), late)) "legal"
              Expect.isTrue late[0].WasDeclaredLost "marked"
              Expect.equal log.SpuriouslyLost 1UL "counted"
              Expect.equal log.AckElicitingInFlight 2 "1 and 2"

          testCase "packets with only ACKs are forgotten after a while, acknowledged or not"
          <| fun () ->
              let log = SentPacketLog()

              for number in 0UL .. 10_000UL do
                  let sent = ackOnly EncryptionLevel.OneRtt number
                  log.Append(&sent, ReadOnlySpan [| SentFrame.Ack number |])

              Expect.equal
                  (acknowledge 0UL 10_000UL log |> Option.map List.length)
                  (Some SentPacketLog.Memory)
                  "the newest"

          testCase "a peer that acknowledges nothing fills the log to its bound"
          <| fun () ->
              let log = sent (SentPacketLog.MaximumSpan - 1)
              Expect.isFalse log.IsFull "one more fits"
              append log []
              Expect.isTrue log.IsFull "full"

          testCase "a log that is cleared remembers which numbers were sent, and nothing else of them"
          <| fun () ->
              let log = sent 40
              log.Abandon(EncryptionLevel.OneRtt, SettledPackets())
              log.Clear()
              Expect.equal (acknowledge 0UL 39UL log) (Some []) "they concern nobody"
              Expect.equal (acknowledge 40UL 40UL log) None "40 was never sent"
              Expect.equal log.LargestAcknowledged (Nullable 39UL) "as always"
              append log []
              Expect.equal (acknowledge 0UL 40UL log) (Some [ 40UL ]) "numbers go on"

          testCase "the oldest packets in flight are what a probe repeats"
          <| fun () ->
              let log = sent 4
              acknowledge 0UL 0UL log |> ignore
              let oldest = SettledPackets()
              log.CopyOldestOutstanding(2, oldest)
              Expect.equal [ for packet in oldest.Packets.ToArray() -> packet.PacketNumber ] [ 1UL; 2UL ] "1 and 2"
              Expect.equal log.AckElicitingInFlight 3 "they stay in flight" ]

let private linear =
    testList
        "an ACK costs what it newly acknowledges"
        [ testCase "acknowledging everything again and again looks at each packet a few times"
          <| fun () ->
              let count = 20_000
              let log = sent count

              // Packet 0 never arrives, so that nothing behind it can be forgotten.
              for largest in 2UL .. 2UL .. uint64 count - 1UL do
                  acknowledge 1UL largest log |> ignore

              Expect.isLessThan log.Visits (4UL * uint64 count) "linear, where walking ranges anew is quadratic"

          testCase "many gaps cost nothing when they are repeated"
          <| fun () ->
              let count = 4_000
              let log = sent count
              let odd = [ for number in 1UL .. 2UL .. uint64 count - 1UL -> number ] |> List.rev
              odd |> List.iter (fun number -> acknowledge number number log |> ignore)
              let before = log.Visits

              for _ in 1..10 do
                  odd |> List.iter (fun number -> acknowledge number number log |> ignore)

              Expect.isLessThanOrEqual (log.Visits - before) (10UL * uint64 odd.Length) "one look for each range" ]

type Step =
    | Send
    | SendAck
    | Skip
    | Acknowledge of first: byte * length: byte

let private againstModel =
    testList
        "against a set of numbers"
        [ property "what is newly acknowledged is what was sent and not acknowledged"
          <| fun (steps: Step list) ->
              let log = SentPacketLog()

              let follow (outstanding: Set<uint64>, skipped: Set<uint64>) step =
                  let next = log.NextPacketNumber

                  match step with
                  | Send ->
                      append log (framesOf next)
                      outstanding.Add next, skipped
                  | SendAck ->
                      let sent = ackOnly EncryptionLevel.OneRtt next
                      log.Append(&sent, ReadOnlySpan [| SentFrame.Ack next |])
                      outstanding.Add next, skipped
                  | Skip ->
                      log.Skip() |> ignore
                      outstanding, skipped.Add next
                  | Acknowledge(first, length) ->
                      let smallest = uint64 first
                      let largest = smallest + uint64 length % 20UL
                      let covered = set [ smallest..largest ]
                      let isLegal = largest < next && Set.isEmpty (Set.intersect covered skipped)

                      if isLegal then
                          let expected = Set.intersect covered outstanding |> Set.toList |> List.rev
                          Expect.equal (acknowledge smallest largest log) (Some expected) "newly acknowledged"
                          outstanding - covered, skipped
                      else
                          outstanding, skipped

              ((Set.empty, Set.empty), steps) ||> List.fold follow |> ignore

          property "records come back as they were stored, in any order and through any growth"
          <| fun (order: byte list) ->
              let log = SentPacketLog()

              for number in 0UL .. 99UL do
                  append log (framesOf number)

              for number in order |> List.map (fun number -> uint64 number % 100UL) do
                  let settled = SettledPackets()
                  log.TryAcknowledge(PacketNumberRange(number, number), settled) |> ignore
                  append log (framesOf log.NextPacketNumber)

                  if settled.Count = 1 then
                      Expect.equal (settled.FramesOf(0).ToArray() |> List.ofArray) (framesOf number) "its own records" ]

[<Tests>]
let tests = testList "Recovery.SentPacketLog" [ cases; linear; againstModel ]
