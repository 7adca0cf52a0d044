/// The programs of `Duck` on sockets.
module CoQuic.Peers.DuckEndpoints

open System
open System.Threading.Tasks
open CoQuic.FSharp
open CoQuic.Runtime

let private complain error =
    Console.Error.WriteLine(string error)
    1

let private start (runtime: RuntimeOptions) program =
    Runtime.start
        { runtime with
            Endpoint = Duck.configure runtime.Endpoint }
        program

/// Asks a server, and returns the exit status.
let ask (common: Common) : Task<int> =
    task {
        let options = Endpoints.client common Secret.empty

        match start options.Runtime (Duck.client options.Request) with
        | Error error -> return complain error
        | Ok agent ->
            match! agent.Completion with
            | Duck.Answered questions ->
                Console.Out.WriteLine $"quack-ack after {questions} quack(s)"
                return 0
            | Duck.Failed reason -> return complain reason
            | Duck.Connecting
            | Duck.Asking _ -> return complain "The client was ended."
    }

/// Answers until `stopping` completes, and returns the exit status.
let serve (asked: ServeOptions) (stopping: Task) : Task<int> =
    task {
        let! options = Endpoints.server asked

        match options |> Result.bind (fun options -> start options.Runtime Duck.server) with
        | Error error -> return complain error
        | Ok agent ->
            Console.Out.WriteLine $"listening on {agent.LocalEndPoint}"
            let! _ = Task.WhenAny(stopping, agent.Completion)
            do! agent.Stop()
            return 0
    }
