module CoQuic.Runtime.Tests.UdpSocketTests

open System
open System.Net
open System.Threading
open Expecto
open CoQuic.Engine
open CoQuic.Runtime
open CoQuic.Runtime.Tests.SocketKit

/// Sends a run from one socket to another and returns the datagrams that came.
let private exchange kind (address: IPAddress) length segmentSize =
    require address
    use sender = openOn kind address
    use receiver = openOn kind address
    let bytes = pattern length
    sendAll sender (outgoing bytes segmentSize EcnCodepoint.NotEct (routeTo receiver.LocalEndPoint))
    Array.chunkBySize segmentSize bytes |> List.ofArray, receiveDatagrams receiver length

let private carriesRuns kind address =
    testCase $"a run arrives as it was sent over {address}"
    <| fun () ->
        // One datagram; a full run; a short last one; more than one call takes; a size that no offload joins.
        for length, segmentSize in [ 1, 1; 1200 * 40, 1200; 1200 * 3 + 7, 1200; 1452 * 100 + 1, 1452; 9000, 9000 ] do
            let sent, received = exchange kind address length segmentSize
            Expect.equal received sent $"{length} bytes in datagrams of {segmentSize}"

let private carriesEcn kind address =
    testCase $"ECN marks survive over {address}"
    <| fun () ->
        require address
        use sender = openOn kind address
        use receiver = openOn kind address

        for mark in [ EcnCodepoint.NotEct; EcnCodepoint.Ect0; EcnCodepoint.Ect1; EcnCodepoint.Ce ] do
            sendAll sender (outgoing (pattern 2400) 1200 mark (routeTo receiver.LocalEndPoint))
            let expected = if kind.TellsEcn then mark else EcnCodepoint.Unavailable

            for run in receiveRuns receiver 2400 do
                Expect.equal run.Ecn expected $"the mark {mark}"

