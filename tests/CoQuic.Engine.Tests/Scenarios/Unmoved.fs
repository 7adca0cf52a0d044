/// Whether an input changed anything.
module CoQuic.Engine.Tests.Scenarios.Unmoved

open System
open Expecto
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Pair
open CoQuic.Engine.Tests.Scenarios.Attacker

/// Bytes that mean nothing.
let noise length (seed: int) =
    let bytes = Array.zeroCreate<byte> length
    Random(seed).NextBytes bytes
    bytes

let openDefaultPair () =
    openPair (TransportConfig()) (TransportConfig()) ideal

/// All that a connection counts, but for what came in.
let counted side pair =
    match (endpoint side pair).GetStatistics(handleOf side pair) with
    | null -> []
    | statistics ->
        let cameIn = set [ "BytesReceived"; "DatagramsReceived"; "PacketsDropped" ]

        [ for property in typeof<ConnectionStatistics>.GetProperties() do
              if not (cameIn.Contains property.Name) then
                  property.Name, property.GetValue statistics ]

let private snapshot side pair =
    let endpoint = endpoint side pair
    counted side pair, endpoint.ConnectionCount, endpoint.NextWakeup, endpoint.HasSendContinuationPending

/// Does everything that is due, so that nothing but the next input can bring anything about.
let private settle side pair =
    let endpoint = endpoint side pair

    while endpoint.HasSendContinuationPending
          || (endpoint.NextWakeup.HasValue && endpoint.NextWakeup.Value <= pair.Now) do
        absorb side (endpoint.TimerExpired pair.Now) pair

/// Stateless answers belong to no connection.
let private isStateless (effect: Effect) =
    effect :? SendDatagramEffect && effect.Connection = ConnectionHandle.None

/// Feeds a datagram that must not change anything: not what is counted, not the timer, not a single effect.
let expectNothing side (bytes: byte[]) what pair =
    settle side pair
    let before = snapshot side pair
    let result = feed side bytes pair

    for effect in result.Effects do
        Expect.isTrue (isStateless effect) $"{what}: {side} answers with {effect}"

    Expect.isNull result.LocalError $"{what}: no error of ours"
    Expect.equal (snapshot side pair) before $"{what}: {side} is as it was"
