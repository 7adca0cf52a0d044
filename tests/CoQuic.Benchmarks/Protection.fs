/// Packet protection alone: our fastest AEAD over the packets of one run.
module CoQuic.Benchmarks.Protection

open System
open System.Buffers.Binary
open System.Diagnostics
open CoQuic.Engine

/// What a datagram carries at most where IPv4 rides on Ethernet.
let usualDatagram = 1472

/// UDP payload that one system call takes over IPv4.
let private largestRun = 65_507

/// Datagrams of one system call: as many as it takes.
let runLength datagramSize = largestRun / datagramSize

let private headerSize = 20

let key () =
    PacketKey.Create(CipherSuite.Aes128GcmSha256, ReadOnlySpan(Array.create 16 1uy), ReadOnlySpan(Array.create 12 2uy))

/// Seals every datagram of a run in place. Its packet number is in its header, so that a receiver may miss some.
let sealRun (key: PacketKey) (datagramSize: int) (first: uint64) (run: byte[]) =
    for index in 0 .. run.Length / datagramSize - 1 do
        let datagram = run.AsSpan(index * datagramSize, datagramSize)
        BinaryPrimitives.WriteUInt64BigEndian(datagram, first + uint64 index)
        key.Seal(first + uint64 index, datagram.Slice(0, headerSize), datagram.Slice headerSize)

/// Opens every datagram of a run in place; false where one is not authentic.
let openRun (key: PacketKey) (datagramSize: int) (run: byte[]) (length: int) =
    let mutable isAuthentic = true

    for index in 0 .. length / datagramSize - 1 do
        let datagram = run.AsSpan(index * datagramSize, datagramSize)
        let number = BinaryPrimitives.ReadUInt64BigEndian datagram

        let isOpen =
            key.TryOpen(number, datagram.Slice(0, headerSize), datagram.Slice headerSize)

        isAuthentic <- isOpen && isAuthentic

    isAuthentic

/// Gbit/s of sealed datagrams on one thread, over so many seconds.
let rate (seconds: float) =
    use key = key ()
    let run = Array.zeroCreate<byte>(runLength usualDatagram * usualDatagram)
    let watch = Stopwatch.StartNew()
    let mutable runs = 0L

    while watch.Elapsed.TotalSeconds < seconds do
        for _ in 1..100 do
            sealRun key usualDatagram (uint64 runs * uint64 (runLength usualDatagram)) run
            runs <- runs + 1L

    float (runs * int64 run.Length) * 8.0 / 1e9 / watch.Elapsed.TotalSeconds
