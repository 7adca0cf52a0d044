/// What this machine could do at most: runs of datagrams over loopback, one thread a side, with and without packet protection, and
/// without a protocol. Nothing is allocated.
module CoQuic.Benchmarks.Ceiling

open System
open System.Diagnostics
open System.Net.Sockets

/// After so long without a datagram a receiver takes the sender to be done, in milliseconds.
let private silence = 500

/// Sends datagrams of some size for so many seconds, whatever the receiver makes of it.
let send (port: int) (isProtected: bool) (seconds: float) (datagramSize: int) =
    use socket = Offload.sender datagramSize port
    use key = Protection.key ()
    let runLength = Protection.runLength datagramSize
    let run = Array.zeroCreate<byte>(runLength * datagramSize)
    let watch = Stopwatch.StartNew()
    let mutable number = 0UL

    while watch.Elapsed.TotalSeconds < seconds do
        if isProtected then
            Protection.sealRun key datagramSize number run
            number <- number + uint64 runLength

        socket.Send(ReadOnlySpan run) |> ignore

/// One read; 0 when there was silence.
let private receiveRun (socket: Socket) (buffer: byte[]) =
    try
        socket.Receive(Span buffer)
    with :? SocketException as problem when problem.SocketErrorCode = SocketError.TimedOut ->
        0

/// Says the port, receives until there is silence, and says the rate in Gbit/s. What the sender sent too fast is not counted.
let receive (isProtected: bool) (datagramSize: int) =
    use socket = Offload.receiver 0
    use key = Protection.key ()
    let buffer = Array.zeroCreate<byte> 65_536
    printfn $"port {Offload.portOf socket}"
    let mutable length = socket.Receive(Span buffer)
    let start = Stopwatch.GetTimestamp()
    let mutable last = start
    let mutable bytes = 0L
    socket.ReceiveTimeout <- silence

    while length > 0 do
        if isProtected && not (Protection.openRun key datagramSize buffer length) then
            failwith "A datagram is not authentic."

        bytes <- bytes + int64 length
        last <- Stopwatch.GetTimestamp()
        length <- receiveRun socket buffer

    let seconds = Stopwatch.GetElapsedTime(start, last).TotalSeconds
    printfn $"rate %.3f{float bytes * 8.0 / 1e9 / seconds}"
