/// A perf client and a perf server joined without QUIC: streams that lose nothing, with a delay, in virtual time.
module CoQuic.Perf.Tests.Wire

open System
open CoQuic.FSharp
open CoQuic.Perf

type private Side =
    | ClientSide
    | ServerSide

type private Happening =
    | ForClient of Event<ClientMessage>
    | ForServer of Event<ServerMessage>

/// What a run left behind.
type Outcome =
    {
        Client: Run
        Server: Server
        /// When the client stopped; none when it never did.
        StoppedAt: TimeUs option
        /// Whether the server stopped by itself.
        ServerStopped: bool
        /// Every command of the client, in order.
        ClientCommands: Command<ClientMessage> list
        ServerCommands: Command<ServerMessage> list
    }

type private Wire(delay: TimeSpan, config, exit) =
    let pending = Collections.Generic.PriorityQueue<Happening, struct (int64 * int64)>()
    let opened = Collections.Generic.Dictionary<ConnectionHandle, uint64>()

    let offsets =
        Collections.Generic.Dictionary<struct (Side * ConnectionHandle * StreamId), uint64>()

    let clientProgram = Client.program config
    let serverProgram = Server.program exit
    let mutable client = fst clientProgram.Init
    let mutable server = fst serverProgram.Init
    let mutable now = TimeUs.zero
    let mutable order = 0L
    let mutable connections = 0UL
    let mutable stoppedAt = None
    let mutable serverStopped = false
    let clientCommands = ResizeArray()
    let serverCommands = ResizeArray()

    let at (instant: TimeUs) happening =
        order <- order + 1L
        pending.Enqueue(happening, struct (instant.Microseconds, order))

    let tell side instant signal =
        match side with
        | ClientSide -> at instant (ForClient(Network signal))
        | ServerSide -> at instant (ForServer(Network signal))

    let other side =
        match side with
        | ClientSide -> ServerSide
        | ServerSide -> ClientSide

    let openConnection tag =
        connections <- connections + 1UL
        let handle = ConnectionHandle.create connections
        opened[handle] <- 0UL
        tell ClientSide now (Signal.Opened(tag, handle))
        tell ServerSide (now + delay) (Signal.Accepted handle)
        tell ServerSide (now + delay) (Signal.HandshakeReady(handle, None))
        tell ClientSide (now + delay + delay) (Signal.HandshakeReady(handle, None))

    let openStream handle tag =
        let stream = StreamId.clientBidirectional opened[handle]
        opened[handle] <- opened[handle] + 1UL
        tell ClientSide now (Signal.StreamOpened(tag, handle, stream))

    let send side (data: SendStreamData) =
        let key = struct (side, data.Connection, data.Stream)
        let offset = if offsets.ContainsKey key then offsets[key] else 0UL
        let length = offset + uint64 data.Bytes.Length
        offsets[key] <- length

        tell
            (other side)
            (now + delay)
            (Signal.StreamData
                { Connection = data.Connection
                  Stream = data.Stream
                  Offset = offset
                  Bytes = data.Bytes
                  Fin = data.Fin
                  FinalSize = (if data.Fin then Some length else None) })

        tell
            side
            (now + delay + delay)
            (Signal.SendProgress
                { Connection = data.Connection
                  Stream = data.Stream
                  Released = length
                  Buffered = 0UL })

    let close side (command: CloseConnection) =
        let closed origin =
            Signal.Closed
                { Connection = command.Connection
                  Reason =
                    { Origin = origin
                      Code = CloseCode.Application command.ApplicationErrorCode
                      Reason = command.Reason } }

        tell side now (closed CloseOrigin.Local)
        tell (other side) (now + delay) (closed CloseOrigin.Peer)

    let execute side after stop command =
        match command with
        | Command.Open(tag, _) -> openConnection tag
        | Command.OpenStream(handle, _, tag) -> openStream handle tag
        | Command.Send data -> send side data
        | Command.Close command -> close side command
        | Command.After(wait, message) -> at (now + wait) (after message)
        | Command.Stop -> stop ()
        | Command.SendDatagram _
        | Command.Consume _
        | Command.Reset _
        | Command.StopSending _
        | Command.RequestKeyUpdate _
        | Command.RequestMigration _
        | Command.AnswerCertificate _
        | Command.AnswerIdentity _
        | Command.Cancel _ -> invalidOp $"The perf programs do not use {command}."

    let runClient commands =
        for command in commands do
            clientCommands.Add command
            execute ClientSide (Message >> ForClient) (fun () -> stoppedAt <- Some now) command

    let runServer commands =
        for command in commands do
            serverCommands.Add command
            execute ServerSide (Message >> ForServer) (fun () -> serverStopped <- true) command

    let hear happening =
        match happening with
        | ForClient event when stoppedAt.IsNone ->
            let after, commands = clientProgram.Update now event client
            client <- after
            runClient commands
        | ForServer event when not serverStopped ->
            let after, commands = serverProgram.Update now event server
            server <- after
            runServer commands
        | ForClient _
        | ForServer _ -> ()

    /// Runs until nothing happens any more, or for an hour.
    member _.Run() =
        runServer (snd serverProgram.Init)
        runClient (snd clientProgram.Init)
        let horizon = (TimeSpan.FromHours 1.0).Ticks / TimeSpan.TicksPerMicrosecond
        let mutable happening = Unchecked.defaultof<Happening>
        let mutable key = Unchecked.defaultof<struct (int64 * int64)>

        while pending.TryDequeue(&happening, &key) && now.Microseconds < horizon do
            let struct (instant, _) = key
            now <- TimeUs.ofMicroseconds instant
            hear happening

        { Client = client
          Server = server
          StoppedAt = stoppedAt
          ServerStopped = serverStopped
          ClientCommands = List.ofSeq clientCommands
          ServerCommands = List.ofSeq serverCommands }

/// Each way takes this long.
let delay = TimeSpan.FromMilliseconds 5.0

/// Runs a benchmark of this configuration against a server that ends as told.
let runWith exit config = Wire(delay, config, exit).Run()

let run config = runWith Server.neverExit config
