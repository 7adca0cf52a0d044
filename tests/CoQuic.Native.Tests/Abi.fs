/// The functions of the ABI as a binding sees them, called in process: C structs go in, what comes out is read into values.
module CoQuic.Native.Tests.Abi

open System
open Microsoft.FSharp.NativeInterop
open CoQuic.Abi
open CoQuic.Interop
open CoQuic.Native

/// One effect, read from its struct.
type Told =
    | Send of Send
    | StreamData of StreamData
    | Datagram of connection: uint64 * bytes: byte[]
    | Reset of connection: uint64 * stream: uint64 * code: uint64 * finalSize: uint64
    | StopSending of connection: uint64 * stream: uint64 * code: uint64
    | State of connection: uint64 * change: byte
    | Life of connection: uint64 * event: byte
    | PreferredAddress of connection: uint64
    | Resumption of connection: uint64 * state: byte[]
    | EarlyData of connection: uint64 * status: byte
    | Inspection of connection: uint64 * direction: byte * packetType: byte
    | NewToken of connection: uint64 * token: byte[]

and Send =
    { Connection: uint64
      Route: uint64 option
      Bytes: byte[]
      Ecn: byte
      IsProbe: bool }

and StreamData =
    { On: uint64
      Stream: uint64
      Offset: uint64
      Data: byte[]
      Fin: bool
      FinalSize: uint64 option }

/// What an effect is called in a timeline.
let nameOf told =
    match told with
    | Send _ -> "SEND"
    | StreamData _ -> "DATA"
    | Datagram _ -> "DATAGRAM"
    | Reset _ -> "RESET"
    | StopSending _ -> "STOP_SENDING"
    | State(_, 0uy) -> "READY"
    | State(_, 1uy) -> "CONFIRMED"
    | State _ -> "FAILED"
    | Life(_, 0uy) -> "CREATED"
    | Life(_, 1uy) -> "ACCEPTED"
    | Life _ -> "CLOSED"
    | PreferredAddress _ -> "PREFERRED_ADDRESS"
    | Resumption _ -> "RESUMPTION_STATE"
    | EarlyData _ -> "ZERO_RTT"
    | Inspection _ -> "INSPECTION"
    | NewToken _ -> "NEW_TOKEN"

type LocalError =
    { At: uint64 option
      Code: byte
      OnStream: uint64 option }

type Result =
    { Effects: Told list
      Wakeup: uint64 option
      Error: LocalError option
      IsPending: bool }

/// The names of a result's effects, in order.
let names result = result.Effects |> List.map nameOf

/// The datagrams of a result.
let sent result =
    result.Effects
    |> List.choose (function
        | Send send -> Some send
        | _ -> None)

let private bytesOf (view: CoquicBytesView) =
    let bytes = Array.zeroCreate<byte>(int view.Length)

    if view.Length > 0un then
        ReadOnlySpan<byte>(NativePtr.toVoidPtr view.Data, bytes.Length).CopyTo(Span bytes)

    bytes

let private optional has value = if has = 0uy then None else Some value

let private read (effect: CoquicEffect) =
    match effect.Kind with
    | 0uy ->
        let send = effect.SendDatagram

        Send
            { Connection = send.Connection
              Route = optional send.RouteHandle.HasValue send.RouteHandle.Value
              Bytes = bytesOf send.Bytes
              Ecn = send.Ecn
              IsProbe = send.IsPmtuProbe <> 0uy }
    | 1uy ->
        let data = effect.ReceiveStreamData

        StreamData
            { On = data.Connection
              Stream = data.StreamId
              Offset = data.Offset
              Data = bytesOf data.Bytes
              Fin = data.Fin <> 0uy
              FinalSize = optional data.FinalSize.HasValue data.FinalSize.Value }
    | 2uy -> Datagram(effect.ReceiveDatagramData.Connection, bytesOf effect.ReceiveDatagramData.Bytes)
    | 3uy ->
        let reset = effect.PeerResetStream
        Reset(reset.Connection, reset.StreamId, reset.ApplicationErrorCode, reset.FinalSize)
    | 4uy ->
        let stop = effect.PeerStopSending
        StopSending(stop.Connection, stop.StreamId, stop.ApplicationErrorCode)
    | 5uy -> State(effect.StateEvent.Connection, effect.StateEvent.Change)
    | 6uy -> Life(effect.ConnectionLifecycleEvent.Connection, effect.ConnectionLifecycleEvent.Event)
    | 7uy -> PreferredAddress effect.PeerPreferredAddressAvailable.Connection
    | 8uy ->
        let state = effect.ResumptionStateAvailable
        Resumption(state.Connection, bytesOf state.Serialized)
    | 9uy -> EarlyData(effect.ZeroRttStatusEvent.Connection, effect.ZeroRttStatusEvent.Status)
    | 10uy ->
        let packet = effect.PacketInspection
        Inspection(packet.Connection, packet.Direction, packet.PacketType)
    | 11uy -> NewToken(effect.NewTokenAvailable.Connection, bytesOf effect.NewTokenAvailable.Token)
    | other -> failwith $"There is no effect kind {other}."

let time (optionalTime: CoquicOptionalTimeUs) =
    optional optionalTime.HasValue optionalTime.Value

