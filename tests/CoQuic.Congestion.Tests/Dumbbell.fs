namespace CoQuic.Congestion.Tests

open System
open System.Collections.Generic
open CoQuic.Engine

/// Flows that share one bottleneck; acknowledgments return on a link of their own that only takes time.
type Scenario =
    {
        BitsPerSecond: float
        RoundTrip: TimeSpan
        /// The bottleneck's queue, in bandwidth-delay products.
        Queue: float
        /// The chance of each data packet to be lost besides, 0 to 1.
        Loss: float
        /// Acknowledgments come in batches, so far apart; zero for none.
        AckInterval: TimeSpan
        /// Up to so much more time takes each data packet, which lets later ones overtake it.
        Jitter: TimeSpan
        Flows: Sending list
        Duration: TimeSpan
        Seed: uint64
    }

module Scenario =

    /// 20 Mbit/s, a round trip of so many milliseconds, a queue of one bandwidth-delay product, a minute.
    let over (milliseconds: float) flows =
        { BitsPerSecond = 20e6
          RoundTrip = TimeSpan.FromMilliseconds milliseconds
          Queue = 1.0
          Loss = 0.0
          AckInterval = TimeSpan.Zero
          Jitter = TimeSpan.Zero
          Flows = flows
          Duration = TimeSpan.FromSeconds 60.0
          Seed = 1UL }

    let bandwidthDelayProduct scenario =
        scenario.BitsPerSecond / 8.0 * scenario.RoundTrip.TotalSeconds

/// What was seen, second by second.
type Observation =
    {
        Scenario: Scenario
        /// Bytes of datagrams that left the bottleneck, of each flow.
        Passed: float array array
        /// Stream bytes that arrived, of each flow.
        Delivered: float array array
        /// The mean time that datagrams waited, in milliseconds.
        QueueDelay: float array
        /// Datagrams that the bottleneck or chance dropped, and all.
        Dropped: int
        Sent: int
        /// Datagrams that came back.
        Acknowledgments: int
        /// The client's statistics at the end, of each flow.
        Statistics: ConnectionStatistics list
    }

module Observation =

    let private between (first: int) last (seconds: float array) =
        Array.sum seconds[first .. last - 1] / float (last - first)

    /// The share of the bottleneck's rate that was used from one second to another.
    let utilisation first last observation =
        let bytes = observation.Passed |> Array.sumBy (between first last)

        bytes * 8.0 / observation.Scenario.BitsPerSecond

    /// Stream bits a second of one flow.
    let goodput flow first last observation =
        8.0 * between first last observation.Delivered[flow]

    /// Jain's index of what the flows got: 1 when all got the same, 1/n when one got all.
    let jain first last observation =
        let shares = observation.Delivered |> Array.map (between first last)
        let total = Array.sum shares

        total * total
        / (float shares.Length * Array.sumBy (fun share -> share * share) shares)

    /// The mean queueing delay, in milliseconds.
    let queueDelay first last observation =
        between first last observation.QueueDelay

[<Struct; NoEquality; NoComparison>]
type private Happening =
    | Begin of beginning: Transfer
    | ToServer of receiver: Transfer * data: Bytes
    | ToClient of sender: Transfer * acknowledgment: Bytes
    | Wake of sleeper: Transfer

