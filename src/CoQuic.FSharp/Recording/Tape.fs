namespace CoQuic.FSharp

open System
open System.Collections.Generic
open CoQuic

/// Raised out of an endpoint that asks for what its recording does not have: it has gone another way. `Replay` catches it.
exception internal OffTape of asked: string * recorded: string

/// The answers of a recording, given again in order. Sources made of it ask nobody.
[<Sealed>]
type internal Tape() =

    let answers = Queue<Answer>()

    /// The name of an answer's case.
    let nameOf (answer: Answer) =
        match answer with
        | Answer.Entropy bytes -> $"{(Secret.reveal bytes).Length} random bytes"
        | Answer.KeyShare _ -> "a key share"
        | Answer.SharedSecret _ -> "a shared secret"
        | Answer.KeyShareAnswer _ -> "an answer to a key share"
        | Answer.Identity _ -> "an identity"
        | Answer.Signature _ -> "a signature"
        | Answer.Verdict _ -> "a verdict"
        | Answer.TicketClaim _ -> "a claim of a ticket"
        | Answer.ConnectionId _ -> "a connection ID"
        | Answer.ConnectionIdRead _ -> "the connection ID of a packet"

    /// The next answer if it is of the kind asked for.
    let next asked (choose: Answer -> 'value option) : 'value =
        match answers.TryDequeue() with
        | true, answer ->
            match choose answer with
            | Some value -> value
            | None -> raise (OffTape(asked, nameOf answer))
        | false, _ -> raise (OffTape(asked, "nothing more"))

    let entropy =
        { new IEntropy with
            member _.Fill destination =
                let length = destination.Length

                let bytes =
                    next $"{length} random bytes" (function
                        | Answer.Entropy bytes when (Secret.reveal bytes).Length = length -> Some(Secret.reveal bytes)
                        | _ -> None)

                bytes.Span.CopyTo destination }

    let keyShare publicKey =
        { new Engine.IKeyShare with
            member _.PublicKey = publicKey

            member _.TryAgree(_, sharedSecret) =
                let secret =
                    next "a shared secret" (function
                        | Answer.SharedSecret secret -> Some secret
                        | _ -> None)

                match secret with
                | Some secret ->
                    sharedSecret <- Bytes.toArray (Secret.reveal secret)
                    true
                | None ->
                    sharedSecret <- null
                    false

            member _.Dispose() = () }

    let keyExchange =
        { new IKeyExchange with
            member _.Generate(_, _) =
                next "a key share" (function
                    | Answer.KeyShare publicKey -> Some publicKey
                    | _ -> None)
                |> keyShare

            member _.TryAnswer(_, _, _, answer) =
                let publicKey, secret =
                    next "an answer to a key share" (function
                        | Answer.KeyShareAnswer(publicKey, secret) -> Some(publicKey, secret)
                        | _ -> None)

                answer <-
                    match secret with
                    | Some secret -> new Engine.KeyShareAnswer(publicKey, Bytes.toArray (Secret.reveal secret))
                    | None -> null

                secret.IsSome }

    let signer (schemes: SignatureScheme list) =
        let schemes = List.toArray schemes

        { new Engine.IHandshakeSigner with
            member _.Schemes = schemes

            member _.Sign(_, _) =
                next "a signature" (function
                    | Answer.Signature signature -> Some(Bytes.toArray signature)
                    | _ -> None) }

    let identity () : ServerIdentity | null =
        let certificates, schemes =
            next "an identity" (function
                | Answer.Identity(certificates, schemes) -> Some(certificates, schemes)
                | _ -> None)

        if certificates.IsEmpty then
            null
        else
            ServerIdentity(List.toArray certificates, signer schemes)

    let identities =
        { new IServerIdentitySelector with
            member _.Select _ = identity () }

    /// A client that had nobody to ask has nothing on the tape.
    let clientIdentities =
        { new IClientIdentitySelector with
            member _.Select _ =
                match answers.TryPeek() with
                | true, Answer.Identity _ -> identity ()
                | _ -> null }

    let verifier =
        { new ICertificateVerifier with
            member _.Verify _ =
                let verdict =
                    next "a verdict" (function
                        | Answer.Verdict verdict -> Some verdict
                        | _ -> None)

                Verdict.toEngine verdict }

    let replayGuard =
        { new IReplayGuard with
            member _.TryClaim(_, _, _, _) =
                next "a claim of a ticket" (function
                    | Answer.TicketClaim isNew -> Some isNew
                    | _ -> None) }

    let scheme =
        { new IConnectionIdScheme with
            member _.Generate _ =
                next "a connection ID" (function
                    | Answer.ConnectionId id -> Some id
                    | _ -> None)

            member _.TryRead(_, id) =
                let read =
                    next "the connection ID of a packet" (function
                        | Answer.ConnectionIdRead id -> Some id
                        | _ -> None)

                id <- read |> Option.defaultValue ConnectionId.Empty
                read.IsSome }

    /// What is to be answered from now on.
    member _.Load(more: Answer list) = List.iter answers.Enqueue more

    /// The first answer that nobody has asked for.
    member _.Unasked: string option =
        match answers.TryPeek() with
        | true, answer -> Some(nameOf answer)
        | false, _ -> None

    /// Sources and a configuration that ask the tape.
    member _.Sources(calendar: CalendarAnchor, config: EndpointConfig) : Sources * EndpointConfig =
        { Entropy = entropy
          KeyExchange = keyExchange
          Calendar = calendar },
        { config with
            CertificateVerifier = Some verifier
            ServerIdentities =
                match config.Role with
                | Role.Server -> Some identities
                | _ -> None
            ReplayGuard = Some replayGuard
            ClientIdentities = Some clientIdentities
            ConnectionIds = scheme }
