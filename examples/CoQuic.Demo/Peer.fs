namespace CoQuic.Demo

open System
open CoQuic.FSharp

/// What one side does on a connection. Who opens the connection and who sends the file are different questions.
[<RequireQualifiedAccess>]
type Errand =
    | SendFile
    | ReceiveFile

/// Where a side is with its errand.
[<RequireQualifiedAccess>]
type Stage =
    /// No connection yet.
    | Waiting
    /// The handshake has been under way since this instant.
    | Handshaking of since: TimeUs
    /// There is no stream yet.
    | Ready
    | Sending of sender: Sender
    | Receiving of receiver: Receiver
    /// The answer is on its way to the sender.
    | Answered
    /// Nothing is left to do with the connection but to see its end.
    | Finished

/// A transfer that went well, and how long the handshake before it took.
type Success =
    { Errand: Errand
      Transfer: Transfer
      Handshake: TimeSpan }

/// One side of the demo.
type Peer =
    {
        /// Where the server is; none for the server itself.
        Remote: HostAddress option
        /// The present errand and those to come, one a connection.
        Errands: Errand list
        Stage: Stage
        /// How long the handshake of the present connection took.
        Handshake: TimeSpan
        Successes: Success list
        Failure: string option
    }

/// Both sides of the demo as one pure machine. A client has one errand; a server has one for each connection, and then ends.
[<RequireQualifiedAccess>]
module Peer =
    type private Turn = Peer * Command<DiskAnswer> list * DiskTask list

    /// The certificate that the server makes itself is for this name.
    let private serverName = "localhost"

    let init (remote: HostAddress option) (errands: Errand list) : Turn =
        let connect (remote: HostAddress) =
            Command.Open(
                0,
                { OpenRequest.create remote.Host remote.Port with
                    ServerName = serverName }
            )

        { Remote = remote
          Errands = errands
          Stage = Stage.Waiting
          Handshake = TimeSpan.Zero
          Successes = []
          Failure = None },
        Option.toList (Option.map connect remote),
        []

    let private stay peer : Turn = peer, [], []

    let private fail reason peer : Turn =
        { peer with Failure = Some reason }, [ Command.Stop ], []

    let private enter stage (commands, tasks) peer : Turn =
        { peer with Stage = stage }, commands, tasks

    /// The errand is done. The client ends, which closes the connection; the server sees that before it goes on.
    let private finish peer : Turn =
        let commands = if peer.Remote.IsSome then [ Command.Stop ] else []
        enter Stage.Finished (commands, []) peer

    let private succeed transfer peer =
        let success =
            { Errand = List.head peer.Errands
              Transfer = transfer
              Handshake = peer.Handshake }

        { peer with
            Successes = peer.Successes @ [ success ] }

    let private onReady now connection peer : Turn =
        match peer.Stage with
        | Stage.Handshaking since ->
            let peer = { peer with Handshake = now - since }

            let commands =
                match List.head peer.Errands with
                | Errand.SendFile -> [ Command.OpenStream(connection, StreamKind.Bidirectional, 0) ]
                | Errand.ReceiveFile -> []

            enter Stage.Ready (commands, []) peer
        | _ -> stay peer

    let private send (sender, commands, tasks) peer =
        enter (Stage.Sending sender) (commands, tasks) peer

    let private onAnswer now data sender peer =
        match Sender.onAnswer now data sender with
        | sender, None -> send (sender, [], []) peer
        | _, Some(Ok transfer) -> peer |> succeed transfer |> finish
        | _, Some(Error reason) -> fail reason peer

    /// Bytes of the file. They are on the disk when the step is over, so that the peer may send as many more.
    let private onFile (data: ReceiveStreamData) receiver peer =
        match Receiver.onData data receiver with
        | Error reason -> fail reason peer
        | Ok(receiver, tasks) -> enter (Stage.Receiving receiver) ([ Command.consume data ], tasks) peer

    let private onData now (data: ReceiveStreamData) peer =
        match peer.Stage, List.head peer.Errands with
        | Stage.Sending sender, _ when data.Stream = sender.Stream -> onAnswer now data sender peer
        | Stage.Receiving receiver, _ when data.Stream = receiver.Stream -> onFile data receiver peer
        | Stage.Ready, Errand.ReceiveFile -> onFile data (Receiver.start now data.Connection data.Stream) peer
        | _ -> fail $"the peer sent data on {data.Stream}, which nobody expected" peer

    let private onProgress (progress: SendProgress) peer =
        match peer.Stage with
        | Stage.Sending sender -> send (Sender.onProgress progress sender) peer
        | Stage.Answered when progress.Buffered = 0UL -> finish peer
        | _ -> stay peer

    let private onClosed (closed: ConnectionClosed) peer : Turn =
        match peer.Stage with
        // Having the answer, the client closes: that may overtake its acknowledgment.
        | Stage.Answered
        | Stage.Finished ->
            match List.tail peer.Errands with
            | [] -> { peer with Errands = [] }, [ Command.Stop ], []
            | errands ->
                stay
                    { peer with
                        Errands = errands
                        Stage = Stage.Waiting }
        | _ -> fail $"the connection ended: {closed.Reason}" peer

    let private onBegin now peer =
        match peer.Stage with
        | Stage.Waiting -> enter (Stage.Handshaking now) ([], []) peer
        | _ -> fail "a second connection came while the first was at work" peer

    let private onSignal now signal peer =
        match signal with
        | Signal.Opened _
        | Signal.Accepted _ -> onBegin now peer
        | Signal.HandshakeReady(connection, _) -> onReady now connection peer
        | Signal.StreamOpened(_, connection, stream) -> send (Sender.start now connection stream) peer
        | Signal.StreamData data -> onData now data peer
        | Signal.SendProgress progress -> onProgress progress peer
        | Signal.Closed closed -> onClosed closed peer
        | Signal.Refused(_, error) -> fail $"there is no connection: {error}" peer
        | Signal.Declined error -> fail $"the endpoint refused: {error}" peer
        | Signal.PeerReset _
        | Signal.PeerStopSending _ -> fail "the peer gave the transfer up" peer
        | Signal.Confirmed _
        | Signal.Datagram _
        | Signal.PathChanged _
        | Signal.PreferredAddress _
        | Signal.ResumptionState _
        | Signal.NewToken _
        | Signal.ZeroRtt _
        | Signal.CertificateVerdictNeeded _
        | Signal.ServerIdentityNeeded _
        | Signal.Inspected _ -> stay peer

    let private onDisk now answer peer =
        match answer, peer.Stage with
        | DiskAnswer.Failed reason, _ -> fail reason peer
        | DiskAnswer.Opened header, Stage.Sending sender -> send (Sender.onOpened header sender) peer
        | DiskAnswer.Block bytes, Stage.Sending sender -> send (Sender.onBlock bytes sender) peer
        | DiskAnswer.Ended sha256, Stage.Sending sender -> send (Sender.onEnded sha256 sender) peer
        | DiskAnswer.Stored(header, sha256), Stage.Receiving receiver ->
            let transfer, commands = Receiver.onStored now header sha256 receiver
            peer |> succeed transfer |> enter Stage.Answered (commands, [])
        // What the disk says after a failure concerns nobody.
        | _ -> stay peer

    let update now event peer : Turn =
        match event with
        | Network signal -> onSignal now signal peer
        | Message answer -> onDisk now answer peer
