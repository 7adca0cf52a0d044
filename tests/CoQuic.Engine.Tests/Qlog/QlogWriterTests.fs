module CoQuic.Engine.Tests.Qlog.QlogWriterTests

open System
open System.Text
open Expecto
open CoQuic.Engine

let private id (hex: string) =
    ConnectionId(ReadOnlySpan(Convert.FromHexString hex))

let private started =
    QlogConnectionStarted(Role.Client, id "0011223344556677", id "aabb", id "0011223344556677")

let private text (bytes: Bytes) = Encoding.UTF8.GetString bytes.Span

let private line event =
    text (QlogWriter.Event(TimeSpan.FromMilliseconds 12.5, event))

let private list (items: 'item list) = QlogList<'item>(List.toArray items)

let private header =
    QlogPacketHeader(
        QlogPacketType.OneRtt,
        PacketNumber = Nullable 7UL,
        SpinBit = Nullable false,
        KeyPhaseBit = Nullable true
    )

/// Events and what stands in a file for them, between time and name on one side and the end of the record on the other.
let private golden: (QlogEvent * string * string) list =
    [ started,
      "connection_started",
      """{"local":{"connection_ids":["aabb"]},"remote":{"connection_ids":["0011223344556677"]}}"""
      QlogConnectionClosed(CloseReason(CloseOrigin.Peer, true, 9UL, 0UL, "bye")),
      "connection_closed",
      """{"initiator":"remote","application_error":"unknown","error_code":9,"reason":"bye","trigger":"application"}"""
      QlogConnectionClosed(CloseReason(CloseOrigin.Local, false, 10UL, 6UL, "no")),
      "connection_closed",
      """{"initiator":"local","connection_error":"protocol_violation","reason":"no","trigger":"error"}"""
      QlogConnectionClosed(CloseReason(CloseOrigin.IdleTimeout, false, 0UL, 0UL, "silence")),
      "connection_closed",
      """{"initiator":"local","reason":"silence","trigger":"idle_timeout"}"""
      QlogConnectionIdUpdated(false, id "01", id "02"),
      "connection_id_updated",
      """{"initiator":"remote","old":"01","new":"02"}"""
      QlogConnectionStateUpdated(Nullable QlogConnectionState.Attempted, QlogConnectionState.HandshakeComplete),
      "connection_state_updated",
      """{"old":"attempted","new":"handshake_complete"}"""
      QlogTupleAssigned(Nullable(RouteHandle 3UL)), "tuple_assigned", """{"tuple_id":"r3"}"""
      QlogMigrationStateUpdated(Nullable(RouteHandle 3UL), true),
      "migration_state_updated",
      """{"new":"migration_complete","tuple_id":"r3"}"""
      QlogMtuUpdated(1200, 1452), "mtu_updated", """{"old":1200,"new":1452}"""
      QlogVersionInformation(null, list [ QuicVersion.V2; QuicVersion.V1 ], Nullable QuicVersion.V1),
      "version_information",
      """{"client_versions":["6b3343cf","00000001"],"chosen_version":"00000001"}"""
      QlogAlpnInformation(list [ "h3"; "hq" ], Role.Server, "hq"),
      "alpn_information",
      """{"server_alpns":[{"string_value":"h3"},{"string_value":"hq"}],"chosen_alpn":{"string_value":"hq"}}"""
      QlogPacketSent(
          header,
          list
              [ QlogAckFrame(
                    TimeSpan.FromMilliseconds 1.0,
                    list [ QlogAckRange(4UL, 6UL); QlogAckRange(1UL, 1UL) ],
                    2UL,
                    0UL,
                    1UL
                )
                QlogStreamFrame(StreamId 4UL, 10UL, 20, true)
                QlogPaddingFrame 3 ],
          100,
          70,
          false
      ),
      "packet_sent",
      """{"header":{"packet_type":"1RTT","packet_number":7,"spin_bit":false,"key_phase_bit":true},"""
      + """"raw":{"length":100,"payload_length":70},"frames":["""
      + """{"frame_type":"ack","ack_delay":1,"acked_ranges":[[4,6],[1]],"ect1":0,"ect0":2,"ce":1},"""
      + """{"frame_type":"stream","stream_id":4,"offset":10,"fin":true,"length":20,"raw":{"length":20,"payload_length":20}},"""
      + """{"frame_type":"padding","raw":{"length":3,"payload_length":3}}]}"""
      QlogPacketDropped(QlogPacketHeader QlogPacketType.Handshake, 50, DropReason.NoKeys),
      "packet_dropped",
      """{"header":{"packet_type":"handshake"},"raw":{"length":50},"trigger":"key_unavailable"}"""
      QlogPacketBuffered(QlogPacketHeader QlogPacketType.OneRtt, 50),
      "packet_buffered",
      """{"header":{"packet_type":"1RTT"},"raw":{"length":50},"trigger":"keys_unavailable"}"""
      QlogStreamStateUpdated(StreamId 3UL, false, true),
      "stream_state_updated",
      """{"stream_id":3,"stream_type":"unidirectional","new":"open","stream_side":"receiving"}"""
      QlogDatagramDataMoved(true, 9),
      "datagram_data_moved",
      """{"from":"application","to":"transport","raw":{"length":9}}"""
      QlogTimerUpdated(QlogTimer.LossDetection, QlogTimerChange.Set, Nullable(TimeSpan.FromMilliseconds 25.5)),
      "timer_updated",
      """{"timer_type":"pto","event_type":"set","delta":25.5}"""
      QlogKeyUpdated(QlogPacketType.OneRtt, true, Nullable 1UL, QlogKeyTrigger.RemoteUpdate),
      "key_updated",
      """{"key_type":"server_1rtt_secret","key_phase":1,"trigger":"remote_update"}"""
      QlogKeyDiscarded(QlogPacketType.Initial, false),
      "key_discarded",
      """{"key_type":"client_initial_secret","trigger":"tls"}"""
      QlogRecoveryParametersSet(1200, 12000UL, TimeSpan.FromMilliseconds 333.0),
      "recovery_parameters_set",
      """{"reordering_threshold":3,"timer_granularity":1,"initial_rtt":333,"max_datagram_size":1200,"initial_congestion_window":12000}"""
      QlogRecoveryMetricsUpdated(
          MinRtt = Nullable(TimeSpan.FromMilliseconds 20.25),
          CongestionWindow = Nullable 12000UL
      ),
      "recovery_metrics_updated",
      """{"min_rtt":20.25,"congestion_window":12000}"""
      QlogCongestionStateUpdated true, "congestion_state_updated", """{"new":"slow_start"}"""
      QlogPacketLost(QlogPacketHeader(QlogPacketType.Initial, PacketNumber = Nullable 1UL), false),
      "packet_lost",
      """{"header":{"packet_type":"initial","packet_number":1}}"""
      QlogEcnStateUpdated(Nullable EcnState.Testing, EcnState.Capable),
      "ecn_state_updated",
      """{"old":"testing","new":"capable"}""" ]

[<Tests>]
let tests =
    testList
        "qlog writer"
        [ for event, name, data in golden do
              testCase $"{name}: {data.Substring(0, min 60 data.Length)}"
              <| fun () ->
                  let written = line event

                  Expect.stringStarts
                      written
                      $"\u001e{{\"time\":12.5,\"name\":\"quic:{name}\",\"category\":\""
                      "time and name"

                  Expect.stringEnds written $"\",\"data\":{data}}}\n" "the data"

          testCase "every event is as the draft's schema has it"
          <| fun () ->
              for event, _, _ in golden do
                  for record in QlogSchema.records ((QlogWriter.Event(TimeSpan.Zero, event)).ToArray()) do
                      Expect.isEmpty (QlogSchema.eventFaults record) $"{event}"

          testCase "the header names schema, format and vantage point, and the calendar only when it is told"
          <| fun () ->
              let expected wall =
                  "\u001e{\"file_schema\":\"urn:ietf:params:qlog:file:sequential\","
                  + "\"serialization_format\":\"application/qlog\\u002Bjson-seq\",\"qlog_version\":\"0.3\",\"qlog_format\":\"JSON-SEQ\","
                  + "\"trace\":{\"common_fields\":{\"group_id\":\"0011223344556677\",\"time_format\":\"relative_to_epoch\","
                  + "\"reference_time\":{\"clock_type\":\"monotonic\",\"epoch\":\"unknown\""
                  + wall
                  + "}},\"vantage_point\":{\"name\":\"CoQuic.FSharp\",\"type\":\"client\"},"
                  + "\"event_schemas\":[\"urn:ietf:params:qlog:events:quic-12\"]}}\n"

              let utc = DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero)
              Expect.equal (text (QlogWriter.Header(started, Nullable()))) (expected "") "without"

              Expect.equal
                  (text (QlogWriter.Header(started, Nullable utc)))
                  (expected ",\"wall_clock_time\":\"2026-01-02T03:04:05.678Z\"")
                  "with"

          testCase "a file is named after the first destination connection ID and the role"
          <| fun () -> Expect.equal (QlogWriter.FileName started) "0011223344556677_client.sqlog" "the name"

          testCase "the schema check notices what is wrong"
          <| fun () ->
              let faults (json: string) =
                  QlogSchema.eventFaults (Text.Json.JsonDocument.Parse(json).RootElement)

              Expect.isNonEmpty (faults """{"name":"quic:mtu_updated","data":{"new":1}}""") "no time"
              Expect.isNonEmpty (faults """{"time":1,"name":"quic:mtu_changed","data":{"new":1}}""") "an unknown name"
              Expect.isNonEmpty (faults """{"time":1,"name":"quic:mtu_updated","data":{}}""") "a missing field"

              Expect.isNonEmpty
                  (faults """{"time":1,"name":"quic:mtu_updated","data":{"new":1,"odd":1}}""")
                  "an unknown field"

              Expect.isNonEmpty
                  (faults
                      """{"time":1,"name":"quic:packet_sent","data":{"header":{"packet_type":"1RTT"},"frames":[{"frame_type":"odd"}]}}""")
                  "an unknown frame"

              Expect.isEmpty (faults """{"time":1,"name":"quic:mtu_updated","data":{"new":1}}""") "and what is right" ]
