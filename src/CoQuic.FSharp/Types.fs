/// The values that every floor shares. They exist once, in the engine; here they get their F# names, so that users open
/// `CoQuic.FSharp` and nothing below it.
namespace CoQuic.FSharp

open System
open System.Text
open CoQuic

/// An instant in microseconds on the caller's monotonic clock. `later - earlier` is a `TimeSpan`. Prints as `12.345 ms`.
type TimeUs = Engine.TimeUs

/// An immutable sequence of bytes with equality, hash and order by content. Prints as `1200 bytes c3000000…`.
type Bytes = Engine.Bytes

/// Names one connection of one endpoint. Prints as `c7`.
type ConnectionHandle = Engine.ConnectionHandle

/// The host's name for a (local, remote) address pair. Prints as `r3`.
type RouteHandle = Engine.RouteHandle

/// A stream's identifier (RFC 9000 §2.1). Prints as `client-bidi 4`.
type StreamId = Engine.StreamId

/// Which ways a stream carries data (RFC 9000 §2.1).
type StreamKind = Engine.StreamKind

/// A connection ID (RFC 9000 §5.1): 0 to 20 bytes.
type ConnectionId = Engine.ConnectionId

/// A QUIC version number (RFC 9000 §15).
type QuicVersion = Engine.QuicVersion

/// Which side of the handshake an endpoint takes.
type Role = Engine.Role

/// The ECN field of an IP packet (RFC 3168 §5), with a value for "the host cannot tell".
type EcnCodepoint = Engine.EcnCodepoint

/// Which ECN codepoint marks our packets.
type EcnPolicy = Engine.EcnPolicy

/// The congestion control algorithm of an endpoint's connections.
type CongestionControl = Engine.CongestionControl

/// When received stream data gives credit back to the peer.
type ReceiveCredit = Engine.ReceiveCredit

/// What a server does when the ClientHello changes across a Retry.
type RetryHandshakeValidationPolicy = Engine.RetryHandshakeValidationPolicy

/// How far a connection's handshake came.
type StateChange = Engine.StateChange

/// The life of a connection at its endpoint.
type Lifecycle = Engine.Lifecycle

/// What became of early data (RFC 9001 §4.6).
type ZeroRttStatus = Engine.ZeroRttStatus

/// Why a migration is requested.
type MigrationReason = Engine.MigrationReason

/// Whether an inspected packet was sent or received.
type PacketDirection = Engine.PacketDirection

/// The type of an inspected packet (RFC 9000 §17).
type InspectedPacketType = Engine.InspectedPacketType

/// The cipher suites of TLS 1.3 that are used here (RFC 8446 §B.4).
type CipherSuite = Engine.CipherSuite

/// Key exchange groups (RFC 8446 §4.2.7).
type NamedGroup = Engine.NamedGroup

/// Signature algorithms (RFC 8446 §4.2.3).
type SignatureScheme = Engine.SignatureScheme

/// The alerts of TLS 1.3 (RFC 8446 §6), which close connections.
type AlertDescription = Engine.AlertDescription

/// Whether a server asks for a client's certificate (RFC 8446 §4.3.2).
type ClientCertificatePolicy = Engine.ClientCertificatePolicy

/// A snapshot of one connection's figures.
type ConnectionStatistics = Engine.ConnectionStatistics

/// One qlog event of a connection: a closed family of records, which `Qlog.line` writes as JSON.
type QlogEvent = Engine.QlogEvent

/// A snapshot of one path of a connection.
type PathStatistics = Engine.PathStatistics

/// Where path MTU discovery is (RFC 8899 §5.2).
type MtuState = Engine.MtuState

/// What is known of ECN on a path (RFC 9000 §13.4.2).
type EcnState = Engine.EcnState

/// A run of datagrams whose memory the engine takes over: for hosts, which read from sockets.
type OwnedDatagram = Engine.OwnedDatagram

/// Where an endpoint's random bytes come from.
type IEntropy = Engine.IEntropy

/// Who makes key shares.
type IKeyExchange = Engine.IKeyExchange

/// Who judges a peer's certificate.
type ICertificateVerifier = Engine.ICertificateVerifier

/// Who picks a server's certificate and key, by server name.
type IServerIdentitySelector = Engine.IServerIdentitySelector

/// Who knows the early data that servers have taken, so that none is taken twice.
type IReplayGuard = Engine.IReplayGuard

/// Who picks a client's certificate and key, for a server that asks.
type IClientIdentitySelector = Engine.IClientIdentitySelector

/// How connection IDs look and are found in short headers.
type IConnectionIdScheme = Engine.IConnectionIdScheme

/// A calendar instant and the `TimeUs` it belongs to.
type CalendarAnchor = Engine.CalendarAnchor

/// Why a datagram or packet was dropped without any effect.
type DropReason = Engine.DropReason

/// Where the engine comes from: this process, or a native library.
type EngineSource = Interop.EngineSource

/// What an engine can do beyond the C ABI.
type Capabilities = Interop.Capabilities

