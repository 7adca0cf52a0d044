/// Initial packets in the clear: everyone who sees them can read and forge them (RFC 9001 §5.2).
module CoQuic.Engine.Tests.Scenarios.Initials

open System
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Pair

/// An Initial packet without its protection.
type Initial =
    { Version: QuicVersion
      Destination: ConnectionId
      Source: ConnectionId
      Token: byte[]
      Number: uint64
      Frames: byte[] }

let private protection sender version (keyId: ConnectionId) =
    let secrets = InitialSecrets.Derive(version, &keyId)

    let secret =
        match sender with
        | Client -> secrets.Client
        | Server -> secrets.Server

    PacketProtection.Create(version, CipherSuite.Aes128GcmSha256, ReadOnlySpan secret)

/// The first packet of a datagram, if it is an Initial of this sender with keys of this connection ID.
let openInitial sender (keyId: ConnectionId) (datagram: Bytes) =
    let mutable packet = ProtectedPacket()

    if
        not (PacketParser.TryReadNext(datagram.Span, 0, &packet))
        || packet.Type <> PacketType.Initial
    then
        None
    else
        use keys = protection sender packet.Version keyId
        let bytes = datagram.Slice(0, packet.Length).ToArray()
        let mutable opened = OpenedPacket()

        if PacketOpener.TryOpen(keys, Span bytes, packet.PacketNumberOffset, Nullable(), &opened) then
            Some
                { Version = packet.Version
                  Destination = packet.DestinationConnectionId
                  Source = packet.SourceConnectionId
                  Token = packet.Token.ToArray()
                  Number = opened.PacketNumber
                  Frames = Array.sub bytes opened.PayloadOffset opened.PayloadLength }
        else
            None

/// Seals an Initial with keys of a connection ID, in a datagram of 1200 bytes; its first byte may be changed before that.
let sealInitialWith (change: byte -> byte) sender (keyId: ConnectionId) (initial: Initial) =
    use keys = protection sender initial.Version keyId
    let buffer = Array.zeroCreate<byte> 1200

    let header =
        LongHeader(PacketType.Initial, initial.Version, initial.Destination, initial.Source, initial.Number, 2)

    let mutable builder =
        PacketBuilder.Begin(Span buffer, &header, ReadOnlySpan initial.Token)

    let padding = builder.Length - PacketBuilder.TagLength
    let room = buffer.Length - padding - PacketBuilder.TagLength
    buffer[0] <- change buffer[0]
    builder.Payload.WriteBytes(ReadOnlySpan(Array.truncate room initial.Frames))
    builder.PadTo buffer.Length
    builder.Seal keys |> ignore
    buffer

let sealInitial sender keyId initial = sealInitialWith id sender keyId initial

/// The CRYPTO data at the front of an Initial's frames.
let cryptoOf (initial: Initial) =
    let mutable reader = QuicReader(ReadOnlySpan initial.Frames)
    let mutable kind = 0uy
    let mutable frame = CryptoFrame()
    let mutable data = [||]
    let mutable more = true

    while more && reader.TryReadByte &kind do
        if kind = 6uy && CryptoFrame.TryRead(&reader, &frame) then
            data <- Array.append data (frame.Data.ToArray())
        elif kind <> 0uy then
            more <- false

    data

/// The datagrams that a side has sent so far, oldest first.
let sentBy side pair =
    told<SendDatagramEffect> side pair |> List.collect datagrams

/// Whether a datagram is a Retry of version 1.
let isRetry (datagram: Bytes) =
    datagram.Length > 5
    && datagram[0] &&& 0xf0uy = 0xf0uy
    && datagram.Slice(1, 4) = Bytes.FromHex "00000001"

let retries pair =
    sentBy Server pair |> List.filter isRetry

/// A Retry packet of version 1 as whoever saw the client's Initial can make it.
let forgeRetry version (destination: ConnectionId) (source: ConnectionId) (original: ConnectionId) (token: byte[]) =
    let buffer = Array.zeroCreate<byte> 1500
    let mutable writer = QuicWriter(Span buffer)
    RetryPacket.Write(version, &destination, &source, &original, ReadOnlySpan token, &writer)
    Array.truncate writer.Position buffer
