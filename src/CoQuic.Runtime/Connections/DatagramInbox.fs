namespace CoQuic.Runtime

open System
open System.Threading
open System.Threading.Channels
open CoQuic.FSharp

/// DATAGRAMs on their way from the agent to the application (RFC 9221). They are not reliable: what comes while there is no room is
/// lost.
[<Sealed>]
type internal DatagramInbox() =

    /// What waits for an application that does not read: so many, and so many bytes.
    static let maximumWaiting = 4096

    static let maximumBytes = 4L * 1024L * 1024L

    /// Made when it is first needed: most connections never see a DATAGRAM, and an empty channel weighs more than a kilobyte.
    let waiting =
        lazy Channel.CreateUnbounded<ReadOnlyMemory<byte>>(UnboundedChannelOptions(SingleWriter = true))

    let mutable bytes = 0L

    /// The agent's. A copy is kept: the datagram is part of a run that is larger by far.
    member _.Add(datagram: Bytes) =
        if
            waiting.Value.Reader.Count < maximumWaiting
            && Interlocked.Read &bytes + int64 datagram.Length <= maximumBytes
        then
            Interlocked.Add(&bytes, int64 datagram.Length) |> ignore
            waiting.Value.Writer.TryWrite(ReadOnlyMemory(datagram.Span.ToArray())) |> ignore

    /// The next one.
    member _.Read(cancellation: CancellationToken) =
        task {
            let! datagram = waiting.Value.Reader.ReadAsync cancellation
            Interlocked.Add(&bytes, -(int64 datagram.Length)) |> ignore
            return datagram
        }

    /// The agent's: no more will come.
    member _.Complete(error: exn) =
        waiting.Value.Writer.TryComplete error |> ignore