let private tests (kind: Kind) =
    testList
        kind.Name
        [ for address in [ IPAddress.Loopback; IPAddress.IPv6Loopback ] do
              carriesRuns kind address
              carriesEcn kind address

          testCase "what arrives tells where it came from, and an answer finds the way back"
          <| fun () ->
              use client = openOn kind IPAddress.Loopback
              use server = openOn kind IPAddress.Loopback
              sendAll client (outgoing [| 1uy |] 1 EcnCodepoint.NotEct (routeTo server.LocalEndPoint))
              let run = receive server
              Expect.equal (UdpAddress.toEndPoint run.Route.Remote) client.LocalEndPoint "the sender's address"
              sendAll server (outgoing [| 2uy |] 1 EcnCodepoint.NotEct run.Route)
              Expect.equal ((receive client).Buffer.ToArray()) [| 2uy |] "the answer"

          testCase "an IPv6 wildcard takes IPv4 as well, with its marks"
          <| fun () ->
              require IPAddress.IPv6Loopback
              use server = openOn kind IPAddress.IPv6Any
              use client = openOn kind IPAddress.Loopback
              let target = IPEndPoint(IPAddress.Loopback, server.LocalEndPoint.Port)
              sendAll client (outgoing (pattern 3000) 1000 EcnCodepoint.Ect0 (routeTo target))
              let run = List.head (receiveRuns server 3000)
              Expect.equal (UdpAddress.toEndPoint run.Route.Remote) client.LocalEndPoint "the sender as IPv4"

              if kind.TellsEcn then
                  Expect.equal run.Ecn EcnCodepoint.Ect0 "the mark"

              sendAll server (outgoing [| 9uy |] 1 EcnCodepoint.Ect1 run.Route)
              let answer = receive client
              Expect.equal (answer.Buffer.ToArray()) [| 9uy |] "the answer"

              if kind.TellsEcn then
                  Expect.equal answer.Ecn EcnCodepoint.Ect1 "the answer's mark"

          testCase "small runs share a chunk and do not disturb each other"
          <| fun () ->
              use client = openOn kind IPAddress.Loopback
              use server = openOn kind IPAddress.Loopback

              let runs =
                  [ for i in 1..200 do
                        sendAll
                            client
                            (outgoing [| byte i; byte i |] 2 EcnCodepoint.NotEct (routeTo server.LocalEndPoint))

                        receive server ]

              let contents = [ for run in runs -> run.Buffer.ToArray() ]
              Expect.equal contents [ for i in 1..200 -> [| byte i; byte i |] ] "all contents are still there"

          testCase "an empty datagram is a run of no bytes"
          <| fun () ->
              use server = openOn kind IPAddress.Loopback

              use client =
                  new Sockets.Socket(
                      Sockets.AddressFamily.InterNetwork,
                      Sockets.SocketType.Dgram,
                      Sockets.ProtocolType.Udp
                  )

              client.SendTo(Array.empty, server.LocalEndPoint) |> ignore
              client.SendTo([| 5uy |], server.LocalEndPoint) |> ignore
              Expect.equal (receive server).Buffer.Length 0 "the empty one"
              Expect.equal ((receive server).Buffer.ToArray()) [| 5uy |] "the one behind it"

          testCase "a wait ends at its deadline"
          <| fun () ->
              use socket = openOn kind IPAddress.Loopback
              Expect.equal (socket.Wait(2_000L, Readiness.Readable)) Readiness.None "nothing else happened"

          testCase "a wake from another thread ends a wait without limit, once"
          <| fun () ->
              use socket = openOn kind IPAddress.Loopback
              let waker = Thread(fun () -> socket.Wake())
              waker.Start()
              Expect.equal (socket.Wait(-1L, Readiness.Readable)) Readiness.Woken "it was woken"
              waker.Join()
              Expect.equal (socket.Wait(0L, Readiness.Readable)) Readiness.None "one wake, one end"

          testCase "a wake before the wait is not lost, and many are one"
          <| fun () ->
              use socket = openOn kind IPAddress.Loopback

              for _ in 1..1000 do
                  socket.Wake()

              Expect.equal (socket.Wait(patience, Readiness.Readable)) Readiness.Woken "it was woken"
              Expect.equal (socket.Wait(0L, Readiness.Readable)) Readiness.None "all wakes are taken"

          testCase "a wake after disposal does nothing"
          <| fun () ->
              let socket = openOn kind IPAddress.Loopback
              socket.Dispose()
              socket.Wake()
              socket.Wake()

              Expect.throwsT<ObjectDisposedException>
                  (fun () -> socket.Wait(0L, Readiness.Readable) |> ignore)
                  "its own use throws"

          testCase "a refused port does not disturb later datagrams"
          <| fun () ->
              use sender = openOn kind IPAddress.Loopback
              use receiver = openOn kind IPAddress.Loopback
              let closed = openOn kind IPAddress.Loopback
              let nobody = routeTo closed.LocalEndPoint
              closed.Dispose()
              sendAll sender (outgoing [| 1uy |] 1 EcnCodepoint.NotEct nobody)
              sendAll sender (outgoing [| 2uy |] 1 EcnCodepoint.NotEct (routeTo receiver.LocalEndPoint))
              Expect.equal ((receive receiver).Buffer.ToArray()) [| 2uy |] "the second arrives"

              let mutable none = Unchecked.defaultof<ReceivedRun>
              Expect.isFalse (sender.Receive &none) "and the error is no datagram"

          testCase "a datagram that the link cannot take is lost without harm"
          <| fun () ->
              use sender = openOn kind IPAddress.Loopback
              use receiver = openOn kind IPAddress.Loopback
              let route = routeTo receiver.LocalEndPoint
              // 65,507 bytes are the most that UDP over IPv4 carries.
              sendAll sender (outgoing (pattern 65_600) 65_600 EcnCodepoint.NotEct route)
              sendAll sender (outgoing [| 7uy |] 1 EcnCodepoint.NotEct route)
              Expect.equal ((receive receiver).Buffer.ToArray()) [| 7uy |] "the next arrives"

          testCase "a busy port is an error that names the address"
          <| fun () ->
              use first = openOn kind IPAddress.Loopback

              match kind.Open(SocketOptions.bind first.LocalEndPoint) with
              | Ok second ->
                  second.Dispose()
                  failtest "two sockets have one port"
              | Error error ->
                  Expect.equal error (RuntimeError.AddressInUse first.LocalEndPoint) "the error"
                  Expect.stringContains (string error) (string first.LocalEndPoint) "its sentence"

          testCase "an address of another machine cannot be bound"
          <| fun () ->
              // 192.0.2.0/24 is for documentation (RFC 5737).
              let foreign = IPEndPoint(IPAddress.Parse "192.0.2.1", 0)

              match kind.Open(SocketOptions.bind foreign) with
              | Ok socket ->
                  socket.Dispose()
                  failtest "it was bound"
              | Error error -> Expect.equal error (RuntimeError.AddressNotAvailable foreign) "the error" ]

/// A socket at a wildcard address with packet information, and the address it answers from.
let private answersFrom (wildcard: IPAddress) =
    let options =
        { SocketOptions.bind (IPEndPoint(wildcard, 0)) with
            PacketInformation = true }

    use server = UdpSockets.openSocket options |> opened
    // The whole of 127.0.0.0/8 is this machine on Linux, and 127.0.0.1 is where answers to it would come from.
    let asked = IPEndPoint(IPAddress.Parse "127.0.0.2", server.LocalEndPoint.Port)
    use client = openOn portable IPAddress.Loopback
    sendAll client (outgoing [| 1uy |] 1 EcnCodepoint.NotEct (routeTo asked))
    let run = receive server
    sendAll server (outgoing (pattern 2400) 1200 EcnCodepoint.Ect0 run.Route)
    let answer = receive client
    Expect.equal (UdpAddress.toEndPoint answer.Route.Remote) asked $"the answer of {wildcard}"

