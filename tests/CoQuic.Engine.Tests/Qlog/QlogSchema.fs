/// The events of the qlog draft for QUIC as a table, and a check of records against it. It owes nothing to the writer.
module CoQuic.Engine.Tests.Qlog.QlogSchema

open System.Text.Json

/// Required and optional fields of an event's data.
let private events =
    Map
        [ "connection_started", ([ "local"; "remote" ], [])
          "connection_closed",
          ([],
           [ "initiator"
             "connection_error"
             "application_error"
             "error_code"
             "internal_code"
             "reason"
             "trigger" ])
          "connection_id_updated", ([ "initiator" ], [ "old"; "new" ])
          "connection_state_updated", ([ "new" ], [ "old" ])
          "tuple_assigned", ([ "tuple_id" ], [ "tuple_remote"; "tuple_local" ])
          "migration_state_updated", ([ "new" ], [ "old"; "tuple_id"; "tuple_remote"; "tuple_local" ])
          "mtu_updated", ([ "new" ], [ "old"; "done" ])
          "version_information", ([], [ "server_versions"; "client_versions"; "chosen_version" ])
          "alpn_information", ([], [ "server_alpns"; "client_alpns"; "chosen_alpn" ])
          "parameters_set",
          ([],
           [ "initiator"
             "original_destination_connection_id"
             "initial_source_connection_id"
             "retry_source_connection_id"
             "disable_active_migration"
             "max_idle_timeout"
             "max_udp_payload_size"
             "ack_delay_exponent"
             "max_ack_delay"
             "active_connection_id_limit"
             "initial_max_data"
             "initial_max_stream_data_bidi_local"
             "initial_max_stream_data_bidi_remote"
             "initial_max_stream_data_uni"
             "initial_max_streams_bidi"
             "initial_max_streams_uni"
             "max_datagram_frame_size"
             "grease_quic_bit" ])
          "parameters_restored",
          ([],
           [ "disable_active_migration"
             "max_idle_timeout"
             "max_udp_payload_size"
             "active_connection_id_limit"
             "initial_max_data"
             "initial_max_stream_data_bidi_local"
             "initial_max_stream_data_bidi_remote"
             "initial_max_stream_data_uni"
             "initial_max_streams_bidi"
             "initial_max_streams_uni"
             "max_datagram_frame_size"
             "grease_quic_bit" ])
          "packet_sent", ([ "header" ], [ "frames"; "raw"; "is_mtu_probe_packet"; "trigger" ])
          "packet_received", ([ "header" ], [ "frames"; "raw"; "trigger" ])
          "packet_dropped", ([], [ "header"; "raw"; "trigger"; "details" ])
          "packet_buffered", ([], [ "header"; "raw"; "trigger" ])
          "stream_state_updated", ([ "stream_id"; "new"; "stream_side" ], [ "stream_type"; "old"; "trigger" ])
          "datagram_data_moved", ([], [ "from"; "to"; "raw" ])
          "timer_updated", ([ "event_type" ], [ "timer_type"; "timer_id"; "packet_number_space"; "delta" ])
          "key_updated", ([ "key_type" ], [ "old"; "new"; "key_phase"; "trigger" ])
          "key_discarded", ([ "key_type" ], [ "key"; "key_phase"; "trigger" ])
          "recovery_parameters_set",
          ([ "timer_granularity" ],
           [ "reordering_threshold"
             "time_threshold"
             "initial_rtt"
             "max_datagram_size"
             "initial_congestion_window"
             "minimum_congestion_window"
             "loss_reduction_factor"
             "persistent_congestion_threshold" ])
          "recovery_metrics_updated",
          ([],
           [ "min_rtt"
             "smoothed_rtt"
             "latest_rtt"
             "rtt_variance"
             "pto_count"
             "congestion_window"
             "bytes_in_flight"
             "ssthresh"
             "packets_in_flight"
             "pacing_rate" ])
          "congestion_state_updated", ([ "new" ], [ "old"; "trigger" ])
          "packet_lost", ([], [ "header"; "frames"; "is_mtu_probe_packet"; "trigger" ])
          "ecn_state_updated", ([ "new" ], [ "old" ]) ]

