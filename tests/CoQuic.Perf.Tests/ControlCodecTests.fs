module CoQuic.Perf.Tests.ControlCodecTests

open Expecto
open CoQuic.FSharp
open CoQuic.Perf
open CoQuic.Tests

let private bytes (hex: string) = Bytes.FromHex(hex.Replace(" ", ""))

/// V1: bulk, download, 1 MiB over four streams.
let private boundedDownload =
    bytes
        "01 00 00 00 4f 00 00 00 03 00 01 00 00 00 00 00 00 00 40 00 00 00 00 00 00 00 40 01 00 00 00 00 \
         00 10 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 4c 4b 40 00 00 00 00 \
         00 00 00 04 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 01",
    SessionStart
        { Version = ProtocolVersion.Current
          Mode = Mode.Bulk
          Direction = Direction.Download
          RequestBytes = 64UL
          ResponseBytes = 64UL
          TotalBytes = Some 1048576UL
          Requests = None
          Warmup = 0UL
          Duration = 5_000_000UL
          Streams = 4UL
          Connections = 1UL
          RequestsInFlight = 1UL }

/// V2: rr with a thousand requests.
let private requestResponse =
    bytes
        "01 00 00 00 4f 00 00 00 03 01 01 00 00 00 00 00 00 00 20 00 00 00 00 00 00 00 30 02 00 00 00 00 \
         00 00 00 00 00 00 00 00 00 00 03 e8 00 00 00 00 00 03 d0 90 00 00 00 00 00 1e 84 80 00 00 00 00 \
         00 00 00 01 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 04",
    SessionStart
        { Version = ProtocolVersion.Current
          Mode = Mode.RequestResponse
          Direction = Direction.Download
          RequestBytes = 32UL
          ResponseBytes = 48UL
          TotalBytes = None
          Requests = Some 1000UL
          Warmup = 250_000UL
          Duration = 2_000_000UL
          Streams = 1UL
          Connections = 2UL
          RequestsInFlight = 4UL }

/// V3: version 1, crr with ten requests.
let private legacy =
    bytes
        "01 00 00 00 4e 00 00 00 01 02 01 00 00 00 00 00 00 00 18 00 00 00 00 00 00 00 18 00 00 00 00 00 \
         00 00 00 00 00 00 00 00 00 00 0a 00 00 00 00 00 00 00 00 00 00 00 00 00 00 13 88 00 00 00 00 00 \
         00 00 01 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 01",
    SessionStart
        { Version = ProtocolVersion.Legacy
          Mode = Mode.ConnectRequestResponse
          Direction = Direction.Download
          RequestBytes = 24UL
          ResponseBytes = 24UL
          TotalBytes = None
          Requests = Some 10UL
          Warmup = 0UL
          Duration = 5000UL
          Streams = 1UL
          Connections = 2UL
          RequestsInFlight = 1UL }

/// V4: version 2, persistent-rr without a limit.
let private milliseconds =
    bytes
        "01 00 00 00 4f 00 00 00 02 03 01 00 00 00 00 00 00 00 20 00 00 00 00 00 00 00 30 00 00 00 00 00 \
         00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 05 dc 00 00 00 00 00 00 af c8 00 00 00 00 \
         00 00 00 01 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 04",
    SessionStart
        { Version = ProtocolVersion.Milliseconds
          Mode = Mode.PersistentRequestResponse
          Direction = Direction.Download
          RequestBytes = 32UL
          ResponseBytes = 48UL
          TotalBytes = None
          Requests = None
          Warmup = 1500UL
          Duration = 45_000UL
          Streams = 1UL
          Connections = 1UL
          RequestsInFlight = 4UL }

/// V5.
let private ready = bytes "02 00 00 00 04 00 00 00 03", SessionReady 3u

/// V6.
let private refusal =
    bytes
        "03 00 00 00 20 00 00 00 1c 75 6e 73 75 70 70 6f 72 74 65 64 20 70 72 6f 74 6f 63 6f 6c 20 76 65 \
         72 73 69 6f 6e",
    SessionError "unsupported protocol version"

/// V7.
let private complete =
    bytes "04 00 00 00 18 00 00 00 00 00 10 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 04",
    SessionComplete
        { BytesSent = 1048576UL
          BytesReceived = 0UL
          RequestsCompleted = 4UL }