/// Making and taking apart `Bytes`.
module Bytes =

    /// No bytes.
    let empty: Bytes = Bytes.Empty

    /// Takes an array over without copying. Nobody may change it from now on.
    let ofArray (bytes: byte array) : Bytes = Bytes.Wrap(ReadOnlyMemory bytes)

    /// Takes memory over without copying. Nobody may change it from now on.
    let ofMemory (memory: ReadOnlyMemory<byte>) : Bytes = Bytes.Wrap memory

    /// Copies the bytes of an array that may still change.
    let copyOf (bytes: byte array) : Bytes = Bytes.CopyOf(ReadOnlySpan bytes)

    /// The UTF-8 encoding of a text.
    let ofString (text: string) : Bytes = ofArray (Encoding.UTF8.GetBytes text)

    /// The text that the bytes encode in UTF-8; what is malformed becomes U+FFFD.
    let toString (bytes: Bytes) : string = Encoding.UTF8.GetString bytes.Span

    /// The bytes that hexadecimal digits stand for, two digits a byte; none when the text is not of that form.
    let tryOfHex (hex: string) : Bytes option =
        if hex.Length % 2 = 0 && Seq.forall Char.IsAsciiHexDigit hex then
            Some(Bytes.FromHex hex)
        else
            None

    /// All bytes as lower-case hexadecimal digits.
    let toHex (bytes: Bytes) : string = bytes.ToHex()

    /// The bytes in an array of their own.
    let toArray (bytes: Bytes) : byte array = bytes.ToArray()

    /// The number of bytes.
    let length (bytes: Bytes) : int = bytes.Length

    /// A part that shares the same memory: `count` bytes from position `start`.
    let slice (start: int) (count: int) (bytes: Bytes) : Bytes = bytes.Slice(start, count)

    /// The same bytes, copied when they are less than half of the memory that keeping them would keep alive: for small parts of
    /// what was received, which are kept for long.
    let compact (bytes: Bytes) : Bytes = bytes.Compact()

    /// The bytes of all parts, one behind the other.
    let concat (parts: Bytes seq) : Bytes =
        let parts = Seq.toArray parts
        let whole = Array.zeroCreate<byte>(parts |> Array.sumBy _.Length)
        let mutable written = 0

        for part in parts do
            part.Span.CopyTo(Span(whole, written, part.Length))
            written <- written + part.Length

        ofArray whole

/// Bytes that are not for everybody's eyes: equal by content, and printed by their number alone.
[<Struct; StructuredFormatDisplay("{Display}")>]
type Secret internal (content: Bytes) =
    member internal _.Content = content
    member private this.Display = $"{this.Content.Length} secret bytes"
    override this.ToString() = this.Display

/// Bytes that are not for everybody's eyes.
module Secret =

    /// No bytes.
    let empty: Secret = Secret Bytes.empty

    /// Hides bytes.
    let ofBytes (bytes: Bytes) : Secret = Secret bytes

    /// The bytes, to be handled with care.
    let reveal (secret: Secret) : Bytes = secret.Content

/// Instants, and their distance from the clock's origin.
module TimeUs =

    /// The clock's origin.
    let zero: TimeUs = TimeUs.Zero

    /// The instant this many microseconds after the origin.
    let ofMicroseconds (microseconds: int64) : TimeUs = TimeUs microseconds

    /// The instant this many milliseconds after the origin.
    let ofMilliseconds (milliseconds: float) : TimeUs = TimeUs.FromMilliseconds milliseconds

    /// The instant this many seconds after the origin.
    let ofSeconds (seconds: float) : TimeUs =
        TimeUs.FromMilliseconds(seconds * 1000.0)

    /// The instant that lies `duration` behind another.
    let after (duration: TimeSpan) (instant: TimeUs) : TimeUs = instant + duration

    /// The earlier of two deadlines, where none means never.
    let earliest (left: TimeUs option) (right: TimeUs option) : TimeUs option =
        match left, right with
        | Some one, Some other ->
            if one.Microseconds <= other.Microseconds then
                left
            else
                right
        | Some _, None -> left
        | None, _ -> right

    /// Whether two deadlines are the same. Generic equality says so too, but puts each into a box first.
    let internal isSame (left: TimeUs option) (right: TimeUs option) : bool =
        match left, right with
        | Some one, Some other -> one.Microseconds = other.Microseconds
        | None, None -> true
        | Some _, None
        | None, Some _ -> false

/// Stream identifiers (RFC 9000 §2.1).
module StreamId =

    /// The identifier of the stream number `index`, from 0, among those of its initiator and kind.
    let create (initiator: Role) (kind: StreamKind) (index: uint64) : StreamId = StreamId.Create(initiator, kind, index)

    /// A client's bidirectional stream, by its number from 0.
    let clientBidirectional (index: uint64) : StreamId =
        create Role.Client StreamKind.Bidirectional index

    /// A client's unidirectional stream, by its number from 0.
    let clientUnidirectional (index: uint64) : StreamId =
        create Role.Client StreamKind.Unidirectional index

    /// A server's bidirectional stream, by its number from 0.
    let serverBidirectional (index: uint64) : StreamId =
        create Role.Server StreamKind.Bidirectional index

    /// A server's unidirectional stream, by its number from 0.
    let serverUnidirectional (index: uint64) : StreamId =
        create Role.Server StreamKind.Unidirectional index

/// Connection handles.
module ConnectionHandle =

    /// Stands for no connection: a datagram that belongs to none.
    let none: ConnectionHandle = ConnectionHandle.None

    /// The handle with this number.
    let create (number: uint64) : ConnectionHandle = ConnectionHandle number
