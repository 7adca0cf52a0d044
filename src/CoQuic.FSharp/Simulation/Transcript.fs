namespace CoQuic.FSharp

open System
open System.Security.Cryptography
open System.Text

/// One effect of one simulated node.
[<StructuredFormatDisplay("{Display}")>]
type TranscriptEntry =
    {
        /// The instant of the input that brought it about.
        At: TimeUs
        /// The node's name.
        Node: string
        /// The effect.
        Effect: Effect
    }

    member private this.Display = $"{this.At} {this.Node}: {this.Effect}"
    override this.ToString() = this.Display

/// Writes down what nodes do: a digest of all of it, and the entries where they are to be kept.
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

    let add entry =
        hash.AppendData(ReadOnlySpan(Encoding.UTF8.GetBytes $"{entry}\n"))
        hash.AppendData((payload entry.Effect).Span)

        if keepsEntries then
            entries <- entry :: entries

    member _.Add(at: TimeUs, node: string, result: QueryResult) =
        for effect in result.Effects do
            add
                { At = at
                  Node = node
                  Effect = effect }

    /// The entries so far, in order; none unless they are kept.
    member _.Entries = List.rev entries

    /// SHA-256 of all effects so far, with their instants and nodes, in hexadecimal.
    member _.Digest = Convert.ToHexStringLower(hash.GetCurrentHash())

/// What simulated nodes did.
module Transcript =

    /// A line an effect, with the time since the first one.
    let lines (entries: TranscriptEntry list) : string list =
        match entries with
        | [] -> []
        | first :: _ ->
            [ for entry in entries -> $"+{TimeUs.zero + (entry.At - first.At)} {entry.Node}: {entry.Effect}" ]
