namespace CoQuic.Runtime

/// How much a host hears of the network before it answers, sends and looks at its timers. The more, the less each datagram costs; what is
/// heard long keeps a peer idle that waits for the first answer.
[<Struct>]
type internal Hearing =
    {
        /// Runs of datagrams in one turn, at most.
        Runs: int
        /// Microseconds that an answer waits for more to come in, at most.
        AnswersWait: int64
    }

[<RequireQualifiedAccess>]
module internal Hearing =

    /// Of so many connections most have been answered, or have work of their own, whenever one waits.
    let private crowd = 256

    let private ofFew = { Runs = 16; AnswersWait = 50L }

    /// A connection's turn finds its state in no cache, and pays when it hears, acknowledges and sends more at a time.
    let private ofCrowd = { Runs = 64; AnswersWait = 5_000L }

    /// What suits a host with so many connections.
    let ofConnections (count: int) : Hearing =
        if count >= crowd then ofCrowd else ofFew
