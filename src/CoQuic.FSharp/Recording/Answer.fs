namespace CoQuic.FSharp

open System
open CoQuic

/// What something that an endpoint was given from outside answered. With the inputs and their times, these decide everything.
[<RequireQualifiedAccess>]
type Answer =
    /// The random bytes that `IEntropy` gave.
    | Entropy of bytes: Secret
    /// The public key of a client's new key share.
    | KeyShare of publicKey: Bytes
    /// What a client's key share agreed on with the server's; none when the server's was not valid.
    | SharedSecret of secret: Secret option
    /// A server's public key for a client's, and what the two agree on; none when the client's was not valid.
    | KeyShareAnswer of publicKey: Bytes * secret: Secret option
    /// The certificates of the identity picked for the peer, DER, and how it can sign; none when there was none to show.
    | Identity of certificates: Bytes list * schemes: SignatureScheme list
    /// A signature, as TLS has it.
    | Signature of signature: Bytes
    /// The verdict on a certificate.
    | Verdict of verdict: Verdict
    /// Whether a ticket was new, and early data with it could be taken.
    | TicketClaim of isNew: bool
    /// A new connection ID.
    | ConnectionId of id: ConnectionId
    /// The connection ID that a packet with a short header begins with; none when it is none of ours.
    | ConnectionIdRead of id: ConnectionId option

/// What came to an endpoint, and what came of it, as it happens. Its lines in a file begin with a header.
[<RequireQualifiedAccess>]
type RecordingEntry =
    /// The endpoint is about to be made.
    | Configuration of configuration: EndpointConfig * calendar: CalendarAnchor
    /// Something from outside was asked.
    | Answer of answer: Answer
    /// An input came in, at an instant in microseconds.
    | Input of nowUs: TimeUs * input: Input
    /// The last input's result.
    | Result of result: QueryResult

/// What an endpoint is given from outside, with every answer told: asking changes nothing.
module internal RecordingSources =

    let private entropy (note: Answer -> unit) (inner: IEntropy) =
        { new IEntropy with
            member _.Fill destination =
                inner.Fill destination
                note (Answer.Entropy(Secret.ofBytes (Bytes.CopyOf destination))) }

    let private keyShare note (inner: Engine.IKeyShare) =
        { new Engine.IKeyShare with
            member _.PublicKey = inner.PublicKey

            member _.TryAgree(peerPublicKey, sharedSecret) =
                let isValid = inner.TryAgree(peerPublicKey, &sharedSecret)

                // The caller clears the secret after use.
                match sharedSecret with
                | null -> note (Answer.SharedSecret None)
                | secret -> note (Answer.SharedSecret(Some(Secret.ofBytes (Bytes.copyOf secret))))

                isValid

            member _.Dispose() = inner.Dispose() }

    /// A key share draws its own bits from the inner source: what came of them is on the tape, and they need not be.
    let private keyExchange note (bits: IEntropy) (inner: IKeyExchange) =
        { new IKeyExchange with
            member _.Generate(group, _) =
                let share = inner.Generate(group, bits)
                note (Answer.KeyShare share.PublicKey)
                keyShare note share

            member _.TryAnswer(group, peerPublicKey, _, answer) =
                let isValid = inner.TryAnswer(group, peerPublicKey, bits, &answer)

                match answer with
                | null -> note (Answer.KeyShareAnswer(Bytes.empty, None))
                | given ->
                    let secret = Secret.ofBytes (Bytes.CopyOf given.SharedSecret)
                    note (Answer.KeyShareAnswer(given.PublicKey, Some secret))

                isValid }

    let private signer note (inner: Engine.IHandshakeSigner) =
        { new Engine.IHandshakeSigner with
            member _.Schemes = inner.Schemes

            member _.Sign(scheme, data) =
                let signature = inner.Sign(scheme, data)
                note (Answer.Signature(Bytes.copyOf signature))
                signature }

    /// An identity that was picked, or none.
    let private identity note (picked: ServerIdentity | null) : ServerIdentity | null =
        match picked with
        | null ->
            note (Answer.Identity([], []))
            null
        | identity ->
            let chain = List.ofSeq identity.CertificateChain
            note (Answer.Identity(chain, List.ofSeq identity.Signer.Schemes))
            ServerIdentity(identity.CertificateChain, signer note identity.Signer)

    let private identities note (inner: IServerIdentitySelector) =
        { new IServerIdentitySelector with
            member _.Select serverName =
                inner.Select serverName |> identity note }

    let private clientIdentities note (inner: IClientIdentitySelector) =
        { new IClientIdentitySelector with
            member _.Select question = inner.Select question |> identity note }

    let private verifier note (inner: ICertificateVerifier) =
        { new ICertificateVerifier with
            member _.Verify question =
                let answer = inner.Verify question
                note (Answer.Verdict(Verdict.ofEngine answer))
                answer }

    let private replayGuard note (inner: IReplayGuard) =
        { new IReplayGuard with
            member _.TryClaim(ticketId, sentAt, now, expires) =
                let isNew = inner.TryClaim(ticketId, sentAt, now, expires)
                note (Answer.TicketClaim isNew)
                isNew }

    /// The guard that an endpoint would make for itself.
    let private guardOf (sources: Sources) (config: EndpointConfig) : IReplayGuard =
        match config.ReplayGuard with
        | Some guard -> guard
        | None -> Engine.ReplayGuard.ForEndpoint(SealingKeys.toEngine config.TicketKeys, sources.Calendar)

    let private scheme note (bits: IEntropy) (inner: IConnectionIdScheme) =
        { new IConnectionIdScheme with
            member _.Generate _ =
                let id = inner.Generate bits
                note (Answer.ConnectionId id)
                id

            member _.TryRead(afterFirstByte, id) =
                let isKnown = inner.TryRead(afterFirstByte, &id)
                note (Answer.ConnectionIdRead(if isKnown then Some id else None))
                isKnown }

    /// The same sources and configuration, with every answer noted.
    let wrap (note: Answer -> unit) (sources: Sources) (config: EndpointConfig) : Sources * EndpointConfig =
        let verifierInUse =
            config.CertificateVerifier
            |> Option.defaultValue Engine.PlatformCertificateVerifier.SystemRoots

        { sources with
            Entropy = entropy note sources.Entropy
            KeyExchange = keyExchange note sources.Entropy sources.KeyExchange },
        { config with
            CertificateVerifier = Some(verifier note verifierInUse)
            ServerIdentities = config.ServerIdentities |> Option.map (identities note)
            ReplayGuard = Some(replayGuard note (guardOf sources config))
            ClientIdentities = config.ClientIdentities |> Option.map (clientIdentities note)
            ConnectionIds = scheme note sources.Entropy config.ConnectionIds }
