namespace CoQuic.Perf

/// How a session uses its streams.
[<RequireQualifiedAccess>]
type Mode =
    /// As many bytes as possible over a few streams.
    | Bulk
    /// A stream for each request and its response.
    | RequestResponse
    /// A connection for each request and its response.
    | ConnectRequestResponse
    /// All requests and responses on one stream.
    | PersistentRequestResponse

/// Which way the bytes of a bulk session go, as the client sees it.
[<RequireQualifiedAccess>]
type Direction =
    | Upload
    | Download

/// The versions of session_start. Only the last is written here; the first is still understood.
[<RequireQualifiedAccess>]
type ProtocolVersion =
    /// Version 1: no flags, a limit of 0 means none, times in milliseconds.
    | Legacy
    /// Version 2: flags, times in milliseconds. Decodable, but servers refuse it.
    | Milliseconds
    /// Version 3: flags, times in microseconds.
    | Current

/// What the client wants of the session: its first and only message.
type SessionStart =
    {
        Version: ProtocolVersion
        Mode: Mode
        Direction: Direction
        RequestBytes: uint64
        ResponseBytes: uint64
        /// The limit of a bounded bulk session, for each connection.
        TotalBytes: uint64 option
        /// The limit of a bounded session in the other modes.
        Requests: uint64 option
        /// In the version's unit of time.
        Warmup: uint64
        /// In the version's unit of time.
        Duration: uint64
        Streams: uint64
        Connections: uint64
        RequestsInFlight: uint64
    }

/// What a side counted: payload bytes on data streams, and requests.
[<Struct>]
type Counters =
    { BytesSent: uint64
      BytesReceived: uint64
      RequestsCompleted: uint64 }

/// A message on the control stream, which is the client's first bidirectional stream.
type ControlMessage =
    | SessionStart of start: SessionStart
    | SessionReady of version: uint32
    | SessionError of text: string
    | SessionComplete of counters: Counters

[<RequireQualifiedAccess>]
module Mode =
    let name mode =
        match mode with
        | Mode.Bulk -> "bulk"
        | Mode.RequestResponse -> "rr"
        | Mode.ConnectRequestResponse -> "crr"
        | Mode.PersistentRequestResponse -> "persistent-rr"

[<RequireQualifiedAccess>]
module Direction =
    let name direction =
        match direction with
        | Direction.Upload -> "upload"
        | Direction.Download -> "download"

[<RequireQualifiedAccess>]
module Counters =
    let zero =
        { BytesSent = 0UL
          BytesReceived = 0UL
          RequestsCompleted = 0UL }

    let add first second =
        { BytesSent = first.BytesSent + second.BytesSent
          BytesReceived = first.BytesReceived + second.BytesReceived
          RequestsCompleted = first.RequestsCompleted + second.RequestsCompleted }

/// The application protocol `coquic-perf/1`.
[<RequireQualifiedAccess>]
module Protocol =
    let alpn = "coquic-perf/1"

    /// What the version field of a version 3 message holds.
    let currentVersion = 3u

    /// Every payload byte. Receivers do not check it.
    let payloadByte = 0x5Auy

    /// Equal shares of a bulk transfer: the first `total % streams` streams carry one byte more.
    /// `index` counts from 0; `streams` is at least 1.
    let share (total: uint64) (streams: uint64) (index: uint64) =
        total / streams + (if index < total % streams then 1UL else 0UL)
