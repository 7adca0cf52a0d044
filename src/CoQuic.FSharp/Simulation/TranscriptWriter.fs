namespace CoQuic.FSharp

open System
open System.Security.Cryptography
open System.Text

/// Writes down what happens: a digest of all effects, and the entries where they are to be kept.
[<Sealed>]
type internal TranscriptWriter(keepsEntries: bool) =

    let hash = IncrementalHash.CreateHash HashAlgorithmName.SHA256
    let mutable entries: TranscriptEntry list = []

    /// The bytes that an effect prints only the beginning of.
    let payload effect =
        match effect with
        | SendDatagram run -> run.Bytes
        | ReceiveStreamData data -> data.Bytes
        | ReceiveDatagramData datagram -> datagram.Bytes
        | ResumptionStateAvailable state -> Secret.reveal state.Serialized
        | PacketInspection packet -> Bytes.concat [ packet.Ciphertext; packet.Plaintext ]
        | NewTokenAvailable token -> token.Token
        | HandshakeInformation information -> information.PeerCertificate
        | PeerPreferredAddressAvailable address -> address.StatelessResetToken
        | CertificateVerdictNeeded needed -> Bytes.concat needed.Question.Chain
        | Trace trace ->
            match trace.Record with
            | TraceRecord.KeyLogLine line -> Bytes.ofString line
            | TraceRecord.Qlog _ -> Bytes.empty
        | PeerResetStream _
        | PeerStopSending _
        | StateEvent _
        | ConnectionLifecycleEvent _
        | ZeroRttStatusEvent _
        | PathChanged _
        | SendProgress _
        | StreamsAvailable _
        | ServerIdentityNeeded _
        | ConnectionClosed _ -> Bytes.empty

    let digest (at: TimeUs) (node: string) effect =
        hash.AppendData(ReadOnlySpan(Encoding.UTF8.GetBytes $"{at} {node}: {effect}\n"))
        hash.AppendData((payload effect).Span)

    /// One more entry, where entries are kept.
    member _.Note(at: TimeUs, node: string, event: unit -> TranscriptEvent) =
        if keepsEntries then
            entries <-
                { At = at
                  Node = node
                  Event = event () }
                :: entries

    /// An input, where it is known as such, and all that came of it.
    member this.Add(at: TimeUs, node: string, input: Input, result: QueryResult) =
        this.Note(at, node, fun () -> TranscriptEvent.Input input)

        for effect in result.Effects do
            digest at node effect
            this.Note(at, node, fun () -> TranscriptEvent.Effect effect)

        match result.LocalError with
        | Some error -> this.Note(at, node, fun () -> TranscriptEvent.Declined error)
        | None -> ()

    /// The entries so far, in order; none unless they are kept.
    member _.Entries = List.rev entries

    /// SHA-256 of all effects so far, with their instants and nodes, in hexadecimal.
    member _.Digest = Convert.ToHexStringLower(hash.GetCurrentHash())
