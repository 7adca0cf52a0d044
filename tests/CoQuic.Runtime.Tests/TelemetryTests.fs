module CoQuic.Runtime.Tests.TelemetryTests

open System
open System.Collections.Concurrent
open System.Diagnostics
open System.Diagnostics.Metrics
open System.Net
open Expecto
open CoQuic.Runtime
open CoQuic.Runtime.Tests.ConnectionKit

/// Sums of what the runtime's meter tells, by instrument. Other tests run beside this one: sums are at least what is expected.
type private Meters() =
    let sums = ConcurrentDictionary<string, float>()
    let listener = new MeterListener()

    let add (instrument: Instrument) (value: float) =
        sums.AddOrUpdate(instrument.Name, value, (fun _ sum -> sum + value)) |> ignore

    do
        listener.InstrumentPublished <-
            fun instrument listener ->
                if instrument.Meter.Name = "CoQuic.Runtime" then
                    listener.EnableMeasurementEvents instrument

        listener.SetMeasurementEventCallback<int64>(fun instrument value _ _ -> add instrument (float (max value 0L)))
        listener.SetMeasurementEventCallback<float>(fun instrument value _ _ -> add instrument value)
        listener.Start()

    member _.Sum name =
        match sums.TryGetValue name with
        | true, sum -> sum
        | _ -> 0.0

    interface IDisposable with
        member _.Dispose() = listener.Dispose()

let private everything =
    SampleActivity<ActivityContext>(fun (_: byref<ActivityCreationOptions<ActivityContext>>) ->
        ActivitySamplingResult.AllData)

[<Tests>]
let tests =
    testList
        "telemetry"
        [ testCaseTask "a meter counts connections, streams and bytes"
          <| fun () ->
              task {
                  use meters = new Meters()
                  use server = listen (serverOptions IPAddress.Loopback)
                  let! client, accepted = pair server
                  let! sending = openStream client QuicStreamType.Unidirectional
                  do! within (write sending (pattern 10_000) true)
                  let! receiving = acceptStream accepted
                  let! _ = readAll receiving
                  do! within sending.WritesClosed
                  do! within (client.DisposeAsync().AsTask())
                  let! _ = inTime (QuicConnection.closed accepted)

                  for name, least in
                      [ "quic.connections.opened", 2.0
                        "quic.connections.active", 2.0
                        "quic.connections.closed", 2.0
                        "quic.streams.opened", 2.0
                        "quic.stream.received", 10_000.0
                        "quic.stream.acknowledged", 10_000.0 ] do
                      Expect.isGreaterThanOrEqual (meters.Sum name) least name

                  Expect.isGreaterThan (meters.Sum "quic.handshake.duration") 0.0 "handshakes take time"
              }

          testCaseTask "an activity tells of an attempt to connect, and how it ended"
          <| fun () ->
              task {
                  let ended = ConcurrentQueue<Activity>()

                  use listener = new ActivityListener()
                  listener.ShouldListenTo <- Func<ActivitySource, bool>(fun source -> source.Name = "CoQuic.Runtime")
                  listener.Sample <- everything
                  listener.ActivityStopped <- Action<Activity>(fun activity -> ended.Enqueue activity)
                  ActivitySource.AddActivityListener listener
                  use server = listen (serverOptions IPAddress.Loopback)
                  let! client, _ = pair server
                  do! within (client.DisposeAsync().AsTask())

                  let! refused =
                      inTime (QuicClient.connect (clientOptionsFor "no-such-host.invalid" 443))

                  Expect.isError refused "nobody is there"

                  let attempt (host: string) =
                      ended
                      |> Seq.tryFind (fun activity ->
                          activity.OperationName = "quic.connect"
                          && activity.GetTagItem "server.address" = host
                          && (host <> "127.0.0.1"
                              || activity.GetTagItem "server.port" = server.LocalEndPoint.Port))

                  let succeeded = Expect.wantSome (attempt "127.0.0.1") "the attempt that succeeded"
                  Expect.equal succeeded.Status ActivityStatusCode.Unset "no error"

                  let failed =
                      Expect.wantSome (attempt "no-such-host.invalid") "the attempt that failed"

                  Expect.equal failed.Status ActivityStatusCode.Error "an error"

                  let handshake =
                      ended |> Seq.exists (fun activity -> activity.OperationName = "quic.handshake")

                  Expect.isTrue handshake "the server tells of handshakes"
              } ]
