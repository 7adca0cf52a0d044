/// Our endpoints against each other on this machine.
module CoQuic.Peers.Tests.Loopback

open System
open System.IO
open System.Net
open System.Net.Sockets
open System.Threading.Tasks
open Expecto
open CoQuic.Peers

/// Against hanging only.
let deadline = TimeSpan.FromSeconds 60.0

/// A port that was free a moment ago.
let freePort () =
    use socket =
        new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)

    socket.Bind(IPEndPoint(IPAddress.Loopback, 0))
    (nonNull socket.LocalEndPoint :?> IPEndPoint).Port

/// A folder with a directory to serve.
type Site =
    { Folder: string }

    member site.Www = Path.Combine(site.Folder, "www")
    member site.Downloads = Path.Combine(site.Folder, "downloads")
    member site.Inside name = Path.Combine(site.Folder, name)

    /// Where both sides write qlog files.
    member site.QlogFolder = site.Inside "qlog"

    /// What they say, one behind the other.
    member site.Qlog =
        String.Join("\n", Directory.GetFiles(site.QlogFolder, "*.sqlog") |> Array.map File.ReadAllText)

/// Works with served files of these sizes.
let withSite (files: (string * int) list) (work: Site -> Task<unit>) : Task<unit> =
    task {
        let site =
            { Folder = (Directory.CreateTempSubdirectory "coquic-peers-tests-").FullName }

        try
            Directory.CreateDirectory site.Www |> ignore

            for index, (name, size) in List.indexed files do
                File.WriteAllBytes(
                    site.Inside $"www/{name}",
                    Array.init size (fun position -> byte (position * 17 + index))
                )

            do! work site
        finally
            Directory.Delete(site.Folder, true)
    }

/// Runs what a command line of ours asks for.
let start (stopping: Task) (arguments: string list) : Task<int> =
    match Arguments.parse (List.toArray arguments) with
    | Ok invocation -> Performance.perform (fun () -> stopping) invocation
    | Error faults -> failtest (String.concat " " faults)

/// Works beside a server, which has to end in order.
let beside (server: string list) (work: unit -> Task<unit>) : Task<unit> =
    task {
        let stop = TaskCompletionSource()
        let serving = start stop.Task server

        try
            do! work ()
        finally
            stop.SetResult()

        let! status = serving.WaitAsync deadline
        Expect.equal status 0 "what serves ends in order"
    }

/// A client's exit status.
let run (arguments: string list) : Task<int> =
    (start Task.CompletedTask arguments).WaitAsync deadline

/// The files arrived as they were served.
let expectSame (site: Site) names =
    for name in names do
        Expect.sequenceEqual
            (File.ReadAllBytes(Path.Combine(site.Downloads, name)))
            (File.ReadAllBytes(Path.Combine(site.Www, name)))
            name
