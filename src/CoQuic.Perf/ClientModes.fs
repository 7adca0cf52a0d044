namespace CoQuic.Perf

open CoQuic.FSharp

/// Bulk: bytes over a number of streams at a time, without latencies.
module internal BulkClient =
    /// A bounded run begins each of its streams once; a timed one keeps so many open.
    let private wantsStream (moment: Moment) session =
        match moment.Config.TotalBytes with
        | Some _ -> session.Issued < moment.Config.Streams
        | None -> moment.MayBegin && session.Issued - session.Ended < moment.Config.Streams

    let beginWork (moment: Moment) (turn: ClientTurn) =
        if wantsStream moment turn.Session then
            ClientTurn.openStream turn
        else
            turn

    let private countHandedOver (moment: Moment) (turn, handedOver) =
        if moment.IsCounting then
            ClientTurn.countSent handedOver turn
        else
            turn

    let private payload (moment: Moment) index =
        let config = moment.Config

        match config.Direction, config.TotalBytes with
        | Direction.Download, _ -> 0UL
        | Direction.Upload, Some total -> Protocol.share total config.Streams index
        | Direction.Upload, None -> max config.RequestBytes config.ResponseBytes

    let onStreamOpened (moment: Moment) stream (turn: ClientTurn) =
        let request =
            { IssuedAt = moment.Now
              IsCounted = moment.IsCounting }

        let length = payload moment turn.Session.Issued

        turn
        |> ClientTurn.beginStream stream request
        |> ClientTurn.sendWhole stream length
        |> countHandedOver moment
        |> beginWork moment

    let onStreamData (moment: Moment) (data: ReceiveStreamData) turn =
        let turn =
            if moment.IsCounting then
                ClientTurn.countReceived (uint64 data.Bytes.Length) turn
            else
                turn

        if data.Fin && turn.Session.Active.ContainsKey data.Stream.Value then
            turn |> ClientTurn.endStream data.Stream |> beginWork moment
        else
            turn

    let onSendProgress (moment: Moment) progress turn =
        ClientTurn.onSendProgress progress turn |> countHandedOver moment

    /// Measuring is over: a connection is closed when its last stream finishes.
    let drain (turn: ClientTurn) =
        if turn.Session.Active.IsEmpty then
            ClientTurn.close "timed bulk drain complete" turn
        else
            turn

/// rr and crr: a stream for each request and its response.
module internal ExchangeClient =
    let private wantsStream (moment: Moment) session =
        match moment.Config.Mode with
        | Mode.ConnectRequestResponse -> session.Issued < 1UL && moment.MayBegin
        | Mode.Bulk
        | Mode.RequestResponse
        | Mode.PersistentRequestResponse ->
            let isBelowLimit =
                match session.Limit with
                | Some limit -> session.Issued < limit
                | None -> true

            isBelowLimit
            && moment.MayBegin
            && session.Issued - session.Ended < moment.Config.RequestsInFlight

    let beginWork (moment: Moment) (turn: ClientTurn) =
        if wantsStream moment turn.Session then
            ClientTurn.openStream turn
        else
            turn

    let onStreamOpened (moment: Moment) stream turn =
        let request =
            { IssuedAt = moment.Now
              IsCounted = moment.IsCounting }

        let turn, _ =
            turn
            |> ClientTurn.beginStream stream request
            |> ClientTurn.sendWhole stream moment.Config.RequestBytes

        let turn =
            if request.IsCounted then
                ClientTurn.countSent moment.Config.RequestBytes turn
            else
                turn

        beginWork moment turn

    /// The response has ended: its size is not checked.
    let private onEnd (moment: Moment) stream request turn =
        turn
        |> ClientTurn.endStream stream
        |> ClientTurn.complete moment request
        |> match moment.Config.Mode with
           | Mode.ConnectRequestResponse -> ClientTurn.close "done"
           | Mode.Bulk
           | Mode.RequestResponse
           | Mode.PersistentRequestResponse -> beginWork moment

    let onStreamData (moment: Moment) (data: ReceiveStreamData) (turn: ClientTurn) =
        match Map.tryFind data.Stream.Value turn.Session.Active with
        | None -> turn
        | Some request ->
            let turn =
                if request.IsCounted then
                    ClientTurn.countReceived (uint64 data.Bytes.Length) turn
                else
                    turn

            if data.Fin then
                onEnd moment data.Stream request turn
            else
                turn

    let onSendProgress progress turn =
        ClientTurn.onSendProgress progress turn |> fst

    /// Measuring is over: the connection is closed, whatever is outstanding.
    let drain (moment: Moment) turn =
        match moment.Config.Mode with
        | Mode.ConnectRequestResponse -> ClientTurn.close "timed crr drain complete" turn
        | Mode.Bulk
        | Mode.RequestResponse
        | Mode.PersistentRequestResponse -> ClientTurn.close "timed rr drain complete" turn

