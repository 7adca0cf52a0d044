namespace CoQuic.FSharp

open System

/// Which datagrams something happens to.
[<RequireQualifiedAccess; StructuredFormatDisplay("{Display}")>]
type Which =
    /// Each one with this probability, 0 to 1.
    | Chance of probability: float
    /// Those of these numbers; 1 is the first datagram that comes to the stage.
    | Numbers of numbers: Set<int>

    member private this.Display =
        match this with
        | Chance probability -> $"%.4g{probability * 100.0} %%"
        | Numbers numbers -> $"""number {String.Join(", ", numbers)}"""

    override this.ToString() = this.Display

/// Losses in a row, as interference makes them (Gilbert's model).
type Bursts =
    {
        /// The probability, 0 to 1, that a burst begins with a datagram.
        Beginning: float
        /// How many datagrams in a row a burst takes on average, 1 or more.
        Length: float
    }

/// A line of a certain rate, with a queue before it: the first datagram in is the first out.
type Bottleneck =
    {
        /// The rate in bits a second of UDP payload, 1 or more.
        BitsPerSecond: int64
        /// How many bytes may wait, those being sent included. A datagram that finds nothing before it always passes; one that finds
        /// no room is lost.
        QueueBytes: int
        /// From so many waiting bytes on, datagrams that allow it are marked CE (RFC 3168 §5); none marks none.
        MarkingBytes: int option
    }

/// One thing that happens to datagrams on their way. Stages stand in the order in which a datagram meets them.
[<RequireQualifiedAccess; StructuredFormatDisplay("{Display}")>]
type Stage =
    /// Every datagram takes this long.
    | Delay of TimeSpan
    /// A datagram takes up to this much longer, each its own time, so that later ones may overtake it.
    | Jitter of most: TimeSpan
    /// Datagrams are lost, independently of each other.
    | Loss of which: Which
    /// Datagrams are lost in bursts.
    | BurstLoss of bursts: Bursts
    /// Datagrams are held back for a time, so that later ones overtake them.
    | Reordering of which: Which * back: TimeSpan
    /// Datagrams arrive twice.
    | Duplication of which: Which
    /// One bit of a datagram is flipped, chosen by chance.
    | Corruption of which: Which
    /// Datagrams that allow it are marked CE, as by a congested router (RFC 3168 §5).
    | EcnMarking of which: Which
    /// Every ECN mark is cleared, as by a faulty router (RFC 9000 §13.4.2).
    | EcnBleaching
    /// Datagrams of more bytes are lost, and nobody is told.
    | Mtu of bytes: int
    /// Datagrams pass one after the other, at a certain rate.
    | Bottleneck of bottleneck: Bottleneck
    /// Everything is lost from one virtual time on, and up to another, both since the beginning.
    | BlackHole of since: TimeSpan * until: TimeSpan

    member private this.Display =
        let ms (time: TimeSpan) = $"{time.TotalMilliseconds} ms"

        match this with
        | Delay delay -> $"delay {ms delay}"
        | Jitter most -> $"jitter up to {ms most}"
        | Loss which -> $"loss {which}"
        | BurstLoss bursts -> $"burst loss %.4g{bursts.Beginning * 100.0} %%, %.3g{bursts.Length} in a row"
        | Reordering(which, back) -> $"reordering {which}, back by {ms back}"
        | Duplication which -> $"duplication {which}"
        | Corruption which -> $"corruption {which}"
        | EcnMarking which -> $"ECN marking {which}"
        | EcnBleaching -> "ECN bleaching"
        | Mtu bytes -> $"MTU {bytes} bytes"
        | Bottleneck bottleneck ->
            $"bottleneck %.6g{float bottleneck.BitsPerSecond / 1e6} Mbit/s, queue {bottleneck.QueueBytes} bytes"
        | BlackHole(since, until) -> $"black hole {ms since} to {ms until}"

    override this.ToString() = this.Display

/// One direction between two nodes.
[<StructuredFormatDisplay("{Display}")>]
type Link =
    {
        /// In the order in which a datagram meets them.
        Stages: Stage list
    }

    member private this.Display =
        match this.Stages with
        | [] -> "Link: ideal"
        | stages -> $"""Link: {String.Join("; ", stages)}"""

    override this.ToString() = this.Display

