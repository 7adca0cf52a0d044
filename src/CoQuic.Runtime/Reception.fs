namespace CoQuic.Runtime

/// What comes in for one agent: runs at its sockets, of which others own a part where the server has shards, and runs of its own that came
/// in at another shard. `hear` takes them.
[<Sealed>]
type internal Reception(socket: IUdpSocket, shard: Shard | null, hear: ReceivedRun -> unit) =

    /// Takes the next run off the sockets, if one is there, and hands over what is another shard's; whether there was one.
    member _.TakeNext() : bool =
        let mutable run = Unchecked.defaultof<ReceivedRun>
        let isTaken = socket.Receive &run

        if isTaken && run.Buffer.Length > 0 then
            match shard with
            | null -> hear run
            | shard -> shard.Sort(run, hear)

        isTaken

    /// Takes the next run that another shard has handed over, if there is one; whether there was.
    member _.TakeHandedOver() : bool =
        match shard with
        | null -> false
        | shard ->
            let mutable run = Unchecked.defaultof<ReceivedRun>
            let isTaken = shard.Inbox.TryTake &run

            if isTaken then
                hear run

            isTaken

    /// Whether other shards have handed something over that was not taken yet.
    member _.HasHandedOver: bool =
        match shard with
        | null -> false
        | shard -> not shard.Inbox.IsEmpty
