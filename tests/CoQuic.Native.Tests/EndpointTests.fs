/// Sections 5.4 and 12 of docs/abi.md: what configurations do, and how an endpoint meets the network.
module CoQuic.Native.Tests.EndpointTests

open System
open Expecto
open Microsoft.FSharp.NativeInterop
open CoQuic.Abi
open CoQuic.Native
open CoQuic.Native.Tests.Abi
open CoQuic.Native.Tests.Two

let private one = 1UL

let private open' two =
    on two Client (fun endpoint now -> openOne 1 endpoint now |> snd)

let private events two side =
    timeline two side |> List.filter (fun name -> name <> "SEND")

/// A long header of a version with these ids, and as many bytes in all.
let private longHeader (version: uint32) (length: int) =
    let bytes = Array.zeroCreate<byte> length
    bytes[0] <- 0xc0uy
    Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(Span(bytes, 1, 4), version)
    bytes[5] <- 8uy
    bytes[14] <- 8uy
    bytes

let private withVersions (versions: uint32 list) (config: CoquicEndpointConfig) work =
    let array = List.toArray versions
    use pin = fixed array
    let mutable config = config
    config.SupportedVersions <- pin
    config.SupportedVersionsCount <- unativeint array.Length
    work config

let private v1 = 1u
let private v2 = 0x6b3343cfu

let private handshakeFails client server =
    let two = between client server
    open' two |> ignore
    settle two 10_000_000UL
    let told = events two Client
    dispose two
    Expect.isFalse (List.contains "READY" told) "never ready"