/// Links between simulated nodes. Start with `Link.ideal` and add what is to happen, in order:
/// `Link.ideal |> Link.delay (TimeSpan.FromMilliseconds 25.0) |> Link.loss 0.01`.
module Link =

    /// Nothing happens to a datagram, and it takes no time.
    let ideal: Link = { Stages = [] }

    /// A link with one more stage, behind those that are there.
    let thenStage (stage: Stage) (link: Link) : Link = { Stages = link.Stages @ [ stage ] }

    /// A link that takes this long.
    let delay (delay: TimeSpan) (link: Link) : Link = thenStage (Stage.Delay delay) link

    /// A link on which a datagram takes up to this much longer.
    let jitter (most: TimeSpan) (link: Link) : Link = thenStage (Stage.Jitter most) link

    /// A link that loses datagrams with this probability, 0 to 1.
    let loss (probability: float) (link: Link) : Link =
        thenStage (Stage.Loss(Which.Chance probability)) link

    /// A link that loses the datagrams of these numbers; 1 is the first one.
    let losing (numbers: int seq) (link: Link) : Link =
        thenStage (Stage.Loss(Which.Numbers(Set.ofSeq numbers))) link

    /// A link that loses datagrams in bursts: the probability, 0 to 1, that one begins, and how many datagrams, 1 or more, it takes on
    /// average.
    let burstLoss (beginning: float) (length: float) (link: Link) : Link =
        thenStage
            (Stage.BurstLoss
                { Beginning = beginning
                  Length = length })
            link

    /// A link that holds datagrams back for a time, with this probability, 0 to 1.
    let reordering (probability: float) (back: TimeSpan) (link: Link) : Link =
        thenStage (Stage.Reordering(Which.Chance probability, back)) link

    /// A link that delivers datagrams twice with this probability, 0 to 1.
    let duplication (probability: float) (link: Link) : Link =
        thenStage (Stage.Duplication(Which.Chance probability)) link

    /// A link that flips a bit of a datagram with this probability, 0 to 1.
    let corruption (probability: float) (link: Link) : Link =
        thenStage (Stage.Corruption(Which.Chance probability)) link

    /// A link that flips a bit of the datagrams of these numbers; 1 is the first one.
    let corrupting (numbers: int seq) (link: Link) : Link =
        thenStage (Stage.Corruption(Which.Numbers(Set.ofSeq numbers))) link

    /// A link that marks datagrams that allow it with CE, with this probability, 0 to 1.
    let marking (probability: float) (link: Link) : Link =
        thenStage (Stage.EcnMarking(Which.Chance probability)) link

    /// A link that clears every ECN mark.
    let bleaching (link: Link) : Link = thenStage Stage.EcnBleaching link

    /// A link that loses datagrams of more than so many bytes of UDP payload.
    let mtu (bytes: int) (link: Link) : Link = thenStage (Stage.Mtu bytes) link

    /// A link of a rate in bits a second, with a queue of so many bytes.
    let bottleneck (bitsPerSecond: int64) (queueBytes: int) (link: Link) : Link =
        let bottleneck =
            { BitsPerSecond = bitsPerSecond
              QueueBytes = queueBytes
              MarkingBytes = None }

        thenStage (Stage.Bottleneck bottleneck) link

    /// A link that loses everything between two virtual times since the beginning.
    let blackHole (since: TimeSpan) (until: TimeSpan) (link: Link) : Link =
        thenStage (Stage.BlackHole(since, until)) link

    let private chanceFaults probability =
        [ if not (probability >= 0.0 && probability <= 1.0) then
              "a probability is 0 to 1" ]

    let private timeFaults (time: TimeSpan) =
        [ if time < TimeSpan.Zero then
              "a time must not be negative" ]

    let private whichFaults which =
        match which with
        | Which.Chance probability -> chanceFaults probability
        | Which.Numbers numbers ->
            [ if Set.exists (fun number -> number < 1) numbers then
                  "the first datagram is number 1" ]

    let private bottleneckFaults bottleneck =
        [ if bottleneck.BitsPerSecond < 1L then
              "a rate is 1 bit a second or more"
          if bottleneck.QueueBytes < 0 then
              "a queue must not be negative" ]

    let private stageFaults stage =
        match stage with
        | Stage.Delay time
        | Stage.Jitter time -> timeFaults time
        | Stage.Loss which
        | Stage.Duplication which
        | Stage.Corruption which
        | Stage.EcnMarking which -> whichFaults which
        | Stage.Reordering(which, back) -> whichFaults which @ timeFaults back
        | Stage.BurstLoss bursts ->
            [ yield! chanceFaults bursts.Beginning
              if not (bursts.Length >= 1.0) then
                  "a burst takes 1 datagram or more" ]
        | Stage.EcnBleaching -> []
        | Stage.Mtu bytes ->
            [ if bytes < 0 then
                  "a size must not be negative" ]
        | Stage.Bottleneck bottleneck -> bottleneckFaults bottleneck
        | Stage.BlackHole(since, until) ->
            [ yield! timeFaults since
              if until < since then
                  "it ends before it begins" ]

    /// Everything that is wrong with a link at once, each with its stage as the path; nothing when it can be used.
    let faults (link: Link) : ConfigurationFault list =
        [ for index, stage in List.indexed link.Stages do
              for problem in stageFaults stage -> ConfigurationFault($"Stages[{index}]", problem) ]
