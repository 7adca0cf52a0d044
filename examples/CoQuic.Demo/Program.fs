module CoQuic.Demo.Program

open System

let private usage =
    "coquic-demo [FILE]                        the demo, with a file of its own unless one is given\n\
     coquic-demo server DIRECTORY              one side: keeps what it receives, and gives it back\n\
     coquic-demo client PORT send FILE         the other side\n\
     coquic-demo client PORT receive DIRECTORY"

let private misused () =
    Console.Error.WriteLine usage
    1

let private withPort (text: string) action =
    match UInt16.TryParse text with
    | true, port -> action (int port)
    | false, _ -> misused ()

[<EntryPoint>]
let main arguments =
    match List.ofArray arguments with
    | [] -> Driver.run(None).GetAwaiter().GetResult()
    | [ "server"; directory ] -> Side.serve(directory).GetAwaiter().GetResult()
    | [ "client"; port; "send"; file ] -> withPort port (fun port -> (Side.send port file).GetAwaiter().GetResult())
    | [ "client"; port; "receive"; directory ] ->
        withPort port (fun port -> (Side.receive port directory).GetAwaiter().GetResult())
    | [ file ] when not (file.StartsWith '-') -> Driver.run(Some file).GetAwaiter().GetResult()
    | _ -> misused ()
