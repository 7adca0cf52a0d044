namespace CoQuic.Testing

open System
open System.Net
open FsCheck
open FsCheck.FSharp
open CoQuic.FSharp

/// How the leaves of effects and inputs are made; FsCheck derives unions and records from them. Ranges are small, so that the
/// effects of a list meet the same connections and streams.
type internal Leaves =

    static member private Number(limit: int, make: uint64 -> 'value, value: 'value -> uint64) =
        Arb.fromGenShrink (Gen.choose (0, limit) |> Gen.map (uint64 >> make), value >> Shrinkers.number >> Seq.map make)

    static member BytesOf(limit: int) : Gen<Bytes> =
        Gen.choose (0, limit)
        |> Gen.bind (fun length -> Gen.arrayOfLength length (ArbMap.generate<byte> ArbMap.defaults))
        |> Gen.map Bytes.ofArray

    static member Bytes() =
        Arb.fromGenShrink (Leaves.BytesOf 64, Shrinkers.bytes)

    static member Secret() =
        Arb.fromGenShrink (
            Leaves.BytesOf 64 |> Gen.map Secret.ofBytes,
            Secret.reveal >> Shrinkers.bytes >> Seq.map Secret.ofBytes
        )

    static member String() =
        Arb.fromGenShrink (
            Gen.elements [ ""; "coquic"; "h3"; "a sentence for people" ],
            fun text -> if text = "" then Seq.empty else Seq.singleton ""
        )

    static member TimeUs() =
        Leaves.Number(10_000, int64 >> TimeUs, (fun time -> uint64 time.Microseconds))

    static member ConnectionHandle() =
        Leaves.Number(4, ConnectionHandle, _.Value)

    static member StreamId() = Leaves.Number(15, StreamId, _.Value)
    static member RouteHandle() = Leaves.Number(3, RouteHandle, _.Value)

    static member QuicVersion() =
        Gen.elements [ QuicVersion.V1; QuicVersion.V2 ] |> Arb.fromGen

    /// qlog events are written and never read back: what comes back from JSON has none.
    static member TraceRecord() =
        Gen.elements [ "CLIENT_RANDOM aa bb"; "EXPORTER_SECRET cc dd" ]
        |> Gen.map TraceRecord.KeyLogLine
        |> Arb.fromGen

    static member ConnectionId() =
        Leaves.BytesOf ConnectionId.MaximumLength
        |> Gen.map (fun bytes -> ConnectionId bytes.Span)
        |> Arb.fromGen

    static member Address() =
        Gen.map2
            (fun (bytes: byte array) port -> IPEndPoint(IPAddress bytes, port))
            (Gen.arrayOfLength 4 (ArbMap.generate<byte> ArbMap.defaults))
            (Gen.choose (1, 65535))
        |> Arb.fromGen

    static member Duration() =
        Arb.fromGenShrink (Gen.choose (0, 10_000) |> Gen.map (float >> TimeSpan.FromMilliseconds), Shrinkers.time)
