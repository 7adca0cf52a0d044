namespace CoQuic.Peers

open System
open System.Net
open System.Threading
open System.Threading.Tasks
open CoQuic.FSharp
open CoQuic.Runtime

/// Does once to a client's connection what its options ask for.
[<Sealed>]
type Disturber private (disturbances: Disturbance list, relay: UdpRelay option) =

    let mutable isDone = 0

    let disturb (connection: QuicConnection) disturbance : Task =
        match disturbance with
        | KeyUpdate ->
            connection.RequestKeyUpdate()
            Task.CompletedTask
        | Rebinding ->
            relay |> Option.iter _.Rebind()
            Task.CompletedTask

    /// A disturber of a client's connection. For a rebinding there has to be a NAT: a relay on this machine.
    static member Create(asked: FetchOptions) : Task<Result<Disturber, RuntimeError>> =
        task {
            if List.contains Rebinding asked.Disturbances then
                let! server = Runtime.resolve asked.Common.Host asked.Common.Port

                return
                    server
                    |> Result.map (fun server ->
                        let relay = new UdpRelay(IPEndPoint(IPAddress.Loopback, 0), server, LinkConditions.ideal, None)
                        new Disturber(asked.Disturbances, Some relay))
            else
                return Ok(new Disturber(asked.Disturbances, None))
        }

    /// The way to the server: through the NAT where there is one. The server's name stays.
    member _.Route(options: ClientOptions) : ClientOptions =
        match relay with
        | Some relay ->
            { options with
                Request.Remote =
                    { Host = string relay.LocalEndPoint.Address
                      Port = relay.LocalEndPoint.Port } }
        | None -> options

    /// The first bytes of a file are there.
    member _.OnContent(connection: QuicConnection) : Task =
        task {
            if Interlocked.Exchange(&isDone, 1) = 0 then
                for disturbance in disturbances do
                    do! disturb connection disturbance
        }

    interface IDisposable with
        member _.Dispose() =
            relay |> Option.iter (fun relay -> (relay :> IDisposable).Dispose())
