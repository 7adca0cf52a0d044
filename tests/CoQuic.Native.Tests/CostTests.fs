/// What the library allocates for a datagram: small objects, since all bytes lie in memory that served before.
module CoQuic.Native.Tests.CostTests

open System
open Expecto
open Microsoft.FSharp.NativeInterop
open CoQuic.Abi
open CoQuic.Native
open CoQuic.Native.Tests.Abi
open CoQuic.Native.Tests.Two

/// The bytes of the heap that a call takes, and what it told.
let private costOf (work: nativeptr<nativeptr<ResultBlock>> -> _) =
    let result = NativePtr.stackalloc<nativeptr<ResultBlock>> 1
    let before = GC.GetAllocatedBytesForCurrentThread()
    work result |> ignore
    let cost = GC.GetAllocatedBytesForCurrentThread() - before
    let told = readResult (NativePtr.read result)
    Calls.DestroyResult(NativePtr.read result)
    cost, told

let private costOfReceiving endpoint now (datagram: Send) =
    withBytes datagram.Bytes (fun bytes ->
        let mutable input =
            CoquicInboundDatagram(Size = size<CoquicInboundDatagram>, Bytes = bytes, RouteHandle = route path)

        let pointer = &&input
        costOf (fun result -> Calls.InputDatagram(endpoint, pointer, now, result)))

let private costOfSending endpoint stream (payload: byte[]) now =
    withBytes payload (fun bytes ->
        let mutable input =
            CoquicSendStreamData(Size = size<CoquicSendStreamData>, StreamId = stream, Bytes = bytes)

        let pointer = &&input
        costOf (fun result -> Calls.SendStream(endpoint, 1UL, pointer, now, result)))

let private rounds = 100
let private written = Array.zeroCreate<byte> 8_000

/// A client writes, its server receives, round by round; what the calls of each took.
let private transfer two =
    [ for _ in 1..rounds do
          let sending, result = costOfSending two.ClientEndpoint 0UL written two.Now
          two.Now <- two.Now + 1_000UL

          let arrivals =
              [ for datagram in sent result -> costOfReceiving two.ServerEndpoint two.Now datagram ]

          for _, answer in arrivals do
              take two Server answer |> ignore

          exchange two
          sending, List.map fst arrivals ]

[<Tests>]
let tests =
    testList
        "the heap behind the ABI"
        [ testCase "a datagram that comes in takes less of it than half of its bytes"
          <| fun () ->
              using standard (fun two ->
                  let costs = transfer two |> List.collect snd
                  Expect.isGreaterThan costs.Length (6 * rounds) "datagrams of 1200 bytes"
                  Expect.isLessThan (List.averageBy float costs) 600.0 "bytes a datagram, answers included")

          testCase "what is written takes its copy, twice as large at most, and the datagrams take little"
          <| fun () ->
              using standard (fun two ->
                  let costs = transfer two |> List.map fst
                  Expect.isLessThan (List.averageBy float costs) (2.0 * float written.Length) "bytes a write") ]