[<Tests>]
let configuration =
    testList
        "C ABI §5.4 configuration"
        [ row "5.4-1" "no versions means version 1"
          <| fun () -> using standard (fun two -> Expect.contains (events two Client) "READY" "version 1 works")

          row "5.4-1" "a Version Negotiation packet lists the versions in the caller's order"
          <| fun () ->
              let endpoint = withVersions [ v2; v1 ] (serverConfig ()) (createServer 2)
              let answer = receive endpoint 0UL (Some path) (longHeader 0x1a2a3a4au 1200)
              let packet = (sent answer |> List.exactlyOne).Bytes
              let listed = packet[packet.Length - 8 ..]
              Expect.equal listed [| 0x6buy; 0x33uy; 0x43uy; 0xcfuy; 0uy; 0uy; 0uy; 1uy |] "2, then 1"
              Calls.Destroy endpoint

          row "5.4-3" "a client that verifies refuses a certificate that nobody signed"
          <| fun () -> handshakeFails (defaults ()) (serverConfig ())

          row "5.4-5" "without a common protocol there is no handshake"
          <| fun () ->
              let mutable other = clientConfig ()
              other.ApplicationProtocolLength <- 3un
              handshakeFails other (serverConfig ())

          row "5.4-6" "an empty protocol makes every handshake fail"
          <| fun () ->
              let mutable client = clientConfig ()
              client.ApplicationProtocolLength <- 0un
              let mutable server = serverConfig ()
              server.ApplicationProtocolLength <- 0un
              handshakeFails client server

          row "5.4-7" "a missing identity shows when a handshake fails"
          <| fun () ->
              let two =
                  { between (clientConfig ()) (serverConfig ()) with
                      ServerEndpoint = create 2 (serverConfig ()) }

              open' two |> ignore
              settle two 10_000_000UL
              Expect.equal (events two Client) [ "CREATED"; "FAILED"; "CLOSED" ] "as a failed handshake"
              dispose two

          row "5.4-7" "so does a broken one"
          <| fun () ->
              let noise = Array.create 100 65uy
              use text = fixed noise

              let mutable pem =
                  CoquicTlsIdentity(
                      CertificatePem = text,
                      CertificatePemLength = 100un,
                      PrivateKeyPem = text,
                      PrivateKeyPemLength = 100un
                  )

              let mutable config = serverConfig ()
              config.Identity <- &&pem
              Calls.Destroy(create 2 config)

          row "5.4-8" "no datagram is larger than the configured size"
          <| fun () ->
              let mutable large = clientConfig ()
              large.MaxOutboundDatagramSize <- 1300un
              large.Transport.PmtudMaxDatagramSize <- 1452un

              using (fun () -> connected large (serverConfig ())) (fun two ->
                  on two Client (fun endpoint now -> send endpoint one 0UL (Array.zeroCreate 100_000) true now)
                  |> ignore

                  settle two 2_000_000UL

                  let largest =
                      heard two Client (function
                          | Send send -> Some send.Bytes.Length
                          | _ -> None)
                      |> List.max

                  Expect.isLessThanOrEqual largest 1300 "neither data nor probes")

          row "5.4-9" "two fields change nothing"
          <| fun () ->
              let mutable config = clientConfig ()
              config.EmitSharedReceiveStreamData <- 1uy
              config.ZeroRtt.Attempt <- 1uy

              using (fun () -> connected config (serverConfig ())) (fun two ->
                  Expect.equal (events two Client |> List.take 3) [ "CREATED"; "READY"; "CONFIRMED" ] "as ever")

          row "5.4-10" "the limit on connections counts those that end"
          <| fun () ->
              let mutable server = serverConfig ()
              server.MaxServerConnections <- 1un

              using (fun () -> connected (clientConfig ()) server) (fun two ->
                  on two Server (fun endpoint now -> close endpoint one 0UL [||] now) |> ignore
                  on two Client (fun endpoint now -> openOne 2 endpoint now |> snd) |> ignore
                  exchange two
                  Expect.equal (events two Server |> List.filter ((=) "ACCEPTED")) [ "ACCEPTED" ] "no second one")

          row "5.4-11" "without PMTU discovery no datagram exceeds 1200 bytes"
          <| fun () ->
              let mutable config = clientConfig ()
              config.MaxOutboundDatagramSize <- 1472un
              config.Transport.PmtudEnabled <- 0uy

              using (fun () -> connected config (serverConfig ())) (fun two ->
                  on two Client (fun endpoint now -> send endpoint one 0UL (Array.zeroCreate 100_000) true now)
                  |> ignore

                  settle two 2_000_000UL

                  let largest =
                      heard two Client (function
                          | Send send -> Some send.Bytes.Length
                          | _ -> None)
                      |> List.max

                  Expect.equal largest 1200 "1200")

          row "5.4-12" "values out of range are accepted"
          <| fun () ->
              let mutable config = clientConfig ()

              let bytes =
                  Span<byte>(NativePtr.toVoidPtr &&config.Transport, sizeof<CoquicTransportConfig>)

              for fill in [ 0uy; 0xffuy ] do
                  bytes.Fill fill
                  config.Role <- fill
                  config.MaxOutboundDatagramSize <- unativeint (uint64 fill * 0x0101010101010101UL)
                  config.RetryHandshakeValidationPolicy <- fill
                  Calls.Destroy(create 1 config)

          row "5.4-13" "acknowledgments go out at once after so many packets"
          <| fun () ->
              let acknowledged threshold =
                  let mutable server = serverConfig ()
                  server.Transport.AckElicitingThreshold <- threshold
                  let two = connected (clientConfig ()) server
                  two.Heard <- []

                  on two Client (fun endpoint now -> send endpoint one 0UL (Array.zeroCreate 9_000) true now)
                  |> ignore

                  let packets = two.ToServer.Length

                  for _ in 1..packets do
                      deliver two Server |> ignore

                  let answers = timeline two Server |> List.filter ((=) "SEND") |> List.length
                  dispose two
                  answers

              Expect.isGreaterThan (acknowledged 1UL) (acknowledged 8UL) "the lower, the more often" ]

