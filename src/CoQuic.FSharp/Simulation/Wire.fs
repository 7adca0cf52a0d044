namespace CoQuic.FSharp

open System

/// What a link did to a datagram, when it did not just carry it.
[<RequireQualifiedAccess; StructuredFormatDisplay("{Display}")>]
type Fate =
    /// It is lost, and at which stage.
    | Lost of stage: Stage
    /// It is lost since nobody is at its address, or not any more.
    | Unreachable
    /// It arrives twice.
    | Duplicated
    /// One of its bits was flipped, counted from the first byte's most significant one, 0.
    | Corrupted of bit: int
    /// It was marked CE.
    | Marked
    /// Its ECN mark was cleared.
    | Bleached
    /// It was held back.
    | HeldBack of time: TimeSpan

    member private this.Display =
        match this with
        | Lost stage -> $"lost: {stage}"
        | Unreachable -> "lost: nobody is there"
        | Duplicated -> "duplicated"
        | Corrupted bit -> $"corrupted at bit {bit}"
        | Marked -> "marked CE"
        | Bleached -> "ECN mark cleared"
        | HeldBack time -> $"held back {time.TotalMilliseconds} ms"

    override this.ToString() = this.Display

/// A datagram under way, and when it comes to the next stage.
type internal Flight =
    { At: TimeUs
      Bytes: Bytes
      Ecn: EcnCodepoint
      From: HostAddress
      To: HostAddress }

/// What leaves a stage: none, one or two datagrams, and what was done to the one that came.
[<Struct>]
type internal Passage =
    { Leaving: Flight list
      Fate: Fate voption }

/// A stage at work: it remembers what it must.
type internal StageRun = Flight -> Passage

module internal StageRun =

    let private onward flight =
        { Leaving = [ flight ]
          Fate = ValueNone }

    let private lost stage =
        { Leaving = []
          Fate = ValueSome(Fate.Lost stage) }

    let private changed fate flight =
        { Leaving = [ flight ]
          Fate = ValueSome fate }

    let private later (delay: TimeSpan) flight = { flight with At = flight.At + delay }

    /// Says of each datagram in turn whether it is one of those that something happens to.
    let private picker (dice: Dice) which =
        match which with
        | Which.Chance probability -> fun () -> dice.Throw() < probability
        | Which.Numbers numbers ->
            let mutable number = 0

            fun () ->
                number <- number + 1
                numbers.Contains number

    let private whenPicked dice which (happen: Flight -> Passage) : StageRun =
        let isPicked = picker dice which
        fun flight -> if isPicked () then happen flight else onward flight

    let private loseBursts (dice: Dice) (bursts: Bursts) stage : StageRun =
        let mutable isInBurst = false

        fun flight ->
            let threshold =
                if isInBurst then
                    1.0 - 1.0 / bursts.Length
                else
                    bursts.Beginning

            isInBurst <- dice.Throw() < threshold
            if isInBurst then lost stage else onward flight

    let private flipBit (dice: Dice) flight =
        if flight.Bytes.IsEmpty then
            onward flight
        else
            let bit = dice.Below(8 * flight.Bytes.Length)
            let bytes = flight.Bytes.Span.ToArray()
            bytes[bit / 8] <- bytes[bit / 8] ^^^ (0x80uy >>> (bit % 8))

            changed
                (Fate.Corrupted bit)
                { flight with
                    Bytes = Bytes.ofArray bytes }

    let private mark flight =
        match flight.Ecn with
        | EcnCodepoint.Ect0
        | EcnCodepoint.Ect1 -> changed Fate.Marked { flight with Ecn = EcnCodepoint.Ce }
        | _ -> onward flight

    let private bleach flight =
        match flight.Ecn with
        | EcnCodepoint.Ect0
        | EcnCodepoint.Ect1
        | EcnCodepoint.Ce ->
            changed
                Fate.Bleached
                { flight with
                    Ecn = EcnCodepoint.NotEct }
        | _ -> onward flight

    let private nanosecondsPerSecond = 1_000_000_000.0
    let private nanosecondsPerMicrosecond = 1000L

    /// Whole microseconds are too coarse for fast lines, so that the line's own time is in nanoseconds.
    let private serve (bottleneck: Bottleneck) stage : StageRun =
        let nanosecondsPerByte = 8.0 * nanosecondsPerSecond / float bottleneck.BitsPerSecond

        let mutable free = 0L

        fun flight ->
            let now = flight.At.Microseconds * nanosecondsPerMicrosecond
            let waiting = int (float (max 0L (free - now)) / nanosecondsPerByte)

            if waiting > 0 && waiting + flight.Bytes.Length > bottleneck.QueueBytes then
                lost stage
            else
                free <- max free now + int64 (float flight.Bytes.Length * nanosecondsPerByte)

                let leaving =
                    { flight with
                        At = TimeUs((free + nanosecondsPerMicrosecond - 1L) / nanosecondsPerMicrosecond) }

                match bottleneck.MarkingBytes with
                | Some threshold when waiting >= threshold -> mark leaving
                | Some _
                | None -> onward leaving

    let private swallow since until stage : StageRun =
        fun flight ->
            let elapsed = flight.At - TimeUs.zero

            if elapsed >= since && elapsed < until then
                lost stage
            else
                onward flight

    let create (dice: Dice) (stage: Stage) : StageRun =
        match stage with
        | Stage.Delay delay -> later delay >> onward
        | Stage.Jitter most -> fun flight -> later (most * dice.Throw()) flight |> onward
        | Stage.Loss which -> whenPicked dice which (fun _ -> lost stage)
        | Stage.BurstLoss bursts -> loseBursts dice bursts stage
        | Stage.Reordering(which, back) -> whenPicked dice which (later back >> changed (Fate.HeldBack back))
        | Stage.Duplication which ->
            whenPicked dice which (fun flight ->
                { Leaving = [ flight; flight ]
                  Fate = ValueSome Fate.Duplicated })
        | Stage.Corruption which -> whenPicked dice which (flipBit dice)
        | Stage.EcnMarking which -> whenPicked dice which mark
        | Stage.EcnBleaching -> bleach
        | Stage.Mtu bytes ->
            fun flight ->
                if flight.Bytes.Length > bytes then
                    lost stage
                else
                    onward flight
        | Stage.Bottleneck bottleneck -> serve bottleneck stage
        | Stage.BlackHole(since, until) -> swallow since until stage

/// A link at work.
[<Sealed>]
type internal LinkRun(seed: uint64, label: string, link: Link) =

    /// Each stage has dice of its own: what is done at one changes nothing at another.
    let stages =
        [| for index, stage in List.indexed link.Stages -> StageRun.create (Dice(seed, $"{label} stage {index}")) stage |]

    /// How many stages there are.
    member _.Length = stages.Length

    /// What leaves a stage, counted from 0, when this flight comes to it.
    member _.Pass(stage: int, flight: Flight) = stages[stage] flight
