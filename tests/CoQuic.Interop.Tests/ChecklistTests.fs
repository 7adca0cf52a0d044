/// The checklist of the wrapper surface: a test a row, named for it.
module CoQuic.Interop.Tests.ChecklistTests

open System
open System.Collections.Generic
open Expecto
open CoQuic.Engine
open CoQuic.Interop
open CoQuic.Interop.Tests.Fixtures

let private numbers<'enum when 'enum: struct and 'enum :> Enum and 'enum: (new: unit -> 'enum)> () =
    [ for value in Enum.GetValues<'enum>() -> string value, Convert.ToInt32 value ]

let private numbered names =
    names |> List.mapi (fun number name -> name, number)

let private enumRow name actual expected =
    testCase name (fun () -> Expect.equal (actual ()) (numbered expected) "names and numbers")

let private ms milliseconds =
    TimeSpan.FromMilliseconds(float milliseconds)

[<Tests>]
let types =
    testList
        "wrapper checklist, types and constants"
        [ testCase "FFIABIVersion"
          <| fun () -> Expect.equal FfiAbi.Version 12u "the header's constant"

          testCase "ConnectionHandle, RouteHandle, StreamID, TimeUs"
          <| fun () ->
              Expect.equal (ConnectionHandle UInt64.MaxValue).Value UInt64.MaxValue "64 bits"
              Expect.equal (RouteHandle UInt64.MaxValue).Value UInt64.MaxValue "64 bits"
              Expect.equal (StreamId UInt64.MaxValue).Value UInt64.MaxValue "64 bits"
              Expect.equal (TimeUs Int64.MaxValue).Microseconds Int64.MaxValue "64 bits, signed as the ABI reads them"

          testCase "Status"
          <| fun () ->
              let texts =
                  [ 0uy; 1uy; 2uy; 3uy; 4uy ]
                  |> List.map (fun number -> StatusText.Describe(LanguagePrimitives.EnumOfValue number))

              Expect.equal
                  texts
                  [ "ok"
                    "invalid argument"
                    "out of memory"
                    "internal error"
                    "unknown status 4" ]
                  "the words"

          testCase "StatusError"
          <| fun () ->
              let error = StatusException Status.OutOfMemory
              Expect.equal (error.Status, error.Message) (Status.OutOfMemory, "out of memory") "status and words"

          enumRow "Role" numbers<Role> [ "Client"; "Server" ]

          enumRow
              "RetryHandshakeValidationPolicy"
              numbers<RetryHandshakeValidationPolicy>
              [ "Disabled"; "Discard"; "ConnectionError" ]

          enumRow
              "CongestionControl"
              numbers<CongestionControl>
              [ "NewReno"; "Cubic"; "Bbr"; "Copa"; "Pcc"; "PccVivace" ]

          enumRow "EcnPolicy" numbers<EcnPolicy> [ "Rfc9000Ect0"; "Rfc8311Ect1" ]
          enumRow "EcnCodepoint" numbers<EcnCodepoint> [ "Unavailable"; "NotEct"; "Ect0"; "Ect1"; "Ce" ]
          enumRow "StateChange" numbers<StateChange> [ "HandshakeReady"; "HandshakeConfirmed"; "Failed" ]

          enumRow
              "LocalErrorCode"
              numbers<LocalErrorCode>
              [ "UnsupportedOperation"
                "InvalidStreamId"
                "InvalidStreamDirection"
                "SendSideClosed"
                "ReceiveSideClosed"
                "FinalSizeConflict"
                "DatagramNotSupported"
                "DatagramTooLarge"
                "FlowControlViolation" ]

          enumRow "Lifecycle" numbers<Lifecycle> [ "Created"; "Accepted"; "Closed" ]

          testCase "EffectKind"
          <| fun () ->
              Expect.equal
                  (numbers<EffectKind>() |> List.take 12)
                  (numbered
                      [ "SendDatagram"
                        "ReceiveStreamData"
                        "ReceiveDatagramData"
                        "PeerResetStream"
                        "PeerStopSending"
                        "StateEvent"
                        "ConnectionLifecycleEvent"
                        "PeerPreferredAddressAvailable"
                        "ResumptionStateAvailable"
                        "ZeroRttStatusEvent"
                        "PacketInspection"
                        "NewTokenAvailable" ])
                  "the kinds of the ABI come first, with its numbers"

          testCase "TlsIdentity"
          <| fun () ->
              let certificate, key = pemIdentity ()
              let mutable identity = null
              let mutable problem = null
              let isRead = CertificateIdentity.TryFromPem(certificate, key, &identity, &problem)
              Expect.isTrue isRead $"PEM texts become an identity: {problem}"

          testCase "ZeroRttConfig"
          <| fun () ->
              let context = Bytes.Wrap [| 1uy |]

              let config =
                  ZeroRttConfig(
                      Attempt = true,
                      Allow = true,
                      StrictUpdatedTransportParameters = true,
                      ApplicationContext = context
                  )

              Expect.equal config.ApplicationContext context "it holds what it was given"
              Expect.equal (ZeroRttConfig()) ZeroRttConfig.Disabled "and starts as nothing"

          testCase "TransportConfig, DefaultTransportConfig"
          <| fun () ->
              let config = CoquicDefaults.Transport

              Expect.equal
                  [ config.MaxIdleTimeout
                    config.MaxAckDelay
                    config.MigrationRecoveryRetentionTimeout
                    config.UnderfilledPacketCoalescingDelay ]
                  [ ms 0; ms 25; ms 0; ms 0 ]
                  "durations"

              Expect.equal
                  [ config.MaxUdpPayloadSize
                    config.PmtudBaseDatagramSize
                    config.PmtudMaxDatagramSize
                    config.ActiveConnectionIdLimit
                    config.AckDelayExponent
                    config.AckElicitingThreshold ]
                  [ 65527; 1200; 0; 2; 3; 2 ]
                  "counts"

              Expect.equal
                  [ config.InitialMaxData
                    config.InitialMaxStreamDataBidiLocal
                    config.InitialMaxStreamDataBidiRemote
                    config.InitialMaxStreamDataUni
                    config.InitialMaxStreamsBidi
                    config.InitialMaxStreamsUni
                    config.MaxDatagramFrameSize ]
                  [ 1048576UL; 262144UL; 262144UL; 262144UL; 16UL; 16UL; 65535UL ]
                  "limits"

              Expect.equal
                  [ config.PmtudEnabled; config.EnableHyStartPlusPlus; config.SendStreamFairness ]
                  [ true; true; true ]
                  "what is on"

              Expect.allEqual
                  [ config.DisableActiveMigration
                    config.DeferActiveMigrationPathValidation
                    config.EnableLatencySpinBit
                    config.GreaseReservedVersions
                    config.GreaseQuicBit
                    config.EnableOptimisticAckMitigation
                    config.PmtudProvisionalIcmpReductions ]
                  false
                  "what is off"

              Expect.equal config.CongestionControl CongestionControl.NewReno "NewReno"
              Expect.equal config.EcnPolicy EcnPolicy.Rfc9000Ect0 "ECT(0)"
              Expect.equal config.ReceiveCredit ReceiveCredit.Automatic "credit on emission"

          testCase "EndpointConfig, DefaultEndpointConfig"
          <| fun () ->
              let config = CoquicDefaults.Endpoint(Role.Client, entropy 1, calendar)
              Expect.equal config.Role Role.Client "client"
              Expect.sequenceEqual config.SupportedVersions [ QuicVersion.V1 ] "version 1"
              Expect.sequenceEqual config.ApplicationProtocols [ "coquic" ] "coquic"
              Expect.isNull config.ServerIdentities "no identity"
              Expect.equal config.Transport CoquicDefaults.Transport "the transport defaults"
              Expect.equal (config.MaxOutboundDatagramSize, config.MaxServerConnections) (1200, 0) "sizes"
              Expect.equal config.ZeroRtt ZeroRttConfig.Disabled "no early data"
              Expect.equal config.OrphanZeroRttBuffer OrphanZeroRttBuffer.Disabled "no orphans"
              Expect.isTrue config.VerifyPeer "verification is on"
              Expect.isTrue config.AllowPeerAddressChange "addresses may change"

              Expect.allEqual
                  [ config.RetryEnabled
                    config.EnablePacketInspection
                    config.EnableOutOfOrderReceive
                    config.EnableReservedVersionProbe
                    config.EnableLongHeaderStatelessReset
                    config.EnableMinimalClosingStateRetention ]
                  false
                  "out-of-order receive, long-header reset and the rest are off"

              Expect.equal
                  config.RetryHandshakeValidationPolicy
                  RetryHandshakeValidationPolicy.Disabled
                  "no validation across Retry"

          testCase "OrphanZeroRttBufferConfig"
          <| fun () ->
              let buffer = OrphanZeroRttBuffer(3, 4096, ms 500)
              Expect.equal (buffer.MaxPackets, buffer.MaxBytes, buffer.MaxAge) (3, 4096, ms 500) "three bounds"

          testCase "ClientConfig, NewClientConfig"
          <| fun () ->
              let scid = ConnectionId(ReadOnlySpan [| 1uy |])
              let dcid = ConnectionId(ReadOnlySpan [| 2uy |])
              let config = CoquicDefaults.OpenConnection(scid, dcid)

              Expect.equal
                  (config.SourceConnectionId, config.InitialDestinationConnectionId)
                  (Nullable scid, Nullable dcid)
                  "both IDs"

              Expect.equal config.ServerName "localhost" "the name"
              Expect.equal config.Route (RouteHandle 0UL) "route 0"
              Expect.isTrue config.AddressValidationIdentity.IsEmpty "no identity"

          testCase "InboundDatagram"
          <| fun () ->
              let datagram = InboundDatagram(Bytes.Wrap [| 1uy |])
              Expect.equal datagram.Ecn EcnCodepoint.Unavailable "no mark is known"
              Expect.isFalse datagram.Route.HasValue "no route is needed"

          testCase "SendStreamData"
          <| fun () ->
              let data = SendStreamData(StreamId 4UL, Bytes.Empty, true)
              Expect.equal data.Priority 0 "priority 0 unless it is given"

          testCase "LocalError"
          <| fun () ->
              use client = newClient ()
              use result = client.CloseConnection(TimeUs.Zero, ConnectionHandle 9UL, 0UL, "")
              let error = result.LocalError |> nonNull
              Expect.equal error.Connection (Nullable(ConnectionHandle 9UL)) "the connection addressed"
              Expect.equal error.Code LocalErrorCode.UnsupportedOperation "an unknown handle is a local error"
              Expect.isFalse error.StreamId.HasValue "no stream"

          testCase "Effect"
          <| fun () ->
              let view =
                  EffectView.Of(
                      ReceiveStreamDataEffect(ConnectionHandle 1UL, StreamId 4UL, 7UL, Bytes.Wrap [| 1uy |], true, 8UL)
                  )

              let expected =
                  EffectView(
                      Kind = EffectKind.ReceiveStreamData,
                      Connection = ConnectionHandle 1UL,
                      StreamId = StreamId 4UL,
                      Offset = 7UL,
                      Bytes = Bytes.Wrap [| 1uy |],
                      Fin = true,
                      FinalSize = 8UL,
                      HasFinalSize = true
                  )

              Expect.equal view expected "fields that the kind does not use stay zero"

              let token =
                  EffectView.Of(NewTokenAvailableEffect(ConnectionHandle 1UL, Bytes.Wrap [| 1uy |]))

              Expect.equal
                  token
                  (EffectView(Kind = EffectKind.NewTokenAvailable, Connection = ConnectionHandle 1UL))
                  "a kind that is passed through"

          testCase "Endpoint, QueryResult"
          <| fun () ->
              let client = newClient ()
              let result = client.TimerExpired TimeUs.Zero
              client.Dispose()
              Expect.isEmpty result.Effects "a result outlives its endpoint"
              result.Dispose() ]

[<Tests>]
let methods =
    testList
        "wrapper checklist, functions and methods"
        [ testCase "CheckFFIABIVersion"
          <| fun () ->
              FfiAbi.CheckVersion FfiAbi.Version

              let check () = FfiAbi.CheckVersion 2u

              Expect.throwsC check (fun error ->
                  Expect.stringContains error.Message "12" "what was expected"
                  Expect.stringContains error.Message "2" "what is there")

          testCase "NewEndpoint"
          <| fun () ->
              use endpoint = newClient ()
              Expect.equal (endpoint.Role, endpoint.ConnectionCount) (Role.Client, 0) "an endpoint"

              Expect.throwsT<ArgumentNullException> (fun () -> new Endpoint(Unchecked.defaultof<_>) |> ignore) "null"

              let absurd =
                  EndpointConfig(
                      Role = Role.Server,
                      Entropy = entropy 1,
                      Calendar = calendar,
                      MaxOutboundDatagramSize = 1
                  )

              let create () = new Endpoint(absurd) |> ignore

              Expect.throwsC create (fun error ->
                  for fault in [ "ServerIdentities"; "MaxOutboundDatagramSize"; "ApplicationProtocols" ] do
                      Expect.stringContains error.Message fault "every fault is named at once")

              let ect1 =
                  EndpointConfig(
                      Role = Role.Client,
                      Entropy = entropy 1,
                      Calendar = calendar,
                      ApplicationProtocols = [| "coquic" |],
                      Transport = TransportConfig(EcnPolicy = EcnPolicy.Rfc8311Ect1)
                  )

              use endpoint = new Endpoint(ect1)
              Expect.equal endpoint.Role Role.Client "the RFC 8311 policy is fine too"

          testCase "(*Endpoint) Destroy"
          <| fun () ->
              let endpoint = newClient ()
              endpoint.Dispose()
              endpoint.Dispose()
              let mutable connection = ConnectionHandle.None

              let uses: (unit -> unit) list =
                  [ fun () -> endpoint.TimerExpired TimeUs.Zero |> ignore
                    fun () -> endpoint.CloseConnection(TimeUs.Zero, ConnectionHandle 1UL, 0UL, "") |> ignore
                    fun () -> endpoint.Connect(TimeUs.Zero, openConnection (), &connection) |> ignore
                    fun () -> endpoint.ConnectionCount |> ignore
                    fun () -> endpoint.NextWakeup |> ignore ]

              for makeUse in uses do
                  Expect.throwsT<ObjectDisposedException> makeUse "a use after disposal"

          testCase "(*Endpoint) Connect"
          <| fun () ->
              use client = newClient ()
              let mutable connection = ConnectionHandle.None
              use result = client.Connect(TimeUs.Zero, openConnection (), &connection)
              Expect.notEqual connection ConnectionHandle.None "a handle"

              let first =
                  views result |> List.find (fun view -> view.Kind = EffectKind.SendDatagram)

              Expect.isGreaterThanOrEqual first.Bytes.Length 1200 "a first flight"
              Expect.equal (first.HasRouteHandle, first.RouteHandle) (true, RouteHandle 7UL) "on its route"

              Expect.contains
                  (views result)
                  (EffectView(
                      Kind = EffectKind.ConnectionLifecycleEvent,
                      Connection = connection,
                      Lifecycle = Lifecycle.Created
                  ))
                  "it is announced"

              let mutable refused = ConnectionHandle 99UL
              use server = newServer ()
              use result = server.Connect(TimeUs.Zero, openConnection (), &refused)
              Expect.equal refused ConnectionHandle.None "a server opens nothing"
              let error = result.LocalError |> nonNull
              Expect.equal error.Code LocalErrorCode.UnsupportedOperation "which is a local error, not an exception"
              Expect.isFalse error.Connection.HasValue "of no connection"

              Expect.throwsT<ArgumentNullException>
                  (fun () -> client.Connect(TimeUs.Zero, Unchecked.defaultof<_>, &refused) |> ignore)
                  "null"

          testCase "(*Endpoint) ReceiveDatagram"
          <| fun () ->
              use server = newServer ()

              for bytes in [ [||]; [| 0x40uy |]; Array.create 1200 0xffuy ] do
                  let datagram = InboundDatagram(Bytes.CopyOf(ReadOnlySpan bytes))
                  use result = server.ReceiveDatagram(TimeUs.Zero, &datagram)
                  Expect.isNull result.LocalError "what is no packet is ignored"

                  Expect.isFalse
                      (views result |> List.exists (fun view -> view.Kind <> EffectKind.SendDatagram))
                      "nothing is told"

              let joined = join ()

              Expect.contains
                  (List.ofSeq joined.ServerHeard)
                  (EffectView(
                      Kind = EffectKind.StateEvent,
                      Connection = ConnectionHandle 1UL,
                      StateChange = StateChange.HandshakeConfirmed
                  ))
                  "datagrams carry a handshake"

              separate joined

          testCase "(*Endpoint) TimerExpired"
          <| fun () ->
              use client = newClient ()
              let mutable connection = ConnectionHandle.None
              use opened = client.Connect(TimeUs.Zero, openConnection (), &connection)
              use early = client.TimerExpired TimeUs.Zero
              Expect.isEmpty early.Effects "an early call is harmless"
              use late = client.TimerExpired(opened.NextWakeup.Value)

              Expect.isTrue
                  (views late |> List.exists (fun view -> view.Kind = EffectKind.SendDatagram))
                  "the PTO probes"

          testCase "(*Endpoint) SendStream"
          <| fun () ->
              let joined = join ()
              let text = "over the wrapper"B

              use result =
                  joined.Client.SendStream(joined.Now, joined.Connection, StreamId 0UL, ReadOnlySpan text, true)

              exchange joined true result

              let received =
                  joined.ServerHeard
                  |> Seq.filter (fun view -> view.Kind = EffectKind.ReceiveStreamData)
                  |> List.ofSeq

              Expect.equal (received |> List.map _.Bytes) [ Bytes.CopyOf(ReadOnlySpan text) ] "the bytes arrive"
              Expect.isTrue (List.last received).Fin "and their end"
              separate joined

          testCase "(*Endpoint) SendStreamWithPriority"
          <| fun () ->
              let joined = join ()
              let data = SendStreamData(StreamId 4UL, Bytes.Wrap "urgent"B, false, 5)

              use result =
                  joined.Client.SendStreamWithPriority(joined.Now, joined.Connection, &data)

              Expect.isNull result.LocalError "accepted"
              let data = SendStreamData(StreamId 1UL, Bytes.Wrap "not mine"B, false)

              use result =
                  joined.Client.SendStreamWithPriority(joined.Now, joined.Connection, &data)

              let error = result.LocalError |> nonNull
              Expect.equal error.StreamId (Nullable(StreamId 1UL)) "a refusal names the stream"
              separate joined

          testCase "(*Endpoint) CloseConnection"
          <| fun () ->
              let joined = join ()

              use result =
                  joined.Client.CloseConnection(joined.Now, joined.Connection, 7UL, "done")

              Expect.isNull result.LocalError "no refusal"

              let closed =
                  result.Effects
                  |> Seq.choose (function
                      | :? ConnectionClosedEffect as closed -> Some closed.Reason
                      | _ -> None)

              Expect.sequenceEqual
                  closed
                  [ CloseReason(CloseOrigin.Local, true, 7UL, 0UL, "done") ]
                  "the end is told with its reason"

              exchange joined true result

              let atServer =
                  joined.ServerHeard
                  |> Seq.filter (fun view -> view.Kind = EffectKind.ConnectionClosed)

              Expect.hasLength (List.ofSeq atServer) 1 "the peer hears of it"

              Expect.throwsT<ArgumentNullException>
                  (fun () ->
                      joined.Client.CloseConnection(joined.Now, joined.Connection, 0UL, Unchecked.defaultof<_>)
                      |> ignore)
                  "null"

              separate joined

          testCase "(*Endpoint) NextWakeup"
          <| fun () ->
              use client = newClient ()
              Expect.isFalse client.NextWakeup.HasValue "an endpoint without connections waits for nothing"
              let mutable connection = ConnectionHandle.None
              use result = client.Connect(TimeUs.Zero, openConnection (), &connection)
              Expect.isTrue client.NextWakeup.HasValue "a handshake has a timer"
              Expect.equal client.NextWakeup result.NextWakeup "the same as the result's"

          testCase "(*Endpoint) ConnectionCount"
          <| fun () ->
              let joined = join ()
              Expect.equal (joined.Client.ConnectionCount, joined.Server.ConnectionCount) (1, 1) "one at each end"
              use _ = joined.Client.CloseConnection(joined.Now, joined.Connection, 0UL, "")
              Expect.equal joined.Client.ConnectionCount 1 "a closing one counts"
              separate joined

          testCase "(*Endpoint) HasSendContinuationPending"
          <| fun () ->
              let joined = join ()
              Expect.isFalse joined.Client.HasSendContinuationPending "nothing is cut short"
              separate joined

          testCase "(*Endpoint) HasPendingStreamSend"
          <| fun () ->
              let joined = join ()
              Expect.isFalse joined.Client.HasPendingStreamSend "nothing was written"

              use result =
                  joined.Client.SendStream(
                      joined.Now,
                      joined.Connection,
                      StreamId 0UL,
                      ReadOnlySpan(Array.zeroCreate 200_000),
                      false
                  )

              Expect.isNull result.LocalError "accepted"
              Expect.isTrue joined.Client.HasPendingStreamSend "more than the congestion window holds"
              separate joined

          testCase "(*QueryResult) Destroy"
          <| fun () ->
              use client = newClient ()
              let result = client.TimerExpired TimeUs.Zero
              result.Dispose()
              result.Dispose()
              Expect.throwsT<ObjectDisposedException> (fun () -> result.Effects |> ignore) "a use after disposal"

          testCase "(*QueryResult) Effects"
          <| fun () ->
              use client = newClient ()
              let mutable connection = ConnectionHandle.None
              let result = client.Connect(TimeUs.Zero, openConnection (), &connection)
              let effects = List.ofSeq result.Effects
              result.Dispose()
              client.Dispose()

              let run =
                  effects
                  |> List.pick (function
                      | :? SendDatagramEffect as run -> Some run
                      | _ -> None)

              Expect.isGreaterThanOrEqual run.Bytes.Length 1200 "what an effect holds outlives result and endpoint"

          testCase "(*QueryResult) ForEachEffect"
          <| fun () ->
              use client = newClient ()
              let mutable connection = ConnectionHandle.None
              use result = client.Connect(TimeUs.Zero, openConnection (), &connection)
              let kinds = List<EffectKind>()
              result.ForEachEffect(fun view -> kinds.Add view.Kind)
              Expect.sequenceEqual kinds (result.Effects |> Seq.map _.Kind) "each, in order"
              let mutable calls = 0

              let visit () =
                  result.ForEachEffect(fun _ ->
                      calls <- calls + 1
                      invalidOp "enough")

              Expect.throwsT<InvalidOperationException> visit "the exception passes through"
              Expect.equal calls 1 "and ends the walk"

          testCase "(*QueryResult) LocalError"
          <| fun () ->
              use client = newClient ()
              use result = client.TimerExpired TimeUs.Zero
              Expect.isNull result.LocalError "none"

          testCase "(*QueryResult) NextWakeup"
          <| fun () ->
              use client = newClient ()
              use result = client.TimerExpired TimeUs.Zero
              Expect.isFalse result.NextWakeup.HasValue "none"

          testCase "(*QueryResult) SendContinuationPending"
          <| fun () ->
              use client = newClient ()
              use result = client.TimerExpired TimeUs.Zero
              Expect.isFalse result.SendContinuationPending "no" ]