let private frames =
    Map
        [ "padding", []
          "ping", []
          "ack", []
          "reset_stream", [ "stream_id"; "error"; "final_size" ]
          "stop_sending", [ "stream_id"; "error" ]
          "crypto", [ "offset"; "raw" ]
          "new_token", [ "token" ]
          "stream", [ "stream_id" ]
          "max_data", [ "maximum" ]
          "max_stream_data", [ "stream_id"; "maximum" ]
          "max_streams", [ "stream_type"; "maximum" ]
          "data_blocked", [ "limit" ]
          "stream_data_blocked", [ "stream_id"; "limit" ]
          "streams_blocked", [ "stream_type"; "limit" ]
          "new_connection_id", [ "sequence_number"; "retire_prior_to"; "connection_id" ]
          "retire_connection_id", [ "sequence_number" ]
          "path_challenge", []
          "path_response", []
          "connection_close", []
          "handshake_done", []
          "datagram", []
          "unknown", [ "frame_type_bytes" ] ]

let private packetTypes =
    set
        [ "initial"
          "handshake"
          "0RTT"
          "1RTT"
          "retry"
          "version_negotiation"
          "stateless_reset"
          "unknown" ]

let private field (name: string) (element: JsonElement) =
    match element.TryGetProperty name with
    | true, value -> Some value
    | _ -> None

let private names (element: JsonElement) =
    [ for property in element.EnumerateObject() -> property.Name ]

let private frameFaults (frame: JsonElement) =
    match field "frame_type" frame |> Option.map _.GetString() with
    | None -> [ "a frame without type" ]
    | Some name ->
        match Map.tryFind (string name) frames with
        | None -> [ $"a frame of type {name}" ]
        | Some required ->
            [ for field in required do
                  if not (List.contains field (names frame)) then
                      $"{name} without {field}" ]

let private dataFaults name (data: JsonElement) =
    let required, optional = events[name]

    [ for field in required do
          if not (List.contains field (names data)) then
              $"{name} without {field}"

      for field in names data do
          if not (List.contains field required || List.contains field optional) then
              $"{name} with {field}"

      match field "header" data |> Option.bind (field "packet_type") with
      | Some kind when not (packetTypes.Contains(string (kind.GetString()))) -> $"a packet of type {kind}"
      | _ -> ()

      match field "frames" data with
      | Some all ->
          for frame in all.EnumerateArray() do
              yield! frameFaults frame
      | None -> () ]

/// What is wrong with one event; nothing when it is as the draft has it.
let eventFaults (event: JsonElement) =
    [ match field "time" event with
      | Some time when time.ValueKind = JsonValueKind.Number -> ()
      | _ -> "no time"

      match field "name" event, field "data" event with
      | Some name, Some data ->
          let name = string (name.GetString())

          if not (name.StartsWith "quic:") then
              $"the name {name}"
          elif not (events.ContainsKey(name.Substring 5)) then
              $"an event {name}"
          else
              yield! dataFaults (name.Substring 5) data
      | _ -> "no name or no data"

      for name in names event do
          if not (List.contains name [ "time"; "name"; "data"; "category" ]) then
              $"a field {name}" ]

/// What is wrong with a header.
let headerFaults (header: JsonElement) =
    [ for name, value in
          [ "file_schema", "urn:ietf:params:qlog:file:sequential"
            "serialization_format", "application/qlog+json-seq" ] do
          match field name header |> Option.map _.GetString() with
          | Some found when found = value -> ()
          | found -> $"{name} is {found}"

      match field "trace" header |> Option.bind (field "event_schemas") with
      | Some schemas when schemas.GetArrayLength() > 0 -> ()
      | _ -> "no event schemas" ]

/// The records of a JSON text sequence (RFC 7464): each begins with a record separator and ends with a line feed.
let records (file: byte array) =
    let text = System.Text.Encoding.UTF8.GetString file

    [ for record in text.Split('\u001e', System.StringSplitOptions.RemoveEmptyEntries) do
          if not (record.EndsWith '\n') then
              failwith "a record that does not end with a line feed"

          JsonDocument.Parse(record).RootElement ]
