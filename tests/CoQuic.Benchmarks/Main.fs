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
    | [ "receive" ] ->
        Ceiling.receive false
        0
    | [ "receive-protected" ] ->
        Ceiling.receive true
        0
    | [ "send"; port; seconds ] ->
        Ceiling.send (int port) false (number seconds)
        0
    | [ "send-protected"; port; seconds ] ->
        Ceiling.send (int port) true (number seconds)
        0
    | [ "answer" ] ->
        PingPong.answer ()
        0
    | [ "ask"; port; seconds ] ->
        PingPong.ask (int port) (number seconds)
        0
    | _ ->
        eprintfn
            "CoQuic.Benchmarks protection SECONDS | receive | receive-protected | send PORT SECONDS | send-protected PORT SECONDS | \
             answer | ask PORT SECONDS"

        1
