/// Does what a command line asks for.
module CoQuic.Peers.Performance

open System
open System.Net
open System.Threading.Tasks

let private relay (asked: RelayOptions) (stopping: Task) =
    task {
        let capture = asked.Capture |> Option.map (fun path -> new Pcap(path))

        use relay =
            new UdpRelay(IPEndPoint(IPAddress.Loopback, asked.Port), asked.Server, asked.Link, capture)

        Console.Out.WriteLine $"listening on {relay.LocalEndPoint}"
        do! stopping
        return 0
    }

/// The exit status. What goes on until it is ended waits for what `stopping` returns.
let perform (stopping: unit -> Task) (invocation: Invocation) : Task<int> =
    match invocation with
    | Serve({ Service = Files www } as asked) -> FileServer.run asked www (stopping ())
    | Serve({ Service = Datagrams } as asked) -> DuckEndpoints.serve asked (stopping ())
    | Fetch asked -> FileClient.run asked
    | Ask common -> DuckEndpoints.ask common
    | Relay asked -> relay asked (stopping ())
    | Help usage ->
        Console.Out.WriteLine usage
        Task.FromResult 0
