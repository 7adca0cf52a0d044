namespace CoQuic.Runtime

open System
open System.Collections.Generic
open System.Net
open System.Threading
open System.Threading.Channels
open System.Threading.Tasks
open CoQuic.FSharp

/// One connection between its application, on any thread, and the agent. Members that are the agent's say so.
[<Sealed>]
type internal ConnectionCore
    (handle: ConnectionHandle, role: Role, remote: IPEndPoint, settings: StreamSettings, queue: StreamQueue, log: Log) =

    /// Streams of the peer that wait to be accepted. The peer's stream limit bounds those that carry data; this bounds those
    /// that it opens and ends at once.
    static let maximumWaiting = 4096

    let streams = Dictionary<StreamId, StreamCore>()

    /// Made when it is first needed: an idle connection does without, and an empty channel weighs more than a kilobyte.
    let waiting =
        lazy Channel.CreateUnbounded<StreamCore>(UnboundedChannelOptions(SingleWriter = true))

    let datagrams = DatagramInbox()
    let begun = Clock.now ()

    let closed =
        TaskCompletionSource<RuntimeError>(TaskCreationOptions.RunContinuationsAsynchronously)

    let ready = TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)

    let firstTicket =
        TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)

    let mutable resumptionState: Secret option = None

    /// Nobody has to look at the failure.
    let failQuietly (source: TaskCompletionSource) (error: exn) =
        if source.TrySetException error then
            source.Task.Exception |> ignore

    let add id isOurs =
        Telemetry.onStreamOpened ()
        let stream = StreamCore(handle, id, isOurs, settings, queue)
        streams.Add(id, stream)
        stream

    member _.Handle = handle
    member _.Role = role

    /// The peer's address as of now.
    member val Remote = remote with get, private set

    /// The agent's: the peer is at another address now.
    member this.OnMoved(remote: IPEndPoint) =
        if not (remote.Equals this.Remote) then
            log.ConnectionMoved(handle, this.Remote, remote)
            this.Remote <- remote

    /// Our own, once the connection has moved.
    member val Local: IPEndPoint voption = ValueNone with get, set

    /// The agent's: whether the handshake is confirmed (RFC 9001 §4.1.2).
    member val IsConfirmed = false with get, set

    /// What the handshake settled, once it is done.
    member val Handshake: HandshakeInformation option = None with get, set

    /// Completes when the handshake is done; fails when the connection ends before.
    member _.Ready: Task = ready.Task

    /// DATAGRAMs that came in.
    member _.Datagrams = datagrams

    /// What became of early data; none while nothing is known, or nobody asked.
    member val ZeroRtt: ZeroRttStatus option = None with get, set

    /// The agent's: whether the application has the connection.
    member val IsHandedOver = false with get, set

    /// The agent's: where a client's server prefers to be reached.
    member val PreferredAddress: IPEndPoint option = None with get, set

    /// What resumes the session later: the newest, or nothing.
    member _.ResumptionState: Secret =
        Volatile.Read &resumptionState |> Option.defaultValue Secret.empty

    /// Completes when there is something that resumes the session; fails when the connection ends before.
    member _.FirstTicket: Task = firstTicket.Task

    /// The agent's: the session can be resumed.
    member _.OnResumptionState(state: Secret) =
        Volatile.Write(&resumptionState, Some state)
        firstTicket.TrySetResult() |> ignore

    /// The agent's: the handshake is done.
    member this.OnReady(information: HandshakeInformation option) =
        this.Handshake <- information

        match information with
        | Some settled -> log.ConnectionReady(handle, this.Remote, settled)
        | None -> ()

        Telemetry.onReady role (Clock.now () - begun)
        ready.TrySetResult() |> ignore

    /// How the connection ended, once it has.
    member _.Closed: Task<RuntimeError> = closed.Task

    /// The error of every operation after the end.
    member _.Failure: exn voption =
        if closed.Task.IsCompleted then
            ValueSome(QuicExceptions.ofError closed.Task.Result)
        else
            ValueNone

    /// Streams that the peer opened, in the order of their arrival.
    member _.Waiting: ChannelReader<StreamCore> = waiting.Value.Reader

    /// The agent's: a stream that this side opens.
    member _.Add(id: StreamId) : StreamCore = add id true

    /// The agent's: a stream, a new one if the peer has just opened it; none where there are too many to accept.
    member _.FindOrAccept(id: StreamId) : StreamCore voption =
        match streams.TryGetValue id with
        | true, stream -> ValueSome stream
        | _ when id.IsInitiatedBy role || waiting.Value.Reader.Count >= maximumWaiting -> ValueNone
        | _ ->
            let stream = add id false
            waiting.Value.Writer.TryWrite stream |> ignore
            ValueSome stream

    /// The agent's: a stream that is there already.
    member _.TryFind(id: StreamId) : StreamCore voption =
        match streams.TryGetValue id with
        | true, stream -> ValueSome stream
        | _ -> ValueNone

    /// The agent's: lets go of a stream that nobody has seen.
    member _.Remove(stream: StreamCore) = streams.Remove stream.Id |> ignore

    /// The agent's: lets go of a stream of which nothing more will be heard.
    member _.Release(stream: StreamCore) =
        if stream.IsOver then
            streams.Remove stream.Id |> ignore

    /// The agent's: early data was refused, and its streams ended with it. Others will have their numbers.
    member _.ForgetStreams(error: exn) =
        for stream in streams.Values do
            stream.OnForgotten error

        streams.Clear()

    /// The agent's: the connection has ended, and with it every stream.
    member this.OnClosed(reason: RuntimeError) =
        let error = QuicExceptions.ofError reason
        log.ConnectionEnded(handle, this.Remote, reason)
        Telemetry.onClosed role reason
        closed.TrySetResult reason |> ignore
        failQuietly ready error
        failQuietly firstTicket error
        waiting.Value.Writer.TryComplete error |> ignore
        datagrams.Complete error

        for stream in streams.Values do
            stream.OnClosed error

        streams.Clear()
