namespace CoQuic.Runtime.Tests

open System.Collections.Generic
open System.Net
open CoQuic.Runtime

/// A socket that takes so many datagrams and then has no room until the test makes some, and from which a test's runs are read.
type internal FakeSocket() =
    let sent = ResizeArray<byte[]>()

    member val Room = 0 with get, set
    member val Arrived: Queue<ReceivedRun> = Queue() with get
    member _.Sent = List.ofSeq sent

    interface IUdpSocket with
        member _.LocalEndPoint = IPEndPoint(IPAddress.Loopback, 1)
        member _.Socket = raise (System.NotSupportedException())
        member _.Watch _ = ()

        member this.Wait(_, _) =
            if this.Arrived.Count > 0 then
                Readiness.Readable
            else
                Readiness.None

        member _.Wake() = ()
        member this.Receive run = this.Arrived.TryDequeue &run
        member _.ReadNotice _ = false

        member this.Send(run, position) =
            let mutable next = position

            while next < run.Bytes.Length && this.Room > 0 do
                let size = min run.SegmentSize (run.Bytes.Length - next)
                sent.Add(run.Bytes.Slice(next, size).ToArray())
                this.Room <- this.Room - 1
                next <- next + size

            next

        member _.Dispose() = ()
