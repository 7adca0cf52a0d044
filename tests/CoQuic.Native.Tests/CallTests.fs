/// Sections 4 to 7 of docs/abi.md: sizes, initialisers, arguments, functions.
module CoQuic.Native.Tests.CallTests

open System
open System.Text
open System.Threading
open Expecto
open Microsoft.FSharp.NativeInterop
open CoQuic
open CoQuic.Abi
open CoQuic.Interop
open CoQuic.Native
open CoQuic.Native.Tests.Abi
open CoQuic.Native.Tests.Two

let private ascii (text: string) = Encoding.ASCII.GetBytes text

/// The connection of `standard` at both ends.
let private one = 1UL

/// A call with an input of the given size, however large its struct is.
let private sized<'input when 'input: unmanaged>
    (bytes: int)
    (work: nativeptr<'input> -> nativeptr<nativeptr<ResultBlock>> -> Status)
    =
    let room = NativePtr.stackalloc<byte>(sizeof<'input> + 64)
    NativePtr.write (NativePtr.ofNativeInt<unativeint>(NativePtr.toNativeInt room)) (unativeint bytes)
    statusOf (work (NativePtr.ofNativeInt<'input>(NativePtr.toNativeInt room)))

/// Each input with a size of its own: its oldest prefix, and a call with a given size.
let private sizedInputs endpoint =
    [ "inbound datagram",
      57,
      fun bytes ->
          sized<CoquicInboundDatagram> bytes (fun input result -> Calls.InputDatagram(endpoint, input, 0UL, result))
      "path MTU update",
      32,
      fun bytes ->
          sized<CoquicPathMtuUpdate> bytes (fun input result -> Calls.UpdatePathMtu(endpoint, input, 0UL, result))
      "stream data",
      33,
      fun bytes ->
          sized<CoquicSendStreamData> bytes (fun input result -> Calls.SendStream(endpoint, one, input, 0UL, result))
      "datagram data",
      24,
      fun bytes ->
          sized<CoquicSendDatagramData> bytes (fun input result ->
              Calls.SendDatagram(endpoint, one, input, 0UL, result))
      "reset",
      24,
      fun bytes ->
          sized<CoquicResetStream> bytes (fun input result -> Calls.ResetStream(endpoint, one, input, 0UL, result))
      "stop sending",
      24,
      fun bytes ->
          sized<CoquicStopSending> bytes (fun input result -> Calls.StopSending(endpoint, one, input, 0UL, result))
      "close",
      32,
      fun bytes ->
          sized<CoquicCloseConnection> bytes (fun input result -> Calls.Close(endpoint, one, input, 0UL, result))
      "migration",
      40,
      fun bytes ->
          sized<CoquicRequestConnectionMigration> bytes (fun input result ->
              Calls.RequestMigration(endpoint, one, input, 0UL, result)) ]

/// A client endpoint, destroyed after the test.
let private withClient test =
    let endpoint = create 1 (clientConfig ())

    try
        test endpoint
    finally
        Calls.Destroy endpoint

/// The status of an open with sizes of one's own.
let private openSized endpoint outer inner =
    let input = NativePtr.stackalloc<CoquicOpenConnection> 2
    let mutable value = CoquicOpenConnection(Connection = connectionDefaults ())
    value.Size <- outer
    value.Connection.Size <- inner
    NativePtr.write input value
    statusOf (fun result -> Calls.OpenConnection(endpoint, input, 0UL, result))

let private createSized bytes =
    let config = NativePtr.stackalloc<CoquicEndpointConfig> 2
    let mutable value = clientConfig ()
    value.Size <- bytes
    NativePtr.write config value
    let mutable endpoint = 1n
    let status = Calls.Create(config, &&endpoint, sources 1)
    Calls.Destroy endpoint
    status, endpoint

let private refused = Status.InvalidArgument, true
let private accepted = Status.Ok, false

[<Tests>]
let sizes =
    testList
        "C ABI §4 sizes"
        [ row "4-1" "an input that does not reach its oldest prefix is refused"
          <| fun () ->
              withClient (fun endpoint ->
                  for name, smallest, call in sizedInputs endpoint do
                      Expect.equal (call (smallest - 1)) refused $"{name}: one byte short"
                      Expect.equal (call smallest) accepted $"{name}: just enough"

                  Expect.equal (openSized endpoint 199un 168un) refused "open: one byte short"
                  Expect.equal (openSized endpoint 200un 168un) accepted "open: just enough"
                  Expect.equal (createSized 266un) (Status.InvalidArgument, 0n) "an endpoint: one byte short"
                  Expect.equal (fst (createSized 267un)) Status.Ok "an endpoint: just enough")

          row "4-1" "a refused input does nothing"
          <| fun () ->
              withClient (fun endpoint ->
                  openSized endpoint 199un 168un |> ignore
                  Expect.equal (Calls.ConnectionCount endpoint) 0un "no connection")

          row "4-2" "a field beyond the size has its disabled value"
          <| fun () ->
              let read size =
                  let mutable config = serverConfig ()
                  config.MaxServerConnections <- 5un
                  config.EnableOutOfOrderReceive <- 1uy
                  config.OrphanZeroRttBuffer.MaxPackets <- 6un
                  config.EnableReservedVersionProbe <- 1uy
                  config.EnableLongHeaderStatelessReset <- 1uy
                  config.EnableMinimalClosingStateRetention <- 1uy
                  config.RetryHandshakeValidationPolicy <- 2uy
                  config.Size <- size

                  let calendar =
                      CoQuic.Engine.CalendarAnchor(DateTimeOffset.UnixEpoch, CoQuic.Engine.TimeUs.Zero)

                  let read = ConfigurationReader.Read(&&config, (sources 1).Entropy, calendar)

                  [ read.MaxServerConnections
                    Convert.ToInt32 read.EnableOutOfOrderReceive
                    read.OrphanZeroRttBuffer.MaxPackets
                    Convert.ToInt32 read.EnableReservedVersionProbe
                    Convert.ToInt32 read.EnableLongHeaderStatelessReset
                    Convert.ToInt32 read.EnableMinimalClosingStateRetention
                    int read.RetryHandshakeValidationPolicy ]

              let whole = [ 5; 1; 6; 1; 1; 1; 2 ]

              for count, reaching in List.indexed [ 280; 281; 312; 313; 314; 315; 321 ] do
                  let reached = List.take (count + 1) whole @ List.replicate (6 - count) 0
                  Expect.equal (read (unativeint reaching)) reached $"{reaching} bytes"
                  let missed = List.take count whole @ List.replicate (7 - count) 0
                  Expect.equal (read (unativeint (reaching - 1))) missed $"{reaching - 1} bytes"

          row "4-3" "a larger size is accepted"
          <| fun () ->
              withClient (fun endpoint ->
                  for name, _, call in sizedInputs endpoint do
                      Expect.equal (call 10_000) accepted name

                  Expect.equal (fst (createSized 10_000un)) Status.Ok "an endpoint")

          row "4-4" "an embedded input is judged by its own size"
          <| fun () ->
              withClient (fun endpoint ->
                  Expect.equal (openSized endpoint 200un 167un) refused "the connection of an open"

                  let advance size =
                      let mutable input =
                          CoquicConnectionInput(Kind = CoquicConnectionInputKind.ResetStream)

                      input.ResetStream.Size <- size
                      let pointer = NativePtr.stackalloc<CoquicConnectionInput> 1
                      NativePtr.write pointer input
                      statusOf (fun result -> Calls.Advance(endpoint, one, pointer, 0UL, result))

                  Expect.equal (advance 23un) refused "a member"
                  Expect.equal (advance 24un) accepted "a member of the right size")

          row "4-5" "reserved bytes are written as zeros, and never read"
          <| fun () ->
              let mutable config = CoquicEndpointConfig()
              let bytes = Span<byte>(NativePtr.toVoidPtr &&config, sizeof<CoquicEndpointConfig>)
              bytes.Fill 0xffuy
              Calls.InitialiseEndpoint &&config
              let reserved = [ 9..15 ] @ [ 34..39 ] @ [ 267..271 ] @ [ 281..287 ] @ [ 315..319 ]

              for index in reserved do
                  Expect.equal bytes[index] 0uy $"byte {index}"
                  bytes[index] <- 0xffuy

              Calls.Destroy(create 1 config)

          row "4-6" "a key update has no member, and needs no size"
          <| fun () ->
              withClient (fun endpoint ->
                  let mutable input =
                      CoquicConnectionInput(Kind = CoquicConnectionInputKind.RequestKeyUpdate)

                  let pointer = NativePtr.stackalloc<CoquicConnectionInput> 1
                  NativePtr.write pointer input

                  Expect.equal
                      (statusOf (fun result -> Calls.Advance(endpoint, one, pointer, 0UL, result)))
                      accepted
                      "accepted") ]

[<Tests>]
let initialisers =
    testList
        "C ABI §5 initialisers"
        [ row "5-1" "an initialiser overwrites the whole struct, and leaves NULL alone"
          <| fun () ->
              let mutable config = CoquicEndpointConfig()
              Span<byte>(NativePtr.toVoidPtr &&config, sizeof<CoquicEndpointConfig>).Fill 0xffuy
              Calls.InitialiseEndpoint &&config
              Expect.equal config.OrphanZeroRttBuffer.MaxAgeUs 0UL "the last fields too"
              Expect.equal (NativePtr.toNativeInt config.SupportedVersions) 0n "pointers too"
              Calls.InitialiseTransport(NativePtr.ofNativeInt 0n)
              Calls.InitialiseEndpoint(NativePtr.ofNativeInt 0n)
              Calls.InitialiseClientConnection(NativePtr.ofNativeInt 0n)

          row "5.1-1" "transport"
          <| fun () ->
              let mutable config = CoquicTransportConfig()
              Calls.InitialiseTransport &&config

              let expected =
                  CoquicTransportConfig(
                      MaxUdpPayloadSize = 65527UL,
                      PmtudEnabled = 1uy,
                      PmtudBaseDatagramSize = 1200un,
                      ActiveConnectionIdLimit = 2UL,
                      AckDelayExponent = 3UL,
                      MaxAckDelay = 25UL,
                      AckElicitingThreshold = 2UL,
                      InitialMaxData = 1048576UL,
                      InitialMaxStreamDataBidiLocal = 262144UL,
                      InitialMaxStreamDataBidiRemote = 262144UL,
                      InitialMaxStreamDataUni = 262144UL,
                      InitialMaxStreamsBidi = 16UL,
                      InitialMaxStreamsUni = 16UL,
                      MaxDatagramFrameSize = 65535UL,
                      EnableHystartPlusPlus = 1uy,
                      SendStreamFairness = 1uy
                  )

              Expect.equal config expected "what is not named is zero"

          row "5.2-1" "endpoint"
          <| fun () ->
              let config = defaults ()

              let protocol =
                  ReadOnlySpan<byte>(
                      NativePtr.toVoidPtr config.ApplicationProtocol,
                      int config.ApplicationProtocolLength
                  )

              Expect.equal (Encoding.ASCII.GetString protocol) "coquic" "the protocol"

              Expect.equal
                  (config.Size, config.Role, config.VerifyPeer, config.RetryEnabled)
                  (328un, 0uy, 1uy, 0uy)
                  "a client that verifies"

              Expect.equal
                  (config.MaxOutboundDatagramSize, config.AllowPeerAddressChange)
                  (1200un, 1uy)
                  "size, migration"

              Expect.equal (config.EnablePacketInspection, config.EnableOutOfOrderReceive) (0uy, 0uy) "off"
              Expect.equal (NativePtr.toNativeInt config.Identity) 0n "no identity"
              let mutable transport = CoquicTransportConfig()
              Calls.InitialiseTransport &&transport
              Expect.equal config.Transport transport "the transport's own defaults"

          row "5.3-1" "client connection"
          <| fun () ->
              let config = connectionDefaults ()

              let name =
                  ReadOnlySpan<byte>(NativePtr.toVoidPtr config.ServerName, int config.ServerNameLength)

              Expect.equal (Encoding.ASCII.GetString name) "localhost" "the name"
              Expect.equal (config.Size, config.OriginalVersion, config.InitialVersion) (168un, 1u, 1u) "version 1"
              Expect.equal config.SourceConnectionId.Length 0un "no ids" ]

let private nullResult = NativePtr.ofNativeInt<nativeptr<ResultBlock>> 0n

[<Tests>]
let arguments =
    testList
        "C ABI §6 calls"
        [ row "6-1" "out-pointers are cleared before anything is looked at"
          <| fun () ->
              Expect.equal (statusOf (fun result -> Calls.TimerExpired(0n, 0UL, result))) refused "a result"
              let mutable endpoint = 1n
              let status = Calls.Create(NativePtr.ofNativeInt 0n, &&endpoint)
              Expect.equal (status, endpoint) (Status.InvalidArgument, 0n) "an endpoint"
              let handle = NativePtr.stackalloc<uint64> 1
              NativePtr.write handle 9UL

              Expect.equal
                  (statusOf (fun result -> Calls.Connect(0n, NativePtr.ofNativeInt 0n, 0UL, handle, result)))
                  refused
                  "a handle"

              Expect.equal (NativePtr.read handle) 0UL "is 0"

          row "6-2" "NULL where something has to be is a bad argument"
          <| fun () ->
              withClient (fun endpoint ->
                  Expect.equal (Calls.TimerExpired(endpoint, 0UL, nullResult)) Status.InvalidArgument "no result"

                  Expect.equal
                      (statusOf (fun result -> Calls.InputDatagram(endpoint, NativePtr.ofNativeInt 0n, 0UL, result)))
                      refused
                      "no input"

                  Expect.equal
                      (statusOf (fun result -> Calls.Advance(endpoint, one, NativePtr.ofNativeInt 0n, 0UL, result)))
                      refused
                      "no input to advance"

                  let handle = NativePtr.stackalloc<uint64> 1
                  let input = NativePtr.stackalloc<CoquicOpenConnection> 1
                  NativePtr.write input (CoquicOpenConnection(Size = 200un, Connection = connectionDefaults ()))

                  Expect.equal
                      (statusOf (fun result -> Calls.Connect(endpoint, NativePtr.ofNativeInt 0n, 0UL, handle, result)))
                      refused
                      "no open"

                  Expect.equal
                      (statusOf (fun result -> Calls.Connect(endpoint, input, 0UL, NativePtr.ofNativeInt 0n, result)))
                      refused
                      "nowhere for the handle"

                  Expect.equal (Calls.ConnectionCount endpoint) 0un "nothing was executed")

          row "6-3" "an unknown connection is a local error"
          <| fun () ->
              withClient (fun endpoint ->
                  for result in
                      [ send endpoint 9UL 0UL [| 1uy |] true 0UL
                        sendDatagram endpoint 9UL [||] 0UL
                        resetStream endpoint 9UL 0UL 1UL 0UL
                        stopSending endpoint 9UL 0UL 1UL 0UL
                        close endpoint 9UL 1UL [||] 0UL
                        requestKeyUpdate endpoint 9UL 0UL
                        requestMigration endpoint 9UL 8UL 0UL ] do
                      Expect.equal (Option.map _.Code result.Error) (Some 0uy) "unsupported operation"
                      Expect.equal (Option.bind _.At result.Error) (Some 9UL) "with the handle"
                      Expect.isEmpty result.Effects "nothing happened")

          row "6-4" "destroying NULL does nothing"
          <| fun () ->
              Calls.Destroy 0n
              Calls.DestroyResult(NativePtr.ofNativeInt 0n)

          row "6-5" "results outlive their endpoint"
          <| fun () ->
              let endpoint = create 1 (clientConfig ())
              let result = NativePtr.stackalloc<nativeptr<ResultBlock>> 1
              let input = NativePtr.stackalloc<CoquicOpenConnection> 1
              NativePtr.write input (CoquicOpenConnection(Size = 200un, Connection = connectionDefaults ()))
              Calls.OpenConnection(endpoint, input, 0UL, result) |> ignore
              let before = readResult (NativePtr.read result)
              Calls.Destroy endpoint
              Expect.equal (readResult (NativePtr.read result)) before "the same"
              Calls.DestroyResult(NativePtr.read result)

          row "6-6" "inputs are copied during the call"
          <| fun () ->
              using standard (fun two ->
                  let bytes = ascii "as it was"

                  on two Client (fun endpoint now -> send endpoint one 0UL bytes true now)
                  |> ignore

                  Array.fill bytes 0 bytes.Length 0uy
                  let lost = two.ToServer
                  two.ToServer <- []
                  Expect.isNonEmpty lost "sent once, and lost"
                  settle two 2_000_000UL

                  let data =
                      heard two Server (function
                          | StreamData data -> Some data.Data
                          | _ -> None)

                  Expect.equal (Array.concat data) (ascii "as it was") "sent again from the copy")

          row "6-7" "views are the same pointers each time, whatever the endpoint does"
          <| fun () ->
              using standard (fun two ->
                  let result = NativePtr.stackalloc<nativeptr<ResultBlock>> 1
                  let mutable bytes = CoquicBytes()

                  Calls.StreamSend(two.ClientEndpoint, one, 0UL, bytes, 1uy, two.Now, result)
                  |> ignore

                  let view () =
                      let mutable effect = CoquicEffect()
                      Calls.EffectAt(NativePtr.read result, 0un, &&effect) |> ignore
                      NativePtr.toNativeInt effect.SendDatagram.Bytes.Data

                  let first = view ()
                  let before = readResult (NativePtr.read result)

                  on two Client (fun endpoint now -> send endpoint one 4UL (Array.zeroCreate 5000) true now)
                  |> ignore

                  Expect.equal (view ()) first "the same pointer"
                  Expect.equal (readResult (NativePtr.read result)) before "the same bytes"
                  Calls.DestroyResult(NativePtr.read result))

          row "6-7" "nor do results change that are alive while others come and go"
          <| fun () ->
              let make length (filling: byte) =
                  let datagram =
                      Engine.ReceiveDatagramDataEffect(
                          Engine.ConnectionHandle 1UL,
                          Engine.Bytes.CopyOf(ReadOnlySpan(Array.create length filling))
                      )

                  ResultBlock.Write(Engine.EndpointResult([| datagram |], Nullable(), null, false))

              let bytesOf result =
                  match (readResult result).Effects with
                  | [ Datagram(_, bytes) ] -> bytes
                  | other -> failwith $"%A{other}"

              // Around and beyond the sizes whose memory is kept for the next.
              let lengths = [ 0; 100; 15_000; 40_000; 400_000; 3_000_000 ]

              let alive =
                  [ for index, length in List.indexed lengths -> length, byte index, make length (byte index) ]

              for _ in 1..20 do
                  for length in lengths do
                      Calls.DestroyResult(make length 0xffuy)

              for length, filling, result in alive do
                  Expect.isTrue (bytesOf result = Array.create length filling) $"{length} bytes"
                  Calls.DestroyResult result

          row "6-8" "an empty payload has no data"
          <| fun () ->
              using standard (fun two ->
                  on two Client (fun endpoint now -> sendDatagram endpoint one [||] now) |> ignore
                  let datagram = List.last two.ToServer
                  two.ToServer <- []
                  let result = NativePtr.stackalloc<nativeptr<ResultBlock>> 1

                  withBytes datagram.Bytes (fun payload ->
                      let input = NativePtr.stackalloc<CoquicInboundDatagram> 1

                      NativePtr.write
                          input
                          (CoquicInboundDatagram(
                              Size = size<CoquicInboundDatagram>,
                              Bytes = payload,
                              RouteHandle = route path
                          ))

                      Calls.InputDatagram(two.ServerEndpoint, input, two.Now, result) |> ignore)

                  let views =
                      [ for index in 0 .. int (Calls.EffectCount(NativePtr.read result)) - 1 do
                            let mutable effect = CoquicEffect()
                            Calls.EffectAt(NativePtr.read result, unativeint index, &&effect) |> ignore

                            if effect.Kind = 2uy then
                                let bytes = effect.ReceiveDatagramData.Bytes
                                NativePtr.toNativeInt bytes.Data, bytes.Length ]

                  Calls.DestroyResult(NativePtr.read result)
                  Expect.equal views [ 0n, 0un ] "NULL and 0")

          row "6-9" "time 0 is legal, and NULL is empty whatever its length"
          <| fun () ->
              withClient (fun endpoint ->
                  let result =
                      callWith
                          (CoquicInboundDatagram(
                              Size = size<CoquicInboundDatagram>,
                              Bytes = CoquicBytes(Length = 100un)
                          ))
                          (fun input result -> Calls.InputDatagram(endpoint, input, 0UL, result))

                  Expect.isEmpty result.Effects "nothing came in")

          row "6-11" "calls may come from one thread after the other"
          <| fun () ->
              let two = between (clientConfig ()) (serverConfig ())
              let mutable threads = Set.empty

              let elsewhere work =
                  let thread =
                      Thread(fun () ->
                          threads <- Set.add Environment.CurrentManagedThreadId threads
                          work ())

                  thread.Start()
                  thread.Join()

              elsewhere (fun () -> on two Client (fun endpoint now -> openOne 1 endpoint now |> snd) |> ignore)

              for _ in 1..10 do
                  elsewhere (fun () -> deliver two Server |> ignore)
                  elsewhere (fun () -> deliver two Client |> ignore)

              Expect.contains (timeline two Client) "CONFIRMED" "the handshake is done"
              dispose two

          row "6-12" "the endpoint may be called while a result is walked through"
          <| fun () ->
              using standard (fun two ->
                  let result = NativePtr.stackalloc<nativeptr<ResultBlock>> 1
                  let data = Array.zeroCreate<byte> 20_000
                  use pin = fixed data
                  let bytes = CoquicBytes(Data = pin, Length = unativeint data.Length)

                  Calls.StreamSend(two.ClientEndpoint, one, 0UL, bytes, 0uy, two.Now, result)
                  |> ignore

                  let walked = NativePtr.read result

                  for index in 0 .. int (Calls.EffectCount walked) - 1 do
                      let mutable effect = CoquicEffect()
                      Calls.EffectAt(walked, unativeint index, &&effect) |> ignore
                      Expect.equal effect.Kind 0uy "a datagram"
                      timerExpired two.ClientEndpoint two.Now |> ignore

                  Calls.DestroyResult walked) ]

[<Tests>]
let functions =
    testList
        "C ABI §7 functions"
        [ row "7.1-1" "the version"
          <| fun () -> Expect.equal (Calls.AbiVersion()) 12u "is 12"

          row "7.2-1" "creation wants a configuration and an out-pointer"
          <| fun () ->
              let mutable config = clientConfig ()

              Expect.equal
                  (Calls.Create(&&config, NativePtr.ofNativeInt<nativeint> 0n))
                  Status.InvalidArgument
                  "no out-pointer"

              let mutable endpoint = 1n

              Expect.equal
                  (Calls.Create(NativePtr.ofNativeInt 0n, &&endpoint))
                  Status.InvalidArgument
                  "no configuration"

          row "7.3-1" "a server opens nothing"
          <| fun () ->
              using (fun () -> between (clientConfig ()) (serverConfig ())) (fun two ->
                  let handle, result = openOne 1 two.ServerEndpoint 0UL
                  Expect.equal handle 0UL "no handle"

                  Expect.equal
                      result.Error
                      (Some
                          { At = None
                            Code = 0uy
                            OnStream = None })
                      "unsupported, of no connection")

          row "7.3-2" "only one connection may have an empty source id"
          <| fun () ->
              withClient (fun endpoint ->
                  let nameless (input: CoquicOpenConnection) =
                      let mutable input = input
                      input.Connection.SourceConnectionId <- CoquicBytes()
                      input

                  let first, _ = openWith nameless 1 endpoint 0UL
                  let second, result = openWith nameless 2 endpoint 0UL
                  Expect.equal (first, second) (1UL, 0UL) "the first only"
                  Expect.equal (Option.map _.Code result.Error) (Some 0uy) "unsupported"
                  Expect.equal (Option.bind _.At result.Error) None "of no connection")

          row "7.3-3" "what is nobody's, malformed, damaged or empty is ignored"
          <| fun () ->
              using standard (fun two ->
                  on two Client (fun endpoint now -> send endpoint one 0UL [| 1uy |] true now)
                  |> ignore

                  let genuine = List.last two.ToServer
                  two.ToServer <- []
                  let damaged = Array.copy genuine.Bytes
                  damaged[damaged.Length - 1] <- damaged[damaged.Length - 1] ^^^ 1uy

                  for name, bytes in
                      [ "empty", [||]
                        "a byte", [| 0x40uy |]
                        "nobody's short header", Array.create 100 0x43uy
                        "a stray Handshake packet",
                        Array.append [| 0xe0uy; 0uy; 0uy; 0uy; 1uy; 8uy |] (Array.create 1300 9uy)
                        "damaged", damaged ] do
                      let result =
                          on two Server (fun endpoint now -> receive endpoint now (Some path) bytes)

                      Expect.isEmpty result.Effects name
                      Expect.isNone result.Error name)

          row "7.3-4" "a notice about nobody's path, or too small, does nothing"
          <| fun () ->
              using standard (fun two ->
                  for from, limit in [ None, 1300; Some 99UL, 1300; Some path, 1199; Some path, 0 ] do
                      let result =
                          on two Client (fun endpoint now -> updatePathMtu endpoint from limit now)

                      Expect.isEmpty result.Effects "no effect"
                      Expect.isNone result.Error "no error")

          row "7.3-5" "a timer before its time does nothing"
          <| fun () ->
              let two = between (clientConfig ()) (serverConfig ())
              let opened = on two Client (fun endpoint now -> openOne 1 endpoint now |> snd)
              let early = on two Client timerExpired
              Expect.isEmpty early.Effects "nothing is due"
              Expect.equal early.Wakeup opened.Wakeup "the same wake-up"
              dispose two

          row "7.4-1" "a connection is drained after an operation that failed, too"
          <| fun () ->
              using standard (fun two ->
                  let result =
                      on two Client (fun endpoint now -> send endpoint one 3UL [| 1uy |] false now)

                  Expect.equal (Option.map _.Code result.Error) (Some 2uy) "the error"
                  Expect.equal result.Wakeup (time (Calls.NextWakeup two.ClientEndpoint)) "and the wake-up")

          row "7.4-2" "a key update is remembered"
          <| fun () ->
              using standard (fun two ->
                  let result = on two Client (fun endpoint now -> requestKeyUpdate endpoint one now)
                  Expect.isEmpty result.Effects "no effect"
                  Expect.isNone result.Error "no error"

                  on two Client (fun endpoint now -> send endpoint one 0UL [| 1uy |] true now)
                  |> ignore

                  settle two 100_000UL
                  Expect.contains (timeline two Server) "DATA" "the next packet has the new keys, and is read")

          row "7.4-3" "the tagged form does the same"
          <| fun () ->
              using standard (fun two ->
                  let advance kind (fill: CoquicConnectionInput -> CoquicConnectionInput) =
                      on two Client (fun endpoint now ->
                          callWith (fill (CoquicConnectionInput(Kind = kind))) (fun input result ->
                              Calls.Advance(endpoint, one, input, now, result)))

                  let sent =
                      advance CoquicConnectionInputKind.SendStream (fun input ->
                          let mutable input = input
                          input.SendStream <- CoquicSendStreamData(Size = 40un, StreamId = 0UL, Fin = 1uy)
                          input)

                  Expect.equal (names sent) [ "SEND" ] "a FIN"

                  let reset =
                      advance CoquicConnectionInputKind.ResetStream (fun input ->
                          let mutable input = input
                          input.ResetStream <- CoquicResetStream(Size = 24un, StreamId = 4UL)
                          input)

                  Expect.equal (names reset) [ "SEND" ] "a reset"

                  let closed =
                      advance CoquicConnectionInputKind.Close (fun input ->
                          let mutable input = input
                          input.Close <- CoquicCloseConnection(Size = 32un)
                          input)

                  Expect.equal (names closed) [ "SEND"; "FAILED" ] "a close"

                  let input = NativePtr.stackalloc<CoquicConnectionInput> 1
                  NativePtr.write input (CoquicConnectionInput(Kind = LanguagePrimitives.EnumOfValue 7uy))

                  let unknown =
                      statusOf (fun result -> Calls.Advance(two.ClientEndpoint, one, input, two.Now, result))

                  Expect.equal unknown refused "an unknown kind")

          row "7.4-4" "a reason that is not UTF-8 is dropped"
          <| fun () ->
              let closeWith reason =
                  let two = standard ()
                  let result = on two Client (fun endpoint now -> close endpoint one 7UL reason now)
                  dispose two
                  (sent result |> List.head).Bytes.Length

              Expect.equal (closeWith [| 0xffuy; 0xfeuy; 0xfduy |]) (closeWith [||]) "as short as without"
              Expect.isGreaterThan (closeWith (ascii "why")) (closeWith [||]) "a good one is sent"

          row "7.5-1" "connecting gives the handle"
          <| fun () ->
              withClient (fun endpoint ->
                  let first, result = openOne 1 endpoint 0UL
                  Expect.equal first 1UL "the handle"
                  Expect.equal (names result) [ "SEND"; "CREATED" ] "and the effects of an open")

          row "7.5-2" "streams have shorter forms"
          <| fun () ->
              using standard (fun two ->
                  let byHandle work =
                      on two Client (fun endpoint now -> call (work endpoint now))

                  let results =
                      [ byHandle (fun endpoint now result ->
                            withBytes (ascii "hi") (fun bytes ->
                                Calls.StreamSend(endpoint, one, 0UL, bytes, 0uy, now, result)))
                        byHandle (fun endpoint now result -> Calls.StreamFinish(endpoint, one, 0UL, now, result))
                        byHandle (fun endpoint now result -> Calls.StreamReset(endpoint, one, 4UL, 5UL, now, result))
                        byHandle (fun endpoint now result ->
                            Calls.StreamStopSending(endpoint, one, 0UL, 6UL, now, result)) ]

                  Expect.all results (fun result -> names result = [ "SEND" ]) "each is sent"
                  settle two 100_000UL

                  Expect.equal
                      (timeline two Server |> List.filter (fun name -> name <> "SEND") |> List.skip 3)
                      [ "DATA"; "DATA"; "RESET"; "STOP_SENDING" ]
                      "and told")

          row "7.6-1" "queries of NULL"
          <| fun () ->
              Expect.equal (Calls.ConnectionCount 0n) 0un "count"
              Expect.equal (Calls.HasSendContinuationPending 0n) 0uy "continuation"
              Expect.equal (Calls.HasPendingStreamSend 0n) 0uy "pending"
              Expect.equal (time (Calls.NextWakeup 0n)) None "wake-up"

          row "7.6-2" "the count holds what is closing"
          <| fun () ->
              using standard (fun two ->
                  on two Client (fun endpoint now -> close endpoint one 0UL [||] now) |> ignore
                  exchange two
                  Expect.equal (Calls.ConnectionCount two.ClientEndpoint) 1un "closing"
                  Expect.equal (Calls.ConnectionCount two.ServerEndpoint) 1un "draining"
                  wake two Client |> ignore
                  Expect.equal (Calls.ConnectionCount two.ClientEndpoint) 0un "gone")

          row "7.7-1" "accessors of nothing"
          <| fun () ->
              let none = NativePtr.ofNativeInt<ResultBlock> 0n
              let effect = NativePtr.stackalloc<CoquicEffect> 1
              let error = NativePtr.stackalloc<CoquicLocalError> 1
              Expect.equal (Calls.EffectCount none) 0un "no effects"
              Expect.equal (Calls.EffectAt(none, 0un, effect)) Status.InvalidArgument "of no result"
              Expect.equal (time (Calls.ResultNextWakeup none)) None "no wake-up"
              Expect.equal (Calls.HasLocalError none) 0uy "no error"
              Expect.equal (Calls.LocalError(none, error)) Status.InvalidArgument "nothing to read"
              Expect.equal (Calls.SendContinuationPending none) 0uy "nothing pending"

              withClient (fun endpoint ->
                  let result = NativePtr.stackalloc<nativeptr<ResultBlock>> 1
                  Calls.TimerExpired(endpoint, 0UL, result) |> ignore
                  let empty = NativePtr.read result
                  Expect.equal (Calls.EffectAt(empty, 0un, effect)) Status.InvalidArgument "out of range"

                  Expect.equal
                      (Calls.EffectAt(empty, 0un, NativePtr.ofNativeInt 0n))
                      Status.InvalidArgument
                      "nowhere to put it"

                  Expect.equal (Calls.LocalError(empty, error)) Status.InvalidArgument "no error"
                  Calls.DestroyResult empty) ]
