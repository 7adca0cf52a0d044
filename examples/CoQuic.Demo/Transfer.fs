namespace CoQuic.Demo

open System
open CoQuic.FSharp
open CoQuic.Demo.FileProtocol

/// What a program wants of the disk. Values, like commands; `Disk` performs them, at the rim.
[<RequireQualifiedAccess>]
type DiskTask =
    /// Open the file to send; `Opened` answers.
    | OpenFile
    /// Read the next block of it; `Block` or `Ended` answers.
    | ReadBlock
    /// Begin a file.
    | Create of header: FileHeader
    | Append of bytes: Bytes
    /// The file is whole; `Stored` answers.
    | Finish

/// What the disk answers.
[<RequireQualifiedAccess>]
type DiskAnswer =
    | Opened of header: FileHeader
    | Block of bytes: Bytes
    /// Nothing is left to read; the SHA-256 of what was read.
    | Ended of sha256: Bytes
    /// The file is written, and this is the SHA-256 of its content.
    | Stored of header: FileHeader * sha256: Bytes
    | Failed of reason: string

/// A file on its way out.
type Sender =
    {
        Connection: ConnectionHandle
        Stream: StreamId
        StartedAt: TimeUs
        Header: FileHeader option
        /// Bytes handed over, and bytes acknowledged, since the stream began.
        Queued: uint64
        Released: uint64
        /// Whether a block was asked for that is not there yet.
        IsReading: bool
        /// What we sent, once we know.
        Sha256: Bytes option
        /// What the receiver says that it got, so far.
        Answer: Bytes
    }

/// A file on its way in.
type Receiver =
    {
        Connection: ConnectionHandle
        Stream: StreamId
        StartedAt: TimeUs
        /// What came in before the header was complete.
        Start: Bytes
        Header: FileHeader option
        /// Bytes of the file that came in.
        Received: uint64
    }

/// What became of a transfer.
type Transfer =
    {
        Header: FileHeader
        /// From the first byte to the answer at the sender, and to the last byte at the receiver.
        Elapsed: TimeSpan
        Sha256: Bytes
    }

/// A step of a transfer: what it is now, what it wants of the network and of the disk.
type Step<'transfer, 'message> = 'transfer * Command<'message> list * DiskTask list

[<RequireQualifiedAccess>]
module Sender =
    /// The endpoint holds at most this much of the file.
    let private highWaterMark = 8UL * 1024UL * 1024UL

    /// It asks for more when it holds less than this.
    let lowWaterMark = highWaterMark / 2UL

    let start (now: TimeUs) connection stream : Step<Sender, 'message> =
        { Connection = connection
          Stream = stream
          StartedAt = now
          Header = None
          Queued = 0UL
          Released = 0UL
          IsReading = false
          Sha256 = None
          Answer = Bytes.empty },
        [],
        [ DiskTask.OpenFile ]

    /// Asks for the next block as long as the endpoint holds little.
    let private readOn (sender: Sender, commands) : Step<Sender, 'message> =
        let isHungry =
            not sender.IsReading
            && sender.Sha256.IsNone
            && sender.Queued - sender.Released < highWaterMark

        if isHungry then
            { sender with IsReading = true }, commands, [ DiskTask.ReadBlock ]
        else
            sender, commands, []

    let private send bytes (sender: Sender) =
        { sender with
            Queued = sender.Queued + uint64 (Bytes.length bytes) },
        [ Command.send sender.Connection sender.Stream bytes ]

    let onOpened header (sender: Sender) : Step<Sender, 'message> =
        { sender with Header = Some header } |> send (encode header) |> readOn

    let onBlock bytes (sender: Sender) : Step<Sender, 'message> =
        { sender with IsReading = false } |> send bytes |> readOn

    let onEnded sha256 (sender: Sender) : Step<Sender, 'message> =
        { sender with Sha256 = Some sha256 }, [ Command.sendLast sender.Connection sender.Stream Bytes.empty ], []

    let onProgress (progress: SendProgress) (sender: Sender) : Step<Sender, 'message> =
        readOn (
            { sender with
                Released = max sender.Released progress.Released },
            []
        )

    /// The receiver's answer, as far as it has come. Once it has ended: whether what arrived is what was sent.
    let onAnswer now (data: ReceiveStreamData) (sender: Sender) : Sender * Result<Transfer, string> option =
        let answer = Bytes.concat [ sender.Answer; data.Bytes ]

        let sender =
            { sender with
                Answer = answer.Slice(0, min answer.Length (hashLength + 1)) }

        if not data.Fin then
            sender, None
        else
            match sender.Header, sender.Sha256 with
            | Some header, Some sha256 when sender.Answer = sha256 ->
                let transfer =
                    { Header = header
                      Elapsed = now - sender.StartedAt
                      Sha256 = sha256 }

                sender, Some(Ok transfer)
            | Some _, Some sha256 ->
                let reason =
                    $"the receiver has SHA-256 {sender.Answer.ToHex()}, but {sha256.ToHex()} was sent"

                sender, Some(Error reason)
            | _ -> sender, Some(Error "the receiver answered before the file was sent")

[<RequireQualifiedAccess>]
module Receiver =
    let start (now: TimeUs) connection stream : Receiver =
        { Connection = connection
          Stream = stream
          StartedAt = now
          Start = Bytes.empty
          Header = None
          Received = 0UL }

    let private onFile (bytes: Bytes) (header: FileHeader) isLast (receiver: Receiver) =
        let received = receiver.Received + uint64 bytes.Length

        if received > header.Length || (isLast && received < header.Length) then
            Error $"the peer announced {header.Length} bytes, but sent {received}"
        else
            Ok(
                { receiver with
                    Header = Some header
                    Received = received },
                [ if receiver.Header.IsNone then
                      DiskTask.Create header
                  DiskTask.Append bytes
                  if isLast then
                      DiskTask.Finish ]
            )

    /// Bytes of the file or of what precedes it.
    let onData (data: ReceiveStreamData) (receiver: Receiver) : Result<Receiver * DiskTask list, string> =
        match receiver.Header with
        | Some header -> onFile data.Bytes header data.Fin receiver
        | None ->
            let start = Bytes.concat [ receiver.Start; data.Bytes ]

            match read start with
            | Start.Header(header, rest) -> onFile rest header data.Fin receiver
            | Start.BadName -> Error "the peer sent a file without a usable name"
            | Start.Incomplete when data.Fin -> Error "the peer's file ended before its header"
            | Start.Incomplete -> Ok({ receiver with Start = start }, [])

    /// The file is on the disk: its hash is the answer.
    let onStored now (header: FileHeader) sha256 (receiver: Receiver) : Transfer * Command<'message> list =
        { Header = header
          Elapsed = now - receiver.StartedAt
          Sha256 = sha256 },
        [ Command.sendLast receiver.Connection receiver.Stream sha256 ]
