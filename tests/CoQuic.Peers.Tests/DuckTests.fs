module CoQuic.Peers.Tests.DuckTests

open System
open Expecto
open CoQuic.FSharp
open CoQuic.Peers
open CoQuic.Tests

let private identity = ServerIdentity.simulated 1UL "localhost"

let private client =
    EndpointConfig.client Duck.protocol
    |> EndpointConfig.verifiedBy (Trust.only identity)

let private server = EndpointConfig.server Duck.protocol identity

let private isOver progress =
    match progress with
    | Duck.Answered _
    | Duck.Failed _ -> true
    | Duck.Connecting
    | Duck.Asking _ -> false

/// How far a client comes with a server over a link.
let private ask seed link clientConfig serverConfig program =
    let asking =
        Node.create "client" clientConfig (Duck.client (OpenRequest.create "localhost" 443))

    let report =
        Simulation.create seed [ asking; Node.create "localhost" serverConfig program ]
        |> Simulation.over link
        |> Simulation.until asking isOver
        |> Simulation.run

    match report with
    | Ok report -> Report.model asking report
    | Error error -> failtest $"{error}"

let private far = Link.ideal |> Link.delay (TimeSpan.FromMilliseconds 20.0)

/// A server that says something else.
let private dog: Program<unit, unit> =
    { Duck.server with
        Update =
            fun _ event () ->
                match event with
                | Network(Signal.Datagram datagram) ->
                    (),
                    [ Command.SendDatagram
                          { Connection = datagram.Connection
                            Bytes = Bytes.ofString "woof"
                            Priority = 0 } ]
                | _ -> (), [] }

[<Tests>]
let tests =
    testList
        "siduck"
        [ testCase "a quack is answered"
          <| fun () ->
              Expect.equal
                  (ask 1UL far (Duck.configure client) (Duck.configure server) Duck.server)
                  (Duck.Answered 1)
                  "at once"

          testCase "a quack that is lost is repeated"
          <| fun () ->
              let lossy = far |> Link.loss 0.3

              let questions =
                  [ for seed in 1UL .. uint64 (Scale.current.Seeds) do
                        match ask seed lossy (Duck.configure client) (Duck.configure server) Duck.server with
                        | Duck.Answered questions -> questions
                        | other -> failtest $"seed {seed}: {other}" ]

              Expect.isGreaterThan (List.max questions) 1 "at least one was lost"

          testCase "a server without DATAGRAM frames, and one that barks, fail the client"
          <| fun () ->
              for serverConfig, program in [ server, Duck.server; Duck.configure server, dog ] do
                  match ask 1UL far (Duck.configure client) serverConfig program with
                  | Duck.Failed _ -> ()
                  | other -> failtest $"{other}" ]