/// A scenario under way: the clock jumps from one happening to the next.
[<Sealed>]
type private Network(scenario: Scenario) =
    let bottleneck =
        Bottleneck(scenario.BitsPerSecond, scenario.Queue * Scenario.bandwidthDelayProduct scenario)

    let oneWay = scenario.RoundTrip / 2.0
    let dice = Dice scenario.Seed
    let agenda = PriorityQueue<Happening, struct (int64 * int64)>()
    let seconds = int scenario.Duration.TotalSeconds
    let perSecond () = Array.zeroCreate<float>(seconds + 1)

    let transfers =
        scenario.Flows
        |> List.mapi (fun number sending -> new Transfer(number, sending, 1000UL * scenario.Seed))

    let passed = [| for _ in transfers -> perSecond () |]
    let delivered = [| for _ in transfers -> perSecond () |]
    let waited = perSecond ()
    let arrived = perSecond ()
    let wakeups = Array.create transfers.Length TimeUs.MaxValue
    let mutable now = TimeUs.Zero
    let mutable order = 0L
    let mutable sent = 0
    let mutable dropped = 0
    let mutable acknowledgments = 0

    let plan (at: TimeUs) happening =
        agenda.Enqueue(happening, struct (at.Microseconds, order))
        order <- order + 1L

    let second (at: TimeUs) =
        min seconds (int (at.Microseconds / 1_000_000L))

    /// Data waits for the bottleneck, then travels.
    let sendData (transfer: Transfer) (datagram: Bytes) =
        sent <- sent + 1
        let at = second now
        waited[at] <- waited[at] + bottleneck.Delay(now).TotalMilliseconds
        arrived[at] <- arrived[at] + 1.0

        match bottleneck.Pass(now, datagram.Length) with
        | ValueNone -> dropped <- dropped + 1
        | ValueSome leaving ->
            let flow = passed[transfer.Number]
            flow[second leaving] <- flow[second leaving] + float datagram.Length

            if scenario.Loss > 0.0 && dice.Throw() < scenario.Loss then
                dropped <- dropped + 1
            else
                let jitter =
                    if scenario.Jitter > TimeSpan.Zero then
                        scenario.Jitter * dice.Throw()
                    else
                        TimeSpan.Zero

                plan (leaving + oneWay + jitter) (ToServer(transfer, datagram))

    /// Acknowledgments travel; where they come in batches, they wait for the next.
    let sendBack (transfer: Transfer) (datagram: Bytes) =
        acknowledgments <- acknowledgments + 1
        let arrival = now + oneWay
        let interval = int64 scenario.AckInterval.TotalMicroseconds

        let arrival =
            if interval > 0L then
                TimeUs((arrival.Microseconds + interval - 1L) / interval * interval)
            else
                arrival

        plan arrival (ToClient(transfer, datagram))

    let datagrams (run: SendDatagramEffect) =
        seq {
            for start in 0 .. run.SegmentSize .. run.Bytes.Length - 1 ->
                run.Bytes.Slice(start, min run.SegmentSize (run.Bytes.Length - start))
        }

    let rec absorb (transfer: Transfer) isClient (result: EndpointResult) =
        for effect in result.Effects do
            match effect with
            | :? SendDatagramEffect as run ->
                for datagram in datagrams run do
                    (if isClient then sendData else sendBack) transfer datagram
            | :? ReceiveStreamDataEffect as data ->
                let flow = delivered[transfer.Number]
                flow[second now] <- flow[second now] + float data.Bytes.Length
                transfer.Received <- transfer.Received + uint64 data.Bytes.Length
            | :? SendProgressEffect -> absorb transfer true (transfer.Write now)
            | :? StateEventEffect as event when isClient && event.Change = StateChange.HandshakeConfirmed ->
                absorb transfer true (transfer.Write now)
                absorb transfer true (transfer.Write now)
            | _ -> ()

    let rec goOn (endpoint: QuicEndpoint) transfer isClient =
        if endpoint.HasSendContinuationPending then
            absorb transfer isClient (endpoint.TimerExpired now)
            goOn endpoint transfer isClient

    /// What an endpoint answered is taken in; then it is woken when it asks to be.
    let afterwards (transfer: Transfer) isClient result =
        absorb transfer isClient result
        goOn transfer.Client transfer true
        goOn transfer.Server transfer false

        let due =
            [ transfer.Client.NextWakeup; transfer.Server.NextWakeup ]
            |> List.choose Option.ofNullable
            |> function
                | [] -> TimeUs.MaxValue
                | wakeups -> List.min wakeups

        if due < wakeups[transfer.Number] then
            wakeups[transfer.Number] <- due
            plan (TimeUs.Max(due, now)) (Wake transfer)

    let inbound (bytes: Bytes) =
        InboundDatagram(bytes, 0, Nullable(RouteHandle 1UL), EcnCodepoint.Unavailable, Bytes.Empty)

    let happen happening =
        match happening with
        | Begin transfer -> afterwards transfer true (transfer.Begin now)
        | ToServer(transfer, datagram) ->
            let input = inbound datagram
            afterwards transfer false (transfer.Server.ReceiveDatagram(now, &input))
        | ToClient(transfer, datagram) ->
            let input = inbound datagram
            afterwards transfer true (transfer.Client.ReceiveDatagram(now, &input))
        | Wake transfer ->
            wakeups[transfer.Number] <- TimeUs.MaxValue
            absorb transfer false (transfer.Server.TimerExpired now)
            afterwards transfer true (transfer.Client.TimerExpired now)

    member _.Run() =
        for transfer, sending in List.zip transfers scenario.Flows do
            plan (TimeUs.Zero + sending.Start) (Begin transfer)

        let finish = TimeUs.Zero + scenario.Duration
        let mutable happening = Unchecked.defaultof<Happening>
        let mutable priority = struct (0L, 0L)

        while now < finish && agenda.TryDequeue(&happening, &priority) do
            let struct (at, _) = priority
            now <- TimeUs at
            happen happening

        let observation =
            { Scenario = scenario
              Passed = passed
              Delivered = delivered
              QueueDelay = Array.map2 (fun sum count -> if count > 0.0 then sum / count else 0.0) waited arrived
              Dropped = dropped
              Sent = sent
              Acknowledgments = acknowledgments
              Statistics = [ for transfer in transfers -> transfer.Statistics |> nonNull ] }

        for transfer in transfers do
            (transfer :> IDisposable).Dispose()

        observation

module Dumbbell =

    /// Runs a scenario to its end. The same scenario always shows the same.
    let run (scenario: Scenario) : Observation = Network(scenario).Run()
