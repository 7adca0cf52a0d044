/// Packets that overtake the handshake data which brings their keys (RFC 9001 §5.7).
module CoQuic.Engine.Tests.Scenarios.EarlyPacketsTests

open System
open System.Collections.Generic
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Engine.Tests.Scenarios.Visits

let private first = StreamId 0UL

/// Holds the datagrams of a side that a test names, to let them go later.
let private holding side (numbers: int list) pair =
    let held = List<Bytes>()

    pair.Tamper <-
        fun sender number bytes ->
            if sender = side && List.contains number numbers then
                held.Add bytes
                Bytes.Empty
            else
                bytes

    held

let private release side (held: List<Bytes>) pair =
    for bytes in held do
        let input =
            InboundDatagram(bytes, 0, Nullable(RouteHandle 1UL), EcnCodepoint.Unavailable, Bytes.Empty)

        let receiver = other side
        absorb receiver ((endpoint receiver pair).ReceiveDatagram(pair.Now, &input)) pair

let private step20 pair =
    let until = pair.Now + TimeSpan.FromMilliseconds 20.0

    runUntil (TimeSpan.FromMilliseconds 20.0) (fun pair -> pair.Now >= until) pair
    |> ignore

[<Tests>]
let tests =
    testList
        "early packets"
        [ testCase "1-RTT packets that overtake the client's Finished are kept, and processed after it"
          <| fun () ->
              let pair = Pair.create 1 ideal
              // The second datagram of a client ends its handshake.
              let held = holding Client [ 1 ] pair
              connect pair
              Expect.isTrue (runUntil minute (hasState Client StateChange.HandshakeReady) pair) "the client is ready"
              Expect.isNone (send Client first (pattern 3000) true pair) "it writes"
              step20 pair
              Expect.isEmpty (told<ReceiveStreamDataEffect> Server pair) "nothing is processed early (RFC 9001 §5.7)"
              release Client held pair
              Expect.isTrue (hasAll (pattern 3000) pair) "all of it is there at once"
              Expect.equal (pair.Server.CountDropped DropReason.NoKeys) 0UL "nothing was dropped"

          testCase "Handshake packets that overtake the ServerHello are kept"
          <| fun () ->
              let pair = Pair.create 1 ideal
              let held = holding Server [ 0 ] pair
              connect pair
              Expect.isTrue (runUntil minute (fun _ -> held.Count = 1) pair) "the server's flight"
              let flight = held[0]
              let mutable hello = ProtectedPacket()
              Expect.isTrue (PacketParser.TryReadNext(flight.Span, 8, &hello)) "it begins with an Initial"
              let initial = hello.Length
              Expect.isLessThan initial flight.Length "and goes on with a Handshake packet"
              release Server (List [ flight.Slice initial ]) pair
              Expect.isFalse (hasState Client StateChange.HandshakeReady pair) "not yet"
              release Server (List [ flight.Slice(0, initial) ]) pair
              Expect.isTrue (hasState Client StateChange.HandshakeReady pair) "at once"
              Expect.equal (pair.Client.CountDropped DropReason.NoKeys) 0UL "nothing was dropped"

          testCase "what a server says early is kept by a client that cannot read it yet"
          <| fun () ->
              let pair = Pair.create 1 ideal
              let held = holding Server [ 0; 1; 2 ] pair
              connect pair

              Expect.isTrue
                  (runUntil minute (fun pair -> pair.ServerConnection <> ConnectionHandle.None) pair)
                  "accepted"

              Expect.isNone (send Server (StreamId 3UL) (pattern 200) true pair) "half a round trip early"
              step20 pair
              Expect.isEmpty (told<ReceiveStreamDataEffect> Client pair) "not yet"
              release Server held pair

              Expect.equal
                  (received Client (StreamId 3UL) pair)
                  (pattern 200, true)
                  "at once, when the handshake is complete"

          testCase "no more waits than the bounds allow"
          <| fun () ->
              let early = EarlyPackets()
              let arrival = OwnedDatagram(Memory(Array.zeroCreate 10))
              let destination = ConnectionId(ReadOnlySpan(Array.zeroCreate 8))

              let keep level (size: int) =
                  early.TryKeep(TimeUs.Zero, level, ReadOnlySpan(Array.zeroCreate size), destination, &arrival)

              for _ in 1 .. EarlyPackets.MaximumPackets do
                  Expect.isTrue (keep EncryptionLevel.OneRtt 100) "as many as that"

              Expect.isFalse (keep EncryptionLevel.OneRtt 100) "no more"
              let mutable taken = EarlyPacket()
              Expect.isFalse (early.TryTake(EncryptionLevel.Handshake, &taken)) "none of that level"
              Expect.isTrue (early.TryTake(EncryptionLevel.OneRtt, &taken)) "one leaves"
              Expect.isFalse (keep EncryptionLevel.Handshake (EarlyPackets.MaximumBytes - 3000)) "too many bytes"
              Expect.isTrue (keep EncryptionLevel.Handshake 100) "one more"
              Expect.equal taken.Bytes.Length 100 "the packet"

          testCase "garbage that pretends to be early is dropped in the end, and counted"
          <| fun () ->
              let pair = Pair.create 1 ideal
              connect pair
              let own = told<SendDatagramEffect> Client pair |> List.head
              let source = own.Bytes.Slice(15, 8)

              for _ in 1..100 do
                  let short = Array.concat [ [| 0x40uy |]; source.ToArray(); Array.create 40 7uy ]

                  let input =
                      InboundDatagram(
                          Bytes.CopyOf(ReadOnlySpan short),
                          0,
                          Nullable(RouteHandle 1UL),
                          EcnCodepoint.Unavailable,
                          Bytes.Empty
                      )

                  absorb Client (pair.Client.ReceiveDatagram(pair.Now, &input)) pair

              Expect.isTrue (runUntil minute confirmed pair) "the handshake goes on"

              Expect.equal
                  (pair.Client.CountDropped DropReason.NoKeys
                   + pair.Client.CountDropped DropReason.NotAuthentic)
                  100UL
                  "each once"

          testCase "0-RTT packets that are late are read for a while, and then no more (RFC 9001 §4.9.3)"
          <| fun () ->
              for wait, isRead in [ 5.0, true; 5_000.0, false ] do
                  let pair, state = acquaintances 1 ideal
                  let held = holding Client [ pair.Sent[Client] + 1 ] pair
                  // Only the held packet has these bytes, until they count as lost.
                  let pair = comeBack state early (pattern 500) pair
                  Expect.isTrue (runUntil minute confirmed pair) "confirmed"

                  Expect.isNone
                      (send Client (StreamId 4UL) (pattern 10) true pair)
                      "the client goes on in 1-RTT packets"

                  Expect.isTrue
                      (runUntil minute (fun pair -> received Server (StreamId 4UL) pair = (pattern 10, true)) pair)
                      "of which the server has one"

                  pair.Now <- pair.Now + TimeSpan.FromMilliseconds wait
                  absorb Server (pair.Server.TimerExpired pair.Now) pair
                  let before = pair.Server.CountDropped DropReason.NoKeys
                  release Client held pair
                  Expect.equal (pair.Server.CountDropped DropReason.NoKeys = before) isRead $"after {wait} ms" ]