[<Tests>]
let network =
    testList
        "C ABI §12 the endpoint"
        [ row "12.1-1" "a client is reached by the id that it chose"
          <| fun () ->
              using standard (fun two ->
                  let chosen = [| 16uy .. 23uy |]

                  let short =
                      heard two Server (function
                          | Send send when send.Bytes[0] < 0x80uy -> Some send.Bytes[1..8]
                          | _ -> None)

                  Expect.contains short chosen "short headers carry it")

          row "12.2-1" "sends carry the route of their path"
          <| fun () ->
              using standard (fun two ->
                  let routes side =
                      heard two side (function
                          | Send send -> Some send.Route
                          | _ -> None)
                      |> List.distinct

                  Expect.equal (routes Client) [ Some path ] "the one it opened with"
                  Expect.equal (routes Server) [ Some path ] "the one it was reached by")

          row "12.2-2" "stateless answers go back where the question came from"
          <| fun () ->
              let endpoint = createServer 2 (serverConfig ())
              let answer = receive endpoint 0UL (Some 42UL) (longHeader 0x1a2a3a4au 1200)
              let send = sent answer |> List.exactlyOne
              Expect.equal (send.Connection, send.Route) (0UL, Some 42UL) "of no connection"
              Calls.Destroy endpoint

          row "12.4-1" "an unknown version"
          <| fun () ->
              let endpoint = createServer 2 (serverConfig ())
              let answer = receive endpoint 0UL (Some path) (longHeader 0x1a2a3a4au 1200)
              Expect.equal (names answer) [ "SEND" ] "is answered"
              let small = receive endpoint 0UL (Some path) (longHeader 0x1a2a3a4au 1199)
              Expect.isEmpty small.Effects "unless the datagram is small"
              Expect.equal (Calls.ConnectionCount endpoint) 0un "without state"
              Calls.Destroy endpoint

          row "12.4-2" "a client obeys Version Negotiation under the same handle"
          <| fun () ->
              let two =
                  withVersions [ v2; v1 ] (clientConfig ()) (fun client -> between client (serverConfig ()))

              let version2 (input: CoquicOpenConnection) =
                  let mutable input = input
                  input.Connection.InitialVersion <- v2
                  input.Connection.OriginalVersion <- v2
                  input

              on two Client (fun endpoint now -> openWith version2 1 endpoint now |> snd)
              |> ignore

              deliver two Server |> ignore
              let restarted = deliver two Client |> Option.get
              Expect.equal (List.distinct (names restarted)) [ "SEND" ] "no event"
              settle two 100_000UL
              Expect.equal (events two Client |> List.take 3) [ "CREATED"; "READY"; "CONFIRMED" ] "one connection"
              Expect.equal (Calls.ConnectionCount two.ClientEndpoint) 1un "still one"
              dispose two

          row "12.1-6" "a client that begins again with the same ids, from elsewhere, is another"
          <| fun () ->
              using standard (fun two ->
                  let elsewhere (input: CoquicOpenConnection) =
                      let mutable input = input
                      input.InitialRouteHandle <- 9UL
                      input

                  let again =
                      { two with
                          ClientEndpoint = create 3 (clientConfig ())
                          Heard = [] }

                  let opened =
                      on again Client (fun endpoint now -> openWith elsewhere 1 endpoint now |> snd)

                  let late =
                      { List.head (sent opened) with
                          Route = Some path }

                  let dropped =
                      on two Server (fun endpoint now -> receive endpoint now late.Route late.Bytes)

                  Expect.isEmpty dropped.Effects "a late copy of the first Initial begins nothing"
                  settle again 100_000UL
                  Calls.Destroy again.ClientEndpoint
                  Expect.contains (events again Client) "READY" "the second has a connection"

                  let accepted =
                      heard again Server (function
                          | Life(connection, 1uy) -> Some connection
                          | _ -> None)

                  Expect.equal accepted [ 2UL ] "of its own"
                  two.Now <- again.Now
                  two.Heard <- []

                  on two Client (fun endpoint now -> send endpoint one 0UL [| 7uy |] true now)
                  |> ignore

                  exchange two
                  Expect.contains (timeline two Server) "DATA" "and the first goes on")

          row "12.7-1" "without a usable blob the handshake is a full one"
          <| fun () ->
              let attempt (blob: CoquicResumptionState) =
                  let two = between (clientConfig ()) (serverConfig ())
                  let state = NativePtr.stackalloc<CoquicResumptionState> 1
                  NativePtr.write state blob

                  let early (input: CoquicOpenConnection) =
                      let mutable input = input
                      input.Connection.ResumptionState <- state
                      input.Connection.ZeroRtt.Attempt <- 1uy
                      input

                  on two Client (fun endpoint now -> openWith early 1 endpoint now |> snd)
                  |> ignore

                  settle two 100_000UL
                  let told = events two Client
                  dispose two
                  Expect.contains told "CONFIRMED" "as ever"

              attempt (CoquicResumptionState())
              withBytes [| 1uy; 2uy; 3uy |] (fun noise -> attempt (CoquicResumptionState(Serialized = noise)))

          row "12.8-1" "the first flight is not marked"
          <| fun () ->
              let two = between (clientConfig ()) (serverConfig ())
              let marks = sent (open' two) |> List.map _.Ecn |> List.distinct
              Expect.equal marks [ 1uy ] "Not-ECT"
              dispose two

          row "12.9-1" "minimal closing state"
          <| fun () ->
              let mutable client = clientConfig ()
              client.EnableMinimalClosingStateRetention <- 1uy

              using (fun () -> connected client (serverConfig ())) (fun two ->
                  on two Client (fun endpoint now -> close endpoint one 0UL [||] now) |> ignore
                  let later = on two Client (fun endpoint now -> close endpoint one 0UL [||] now)
                  Expect.equal (Option.map _.Code later.Error) (Some 0uy) "refuses operations"
                  Expect.equal (Calls.ConnectionCount two.ClientEndpoint) 1un "still counts"
                  Expect.equal (names (wake two Client)) [ "CLOSED" ] "and ends")

          row "12.9-2" "a full server says so"
          <| fun () ->
              let mutable server = serverConfig ()
              server.MaxServerConnections <- 1un

              using (fun () -> connected (clientConfig ()) server) (fun two ->
                  two.Heard <- []
                  on two Client (fun endpoint now -> openOne 2 endpoint now |> snd) |> ignore
                  let refusal = deliver two Server |> Option.get
                  let send = sent refusal |> List.exactlyOne
                  Expect.equal send.Connection 0UL "of no connection"
                  let result = deliver two Client |> Option.get
                  Expect.equal (names result) [ "FAILED" ] "the client hears it") ]

let private withRetry () =
    let mutable server = serverConfig ()
    server.RetryEnabled <- 1uy
    server

/// The token and the Source Connection ID of a Retry packet to a client with an 8-byte id (RFC 9000 §17.2.5).
let private parseRetry (packet: byte[]) =
    let idLength = int packet[14]
    let id = packet[15 .. 14 + idLength]
    id, packet[15 + idLength .. packet.Length - 17]

/// Whether the first datagram of an open carries the one token that the client was told before.
let private carriesTokenOf two (_: uint64, opened: Result) =
    let token =
        heard two Client (function
            | NewToken(_, token) -> Some token
            | _ -> None)
        |> List.exactlyOne

    (List.head (sent opened)).Bytes.AsSpan().IndexOf(ReadOnlySpan token) >= 0

[<Tests>]
let tokens =
    testList
        "C ABI §12.5 tokens, 12.6 resets"
        [ row "12.5-1" "a server that wants a Retry keeps no state before it"
          <| fun () ->
              let two = between (clientConfig ()) (withRetry ())
              open' two |> ignore
              let answer = deliver two Server |> Option.get
              Expect.equal (names answer) [ "SEND" ] "a Retry"
              Expect.equal (List.head (sent answer)).Connection 0UL "of no connection"
              Expect.equal (Calls.ConnectionCount two.ServerEndpoint) 0un "no state"
              deliver two Client |> ignore
              let accepted = deliver two Server |> Option.get
              Expect.equal (List.head (names accepted)) "ACCEPTED" "with the second Initial"
              settle two 100_000UL
              Expect.equal (events two Client |> List.take 3) [ "CREATED"; "READY"; "CONFIRMED" ] "under one handle"
              Expect.equal (Calls.ConnectionCount two.ClientEndpoint) 1un "the first"
              dispose two

          for number, source in [ 1, "the same"; 2, "another" ] do
              row "12.5-3" $"a host that parses the Retry opens again, with {source} source id"
              <| fun () ->
                  let two = between (clientConfig ()) (withRetry ())
                  open' two |> ignore
                  let answer = deliver two Server |> Option.get
                  let retryId, token = parseRetry (List.head (sent answer)).Bytes
                  let original = [| 144uy .. 151uy |]
                  two.ToClient <- []
                  use retryId' = fixed retryId
                  use token' = fixed token
                  use original' = fixed original

                  let bytes pointer (array: byte[]) =
                      CoquicBytes(Data = pointer, Length = unativeint array.Length)

                  let retrySource, retryToken, originalId =
                      bytes retryId' retryId, bytes token' token, bytes original' original

                  let again (input: CoquicOpenConnection) =
                      let mutable input = input
                      input.Connection.InitialDestinationConnectionId <- retrySource
                      input.Connection.RetrySourceConnectionId <- retrySource
                      input.Connection.HasRetrySourceConnectionId <- 1uy
                      input.Connection.OriginalDestinationConnectionId <- originalId
                      input.Connection.HasOriginalDestinationConnectionId <- 1uy
                      input.Connection.RetryToken <- retryToken
                      input

                  let handle, opened = openWith again number two.ClientEndpoint two.Now
                  take two Client opened |> ignore
                  settle two 100_000UL

                  let ready =
                      heard two Client (function
                          | State(connection, 0uy) -> Some connection
                          | _ -> None)

                  Expect.equal (handle, ready) (2UL, [ 2UL ]) "the second is ready"
                  Expect.equal (Calls.ConnectionCount two.ClientEndpoint) 2un "the first stays behind"

                  on two Client (fun endpoint now -> close endpoint one 0UL [||] now) |> ignore
                  settle two 100_000UL

                  let sending =
                      on two Client (fun endpoint now -> send endpoint 2UL 0UL [| 1uy |] true now)

                  Expect.isNone sending.Error "its end is not the second's"
                  settle two 100_000UL
                  Expect.contains (timeline two Server) "DATA" "nor are datagrams lost by it"
                  dispose two

          row "12.5-4" "a token is told"
          <| fun () ->
              using standard (fun two ->
                  let tokens =
                      heard two Client (function
                          | NewToken(_, token) -> Some token
                          | _ -> None)

                  Expect.equal tokens.Length 1 "one"
                  Expect.isNonEmpty tokens.Head "with bytes")

          row "12.5-5" "the next open uses the token, once"
          <| fun () ->
              using standard (fun two ->
                  let carries = carriesTokenOf two
                  Expect.isTrue (carries (openOne 2 two.ClientEndpoint two.Now)) "the next"
                  Expect.isFalse (carries (openOne 3 two.ClientEndpoint two.Now)) "not the one after")

          row "12.5-5" "an open that is refused uses none"
          <| fun () ->
              using standard (fun two ->
                  // RFC 9000 §7.2: a client's first destination has 8 bytes at least.
                  let tooShort (input: CoquicOpenConnection) =
                      let mutable input = input
                      input.Connection.InitialDestinationConnectionId.Length <- 4un
                      input

                  let _, refused = openWith tooShort 2 two.ClientEndpoint two.Now
                  Expect.isSome refused.Error "refused"
                  Expect.isTrue (carriesTokenOf two (openOne 3 two.ClientEndpoint two.Now)) "the token is there still")

          row "12.6-1" "a datagram of a connection that is gone is answered by a reset"
          <| fun () ->
              using standard (fun two ->
                  on two Client (fun endpoint now -> send endpoint one 0UL (Array.zeroCreate 200) false now)
                  |> ignore

                  let late = List.last two.ToServer
                  two.ToServer <- []
                  on two Server (fun endpoint now -> close endpoint one 0UL [||] now) |> ignore
                  two.ToClient <- []
                  Expect.equal (names (wake two Server)) [ "CLOSED" ] "gone"

                  let answer =
                      on two Server (fun endpoint now -> receive endpoint now (Some path) late.Bytes)

                  let reset = sent answer |> List.exactlyOne
                  Expect.isLessThan reset.Bytes.Length late.Bytes.Length "shorter"
                  Expect.isGreaterThanOrEqual reset.Bytes.Length 21 "and long enough to be one")

          row "12.6-3" "a reset ends the connection"
          <| fun () ->
              using standard (fun two ->
                  on two Client (fun endpoint now -> send endpoint one 0UL (Array.zeroCreate 200) false now)
                  |> ignore

                  let late = List.last two.ToServer
                  two.ToServer <- []
                  on two Server (fun endpoint now -> close endpoint one 0UL [||] now) |> ignore
                  two.ToClient <- []
                  wake two Server |> ignore
                  two.ToClient <- []
                  two.ToServer <- [ late ]
                  deliver two Server |> ignore
                  let told = deliver two Client |> Option.get
                  Expect.equal (names told) [ "FAILED" ] "failed"
                  Expect.equal (names (wake two Client)) [ "CLOSED" ] "closed later") ]
