/// Network namespaces with a router between them: what loopback cannot show.
module CoQuic.Runtime.Tests.NamespaceTests

open System
open System.Diagnostics
open System.IO
open System.Net
open System.Runtime.InteropServices
open System.Threading
open System.Threading.Tasks
open Microsoft.Win32.SafeHandles
open Expecto
open CoQuic.FSharp
open CoQuic.Runtime
open CoQuic.Tests
open CoQuic.Runtime.Tests.ConnectionKit

[<DllImport("libc", SetLastError = true)>]
extern int private setns(SafeFileHandle ns, int kind)

/// CLONE_NEWNET.
let private network = 0x40000000

/// Runs `ip`, and says whether it succeeded.
let private tryIp (arguments: string) =
    try
        use ip =
            Process.Start(
                ProcessStartInfo("ip", arguments, RedirectStandardError = true, RedirectStandardOutput = true)
            )
            |> nonNull

        ip.WaitForExit()
        ip.ExitCode = 0
    with :? ComponentModel.Win32Exception ->
        false

let private ip arguments =
    if not (tryIp arguments) then
        failtest $"ip {arguments} failed"

/// What `work` makes belongs to the namespace: its sockets, and threads that it starts.
let private within (space: string) (work: unit -> 'value) : 'value =
    let outcome = TaskCompletionSource<'value>()

    let run () =
        try
            use handle = File.OpenHandle $"/var/run/netns/{space}"

            if setns (handle, network) <> 0 then
                failtest $"setns: {Marshal.GetLastPInvokeError()}"

            outcome.SetResult(work ())
        with error ->
            outcome.SetException error

    let thread = Thread(run)
    thread.Start()
    thread.Join()
    outcome.Task.GetAwaiter().GetResult()

let private mtuAtClient = 1500
let private mtuAtServer = 1400

/// The largest UDP payload that IPv4 carries in the smaller of both.
let private smallerPayload = mtuAtServer - 28

let private clientAddress = "10.201.1.2"
let private otherClientAddress = "10.201.1.3"
let private serverAddress = "10.201.2.2"

/// One end of a cable in a namespace.
let private plug space (device: string) (address: string) mtu =
    ip $"link set {device} netns {space}"
    ip $"-n {space} addr add {address}/24 dev {device}"
    ip $"-n {space} link set {device} mtu {mtu} up"

/// A client and a server with a router between them, whose link to the server carries less.
type private Networks() =
    let id = Environment.ProcessId % 10_000
    let client, router, server = $"coquic-c{id}", $"coquic-r{id}", $"coquic-s{id}"

    let connect index space address gateway mtu =
        let near, far = $"cq{id}a{index}", $"cq{id}b{index}"
        ip $"link add {near} type veth peer name {far}"
        plug space near address mtu
        plug router far gateway mtu
        ip $"-n {space} route add default via {gateway}"
        near

    do
        if not (OperatingSystem.IsLinux() && tryIp $"netns add {router}") then
            Capability.missing "netns" "this machine or user cannot make network namespaces"

        ip $"netns add {client}"
        ip $"netns add {server}"
        let device = connect 1 client clientAddress "10.201.1.1" mtuAtClient
        ip $"-n {client} addr add {otherClientAddress}/24 dev {device}"
        connect 2 server serverAddress "10.201.2.1" mtuAtServer |> ignore
        within router (fun () -> File.WriteAllText("/proc/sys/net/ipv4/ip_forward", "1"))

    member _.Client = client
    member _.Server = server

    interface IDisposable with
        member _.Dispose() =
            for space in [ client; router; server ] do
                tryIp $"netns del {space}" |> ignore

let private listenThere (networks: Networks) =
    within networks.Server (fun () -> listen (serverOptions (IPAddress.Parse serverAddress)))

let private connectThere (networks: Networks) (server: QuicServer) =
    let options = clientOptions server

    let bound =
        { options with
            Runtime =
                { options.Runtime with
                    LocalEndPoint = Some(IPEndPoint(IPAddress.Parse clientAddress, 0))
                    Endpoint = EndpointConfig.withoutVerification options.Runtime.Endpoint } }

    within networks.Client (fun () -> connect bound)

let private both networks server =
    task {
        let connecting = connectThere networks server
        let! accepted = accept server
        let! connected = connecting
        return connected, accepted
    }

let private statistics (connection: QuicConnection) =
    task {
        let! statistics = inTime (QuicConnection.statistics connection)
        return Expect.wantSome statistics "it is there"
    }

/// Bytes from one to the other, with something happening in between.
let private transfer (sender: QuicConnection) (receiver: QuicConnection) length halfWay =
    task {
        let! sending = openStream sender QuicStreamType.Unidirectional
        let bytes = pattern length
        let writing = write sending bytes true
        let! receiving = acceptStream receiver
        let first = Array.zeroCreate<byte>(length / 2)
        do! ConnectionKit.within (receiving.ReadExactlyAsync(Memory first, CancellationToken.None).AsTask())
        do! halfWay ()
        let! rest = readAll receiving
        do! ConnectionKit.within writing
        Expect.isTrue (Array.append first rest = bytes) "the bytes"
    }

/// For whoever shows what was seen (`build.fsx evidence 5-netns`).
let private figure (name: string) (value: obj) = printfn $"FIGURE {name} {value}"

let private nothing () = Task.FromResult()

/// Transfers until a connection's datagrams are as large as the path carries.
let private untilFound (sender: QuicConnection) receiver =
    task {
        let mutable size = 0
        let mutable rounds = 0

        while size < smallerPayload - 40 && rounds < 20 do
            do! transfer sender receiver 500_000 nothing
            let! now = statistics sender
            size <- now.DatagramSize
            rounds <- rounds + 1

        return size
    }

[<Tests>]
let tests =
    // One after the other: each builds the same networks.
    testSequenced
    <| testList
        "across a router"
        [ testCaseTask "both sides find what the path carries, by probes and by what the router says"
          <| fun () ->
              task {
                  use networks = new Networks()
                  use server = listenThere networks
                  let! client, accepted = both networks server

                  for name, sender, receiver in [ "client", client, accepted; "server", accepted, client ] do
                      let! size = untilFound sender receiver
                      figure $"{name}_datagram_bytes_found_of_{smallerPayload}" size
                      Expect.isLessThanOrEqual size smallerPayload "no more than fits"
                      Expect.isGreaterThan size (smallerPayload - 40) "and hardly less"

                  do! ConnectionKit.within (client.DisposeAsync().AsTask())
              }

          testCaseTask "ECN marks survive a router, and both sides find that out"
          <| fun () ->
              task {
                  use networks = new Networks()
                  use server = listenThere networks
                  let! client, accepted = both networks server
                  do! transfer client accepted 500_000 nothing
                  do! transfer accepted client 500_000 nothing

                  for name, side in [ "client", client; "server", accepted ] do
                      let! figures = statistics side
                      figure $"{name}_received_ect0_packets" figures.ReceivedEct0
                      Expect.isGreaterThan figures.ReceivedEct0 10UL "packets with the mark"
                      Expect.equal figures.Paths[0].Ecn EcnState.Capable "the path"

                  do! ConnectionKit.within (client.DisposeAsync().AsTask())
              }

          testCaseTask "a client that changes its address keeps its transfer"
          <| fun () ->
              task {
                  use networks = new Networks()
                  use server = listenThere networks
                  let! client, accepted = both networks server
                  let other = IPAddress.Parse otherClientAddress

                  do!
                      transfer client accepted 4_000_000 (fun () ->
                          task {
                              let! moved = inTime (QuicConnection.migrate (Some(IPEndPoint(other, 0))) client)
                              Expect.equal (Expect.wantOk moved "it moves").Address other "where to"
                          })

                  do! transfer accepted client 100_000 nothing
                  figure "bytes_kept_through_change_of_address" 4_000_000
                  Expect.equal accepted.RemoteEndPoint.Address other "where the server sees it"
                  do! ConnectionKit.within (client.DisposeAsync().AsTask())
              } ]
