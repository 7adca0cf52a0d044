module CoQuic.Engine.Tests.Crypto.KeyPhaseTests

open System
open Expecto
open CoQuic.Engine

let private suite = CipherSuite.Aes128GcmSha256
let private secret = Array.create 32 7uy
let private destination = ConnectionId(ReadOnlySpan(Array.zeroCreate<byte> 8))
let private packetNumberOffset = 1 + 8
let private at (ms: float) = TimeUs.FromMilliseconds ms
let private retention = TimeSpan.FromMilliseconds 100.0

let private sender limit =
    new SendingKeyPhases(QuicVersion.V1, suite, limit, ReadOnlySpan secret)

let private receiver () =
    new ReceivingKeyPhases(QuicVersion.V1, suite, ReadOnlySpan secret)

/// The keys of the first phases of one sender, oldest first.
let private phases =
    lazy
        [ for updates in 0..2 do
              let sender = sender 1_000UL

              for _ in 1..updates do
                  sender.Update()

              sender ]

/// A packet with a number, sealed in a phase.
let private packet (number: uint64, phase: int) =
    let sender = phases.Value[phase]
    let buffer = Array.zeroCreate<byte> 100
    let header = ShortHeader(destination, false, sender.Phase, number, 4)
    let mutable builder = PacketBuilder.Begin(Span buffer, &header)
    builder.Payload.WriteBytes(ReadOnlySpan [| 1uy |])
    Array.truncate (builder.Seal sender.Protection) buffer

/// Whether a packet opens, with the largest number that was received before.
let private opens now (largest: uint64) numbered (receiver: ReceivingKeyPhases) =
    let bytes = packet numbered
    let mutable opened = OpenedPacket()
    let arrived = Array.copy bytes

    let isOpen =
        receiver.TryOpen(now, retention, Span arrived, packetNumberOffset, Nullable largest, &opened)

    if not isOpen then
        Expect.equal arrived bytes "what does not open stays as it was"

    isOpen

/// Takes packets in this order, and says whether the order of their keys is seen to be broken.
let private breaksOrder (packets: (uint64 * int) list) =
    let receiver = receiver ()

    (0UL, packets)
    ||> List.fold (fun largest (number, phase) ->
        opens (at 0.0) largest (number, phase) receiver |> ignore
        max largest number)
    |> ignore

    receiver.IsOrderBroken

[<Tests>]
let receiving =
    testList
        "Crypto.ReceivingKeyPhases (RFC 9001 §6)"
        [ testCase "a late packet of the previous phase opens for a while, and not afterwards (RFC 9001 §6.5)"
          <| fun () ->
              let receiver = receiver ()
              Expect.isTrue (opens (at 0.0) 0UL (10UL, 0) receiver) "the first phase"
              Expect.isTrue (opens (at 0.0) 10UL (20UL, 1) receiver) "the second"
              Expect.isTrue (opens (at 100.0) 20UL (15UL, 0) receiver) "late"
              Expect.isFalse (opens (at 100.1) 20UL (16UL, 0) receiver) "too late"
              Expect.isTrue (opens (at 100.1) 20UL (21UL, 1) receiver) "the second goes on"
              Expect.isFalse receiver.IsOrderBroken "and all was in order"

          testCase "a phase that is two updates ahead does not open, nor one that is two behind"
          <| fun () ->
              let receiver = receiver ()
              Expect.isFalse (opens (at 0.0) 0UL (10UL, 2) receiver) "ahead"
              Expect.isTrue (opens (at 0.0) 0UL (10UL, 0) receiver) "the first"
              Expect.isTrue (opens (at 0.0) 10UL (20UL, 1) receiver) "the second"
              Expect.isTrue (opens (at 0.0) 20UL (30UL, 2) receiver) "the third"
              Expect.isFalse (opens (at 0.0) 30UL (15UL, 0) receiver) "behind"
              Expect.isFalse receiver.IsOrderBroken "which breaks no order"

          testCase "old keys behind newer ones are noticed, in whatever order their packets come (RFC 9001 §6.4)"
          <| fun () ->
              Expect.isTrue (breaksOrder [ 10UL, 0; 20UL, 1; 25UL, 0 ]) "an old key again"
              Expect.isTrue (breaksOrder [ 10UL, 0; 30UL, 0; 20UL, 1 ]) "a new key below an old one"
              Expect.isTrue (breaksOrder [ 10UL, 0; 20UL, 1; 15UL, 0; 12UL, 1 ]) "the same, when both are late"

          testCase "packets of two phases that overtake each other are in order"
          <| fun () ->
              Expect.isFalse
                  (breaksOrder [ 10UL, 0; 25UL, 1; 15UL, 0; 20UL, 1; 19UL, 0; 30UL, 1; 40UL, 2; 29UL, 1 ])
                  "all" ]

[<Tests>]
let sending =
    testList
        "Crypto.SendingKeyPhases (RFC 9001 §6.6)"
        [ testCase
              "packets are counted for each key: an update is due at half of the suite's limit, and at its end the key is worn out"
          <| fun () ->
              let limit = AeadLimits.Of(suite).Confidentiality
              let sender = sender limit

              let seal (count: uint64) =
                  for number in 1UL .. count do
                      sender.OnSealed number

              seal (limit / 2UL - 1UL)
              Expect.isFalse sender.IsUpdateDue "not yet"
              seal 1UL
              Expect.isTrue sender.IsUpdateDue "half"
              Expect.isFalse sender.IsWornOut "there is time for an update"
              seal (limit / 2UL - 17UL)
              Expect.isFalse sender.IsWornOut "almost"
              seal 1UL
              Expect.isTrue sender.IsWornOut "what is left is for CONNECTION_CLOSE"
              sender.Update()
              Expect.isFalse (sender.IsUpdateDue || sender.IsWornOut) "new keys count from nothing"

          testCase "every update changes the key and turns the phase, and the header protection stays (RFC 9001 §6.1)"
          <| fun () ->
              let sender = sender 1_000UL
              let header = sender.Protection.HeaderKey
              let key = sender.Protection.Key
              sender.Update()
              Expect.isTrue sender.Phase "turned"
              Expect.isTrue (obj.ReferenceEquals(sender.Protection.HeaderKey, header)) "kept"
              Expect.isFalse (obj.ReferenceEquals(sender.Protection.Key, key)) "changed" ]
