namespace CoQuic.Benchmarks.Micro

open System
open System.Net
open System.Threading
open BenchmarkDotNet.Attributes
open CoQuic.FSharp
open CoQuic.Runtime
open CoQuic.Tests

/// A step of the interpreter: a result of 64 effects, as a bulk transfer has them, folded.
type InterpreterStep() =
    let result = BulkResult.ofEffects 64

    [<Benchmark>]
    member _.Fold64Effects() =
        Interpreter.fold TimeUs.zero BulkResult.accepted result

/// From a thread to an agent and back: a message wakes the agent, whose program answers.
type AgentHop() =
    let answered = new AutoResetEvent false

    /// Counts what it hears, and answers the messages that ask for it.
    let program: Program<int, bool> =
        { Init = 0, []
          Update =
            fun _ event count ->
                match event with
                | Message true ->
                    answered.Set() |> ignore
                    count + 1, []
                | Message false
                | Network _ -> count + 1, [] }

    let options =
        EndpointConfig.client "benchmark"
        |> RuntimeOptions.bound (IPEndPoint(IPAddress.Loopback, 0))

    let agent =
        lazy
            (match Runtime.start options program with
             | Ok agent -> agent
             | Error error -> invalidOp $"{error}")

    [<GlobalSetup>]
    member _.Start() = agent.Force() |> ignore

    [<GlobalCleanup>]
    member _.Stop() = agent.Value.Stop().Wait()

    [<Benchmark>]
    member _.ThereAndBack() =
        agent.Value.Post true
        answered.WaitOne()

    /// 64 messages, of which the last is answered: figures for one of them.
    [<Benchmark(OperationsPerInvoke = 64)>]
    member _.InBatchesOf64() =
        for _ in 1..63 do
            agent.Value.Post false

        agent.Value.Post true
        answered.WaitOne()
