/// Twenty rules of docs/compliance.md broken on purpose: each an edit of one line of the sources.
module CoQuic.Build.Mutations

type Mutation =
    {
        /// The rule that it breaks, as in docs/compliance.md.
        Row: string
        /// The file, below src/CoQuic.Engine.
        File: string
        /// What stands there, once.
        Find: string
        Put: string
    }

let private breaking row file find put =
    { Row = row
      File = file
      Find = find
      Put = put }

let all =
    [ breaking "9000-4.1-2" "FlowControl/ReceiveLimit.cs" "bytes > Limit - Received" "bytes > Limit - Received + 1"
      breaking "9000-8-1" "Paths/AntiAmplification.cs" "Factor = 3" "Factor = 4"
      breaking
          "9000-12.4-5"
          "Frames/FrameReader.cs"
          "reader.Position - start != VarInt.Size(type)"
          "reader.Position - start < VarInt.Size(type)"
      breaking "9000-17.3.1-3" "Packets/PacketOpener.cs" ": PacketHeader.ShortReservedBits)) != 0" ": 0)) != 0"
      breaking "9000-19.7-2" "Frames/NewTokenFrame.cs" " || token.IsEmpty" ""
      breaking
          "9000-7.5-2"
          "Connections/CryptoStream.cs"
          "_receiving.ReadBytes + MaximumBuffered"
          "_receiving.ReadBytes + (2 * MaximumBuffered)"
      breaking
          "9000-19.20-2"
          "Connections/Connection.Frames.cs"
          "if (_role == Role.Server)\n            return new TransportError(TransportErrorCode.ProtocolViolation, \"HANDSHAKE_DONE"
          "if (_role == Role.Server && State == ConnectionState.Handshaking)\n            return new TransportError(TransportErrorCode.ProtocolViolation, \"HANDSHAKE_DONE"
      breaking
          "9000-14.1-3"
          "Endpoints/IncomingInitials.cs"
          "datagram.Length < DatagramSizes.Smallest"
          "datagram.Length < 1"
      breaking "9000-10.1-1" "Connections/IdleTimer.cs" "MinimumPtos * pto.Ticks" "pto.Ticks"
      breaking
          "9000-10.2.1-1"
          "Connections/ClosingPeriod.cs"
          " || (ulong)answer.Length > AntiAmplification.Factor * (ulong)size"
          ""
      breaking
          "9002-5.3-2"
          "Recovery/RttEstimator.cs"
          "LatestRtt >= MinRtt + ackDelay ? LatestRtt - ackDelay : LatestRtt"
          "LatestRtt - ackDelay"
      breaking "9002-6.2.1-4" "Recovery/LossDetector.Timers.cs" "1L << Math.Min(PtoCount" "1L + Math.Min(PtoCount"
      breaking "9002-7-2" "Recovery/PathRecovery.cs" "AvailableWindow >= (ulong)bytes && Pacer" "Pacer"
      breaking
          "9000-19.16-2"
          "ConnectionIds/LocalConnectionIds.cs"
          "_active[index].Id == destination"
          "_active[index].Id.IsEmpty"
      breaking
          "9000-5.1.1-4"
          "ConnectionIds/RemoteConnectionIds.cs"
          "(ulong)_active.Count > activeLimit"
          "(ulong)_active.Count > 2 * activeLimit"
      breaking
          "8446-4.4.4-1"
          "Tls/TlsSession.cs"
          "!CryptographicOperations.FixedTimeEquals(message.Body, expected)"
          "message.Body.Length != expected.Length"
      breaking
          "9001-8.1-5"
          "Tls/ServerNegotiation.cs"
          "AlertDescription.NoApplicationProtocol.Because(\"no application protocol in common\")"
          "AlertDescription.HandshakeFailure.Because(\"no application protocol in common\")"
      breaking
          "9000-12.3-4"
          "Recovery/AckTracker.cs"
          "=> _received.Contains(packetNumber)"
          "=> !_received.IsEmpty && packetNumber == _received.Largest"
      breaking
          "9000-10.3.3-1"
          "Packets/StatelessReset.cs"
          "Math.Min(datagramLength - 1, MaximumLength)"
          "Math.Min(datagramLength, MaximumLength)"
      breaking
          "9000-13.2.1-4"
          "Recovery/AckTracker.cs"
          "        if (isAckEliciting)\n"
          "        if (isAckEliciting || ecn == EcnCodepoint.Ce)\n" ]
