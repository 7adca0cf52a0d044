module CoQuic.Runtime.Tests.BusyWaitTests

open System.Net
open Expecto
open CoQuic.FSharp
open CoQuic.Runtime

/// Where looking may pay.
let private here () = BusyWait(true, 2)

/// Waits in turn, each of which finds something while it looks or not; whether they looked.
let private looks (busy: BusyWait) (finds: bool list) =
    [ for find in finds do
          let moment = busy.NextMoment()

          if moment > 0L then
              busy.OnLooked find

          moment > 0L ]

[<Tests>]
let tests =
    testList
        "busy waiting"
        [ testCase "as long as something comes in time, every wait looks first"
          <| fun () -> Expect.allEqual (looks (here ()) (List.replicate 500 true)) true "all look"

          testCase "looking in vain is given up, but for a try now and then"
          <| fun () ->
              let looked =
                  looks (here ()) (List.replicate 1000 false) |> List.filter id |> List.length

              Expect.isGreaterThan looked 4 "some tries"
              Expect.isLessThan looked 40 "few"

          testCase "after a look in vain the next is longer: through the peer's waking, not only its work"
          <| fun () ->
              let busy = here ()
              let first = busy.NextMoment()
              busy.OnLooked false
              let second = busy.NextMoment()
              Expect.isGreaterThan second (2L * first) "long enough for a peer that slept"
              busy.OnLooked true
              Expect.equal (busy.NextMoment()) first "as short as before once that helped"

          testCase "where only long looks find something, looking is given up as well"
          <| fun () ->
              let busy = here ()
              let short = busy.NextMoment()

              let looked =
                  [ for _ in 1..1000 do
                        let moment = busy.NextMoment()

                        if moment > 0L then
                            busy.OnLooked(moment > short)
                            moment ]

              Expect.isLessThan looked.Length 60 "few"

          testCase "a try that finds something begins it again"
          <| fun () ->
              let busy = here ()
              looks busy (List.replicate 1000 false) |> ignore
              let looked = looks busy (List.replicate 200 true)
              Expect.allEqual (List.skip 100 looked) true "looks again"

          testCase "with one processor nobody else could bring anything meanwhile"
          <| fun () -> Expect.allEqual (looks (BusyWait(true, 1)) (List.replicate 10 true)) false "none looks"

          testCase "who does not want it has every wait sleep at once"
          <| fun () -> Expect.allEqual (looks (BusyWait(false, 2)) (List.replicate 10 true)) false "none looks"

          testCase "the options of programs, clients and servers say whether it is wanted; it is unless they do"
          <| fun () ->
              let reaches (options: RuntimeOptions) =
                  (Runtime.socketAt options false (IPEndPoint(IPAddress.Loopback, 0))).BusyWait

              let program = RuntimeOptions.create (EndpointConfig.client "test")
              Expect.isTrue (reaches program) "a program's, unset"
              Expect.isFalse (reaches { program with BusyWait = false }) "a program's"
              Expect.isTrue (reaches (QuicClientOptions().Apply program)) "a client's, unset"
              Expect.isFalse (reaches (QuicClientOptions(BusyWait = false).Apply program)) "a client's"
              Expect.isFalse (reaches (QuicServerOptions(BusyWait = false).ApplyServer program)) "a server's" ]
