/// Programs that the target `bench` of build.fsx starts as processes of their own.
module CoQuic.Benchmarks.Main

open System.Globalization

let private number (text: string) =
    System.Double.Parse(text, CultureInfo.InvariantCulture)

[<EntryPoint>]
let main arguments =
    match List.ofArray arguments with
    | [ "protection"; seconds ] ->
        printfn $"rate %.3f{Protection.rate (number seconds)}"
        0
    | [ "receive"; size ] ->
        Ceiling.receive false (int size)
        0
    | [ "receive-protected"; size ] ->
        Ceiling.receive true (int size)
        0
    | [ "send"; port; seconds; size ] ->
        Ceiling.send (int port) false (number seconds) (int size)
        0
    | [ "send-protected"; port; seconds; size ] ->
        Ceiling.send (int port) true (number seconds) (int size)
        0
    | [ "answer" ] ->
        PingPong.answer ()
        0
    | [ "ask"; port; seconds ] ->
        PingPong.ask (int port) (number seconds)
        0
    | [ "ack-cost"; packets; roundTrip ] ->
        printfn $"rate %.3f{AckCost.byThePacket (AckCost.transfer (int packets) (int roundTrip))}"
        0
    | [ "micro"; text; folder ] -> Micro.Runner.run text folder
    | _ ->
        eprintfn
            "CoQuic.Benchmarks protection SECONDS | receive SIZE | receive-protected SIZE | send PORT SECONDS SIZE | \
             send-protected PORT SECONDS SIZE | answer | ask PORT SECONDS | ack-cost PACKETS ROUND-TRIP | micro TEXT FOLDER"

        1
