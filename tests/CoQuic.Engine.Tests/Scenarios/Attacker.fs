/// A peer that breaks the protocol: it knows a connection's keys, and seals packets with whatever frames it likes.
module CoQuic.Engine.Tests.Scenarios.Attacker

open System
open CoQuic.Engine
open CoQuic.Engine.Tests.Scenarios.Pair

let private logsKeys (role: Role) (transport: TransportConfig) identities =
    EndpointConfig(
        Role = role,
        Entropy = TestEntropy(17UL + uint64 role),
        Calendar = CalendarAnchor(DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), origin),
        ApplicationProtocols = [| "test" |],
        VerifyPeer = false,
        Transport = transport,
        ServerIdentities = identities,
        EnableKeyLog = true
    )

let identity =
    lazy SingleServerIdentity(SimulationIdentity.Create(TestEntropy 7UL, "localhost"))

/// Two endpoints that give their secrets away, so that packets can be forged.
let openPair clientTransport serverTransport link =
    Pair.withConfigs
        (logsKeys Role.Client clientTransport null)
        (logsKeys Role.Server serverTransport identity.Value)
        1
        link

/// Feeds bytes to a side as a datagram from the network, at once: what the endpoint answered.
let feed side (bytes: byte[]) pair =
    let input =
        InboundDatagram(
            Bytes.CopyOf(ReadOnlySpan bytes),
            0,
            Nullable(RouteHandle 1UL),
            EcnCodepoint.Unavailable,
            originOf side pair
        )

    (endpoint side pair).ReceiveDatagram(pair.Now, &input)

/// Feeds a datagram and takes in what the endpoint answers.
let strike side bytes pair = absorb side (feed side bytes pair) pair

let handleOf side pair =
    match side with
    | Client -> pair.ClientConnection
    | Server -> pair.ServerConnection

/// The first datagram that a side sent on its current connection.
let private firstDatagram side pair =
    told<SendDatagramEffect> side pair
    |> List.find (fun run -> run.Connection = handleOf side pair)
    |> datagrams
    |> List.head

/// The connection IDs of a long header: destination and source.
let longHeaderIds (datagram: Bytes) =
    let destinationLength = int datagram[5]
    let sourceLength = int datagram[6 + destinationLength]

    ConnectionId(datagram.Slice(6, destinationLength).Span),
    ConnectionId(datagram.Slice(7 + destinationLength, sourceLength).Span)

/// The connection ID that a side chose for itself.
let idOf side pair =
    snd (longHeaderIds (firstDatagram side pair))

/// The connection ID that the client's first packet went to: Initial keys derive from it.
let originalDestination pair =
    fst (longHeaderIds (firstDatagram Client pair))

/// The secret of a label, as the victim logged it for its current connection.
let private logged label victim pair =
    told<TraceEffect> victim pair
    |> List.filter (fun trace -> trace.Connection = handleOf victim pair)
    |> List.pick (fun trace ->
        match trace.Record with
        | :? KeyLogLine as line when line.Line.StartsWith(label + " ") ->
            Some(Convert.FromHexString(line.Line.Split(' ')[2]))
        | _ -> None)

let private secretOf level victim pair =
    let sender =
        match victim with
        | Server -> "CLIENT"
        | Client -> "SERVER"

    match level with
    | EncryptionLevel.Initial ->
        let id = originalDestination pair
        let secrets = InitialSecrets.Derive(QuicVersion.V1, &id)
        if victim = Server then secrets.Client else secrets.Server
    | EncryptionLevel.Handshake -> logged $"{sender}_HANDSHAKE_TRAFFIC_SECRET" victim pair
    | _ -> logged $"{sender}_TRAFFIC_SECRET_0" victim pair

/// Above every number that the honest peer has used, so that no forged packet is a duplicate.
let firstForged = 5000UL

/// Seals frames in a packet with a number for a victim, as if its peer had: `mask` goes into the first byte before protection, `token`
/// into the header of an Initial.
let sealNumbered (packetNumber: uint64) (mask: byte) (token: byte[]) level victim (frames: byte[]) pair =
    use protection =
        PacketProtection.Create(QuicVersion.V1, CipherSuite.Aes128GcmSha256, ReadOnlySpan(secretOf level victim pair))

    let buffer = Array.zeroCreate<byte> 4000
    let destination, source = idOf victim pair, idOf (other victim) pair

    if level = EncryptionLevel.OneRtt then
        let header = ShortHeader(destination, false, false, packetNumber, 4)
        let mutable builder = PacketBuilder.Begin(Span buffer, &header)
        buffer[0] <- buffer[0] ||| mask
        builder.Payload.WriteBytes(ReadOnlySpan frames)
        Array.truncate (builder.Seal protection) buffer
    else
        let header =
            LongHeader(PacketTypes.Of level, QuicVersion.V1, destination, source, packetNumber, 4)

        let mutable builder = PacketBuilder.Begin(Span buffer, &header, ReadOnlySpan token)

        buffer[0] <- buffer[0] ||| mask
        builder.Payload.WriteBytes(ReadOnlySpan frames)
        let length = builder.Seal protection
        // RFC 9000 §14.1: a server takes Initial packets only in datagrams of 1200 bytes; what follows is no packet.
        Array.truncate (max length 1200) buffer

let sealWith mask token level victim frames pair =
    sealNumbered firstForged mask token level victim frames pair

let seal level victim frames pair =
    sealWith 0uy [||] level victim frames pair

/// Variable-length integers, one behind the other: with them, frames are written as the RFC draws them.
let varints (values: uint64 list) =
    let buffer = Array.zeroCreate<byte>(8 * values.Length)
    let mutable writer = QuicWriter(Span buffer)

    for value in values do
        writer.WriteVarInt value

    Array.truncate writer.Position buffer