let private vectors =
    [ "a bounded download", boundedDownload
      "requests and responses", requestResponse
      "a start of version 1, which has no flags", legacy
      "a start of version 2, in milliseconds", milliseconds
      "session_ready", ready
      "session_error", refusal
      "session_complete", complete ]

let private flip index value (message: Bytes) =
    let changed = message.ToArray()
    changed[index] <- value
    Bytes.CopyOf changed

[<Tests>]
let tests =
    testList
        "control messages"
        [ for name, (encoded, message) in vectors do
              testCase $"{name} is written as in the reference"
              <| fun () -> Expect.equal (ControlCodec.encode message) encoded "the bytes"

              testCase $"{name} is read as in the reference"
              <| fun () -> Expect.equal (ControlCodec.tryDecode encoded) (Some message) "the message"

              testCase $"{name} is refused when a byte is missing or follows"
              <| fun () ->
                  for length in 0 .. encoded.Length - 1 do
                      Expect.isNone (ControlCodec.tryDecode (encoded.Slice(0, length))) $"{length} bytes"

                  let longer = Array.append (encoded.ToArray()) [| 0uy |]
                  Expect.isNone (ControlCodec.tryDecode (Bytes.CopyOf longer)) "a byte more"

          testCase "an unknown type, version, mode or direction is refused"
          <| fun () ->
              let start = fst boundedDownload

              for index, value in [ 0, 0uy; 0, 5uy; 8, 0uy; 8, 4uy; 9, 4uy; 10, 2uy ] do
                  Expect.isNone (ControlCodec.tryDecode (flip index value start)) $"byte {index} as {value}"

          testCase "a limit of zero is a limit when its flag is set"
          <| fun () ->
              match ControlCodec.tryDecode (flip 27 3uy (fst requestResponse)) with
              | Some(SessionStart start) -> Expect.equal start.TotalBytes (Some 0UL) "total bytes"
              | other -> failtest $"not a start: {other}"

          testCase "flags that mean nothing are ignored"
          <| fun () ->
              let flagged = flip 27 0xfduy (fst boundedDownload)
              Expect.equal (ControlCodec.tryDecode flagged) (Some(snd boundedDownload)) "the message"

          testCase "a length of text that contradicts the message's is refused"
          <| fun () -> Expect.isNone (ControlCodec.tryDecode (flip 8 0x1buy (fst refusal))) "the message"

          testCase "several messages in one read come apart"
          <| fun () ->
              let both = Array.append ((fst ready).ToArray()) ((fst complete).ToArray())

              match ControlCodec.cut (Bytes.CopyOf both) with
              | ControlCodec.Framing.Message(first, rest) ->
                  Expect.equal first (fst ready) "the first"
                  Expect.equal rest (fst complete) "the rest"
              | other -> failtest $"not a message: {other}"

          testCase "a message that is not all there yet is waited for"
          <| fun () ->
              for length in 0 .. (fst ready).Length - 1 do
                  let start = (fst ready).Slice(0, length)
                  Expect.equal (ControlCodec.cut start) ControlCodec.Framing.Incomplete $"{length} bytes"

          testCase "a message that announces four gigabytes is not waited for"
          <| fun () ->
              let announced = bytes "04 ff ff ff ff"
              Expect.equal (ControlCodec.cut announced) ControlCodec.Framing.TooLong "the framing"

          Properties.property "any bytes are read without a fault, and what is read is written as it came"
          <| fun (content: byte array) ->
              let content = Bytes.CopyOf content

              match ControlCodec.tryDecode content with
              | Some(SessionStart _)
              | Some(SessionError _)
              | None -> ()
              | Some message -> Expect.equal (ControlCodec.encode message) content "the bytes"

          Properties.property "what is written is read again"
          <| fun
                 (mode, isUpload, sizes: uint64 * uint64, limits: uint64 option * uint64 option, others: uint64 * uint64) ->
              let start =
                  SessionStart
                      { Version = ProtocolVersion.Current
                        Mode = mode
                        Direction = (if isUpload then Direction.Upload else Direction.Download)
                        RequestBytes = fst sizes
                        ResponseBytes = snd sizes
                        TotalBytes = fst limits
                        Requests = snd limits
                        Warmup = fst others
                        Duration = snd others
                        Streams = fst sizes
                        Connections = snd others
                        RequestsInFlight = fst others }

              Expect.equal (ControlCodec.tryDecode (ControlCodec.encode start)) (Some start) "the message" ]
