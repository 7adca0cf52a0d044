namespace CoQuic.Peers

open System.Net
open System.Threading
open System.Threading.Tasks
open CoQuic.Runtime

/// Does once to a client's connection what its options ask for.
[<Sealed>]
type Disturber(disturbances: Disturbance list) =

    let mutable isDone = 0

    let disturb (connection: QuicConnection) disturbance : Task =
        match disturbance with
        | KeyUpdate ->
            connection.RequestKeyUpdate()
            Task.CompletedTask
        | Rebinding -> connection.RebindAsync(null).AsTask()
        | Migration -> connection.MigrateAsync().AsTask()

    /// The first bytes of a file are there.
    member _.OnContent(connection: QuicConnection) : Task =
        task {
            if Interlocked.Exchange(&isDone, 1) = 0 then
                for disturbance in disturbances do
                    do! disturb connection disturbance
        }
