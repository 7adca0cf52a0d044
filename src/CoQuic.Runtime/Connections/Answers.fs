namespace CoQuic.Runtime

open System
open System.Collections.Concurrent
open System.Threading
open System.Threading.Tasks
open CoQuic.FSharp

/// Identities on their way from the application to the endpoint that asked for them, each under a name of its own.
[<Sealed>]
type internal IdentityCounter() =

    /// An answer is fetched at once or, when it came late, never: what is older than this is not waited for any more.
    static let capacity = 1024L

    let waiting = ConcurrentDictionary<string, ServerIdentity>()
    let mutable lastNumber = 0L

    let nameOf (number: int64) = $"identity {number}"

    /// Leaves an identity: the name under which it is fetched, once.
    member _.Leave(identity: ServerIdentity) : string =
        let number = Interlocked.Increment &lastNumber
        waiting.TryRemove(nameOf (number - capacity)) |> ignore
        waiting[nameOf number] <- identity
        nameOf number

    interface IServerIdentitySelector with
        member _.Select name =
            match name with
            | null -> null
            | name ->
                match waiting.TryRemove name with
                | true, identity -> identity
                | false, _ -> null

/// What an application answers to questions of handshakes, off the agent's thread; none where it is not asked.
[<NoEquality; NoComparison>]
type internal Answers =
    {
        Judge: (CertificateQuestion -> Task<Verdict>) option
        Identify: (ServerIdentityNeeded -> Task<ServerIdentity option>) option
        /// Where identities are left for the endpoint.
        Counter: IdentityCounter
    }

/// What an application answers to questions of handshakes.
[<RequireQualifiedAccess>]
module internal Answers =

    /// These functions answer, where there are some.
    let create
        (judge: (CertificateQuestion -> Task<Verdict>) option)
        (identify: (ServerIdentityNeeded -> Task<ServerIdentity option>) option)
        : Answers =
        { Judge = judge
          Identify = identify
          Counter = IdentityCounter() }

    let private asking (judge: _ option) (endpoint: EndpointConfig) =
        if judge.IsSome then
            { endpoint with
                AsksForCertificateVerdicts = true }
        else
            endpoint

    let private askingIdentities (answers: Answers) (endpoint: EndpointConfig) =
        if answers.Identify.IsSome then
            { endpoint with
                AsksForServerIdentities = true
                ServerIdentities = Some answers.Counter }
        else
            endpoint

    /// The endpoint asks for what is answered here, in place of its own verifier and selector.
    let configure (answers: Answers) (endpoint: EndpointConfig) : EndpointConfig =
        endpoint |> asking answers.Judge |> askingIdentities answers

    /// Runs the application's function on the pool. One that fails refuses the peer: nothing may be let in by an exception.
    let private run (answer: unit -> Task<'answer>) (onFailure: exn -> 'answer) : Task<'answer> =
        task {
            try
                return! Task.Run<'answer>(Func<Task<'answer>> answer)
            with error ->
                return onFailure error
        }

    let private unjudged (_: exn) =
        Verdict.Rejected(AlertDescription.CertificateUnknown, "the certificate could not be judged")

    /// The command that answers a question about a certificate; none where nobody answers.
    let judge (answers: Answers) (needed: CertificateVerdictNeeded) : Task<Command<'message>> option =
        answers.Judge
        |> Option.map (fun judge ->
            task {
                let! verdict = run (fun () -> judge needed.Question) unjudged

                return
                    Command.AnswerCertificate
                        { Connection = needed.Connection
                          QuestionId = needed.QuestionId
                          Verdict = verdict }
            })

    /// The command that answers a question about the server's identity; none where nobody answers.
    let identify (answers: Answers) (needed: ServerIdentityNeeded) : Task<Command<'message>> option =
        answers.Identify
        |> Option.map (fun identify ->
            task {
                let! identity = run (fun () -> identify needed) (fun _ -> None)

                return
                    Command.AnswerIdentity
                        { Connection = needed.Connection
                          QuestionId = needed.QuestionId
                          Name = identity |> Option.map answers.Counter.Leave }
            })
