namespace CoQuic.FSharp

open System

/// One thing that happens to datagrams on their way. Stages stand in the order in which a datagram meets them.
[<RequireQualifiedAccess>]
type Stage =
    /// Every datagram takes this long.
    | Delay of TimeSpan
    /// A datagram takes up to this much longer, each its own time, so that later ones may overtake it.
    | Jitter of most: TimeSpan
    /// A datagram is lost with this probability, 0 to 1.
    | Loss of probability: float
    /// A datagram of more bytes is lost.
    | Mtu of bytes: int

/// One direction between two nodes.
type Link =
    {
        /// In the order in which a datagram meets them.
        Stages: Stage list
    }

/// Links between simulated nodes.
module Link =

    /// Nothing happens to a datagram, and it takes no time.
    let ideal: Link = { Stages = [] }

    /// A link with one more stage, behind those that are there.
    let thenStage (stage: Stage) (link: Link) : Link = { Stages = link.Stages @ [ stage ] }

    /// A link that takes this long.
    let delay (delay: TimeSpan) (link: Link) : Link = thenStage (Stage.Delay delay) link

    /// A link that loses datagrams with this probability, 0 to 1.
    let loss (probability: float) (link: Link) : Link = thenStage (Stage.Loss probability) link

    /// A link on which a datagram takes up to this much longer.
    let jitter (most: TimeSpan) (link: Link) : Link = thenStage (Stage.Jitter most) link

/// A sequence of numbers that a seed decides (SplitMix64): each throw yields the next state.
[<Struct>]
type internal Dice = { State: uint64 }

module internal Dice =

    let ofSeed (seed: uint64) (label: string) =
        let bytes = Array.zeroCreate<byte> 8
        SeededEntropy(seed, label).Fill(Span bytes)
        { State = BitConverter.ToUInt64(bytes, 0) }

    let next dice : struct (uint64 * Dice) =
        let state = dice.State + 0x9E3779B97F4A7C15UL
        let mixed = (state ^^^ (state >>> 30)) * 0xBF58476D1CE4E5B9UL
        let mixed = (mixed ^^^ (mixed >>> 27)) * 0x94D049BB133111EBUL
        struct (mixed ^^^ (mixed >>> 31), { State = state })

    /// A number from 0 up to, but not including, 1.
    let throw dice : struct (float * Dice) =
        let struct (number, dice) = next dice
        struct (float (number >>> 11) / float (1UL <<< 53), dice)

/// A datagram under way.
type internal Flight =
    { Arrival: TimeUs
      Bytes: Bytes
      Ecn: EcnCodepoint
      From: HostAddress
      To: HostAddress }

/// A link at work. Stages that remember something keep it here.
type internal LinkState = { Link: Link; Dice: Dice }

module internal LinkState =

    let create seed label link =
        { Link = link
          Dice = Dice.ofSeed seed label }

    /// One flight through one stage: what leaves it, possibly nothing or more than one.
    let private pass (flight: Flight) dice stage =
        match stage with
        | Stage.Delay delay ->
            [ { flight with
                  Arrival = flight.Arrival + delay } ],
            dice
        | Stage.Jitter most ->
            let struct (share, dice) = Dice.throw dice

            [ { flight with
                  Arrival = flight.Arrival + most * share } ],
            dice
        | Stage.Loss probability ->
            let struct (share, dice) = Dice.throw dice
            (if share < probability then [] else [ flight ]), dice
        | Stage.Mtu bytes -> (if flight.Bytes.Length > bytes then [] else [ flight ]), dice

    let private passAll (flights, dice) stage =
        let leaving, dice =
            flights |> List.mapFold (fun dice flight -> pass flight dice stage) dice

        List.concat leaving, dice

    /// What arrives of a flight, and the link as it is afterwards.
    let carry (flight: Flight) state =
        let arriving, dice = state.Link.Stages |> List.fold passAll ([ flight ], state.Dice)
        arriving, { state with Dice = dice }