/// A result as a value.
let readResult (result: nativeptr<ResultBlock>) =
    let effects =
        [ for index in 0 .. int (Calls.EffectCount result) - 1 do
              let mutable effect = CoquicEffect()

              if Calls.EffectAt(result, unativeint index, &&effect) <> Status.Ok then
                  failwith "an effect that is counted is not there"

              read effect ]

    let mutable error = CoquicLocalError()

    { Effects = effects
      Wakeup = time (Calls.ResultNextWakeup result)
      Error =
        if Calls.HasLocalError result = 0uy then
            None
        else
            Calls.LocalError(result, &&error) |> ignore

            Some
                { At = optional error.Connection.HasValue error.Connection.Value
                  Code = error.Code
                  OnStream = optional error.StreamId.HasValue error.StreamId.Value }
      IsPending = Calls.SendContinuationPending result <> 0uy }

/// Makes a call that has to be well formed, and reads and destroys its result.
let call (work: nativeptr<nativeptr<ResultBlock>> -> Status) =
    let result = NativePtr.stackalloc<nativeptr<ResultBlock>> 1
    let status = work result

    if status <> Status.Ok then
        failwith $"the call's status is {status}"

    let value = readResult (NativePtr.read result)
    Calls.DestroyResult(NativePtr.read result)
    value

/// As `call`, with an input: `work` gets a pointer to it.
let callWith<'input when 'input: unmanaged>
    (input: 'input)
    (work: nativeptr<'input> -> nativeptr<nativeptr<ResultBlock>> -> Status)
    =
    let pointer = NativePtr.stackalloc<'input> 1
    NativePtr.write pointer input
    call (work pointer)

/// The status of a call whose result, if there is one, is destroyed unread; and whether it left NULL.
let statusOf (work: nativeptr<nativeptr<ResultBlock>> -> Status) =
    let result = NativePtr.stackalloc<nativeptr<ResultBlock>> 1
    NativePtr.write result (NativePtr.ofNativeInt<ResultBlock> 1n)
    let status = work result
    let left = NativePtr.toNativeInt (NativePtr.read result)

    if status = Status.Ok then
        Calls.DestroyResult(NativePtr.read result)

    status, left = 0n

let size<'struct' when 'struct': unmanaged> = unativeint sizeof<'struct'>

/// Bytes as the ABI takes them, while `work` runs.
let withBytes (bytes: byte[]) (work: CoquicBytes -> 'result) =
    use pin = fixed bytes
    work (CoquicBytes(Data = pin, Length = unativeint bytes.Length))

let route handle =
    CoquicOptionalRouteHandle(HasValue = 1uy, Value = handle)

let receiveMarked ecn endpoint (now: uint64) (from: uint64 option) (bytes: byte[]) =
    withBytes bytes (fun payload ->
        callWith
            (CoquicInboundDatagram(
                Size = size<CoquicInboundDatagram>,
                Bytes = payload,
                RouteHandle = (from |> Option.map route |> Option.defaultValue (CoquicOptionalRouteHandle())),
                Ecn = ecn
            ))
            (fun input result -> Calls.InputDatagram(endpoint, input, now, result)))

/// A datagram of which the host cannot tell the mark.
let receive endpoint now from bytes =
    receiveMarked 0uy endpoint now from bytes

let timerExpired endpoint now =
    call (fun result -> Calls.TimerExpired(endpoint, now, result))

let send endpoint connection stream (bytes: byte[]) fin now =
    withBytes bytes (fun payload ->
        callWith
            (CoquicSendStreamData(
                Size = size<CoquicSendStreamData>,
                StreamId = stream,
                Bytes = payload,
                Fin = (if fin then 1uy else 0uy)
            ))
            (fun input result -> Calls.SendStream(endpoint, connection, input, now, result)))

let sendDatagram endpoint connection (bytes: byte[]) now =
    withBytes bytes (fun payload ->
        callWith (CoquicSendDatagramData(Size = size<CoquicSendDatagramData>, Bytes = payload)) (fun input result ->
            Calls.SendDatagram(endpoint, connection, input, now, result)))

let resetStream endpoint connection stream code now =
    callWith
        (CoquicResetStream(Size = size<CoquicResetStream>, StreamId = stream, ApplicationErrorCode = code))
        (fun input result -> Calls.ResetStream(endpoint, connection, input, now, result))

let stopSending endpoint connection stream code now =
    callWith
        (CoquicStopSending(Size = size<CoquicStopSending>, StreamId = stream, ApplicationErrorCode = code))
        (fun input result -> Calls.StopSending(endpoint, connection, input, now, result))

let close endpoint connection code (reason: byte[]) now =
    withBytes reason (fun phrase ->
        callWith
            (CoquicCloseConnection(
                Size = size<CoquicCloseConnection>,
                ApplicationErrorCode = code,
                ReasonPhrase = phrase.Data,
                ReasonPhraseLength = phrase.Length
            ))
            (fun input result -> Calls.Close(endpoint, connection, input, now, result)))

let requestKeyUpdate endpoint connection now =
    call (fun result -> Calls.RequestKeyUpdate(endpoint, connection, now, result))

let requestMigration endpoint connection target now =
    callWith
        (CoquicRequestConnectionMigration(Size = size<CoquicRequestConnectionMigration>, RouteHandle = target))
        (fun input result -> Calls.RequestMigration(endpoint, connection, input, now, result))

let updatePathMtu endpoint (from: uint64 option) limit now =
    callWith
        (CoquicPathMtuUpdate(
            Size = size<CoquicPathMtuUpdate>,
            RouteHandle = (from |> Option.map route |> Option.defaultValue (CoquicOptionalRouteHandle())),
            MaxUdpPayloadSize = unativeint (limit: int)
        ))
        (fun input result -> Calls.UpdatePathMtu(endpoint, input, now, result))
