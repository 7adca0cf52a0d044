/// What the tests of sockets say about runs and pairs.
module internal CoQuic.Runtime.Tests.SocketKit

open System
open System.Net
open System.Net.Sockets
open Expecto
open CoQuic.Engine
open CoQuic.Runtime

/// Long enough for any machine, short enough for a test that hangs.
let patience = 5_000_000L

/// An implementation under test.
type Kind =
    { Name: string
      Open: SocketOptions -> Result<IUdpSocket, RuntimeError>
      TellsEcn: bool }

let private linux name offload =
    { Name = name
      Open = fun options -> UdpSockets.openSocket { options with Offload = offload }
      TellsEcn = true }

let portable =
    { Name = "portable"
      Open = UdpSockets.openPortable
      TellsEcn = false }

/// What this machine can run.
let kinds =
    [ if LinuxSocket.isSupported then
          linux "with offload" true
          linux "without offload" false
      portable ]

let opened result : IUdpSocket = Expect.wantOk result "the socket opens"

let openOn (kind: Kind) (address: IPAddress) =
    kind.Open(SocketOptions.bind (IPEndPoint(address, 0))) |> opened

let routeTo (endPoint: IPEndPoint) : UdpRoute =
    { Local = UdpAddress.unspecified
      Remote = UdpAddress.ofEndPoint endPoint }

/// Bytes that tell where they were.
let pattern length =
    Array.init length (fun i -> byte (i * 31 + i / 256))

let outgoing (bytes: byte[]) segmentSize ecn route : OutgoingRun =
    { Bytes = ReadOnlyMemory bytes
      SegmentSize = segmentSize
      Ecn = ecn
      Route = route }

/// Writes all of a run, waiting for room where there is none.
let sendAll (socket: IUdpSocket) run =
    let rec go position =
        if position < run.Bytes.Length then
            let next = socket.Send(&run, position)

            if next = position then
                let readiness = socket.Wait(patience, Readiness.Writable)
                Expect.isTrue (readiness.HasFlag Readiness.Writable) "room comes back"

            go next

    go 0

/// The next run, or a failed test.
let receive (socket: IUdpSocket) : ReceivedRun =
    let mutable run = Unchecked.defaultof<ReceivedRun>

    if not (socket.Receive &run) then
        let readiness = socket.Wait(patience, Readiness.Readable)
        Expect.isTrue (readiness.HasFlag Readiness.Readable) "a datagram comes"
        Expect.isTrue (socket.Receive &run) "what is readable can be read"

    run

/// The runs that hold so many bytes together.
let rec receiveRuns socket length : ReceivedRun list =
    if length <= 0 then
        []
    else
        let run = receive socket
        run :: receiveRuns socket (length - run.Buffer.Length)

/// The datagrams of a run.
let datagrams (run: ReceivedRun) : byte[] list =
    [ for chunk in Array.chunkBySize (max 1 run.SegmentSize) (run.Buffer.ToArray()) -> chunk ]

/// The datagrams that hold so many bytes together, however they were joined.
let receiveDatagrams socket length =
    receiveRuns socket length |> List.collect datagrams

let hasIPv6 =
    lazy
        (try
            use socket =
                new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp)

            socket.Bind(IPEndPoint(IPAddress.IPv6Loopback, 0))
            true
         with :? SocketException ->
             false)

/// Skips the test where the machine has no such loopback address.
let require (address: IPAddress) =
    if address.AddressFamily = AddressFamily.InterNetworkV6 && not hasIPv6.Value then
        CoQuic.Tests.Capability.missing "ipv6" "this machine has no IPv6 loopback address"
