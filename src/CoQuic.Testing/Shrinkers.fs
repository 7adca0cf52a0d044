namespace CoQuic.Testing

open System
open Microsoft.FSharp.Reflection
open CoQuic.FSharp

[<RequireQualifiedAccess>]
module Shrinkers =

    let bytes (value: Bytes) : Bytes seq =
        let isZero = value.ToArray() |> Array.forall (fun one -> one = 0uy)

        seq {
            if not value.IsEmpty then
                Bytes.empty

                if value.Length > 1 then
                    Bytes.slice 0 (value.Length / 2) value

                if value.Length > 2 then
                    Bytes.slice 0 (value.Length - 1) value

                if not isZero then
                    Bytes.ofArray (Array.zeroCreate value.Length)
        }

    let number (value: uint64) : uint64 seq =
        [ 0UL; value / 2UL; value - 1UL ]
        |> Seq.filter (fun smaller -> value > 0UL && smaller < value)
        |> Seq.distinct

    let time (value: TimeSpan) : TimeSpan seq =
        [ TimeSpan.Zero
          TimeSpan.FromMilliseconds(Math.Floor(value.TotalMilliseconds / 2.0)) ]
        |> Seq.filter (fun shorter -> shorter < value && shorter >= TimeSpan.Zero)
        |> Seq.distinct

    /// Probabilities below a thousandth are not made smaller.
    let private leastProbability = 0.001

    let private probability value =
        seq {
            if value > leastProbability then
                Math.Round(value / 2.0, 4)
        }

    let private which (value: Which) =
        match value with
        | Which.Chance chance -> Seq.map Which.Chance (probability chance)
        | Which.Numbers numbers ->
            seq {
                if numbers.Count > 1 then
                    for number in numbers -> Which.Numbers(Set.remove number numbers)
            }

    let stage (value: Stage) : Stage seq =
        match value with
        | Stage.Delay delay -> time delay |> Seq.map Stage.Delay
        | Stage.Jitter most -> time most |> Seq.map Stage.Jitter
        | Stage.Loss chosen -> which chosen |> Seq.map Stage.Loss
        | Stage.Duplication chosen -> which chosen |> Seq.map Stage.Duplication
        | Stage.Corruption chosen -> which chosen |> Seq.map Stage.Corruption
        | Stage.EcnMarking chosen -> which chosen |> Seq.map Stage.EcnMarking
        | Stage.BurstLoss bursts ->
            probability bursts.Beginning
            |> Seq.map (fun beginning -> Stage.BurstLoss { bursts with Beginning = beginning })
        | Stage.Reordering(chosen, back) ->
            Seq.append
                (which chosen |> Seq.map (fun chosen -> Stage.Reordering(chosen, back)))
                (time back |> Seq.map (fun back -> Stage.Reordering(chosen, back)))
        | Stage.BlackHole(since, until) ->
            time (until - since)
            |> Seq.map (fun length -> Stage.BlackHole(since, since + length))
        | Stage.EcnBleaching
        | Stage.Mtu _
        | Stage.Bottleneck _ -> Seq.empty

    let link (value: Link) : Link seq =
        seq {
            for index in 0 .. value.Stages.Length - 1 -> { Stages = List.removeAt index value.Stages }

            for index, one in List.indexed value.Stages do
                for milder in stage one -> { Stages = List.updateAt index milder value.Stages }
        }

    let private isRecord (kind: Type) = FSharpType.IsRecord kind

    /// Records with one of the fields that differ from `basis` as it is there, and the same inside of those that are records.
    let rec private fieldsTowards (kind: Type) (basis: obj) (value: obj) : obj seq =
        let values = FSharpValue.GetRecordFields value
        let standards = FSharpValue.GetRecordFields basis

        let withField index field =
            FSharpValue.MakeRecord(kind, Array.updateAt index field values)

        seq {
            for index, field in Array.indexed (FSharpType.GetRecordFields kind) do
                if not (Object.Equals(standards[index], values[index])) then
                    yield withField index standards[index]

                    if isRecord field.PropertyType then
                        for nearer in
                            fieldsTowards field.PropertyType (nonNull standards[index]) (nonNull values[index]) do
                            yield withField index nearer
        }

    let towards (basis: 'record) (value: 'record) : 'record seq =
        match box basis, box value with
        | null, _
        | _, null -> Seq.empty
        | basis, value -> fieldsTowards typeof<'record> basis value |> Seq.map unbox<'record>