[<Tests>]
let homes =
    testCase "a server with several addresses answers from the one it was asked at"
    <| fun () ->
        if not LinuxSocket.isSupported then
            CoQuic.Tests.Capability.missing "linux" "packet information is read on Linux alone"

        answersFrom IPAddress.Any

        if hasIPv6.Value then
            answersFrom IPAddress.IPv6Any

/// Where nobody listens.
let private deadEnd (address: IPAddress) =
    use closed = openOn portable address
    closed.LocalEndPoint

let private tellsRefusals (bind: IPAddress) (target: IPAddress) =
    testCase $"what ICMP says of {target} comes to a socket at {bind}, and disturbs nobody else"
    <| fun () ->
        if not LinuxSocket.isSupported then
            CoQuic.Tests.Capability.missing "linux" "the error queue is Linux's"

        require bind

        use socket =
            UdpSockets.openSocket (SocketOptions.bind (IPEndPoint(bind, 0))) |> opened

        use other = openOn portable target
        let target = deadEnd target
        let datagram = pattern 1200
        sendAll socket (outgoing datagram 1200 EcnCodepoint.NotEct (routeTo target))

        let readiness = socket.Wait(patience, Readiness.None)
        Expect.isTrue (readiness.HasFlag Readiness.Notified) "the wait ends"
        let mutable notice = Unchecked.defaultof<SocketNotice>
        Expect.isTrue (socket.ReadNotice &notice) "a notice"
        Expect.isTrue (SocketNotice.isRefusal notice) "nobody listens"
        Expect.equal (SocketNotice.maxUdpPayload notice) ValueNone "which is not about sizes"
        Expect.equal (UdpAddress.toEndPoint notice.Route.Remote) target "there"
        let quoted = notice.Quoted.Span.ToArray()
        Expect.isGreaterThan quoted.Length 100 "it quotes"
        Expect.equal quoted datagram[.. quoted.Length - 1] "what was sent"
        Expect.isFalse (socket.ReadNotice &notice) "once"

        // The error comes up again at the next call, which is about somebody else.
        sendAll socket (outgoing datagram 1200 EcnCodepoint.NotEct (routeTo target))
        socket.Wait(patience, Readiness.None) |> ignore
        sendAll socket (outgoing datagram 1200 EcnCodepoint.NotEct (routeTo other.LocalEndPoint))
        Expect.equal ((receive other).Buffer.ToArray()) datagram "it is not lost"

[<Tests>]
let notices =
    testList
        "notices"
        [ tellsRefusals IPAddress.Loopback IPAddress.Loopback
          tellsRefusals IPAddress.IPv6Loopback IPAddress.IPv6Loopback
          tellsRefusals IPAddress.IPv6Any IPAddress.Loopback

          testCase "an MTU leaves room for headers"
          <| fun () ->
              let notice (remote: string) error mtu : SocketNotice =
                  { Route = routeTo (IPEndPoint(IPAddress.Parse remote, 1))
                    Error = error
                    Mtu = mtu
                    Quoted = Bytes.Empty }

              let tooLarge = 90
              let refused = 111

              let payload remote error mtu =
                  SocketNotice.maxUdpPayload (notice remote error mtu)

              Expect.equal (payload "192.0.2.1" tooLarge 1400) (ValueSome 1372) "IPv4's"
              Expect.equal (payload "2001:db8::1" tooLarge 1400) (ValueSome 1352) "IPv6's"
              Expect.equal (payload "192.0.2.1" tooLarge 0) ValueNone "routers of old do not tell"
              Expect.equal (payload "192.0.2.1" refused 1400) ValueNone "another error"

          testCase "buffers that the system cuts down are worth a sentence that names the limit"
          <| fun () ->
              Expect.isNone (SocketBuffers.complaint 1000 1000 2000) "all is granted"
              let complaint = Expect.wantSome (SocketBuffers.complaint 1000 500 1000) "it is not"
              Expect.stringContains complaint "500 of 1000 bytes" "how much"

              if OperatingSystem.IsLinux() then
                  Expect.stringContains complaint "net.core.rmem_max=1000" "what to do"

              let sending =
                  Expect.wantSome (SocketBuffers.complaint 1000 1000 500) "the other way"

              if OperatingSystem.IsLinux() then
                  Expect.stringContains sending "net.core.wmem_max" "its limit" ]

[<Tests>]
let all = testList "UDP sockets" (List.map tests kinds)
