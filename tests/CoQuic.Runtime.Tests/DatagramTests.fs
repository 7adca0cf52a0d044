module CoQuic.Runtime.Tests.DatagramTests

open System
open System.Net
open System.Threading
open System.Threading.Tasks
open Expecto
open CoQuic.FSharp
open CoQuic.Runtime
open CoQuic.Runtime.Tests.ConnectionKit

let private taking size (options: RuntimeOptions) =
    options
    |> changeTransport (fun transport ->
        { transport with
            MaxDatagramFrameSize = size })

let private serverTaking size =
    let options = serverOptions IPAddress.Loopback

    listen
        { options with
            Runtime = taking size options.Runtime }

let private pairTaking server size =
    task {
        let options = clientOptions server

        let connecting =
            connect
                { options with
                    Runtime = taking size options.Runtime }

        let! accepted = accept server
        let! connected = connecting
        return connected, accepted
    }

let private send (connection: QuicConnection) (bytes: byte[]) =
    inTime (QuicConnection.sendDatagram (Bytes.ofArray bytes) connection)

let private receive (connection: QuicConnection) =
    task {
        let! datagram = inTime (QuicConnection.receiveDatagram connection)
        return (Expect.wantOk datagram "a DATAGRAM").Span.ToArray()
    }

let private expectDeclined code outcome =
    match outcome with
    | Error(RuntimeError.Declined error) -> Expect.equal error.Code code "why"
    | Error error -> failtest $"{error}"
    | Ok() -> failtest "it was taken"

[<Tests>]
let tests =
    testList
        "datagrams"
        [ testCaseTask "DATAGRAMs go both ways, in order over loopback, an empty one among them"
          <| fun () ->
              task {
                  use server = serverTaking 65_535UL
                  let! client, accepted = pairTaking server 65_535UL

                  for bytes in [ [| 1uy; 2uy |]; [||]; pattern 1000 ] do
                      let! sent = send client bytes
                      Expect.isOk sent "it is taken"
                      let! received = receive accepted
                      Expect.equal received bytes "there"
                      let! sent = send accepted received
                      Expect.isOk sent "it is taken"
                      let! answer = receive client
                      Expect.equal answer bytes "and back"

                  do! within (client.DisposeAsync().AsTask())
              }

          testCaseTask "one that is too large is declined, and those around it are not"
          <| fun () ->
              task {
                  use server = serverTaking 65_535UL
                  let! client, accepted = pairTaking server 65_535UL

                  let! outcomes =
                      Task.WhenAll [| send client [| 1uy |]; send client (pattern 60_000); send client [| 2uy |] |]

                  Expect.isOk outcomes[0] "the first"
                  expectDeclined LocalErrorCode.DatagramTooLarge outcomes[1]
                  Expect.isOk outcomes[2] "the last"
                  let! first = receive accepted
                  let! second = receive accepted
                  Expect.equal (first, second) ([| 1uy |], [| 2uy |]) "what came"
                  do! within (client.DisposeAsync().AsTask())
              }

          testCaseTask "a peer that takes none is an error"
          <| fun () ->
              task {
                  use server = serverTaking 0UL
                  let! client, _ = pairTaking server 65_535UL
                  let! sent = send client [| 1uy |]
                  expectDeclined LocalErrorCode.DatagramNotSupported sent
                  do! within (client.DisposeAsync().AsTask())
              }

          testCaseTask "a cancelled receive loses none, and the end of the connection ends waiting"
          <| fun () ->
              task {
                  use server = serverTaking 65_535UL
                  let! client, accepted = pairTaking server 65_535UL
                  use cancellation = new CancellationTokenSource()
                  let receiving = accepted.ReceiveDatagramAsync(cancellation.Token).AsTask()
                  cancellation.Cancel()
                  let! _ = failure<OperationCanceledException> receiving "the cancelled receive"
                  let! _ = send client [| 5uy |]
                  let! received = receive accepted
                  Expect.equal received [| 5uy |] "it is there"
                  let waiting = accepted.ReceiveDatagramAsync().AsTask()
                  do! within (client.CloseAsync(7L).AsTask())
                  let! error = failure<QuicException> waiting "the receive"
                  Expect.equal error.ApplicationErrorCode (Nullable 7L) "why"

                  let! late =
                      failure<QuicException>
                          (accepted.SendDatagramAsync(ReadOnlyMemory [| 1uy |]).AsTask())
                          "a late one"

                  Expect.equal late.QuicError QuicError.ConnectionAborted "why"
              }

          testCaseTask "what nobody reads is kept within bounds"
          <| fun () ->
              task {
                  let inbox = DatagramInbox()

                  for _ in 1..10_000 do
                      inbox.Add(Bytes.ofArray (pattern 1000))

                  inbox.Complete(Exception "the end")
                  let mutable count = 0

                  try
                      while true do
                          let! _ = inbox.Read CancellationToken.None
                          count <- count + 1
                  with _ ->
                      ()

                  Expect.equal count 4096 "so many"
              } ]
