/// One side of the demo as a process: the machine on a socket and a disk.
module CoQuic.Demo.Side

open System
open System.Net
open System.Threading.Tasks
open CoQuic.FSharp
open CoQuic.Runtime

let private complain (sentence: string) = Console.Error.WriteLine sentence

/// Files have whole blocks in flight, and what arrives is on the disk before more of it is asked for.
let private tuned (endpoint: EndpointConfig) =
    { endpoint with
        Transport =
            { endpoint.Transport with
                ReceiveCredit = ReceiveCredit.Explicit
                SendLowWaterMark = Sender.lowWaterMark } }

let private conclude (peer: Peer) =
    for success in peer.Successes do
        Console.Out.WriteLine(Line.write success)

    match peer.Failure with
    | Some reason ->
        complain reason
        1
    | None when peer.Successes.IsEmpty ->
        complain "nothing was transferred"
        1
    | None -> 0

let private run options (disk: Disk) remote errands (onStart: IPEndPoint -> unit) : Task<int> =
    task {
        match Runtime.start options (Rim.program disk.Perform remote errands) with
        | Error error ->
            complain (string error)
            return 1
        | Ok agent ->
            onStart agent.LocalEndPoint
            let! peer = agent.Completion
            return conclude peer
    }

/// Takes a file on one connection, gives it back on the next, and ends. Says first which port it listens on.
let serve (directory: string) : Task<int> =
    task {
        use disk = new Disk(None, directory)

        let options =
            EndpointConfig.server FileProtocol.alpn (Identities.development [])
            |> tuned
            |> RuntimeOptions.bound (IPEndPoint(IPAddress.Loopback, 0))

        let announce (endPoint: IPEndPoint) =
            Console.Out.WriteLine $"port {endPoint.Port}"

        return! run options disk None [ Errand.ReceiveFile; Errand.SendFile ] announce
    }

let private client port disk errand =
    let options =
        // The server's certificate is made up on the spot, so that there is nobody to vouch for it.
        EndpointConfig.client FileProtocol.alpn
        |> EndpointConfig.withoutVerification
        |> tuned
        |> RuntimeOptions.create

    let remote = { Host = "127.0.0.1"; Port = port }
    run options disk (Some remote) [ errand ] ignore

/// Sends a file to the server on this port of the loopback.
let send (port: int) (file: string) : Task<int> =
    task {
        use disk = new Disk(Some file, "")
        return! client port disk Errand.SendFile
    }

/// Fetches the server's file into a directory.
let receive (port: int) (directory: string) : Task<int> =
    task {
        use disk = new Disk(None, directory)
        return! client port disk Errand.ReceiveFile
    }