/// persistent-rr: all requests and responses of a connection on one stream, told apart by their sizes.
module internal PersistentClient =
    let private stream = StreamId.clientBidirectional 1UL

    let private outstanding session = session.Queue |> List.sumBy snd

    /// How many requests may be issued now. What the endpoint does not take at once waits, and then no more are added.
    let private wanted (moment: Moment) session =
        let isTaking =
            match Map.tryFind stream.Value session.Outgoing with
            | Some outgoing -> Outgoing.isHandedOver outgoing && outgoing.End = StreamEnd.Open
            | None -> true

        if not (moment.MayBegin && isTaking) then
            0UL
        else
            let inFlight = outstanding session

            let room =
                moment.Config.RequestsInFlight - min moment.Config.RequestsInFlight inFlight

            // What a stream's buffer takes bounds a batch: more could not be sent anyway.
            let batch = max 1UL (Outgoing.highWaterMark / moment.Config.RequestBytes)

            match session.Limit with
            | Some limit -> min (min room batch) (limit - session.Issued)
            | None -> min room batch

    let private enqueue request count session =
        { session with
            Issued = session.Issued + count
            Queue = session.Queue @ [ request, count ] }

    /// A bounded share ends with its last request.
    let private finishShare (moment: Moment) (turn: ClientTurn) =
        let isIssued = turn.Session.Limit = Some turn.Session.Issued

        let isOpen =
            match Map.tryFind stream.Value turn.Session.Outgoing with
            | Some outgoing -> outgoing.End = StreamEnd.Open
            | None -> false

        if isIssued && isOpen && moment.MayBegin then
            ClientTurn.change stream Outgoing.finish turn |> fst
        else
            turn

    /// Tops up to the requests in flight.
    let private issue (moment: Moment) (turn: ClientTurn) =
        match wanted moment turn.Session with
        | 0UL -> turn
        | count ->
            let request =
                { IssuedAt = moment.Now
                  IsCounted = moment.IsCounting }

            let bytes = count * moment.Config.RequestBytes

            turn
            |> ClientTurn.update (enqueue request count)
            |> ClientTurn.change stream (Outgoing.append bytes)
            |> fst
            |> if request.IsCounted then ClientTurn.countSent bytes else id
        |> finishShare moment

    let beginWork turn = ClientTurn.openStream turn

    let onStreamOpened (moment: Moment) turn = issue moment turn

    /// Completes the oldest requests, one for each response.
    let rec private completeOldest (moment: Moment) responses (turn: ClientTurn) =
        match turn.Session.Queue with
        | (request, count) :: rest when responses > 0UL ->
            let queue = if count = 1UL then rest else (request, count - 1UL) :: rest

            let turn =
                if request.IsCounted then
                    ClientTurn.countReceived moment.Config.ResponseBytes turn
                else
                    turn

            turn
            |> ClientTurn.update (fun session -> { session with Queue = queue })
            |> ClientTurn.complete moment request
            |> completeOldest moment (responses - 1UL)
        | _ -> turn

    let private closeIfDrained (moment: Moment) (turn: ClientTurn) =
        if not moment.MayBegin && turn.Session.Queue.IsEmpty then
            ClientTurn.close "persistent rr drain complete" turn
        else
            turn

    let onStreamData (moment: Moment) (data: ReceiveStreamData) (turn: ClientTurn) =
        let received = turn.Session.Partial + uint64 data.Bytes.Length
        let size = moment.Config.ResponseBytes

        turn
        |> ClientTurn.update (fun session ->
            { session with
                Partial = received % size })
        |> completeOldest moment (received / size)
        |> issue moment
        |> closeIfDrained moment

    let onSendProgress (moment: Moment) progress turn =
        ClientTurn.onSendProgress progress turn |> fst |> issue moment

    /// Measuring is over: the stream ends, and the connection once nothing is outstanding.
    let drain (moment: Moment) (turn: ClientTurn) =
        if turn.Session.Queue.IsEmpty then
            closeIfDrained moment turn
        else
            ClientTurn.change stream Outgoing.finish turn |> fst
