namespace CoQuic.Testing

open System
open FsCheck
open FsCheck.FSharp
open CoQuic.FSharp

[<RequireQualifiedAccess>]
module Generators =

    let internal leaves = ArbMap.defaults |> ArbMap.mergeWith<Leaves>

    let bytes (limit: int) : Gen<Bytes> = Leaves.BytesOf limit

    let effect: Gen<Effect> = ArbMap.generate<Effect> leaves

    let result: Gen<QueryResult> = ArbMap.generate<QueryResult> leaves

    let input: Gen<Input> = ArbMap.generate<Input> leaves

    let private milliseconds least most =
        Gen.choose (least, most) |> Gen.map (float >> TimeSpan.FromMilliseconds)

    let private chance thousandths =
        Gen.choose (1, thousandths)
        |> Gen.map (fun count -> Which.Chance(float count / 1000.0))

    let private numbers =
        Gen.choose (1, 60)
        |> Gen.nonEmptyListOf
        |> Gen.resize 4
        |> Gen.map (Set.ofList >> Which.Numbers)

    let private which thousandths =
        Gen.oneof [ chance thousandths; numbers ]

    let private bottleneck =
        Gen.map2
            (fun megabits kilobytes ->
                Stage.Bottleneck
                    { BitsPerSecond = int64 megabits * 1_000_000L
                      QueueBytes = kilobytes * 1000
                      MarkingBytes = None })
            (Gen.choose (1, 100))
            (Gen.choose (20, 200))

    /// One generator a kind of stage, each of a degree that a connection with the default timeouts survives.
    let private tolerable =
        [ milliseconds 1 100 |> Gen.map Stage.Delay
          milliseconds 1 20 |> Gen.map Stage.Jitter
          which 100 |> Gen.map Stage.Loss
          Gen.map2
              (fun beginning length ->
                  Stage.BurstLoss
                      { Beginning = float beginning / 1000.0
                        Length = float length / 10.0 })
              (Gen.choose (1, 30))
              (Gen.choose (10, 20))
          Gen.map2 (fun chosen back -> Stage.Reordering(chosen, back)) (which 200) (milliseconds 1 50)
          which 300 |> Gen.map Stage.Duplication
          which 50 |> Gen.map Stage.Corruption
          which 300 |> Gen.map Stage.EcnMarking
          Gen.constant Stage.EcnBleaching
          Gen.choose (1200, 1500) |> Gen.map Stage.Mtu
          bottleneck
          Gen.map2
              (fun since length -> Stage.BlackHole(since, since + length))
              (milliseconds 0 3000)
              (milliseconds 1 1500) ]

    let private mostStages = 4

    let link: Gen<Link> =
        gen {
            let! kinds = Gen.shuffle tolerable
            let! count = Gen.choose (0, mostStages)
            let! stages = kinds |> Seq.truncate count |> Gen.sequenceToList
            return { Stages = stages }
        }

    let conditions: Gen<Conditions> =
        Gen.map2 (fun seed link -> { Seed = uint64<int> seed; Link = link }) (Gen.choose (0, 1_000_000)) link

    let private setting generator set : Gen<TransportConfig -> TransportConfig> = Gen.map set generator

    let private flag set =
        setting (Gen.elements [ true; false ]) set

    let private kibibytes least most =
        Gen.choose (least, most) |> Gen.map (fun count -> uint64 count <<< 10)

    let private streams = Gen.choose (3, 200) |> Gen.map uint64

    /// Settings of which every one, and all of them together, let a program go on working.
    let private settings: Gen<TransportConfig -> TransportConfig> list =
        [ setting (Gen.elements (Enum.GetValues<CongestionControl>())) (fun value config ->
              { config with
                  CongestionControl = value })
          flag (fun value config ->
              { config with
                  EnableHyStartPlusPlus = value })
          flag (fun value config -> { config with PmtudEnabled = value })
          flag (fun value config ->
              { config with
                  SendStreamFairness = value })
          flag (fun value config ->
              { config with
                  EnableLatencySpinBit = value })
          flag (fun value config ->
              { config with
                  GreaseReservedVersions = value })
          flag (fun value config -> { config with GreaseQuicBit = value })
          flag (fun value config ->
              { config with
                  EnableOptimisticAckMitigation = value })
          setting (Gen.choose (0, 20)) (fun value config -> { config with AckDelayExponent = value })
          setting (milliseconds 1 100) (fun value config -> { config with MaxAckDelay = value })
          setting (Gen.choose (1, 10)) (fun value config ->
              { config with
                  AckElicitingThreshold = value })
          setting (Gen.choose (2, 8)) (fun value config ->
              { config with
                  ActiveConnectionIdLimit = value })
          setting (Gen.choose (1200, 1500)) (fun value config ->
              { config with
                  MaxUdpPayloadSize = value })
          setting (kibibytes 16 1024) (fun value config -> { config with InitialMaxData = value })
          setting (kibibytes 8 512) (fun value config ->
              { config with
                  InitialMaxStreamDataBidiLocal = value })
          setting (kibibytes 8 512) (fun value config ->
              { config with
                  InitialMaxStreamDataBidiRemote = value })
          setting (kibibytes 8 512) (fun value config ->
              { config with
                  InitialMaxStreamDataUni = value })
          setting streams (fun value config ->
              { config with
                  InitialMaxStreamsBidi = value })
          setting streams (fun value config ->
              { config with
                  InitialMaxStreamsUni = value }) ]

    let private mostSettings = 6

    let configuration (basis: EndpointConfig) : Gen<EndpointConfig> =
        gen {
            let! kinds = Gen.shuffle settings
            let! count = Gen.choose (0, mostSettings)
            let! changes = kinds |> Seq.truncate count |> Gen.sequenceToList

            return
                { basis with
                    Transport = List.fold (fun transport change -> change transport) basis.Transport changes }
        }
