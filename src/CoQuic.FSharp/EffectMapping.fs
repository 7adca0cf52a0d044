namespace CoQuic.FSharp

open CoQuic

/// The engine's effects as ours: one total function.
module internal EffectMapping =

    let private closeReason (reason: Engine.CloseReason) : CloseReason =
        { Origin = reason.Origin
          Code =
            if reason.IsApplicationError then
                CloseCode.Application reason.Code
            else
                CloseCode.Transport(LanguagePrimitives.EnumOfValue reason.Code, reason.FrameType)
          Reason = reason.Reason }

    let private traceRecord (record: Engine.TraceRecord) =
        match record with
        | :? Engine.KeyLogLine as line -> TraceRecord.KeyLogLine line.Line
        | :? Engine.QlogRecord as qlog -> TraceRecord.Qlog(qlog.Time, qlog.Event)
        | other -> invalidArg (nameof record) $"There is no trace record of type {other.GetType().Name}."

    let private preferredAddress connection (address: Engine.PreferredAddress) =
        PeerPreferredAddressAvailable
            { Connection = connection
              IPv4 = Option.ofObj address.IPv4
              IPv6 = Option.ofObj address.IPv6
              ConnectionId = address.ConnectionId
              StatelessResetToken = address.StatelessResetToken }

    let private inspection (packet: Engine.PacketInspectionEffect) =
        PacketInspection
            { Connection = packet.Connection
              Direction = packet.Direction
              PacketType = packet.PacketType
              DatagramId = packet.DatagramId
              DatagramLength = packet.DatagramLength
              DatagramOffset = packet.DatagramOffset
              PacketLength = packet.PacketLength
              Version = Option.ofNullable packet.Version
              DestinationConnectionId = packet.DestinationConnectionId
              SourceConnectionId = Option.ofNullable packet.SourceConnectionId
              Token = packet.Token
              SpinBit = packet.SpinBit
              KeyPhase = packet.KeyPhase
              PacketNumberLength = packet.PacketNumberLength
              PacketNumber = packet.PacketNumber
              Ciphertext = packet.Ciphertext
              Plaintext = packet.Plaintext }

    let private handshake (information: Engine.HandshakeInformationEffect) =
        HandshakeInformation
            { Connection = information.Connection
              Version = information.Version
              ApplicationProtocol = information.ApplicationProtocol
              CipherSuite = information.CipherSuite
              Group = information.Group
              PeerCertificate = information.PeerCertificate
              WasResumed = information.WasResumed }

    let private verdictNeeded (needed: Engine.CertificateVerdictNeededEffect) =
        CertificateVerdictNeeded
            { Connection = needed.Connection
              QuestionId = needed.QuestionId
              Question =
                { Chain = List.ofSeq needed.Question.Chain
                  ServerName = needed.Question.ServerName
                  Time = needed.Question.Time
                  PeerRole = needed.Question.PeerRole } }

    let private identityNeeded (needed: Engine.ServerIdentityNeededEffect) =
        ServerIdentityNeeded
            { Connection = needed.Connection
              QuestionId = needed.QuestionId
              ServerName = Option.ofObj needed.Question.ServerName
              ApplicationProtocol = needed.Question.ApplicationProtocol
              SignatureSchemes = List.ofSeq needed.Question.SignatureSchemes }

    /// Effects that are few a connection.
    let private ofRareEffect (effect: Engine.Effect) : Effect =
        match effect with
        | :? Engine.StateEventEffect as event ->
            StateEvent
                { Connection = event.Connection
                  Change = event.Change }
        | :? Engine.ConnectionLifecycleEventEffect as event ->
            ConnectionLifecycleEvent
                { Connection = event.Connection
                  Event = event.Event }
        | :? Engine.PeerPreferredAddressAvailableEffect as available ->
            preferredAddress available.Connection available.Address
        | :? Engine.ResumptionStateAvailableEffect as state ->
            ResumptionStateAvailable
                { Connection = state.Connection
                  Serialized = Secret.ofBytes state.Serialized }
        | :? Engine.ZeroRttStatusEventEffect as event ->
            ZeroRttStatusEvent
                { Connection = event.Connection
                  Status = event.Status
                  HaveStreamsEnded = event.HaveStreamsEnded }
        | :? Engine.PacketInspectionEffect as packet -> inspection packet
        | :? Engine.NewTokenAvailableEffect as token ->
            NewTokenAvailable
                { Connection = token.Connection
                  Token = token.Token }
        | :? Engine.HandshakeInformationEffect as information -> handshake information
        | :? Engine.PathChangedEffect as change ->
            PathChanged
                { Connection = change.Connection
                  OldRoute = Option.ofNullable change.OldRoute
                  NewRoute = Option.ofNullable change.NewRoute
                  IsValidated = change.IsValidated }
        | :? Engine.StreamsAvailableEffect as streams ->
            StreamsAvailable
                { Connection = streams.Connection
                  Kind = streams.StreamKind
                  Limit = streams.Limit }
        | :? Engine.TraceEffect as trace ->
            Trace
                { Connection = trace.Connection
                  Record = traceRecord trace.Record }
        | :? Engine.CertificateVerdictNeededEffect as needed -> verdictNeeded needed
        | :? Engine.ServerIdentityNeededEffect as needed -> identityNeeded needed
        | :? Engine.ConnectionClosedEffect as closed ->
            ConnectionClosed
                { Connection = closed.Connection
                  Reason = closeReason closed.Reason }
        | other -> invalidArg (nameof effect) $"There is no effect of type {other.GetType().Name}."

    /// One effect; those that come with every datagram first.
    let ofEngine (effect: Engine.Effect) : Effect =
        match effect with
        | :? Engine.SendDatagramEffect as run ->
            SendDatagram
                { Connection = run.Connection
                  Route = Option.ofNullable run.Route
                  Ecn = run.Ecn
                  IsPmtuProbe = run.IsPmtuProbe
                  Bytes = run.Bytes
                  SegmentSize = run.SegmentSize }
        | :? Engine.ReceiveStreamDataEffect as data ->
            ReceiveStreamData
                { Connection = data.Connection
                  Stream = data.StreamId
                  Offset = data.Offset
                  Bytes = data.Bytes
                  Fin = data.Fin
                  FinalSize = Option.ofNullable data.FinalSize }
        | :? Engine.SendProgressEffect as progress ->
            SendProgress
                { Connection = progress.Connection
                  Stream = progress.StreamId
                  Released = progress.Released
                  Buffered = progress.Buffered }
        | :? Engine.ReceiveDatagramDataEffect as datagram ->
            ReceiveDatagramData
                { Connection = datagram.Connection
                  Bytes = datagram.Bytes }
        | :? Engine.PeerResetStreamEffect as reset ->
            PeerResetStream
                { Connection = reset.Connection
                  Stream = reset.StreamId
                  ApplicationErrorCode = reset.ApplicationErrorCode
                  FinalSize = reset.FinalSize }
        | :? Engine.PeerStopSendingEffect as stop ->
            PeerStopSending
                { Connection = stop.Connection
                  Stream = stop.StreamId
                  ApplicationErrorCode = stop.ApplicationErrorCode }
        | other -> ofRareEffect other

    let private localError (error: Engine.LocalError) : LocalError =
        { Connection = Option.ofNullable error.Connection
          Code = error.Code
          Stream = Option.ofNullable error.StreamId }

    /// A whole result. The list is built from its end, so that no cell is made twice.
    let ofResult (result: Interop.QueryResult) : QueryResult =
        let source = result.Effects
        let mutable effects = []

        for index = source.Count - 1 downto 0 do
            effects <- ofEngine source[index] :: effects

        { Effects = effects
          NextWakeup = Option.ofNullable result.NextWakeup
          LocalError =
            match result.LocalError with
            | null -> None
            | error -> Some(localError error)
          SendPending = result.SendContinuationPending }
