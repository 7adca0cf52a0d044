/*
 * The CoQUIC C ABI, version 12: QUIC (RFC 9000) without sockets, threads, timers or callbacks.
 *
 * A call takes an input and the present instant and returns a result: a list of effects that the caller performs in order
 * (send this datagram, these bytes came on that stream), when coquic_endpoint_timer_expired is due, and, where a well-formed
 * call was refused, a local error. One endpoint owns many connections.
 *
 * - Instants are microseconds on a monotonic clock of the caller's choice; they never go back on one endpoint.
 * - Calls on one endpoint are made one at a time, from any thread. Different endpoints are independent. A result may be read
 *   and destroyed on any one thread at a time, also when its endpoint is gone.
 * - A call that does not return COQUIC_STATUS_OK leaves NULL behind its out-pointer. Destroying NULL does nothing.
 * - Structs with a `size` must have it set. A larger one than known is accepted, a smaller one down to the oldest prefix.
 */
#ifndef COQUIC_FFI_CORE_H
#define COQUIC_FFI_CORE_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#if defined(COQUIC_FFI_BUILD)
#define COQUIC_FFI_API __declspec(dllexport)
#elif defined(COQUIC_FFI_USE_SHARED)
#define COQUIC_FFI_API __declspec(dllimport)
#else
#define COQUIC_FFI_API
#endif
#elif defined(COQUIC_FFI_BUILD)
#define COQUIC_FFI_API __attribute__((visibility("default")))
#else
#define COQUIC_FFI_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Compare with coquic_ffi_abi_version() for equality. */
#define COQUIC_FFI_ABI_VERSION 12u

typedef struct coquic_endpoint coquic_endpoint_t;
typedef struct coquic_result coquic_result_t;

typedef uint64_t coquic_connection_handle_t;
typedef uint64_t coquic_route_handle_t;
typedef uint64_t coquic_stream_id_t;
typedef uint64_t coquic_time_us_t;

/* Enumerations are one byte. A number out of range on input means the first of its family, except a connection input's kind. */

typedef uint8_t coquic_status_t;
#define COQUIC_STATUS_OK 0u
#define COQUIC_STATUS_INVALID_ARGUMENT 1u
#define COQUIC_STATUS_OUT_OF_MEMORY 2u
#define COQUIC_STATUS_INTERNAL_ERROR 3u

typedef uint8_t coquic_role_t;
#define COQUIC_ROLE_CLIENT 0u
#define COQUIC_ROLE_SERVER 1u

typedef uint8_t coquic_retry_handshake_validation_policy_t;
#define COQUIC_RETRY_HANDSHAKE_VALIDATION_DISABLED 0u
#define COQUIC_RETRY_HANDSHAKE_VALIDATION_DISCARD 1u
#define COQUIC_RETRY_HANDSHAKE_VALIDATION_CONNECTION_ERROR 2u

typedef uint8_t coquic_congestion_control_t;
#define COQUIC_CONGESTION_CONTROL_NEWRENO 0u
#define COQUIC_CONGESTION_CONTROL_CUBIC 1u
#define COQUIC_CONGESTION_CONTROL_BBR 2u
#define COQUIC_CONGESTION_CONTROL_COPA 3u
#define COQUIC_CONGESTION_CONTROL_PCC 4u
#define COQUIC_CONGESTION_CONTROL_PCC_VIVACE 5u

typedef uint8_t coquic_ecn_codepoint_t;
#define COQUIC_ECN_UNAVAILABLE 0u
#define COQUIC_ECN_NOT_ECT 1u
#define COQUIC_ECN_ECT0 2u
#define COQUIC_ECN_ECT1 3u
#define COQUIC_ECN_CE 4u

typedef uint8_t coquic_ecn_policy_t;
#define COQUIC_ECN_POLICY_RFC9000_ECT0 0u
#define COQUIC_ECN_POLICY_RFC8311_ECT1 1u

typedef uint8_t coquic_state_change_t;
#define COQUIC_STATE_CHANGE_HANDSHAKE_READY 0u
#define COQUIC_STATE_CHANGE_HANDSHAKE_CONFIRMED 1u
#define COQUIC_STATE_CHANGE_FAILED 2u

typedef uint8_t coquic_local_error_code_t;
#define COQUIC_LOCAL_ERROR_UNSUPPORTED_OPERATION 0u
#define COQUIC_LOCAL_ERROR_INVALID_STREAM_ID 1u
#define COQUIC_LOCAL_ERROR_INVALID_STREAM_DIRECTION 2u
#define COQUIC_LOCAL_ERROR_SEND_SIDE_CLOSED 3u
#define COQUIC_LOCAL_ERROR_RECEIVE_SIDE_CLOSED 4u
#define COQUIC_LOCAL_ERROR_FINAL_SIZE_CONFLICT 5u
#define COQUIC_LOCAL_ERROR_DATAGRAM_NOT_SUPPORTED 6u
#define COQUIC_LOCAL_ERROR_DATAGRAM_TOO_LARGE 7u
#define COQUIC_LOCAL_ERROR_FLOW_CONTROL_VIOLATION 8u

typedef uint8_t coquic_lifecycle_t;
#define COQUIC_LIFECYCLE_CREATED 0u
#define COQUIC_LIFECYCLE_ACCEPTED 1u
#define COQUIC_LIFECYCLE_CLOSED 2u

typedef uint8_t coquic_migration_reason_t;
#define COQUIC_MIGRATION_REASON_ACTIVE 0u
#define COQUIC_MIGRATION_REASON_PREFERRED_ADDRESS 1u

typedef uint8_t coquic_zero_rtt_status_t;
#define COQUIC_ZERO_RTT_UNAVAILABLE 0u
#define COQUIC_ZERO_RTT_NOT_ATTEMPTED 1u
#define COQUIC_ZERO_RTT_ATTEMPTED 2u
#define COQUIC_ZERO_RTT_ACCEPTED 3u
#define COQUIC_ZERO_RTT_REJECTED 4u

typedef uint8_t coquic_packet_inspection_direction_t;
#define COQUIC_PACKET_INSPECTION_OUTBOUND 0u
#define COQUIC_PACKET_INSPECTION_INBOUND 1u

typedef uint8_t coquic_packet_inspection_packet_type_t;
#define COQUIC_PACKET_INSPECTION_INITIAL 0u
#define COQUIC_PACKET_INSPECTION_ZERO_RTT 1u
#define COQUIC_PACKET_INSPECTION_HANDSHAKE 2u
#define COQUIC_PACKET_INSPECTION_ONE_RTT 3u

typedef uint8_t coquic_connection_input_kind_t;
#define COQUIC_CONNECTION_INPUT_SEND_STREAM 0u
#define COQUIC_CONNECTION_INPUT_SEND_DATAGRAM 1u
#define COQUIC_CONNECTION_INPUT_RESET_STREAM 2u
#define COQUIC_CONNECTION_INPUT_STOP_SENDING 3u
#define COQUIC_CONNECTION_INPUT_CLOSE 4u
#define COQUIC_CONNECTION_INPUT_REQUEST_KEY_UPDATE 5u
#define COQUIC_CONNECTION_INPUT_REQUEST_MIGRATION 6u

typedef uint8_t coquic_effect_kind_t;
#define COQUIC_EFFECT_SEND_DATAGRAM 0u
#define COQUIC_EFFECT_RECEIVE_STREAM_DATA 1u
#define COQUIC_EFFECT_RECEIVE_DATAGRAM_DATA 2u
#define COQUIC_EFFECT_PEER_RESET_STREAM 3u
#define COQUIC_EFFECT_PEER_STOP_SENDING 4u
#define COQUIC_EFFECT_STATE_EVENT 5u
#define COQUIC_EFFECT_CONNECTION_LIFECYCLE_EVENT 6u
#define COQUIC_EFFECT_PEER_PREFERRED_ADDRESS_AVAILABLE 7u
#define COQUIC_EFFECT_RESUMPTION_STATE_AVAILABLE 8u
#define COQUIC_EFFECT_ZERO_RTT_STATUS_EVENT 9u
#define COQUIC_EFFECT_PACKET_INSPECTION 10u
#define COQUIC_EFFECT_NEW_TOKEN_AVAILABLE 11u

/* Output bytes: they belong to the result they came from, and are valid until it is destroyed. */
typedef struct coquic_bytes_view {
    const uint8_t *data;
    size_t length;
} coquic_bytes_view_t;

/* Input bytes: copied during the call. NULL or no length means none. */
typedef struct coquic_bytes {
    const uint8_t *data;
    size_t length;
} coquic_bytes_t;

/* Values that may be absent: on input only has_value != 0 matters, on output an absent value is {0, 0}. */
typedef struct coquic_optional_route_handle {
    uint8_t has_value;
    coquic_route_handle_t value;
} coquic_optional_route_handle_t;

typedef struct coquic_optional_connection_handle {
    uint8_t has_value;
    coquic_connection_handle_t value;
} coquic_optional_connection_handle_t;

typedef struct coquic_optional_stream_id {
    uint8_t has_value;
    coquic_stream_id_t value;
} coquic_optional_stream_id_t;

typedef struct coquic_optional_time_us {
    uint8_t has_value;
    coquic_time_us_t value;
} coquic_optional_time_us_t;

typedef struct coquic_optional_u64 {
    uint8_t has_value;
    uint64_t value;
} coquic_optional_u64_t;

/* Certificate chain and private key as PEM texts; they need no terminator. */
typedef struct coquic_tls_identity {
    const char *certificate_pem;
    size_t certificate_pem_length;
    const char *private_key_pem;
    size_t private_key_pem_length;
} coquic_tls_identity_t;

/* Early data: a client attempts it (per connection), a server allows it (per endpoint). */
typedef struct coquic_zero_rtt_config {
    uint8_t attempt;
    uint8_t allow;
    uint8_t strict_updated_transport_parameters;
    coquic_bytes_t application_context;
} coquic_zero_rtt_config_t;

/* What a server keeps of 0-RTT datagrams that overtake their Initial. Zero in any field turns it off. */
typedef struct coquic_orphan_zero_rtt_buffer_config {
    size_t max_packets;
    size_t max_bytes;
    coquic_time_us_t max_age_us;
} coquic_orphan_zero_rtt_buffer_config_t;

/*
 * max_idle_timeout and max_ack_delay are milliseconds, fields ending in _us microseconds, sizes bytes.
 * There is no size field: the struct is read in full.
 */
typedef struct coquic_transport_config {
    uint64_t max_idle_timeout;
    uint64_t max_udp_payload_size;
    uint8_t pmtud_enabled;
    size_t pmtud_base_datagram_size;
    size_t pmtud_max_datagram_size;
    uint64_t active_connection_id_limit;
    uint8_t disable_active_migration;
    uint8_t defer_active_migration_path_validation;
    coquic_time_us_t migration_recovery_retention_timeout_us;
    uint64_t ack_delay_exponent;
    uint64_t max_ack_delay;
    uint64_t ack_eliciting_threshold;
    uint64_t initial_max_data;
    uint64_t initial_max_stream_data_bidi_local;
    uint64_t initial_max_stream_data_bidi_remote;
    uint64_t initial_max_stream_data_uni;
    uint64_t initial_max_streams_bidi;
    uint64_t initial_max_streams_uni;
    uint64_t max_datagram_frame_size;
    coquic_congestion_control_t congestion_control;
    uint8_t enable_hystart_plus_plus;
    uint8_t send_stream_fairness;
    uint8_t enable_latency_spin_bit;
    uint8_t grease_reserved_versions;
    uint8_t grease_quic_bit;
    uint8_t enable_optimistic_ack_mitigation;
    coquic_time_us_t underfilled_packet_coalescing_delay_us;
    coquic_ecn_policy_t ecn_policy;
    uint8_t pmtud_provisional_icmp_reductions;
} coquic_transport_config_t;

/* Start from coquic_endpoint_config_init. Fields that `size` does not reach take their disabled value. */
typedef struct coquic_endpoint_config {
    size_t size;
    coquic_role_t role;
    uint8_t reserved_role_padding[7];
    const uint32_t *supported_versions;
    size_t supported_versions_count;
    uint8_t verify_peer;
    uint8_t retry_enabled;
    uint8_t reserved_retry_padding[6];
    const char *application_protocol;
    size_t application_protocol_length;
    const coquic_tls_identity_t *identity;
    coquic_transport_config_t transport;
    size_t max_outbound_datagram_size;
    coquic_zero_rtt_config_t zero_rtt;
    uint8_t emit_shared_receive_stream_data;
    uint8_t enable_packet_inspection;
    uint8_t allow_peer_address_change;
    uint8_t reserved_server_connections_padding[5];
    size_t max_server_connections;
    uint8_t enable_out_of_order_receive;
    uint8_t reserved_orphan_zero_rtt_padding[7];
    coquic_orphan_zero_rtt_buffer_config_t orphan_zero_rtt_buffer;
    uint8_t enable_reserved_version_probe;
    uint8_t enable_long_header_stateless_reset;
    uint8_t enable_minimal_closing_state_retention;
    uint8_t reserved_endpoint_config_tail_padding[5];
    coquic_retry_handshake_validation_policy_t retry_handshake_validation_policy;
} coquic_endpoint_config_t;

/* What an earlier RESUMPTION_STATE_AVAILABLE gave out, opaque. */
typedef struct coquic_resumption_state {
    coquic_bytes_t serialized;
} coquic_resumption_state_t;

/*
 * Start from coquic_client_connection_config_init. The caller supplies both connection ids: 8 bytes each,
 * unpredictable, and different for every connection of an endpoint.
 */
typedef struct coquic_client_connection_config {
    size_t size;
    coquic_bytes_t source_connection_id;
    coquic_bytes_t initial_destination_connection_id;
    coquic_bytes_t original_destination_connection_id;
    uint8_t has_original_destination_connection_id;
    coquic_bytes_t retry_source_connection_id;
    uint8_t has_retry_source_connection_id;
    coquic_bytes_t retry_token;
    uint32_t original_version;
    uint32_t initial_version;
    uint8_t reacted_to_version_negotiation;
    const char *server_name;
    size_t server_name_length;
    const coquic_resumption_state_t *resumption_state;
    coquic_zero_rtt_config_t zero_rtt;
} coquic_client_connection_config_t;

/* The inputs below have no initialiser: zero them, then set `size` to sizeof, in embedded structs too. */
typedef struct coquic_open_connection {
    size_t size;
    coquic_client_connection_config_t connection;
    coquic_route_handle_t initial_route_handle;
    coquic_bytes_t address_validation_identity;
} coquic_open_connection_t;

/* One received UDP payload. The ECN codepoint is UNAVAILABLE where the host cannot tell it. */
typedef struct coquic_inbound_datagram {
    size_t size;
    coquic_bytes_t bytes;
    coquic_optional_route_handle_t route_handle;
    coquic_bytes_t address_validation_identity;
    coquic_ecn_codepoint_t ecn;
} coquic_inbound_datagram_t;

/* The host heard that a datagram was too big for its path. */
typedef struct coquic_path_mtu_update {
    size_t size;
    coquic_optional_route_handle_t route_handle;
    size_t max_udp_payload_size;
    coquic_bytes_t quoted_packet;
} coquic_path_mtu_update_t;

typedef struct coquic_send_stream_data {
    size_t size;
    coquic_stream_id_t stream_id;
    coquic_bytes_t bytes;
    uint8_t fin;
    int32_t priority;
} coquic_send_stream_data_t;

typedef struct coquic_send_datagram_data {
    size_t size;
    coquic_bytes_t bytes;
    int32_t priority;
} coquic_send_datagram_data_t;

typedef struct coquic_reset_stream {
    size_t size;
    coquic_stream_id_t stream_id;
    uint64_t application_error_code;
} coquic_reset_stream_t;

typedef struct coquic_stop_sending {
    size_t size;
    coquic_stream_id_t stream_id;
    uint64_t application_error_code;
} coquic_stop_sending_t;

typedef struct coquic_close_connection {
    size_t size;
    uint64_t application_error_code;
    const char *reason_phrase;
    size_t reason_phrase_length;
} coquic_close_connection_t;

typedef struct coquic_request_connection_migration {
    size_t size;
    coquic_route_handle_t route_handle;
    coquic_migration_reason_t reason;
    coquic_bytes_t address_validation_identity;
} coquic_request_connection_migration_t;

/* Every operation on a connection in one tagged form. REQUEST_KEY_UPDATE has no member. */
typedef struct coquic_connection_input {
    coquic_connection_input_kind_t kind;
    union {
        coquic_send_stream_data_t send_stream;
        coquic_send_datagram_data_t send_datagram;
        coquic_reset_stream_t reset_stream;
        coquic_stop_sending_t stop_sending;
        coquic_close_connection_t close;
        coquic_request_connection_migration_t request_migration;
    } as;
} coquic_connection_input_t;

/* Why a well-formed call was refused: the addressed connection, and the stream where one was addressed. */
typedef struct coquic_local_error {
    coquic_optional_connection_handle_t connection;
    coquic_local_error_code_t code;
    coquic_optional_stream_id_t stream_id;
} coquic_local_error_t;

/* Transmit `bytes` as exactly one UDP datagram on `route_handle`. `connection` is 0 where it belongs to none. */
typedef struct coquic_send_datagram_effect {
    coquic_connection_handle_t connection;
    coquic_optional_route_handle_t route_handle;
    coquic_bytes_view_t bytes;
    coquic_ecn_codepoint_t ecn;
    uint8_t is_pmtu_probe;
} coquic_send_datagram_effect_t;

/* `final_size` is present exactly when `fin` is 1; the end of a stream may come with no bytes. */
typedef struct coquic_receive_stream_data_effect {
    coquic_connection_handle_t connection;
    coquic_stream_id_t stream_id;
    uint64_t offset;
    coquic_bytes_view_t bytes;
    uint8_t fin;
    coquic_optional_u64_t final_size;
} coquic_receive_stream_data_effect_t;

typedef struct coquic_receive_datagram_data_effect {
    coquic_connection_handle_t connection;
    coquic_bytes_view_t bytes;
} coquic_receive_datagram_data_effect_t;

typedef struct coquic_peer_reset_stream_effect {
    coquic_connection_handle_t connection;
    coquic_stream_id_t stream_id;
    uint64_t application_error_code;
    uint64_t final_size;
} coquic_peer_reset_stream_effect_t;

typedef struct coquic_peer_stop_sending_effect {
    coquic_connection_handle_t connection;
    coquic_stream_id_t stream_id;
    uint64_t application_error_code;
} coquic_peer_stop_sending_effect_t;

typedef struct coquic_state_event_effect {
    coquic_connection_handle_t connection;
    coquic_state_change_t change;
} coquic_state_event_effect_t;

typedef struct coquic_connection_lifecycle_event_effect {
    coquic_connection_handle_t connection;
    coquic_lifecycle_t event;
} coquic_connection_lifecycle_event_effect_t;

/*
 * Ports are numbers in host order, addresses bytes in network order. A port of 0 means that there is no
 * address of that family.
 */
typedef struct coquic_preferred_address {
    uint8_t ipv4_address[4];
    uint16_t ipv4_port;
    uint8_t ipv6_address[16];
    uint16_t ipv6_port;
    coquic_bytes_view_t connection_id;
    uint8_t stateless_reset_token[16];
} coquic_preferred_address_t;

typedef struct coquic_peer_preferred_address_available_effect {
    coquic_connection_handle_t connection;
    coquic_preferred_address_t preferred_address;
} coquic_peer_preferred_address_available_effect_t;

typedef struct coquic_resumption_state_available_effect {
    coquic_connection_handle_t connection;
    coquic_bytes_view_t serialized;
} coquic_resumption_state_available_effect_t;

typedef struct coquic_zero_rtt_status_event_effect {
    coquic_connection_handle_t connection;
    coquic_zero_rtt_status_t status;
} coquic_zero_rtt_status_event_effect_t;

/*
 * One packet as sent or received. version, source_connection_id and token belong to long headers, spin_bit and
 * key_phase to 1-RTT packets.
 */
typedef struct coquic_packet_inspection_effect {
    coquic_connection_handle_t connection;
    coquic_packet_inspection_direction_t direction;
    coquic_packet_inspection_packet_type_t packet_type;
    uint64_t datagram_id;
    size_t datagram_length;
    size_t datagram_offset;
    size_t packet_length;
    uint32_t version;
    coquic_bytes_view_t destination_connection_id;
    coquic_bytes_view_t source_connection_id;
    coquic_bytes_view_t token;
    uint8_t spin_bit;
    uint8_t key_phase;
    uint8_t packet_number_length;
    uint64_t packet_number;
    coquic_bytes_view_t encrypted_packet;
    coquic_bytes_view_t plaintext_payload;
} coquic_packet_inspection_effect_t;

typedef struct coquic_new_token_available_effect {
    coquic_connection_handle_t connection;
    coquic_bytes_view_t token;
} coquic_new_token_available_effect_t;

/* `kind` (COQUIC_EFFECT_*) tells which member of `as` is there. */
typedef struct coquic_effect {
    coquic_effect_kind_t kind;
    union {
        coquic_send_datagram_effect_t send_datagram;
        coquic_receive_stream_data_effect_t receive_stream_data;
        coquic_receive_datagram_data_effect_t receive_datagram_data;
        coquic_peer_reset_stream_effect_t peer_reset_stream;
        coquic_peer_stop_sending_effect_t peer_stop_sending;
        coquic_state_event_effect_t state_event;
        coquic_connection_lifecycle_event_effect_t connection_lifecycle_event;
        coquic_peer_preferred_address_available_effect_t peer_preferred_address_available;
        coquic_resumption_state_available_effect_t resumption_state_available;
        coquic_zero_rtt_status_event_effect_t zero_rtt_status_event;
        coquic_packet_inspection_effect_t packet_inspection;
        coquic_new_token_available_effect_t new_token_available;
    } as;
} coquic_effect_t;

/* Version and configuration. The initialisers overwrite the whole struct; NULL is left alone. */
COQUIC_FFI_API uint32_t coquic_ffi_abi_version(void);
COQUIC_FFI_API void coquic_transport_config_init(coquic_transport_config_t *config);
COQUIC_FFI_API void coquic_endpoint_config_init(coquic_endpoint_config_t *config);
COQUIC_FFI_API void coquic_client_connection_config_init(coquic_client_connection_config_t *config);

/* An endpoint. What makes a handshake impossible shows when one fails. Destroying an endpoint sends nothing. */
COQUIC_FFI_API coquic_status_t coquic_endpoint_create(const coquic_endpoint_config_t *config,
                                                      coquic_endpoint_t **out_endpoint);
COQUIC_FFI_API void coquic_endpoint_destroy(coquic_endpoint_t *endpoint);

/* Inputs of an endpoint. A datagram that is nobody's, or damaged, changes nothing and is no error. */
COQUIC_FFI_API coquic_status_t coquic_endpoint_open_connection(coquic_endpoint_t *endpoint,
                                                               const coquic_open_connection_t *input,
                                                               coquic_time_us_t now,
                                                               coquic_result_t **out_result);
COQUIC_FFI_API coquic_status_t coquic_endpoint_input_datagram(coquic_endpoint_t *endpoint,
                                                              const coquic_inbound_datagram_t *input,
                                                              coquic_time_us_t now,
                                                              coquic_result_t **out_result);
COQUIC_FFI_API coquic_status_t coquic_endpoint_update_path_mtu(coquic_endpoint_t *endpoint,
                                                               const coquic_path_mtu_update_t *input,
                                                               coquic_time_us_t now,
                                                               coquic_result_t **out_result);
COQUIC_FFI_API coquic_status_t coquic_endpoint_timer_expired(coquic_endpoint_t *endpoint,
                                                             coquic_time_us_t now,
                                                             coquic_result_t **out_result);

/* Operations on a connection. One that is not there is a local error, not a bad argument. */
COQUIC_FFI_API coquic_status_t coquic_connection_send_stream(coquic_endpoint_t *endpoint,
                                                             coquic_connection_handle_t connection,
                                                             const coquic_send_stream_data_t *input,
                                                             coquic_time_us_t now,
                                                             coquic_result_t **out_result);
COQUIC_FFI_API coquic_status_t coquic_connection_send_datagram(coquic_endpoint_t *endpoint,
                                                               coquic_connection_handle_t connection,
                                                               const coquic_send_datagram_data_t *input,
                                                               coquic_time_us_t now,
                                                               coquic_result_t **out_result);
COQUIC_FFI_API coquic_status_t coquic_connection_reset_stream(coquic_endpoint_t *endpoint,
                                                              coquic_connection_handle_t connection,
                                                              const coquic_reset_stream_t *input,
                                                              coquic_time_us_t now,
                                                              coquic_result_t **out_result);
COQUIC_FFI_API coquic_status_t coquic_connection_stop_sending(coquic_endpoint_t *endpoint,
                                                              coquic_connection_handle_t connection,
                                                              const coquic_stop_sending_t *input,
                                                              coquic_time_us_t now,
                                                              coquic_result_t **out_result);
COQUIC_FFI_API coquic_status_t coquic_connection_close(coquic_endpoint_t *endpoint,
                                                       coquic_connection_handle_t connection,
                                                       const coquic_close_connection_t *input,
                                                       coquic_time_us_t now, coquic_result_t **out_result);
COQUIC_FFI_API coquic_status_t coquic_connection_request_key_update(coquic_endpoint_t *endpoint,
                                                                    coquic_connection_handle_t connection,
                                                                    coquic_time_us_t now,
                                                                    coquic_result_t **out_result);
COQUIC_FFI_API coquic_status_t coquic_connection_request_migration(coquic_endpoint_t *endpoint,
                                                                   coquic_connection_handle_t connection,
                                                                   const coquic_request_connection_migration_t *input,
                                                                   coquic_time_us_t now,
                                                                   coquic_result_t **out_result);
COQUIC_FFI_API coquic_status_t coquic_connection_advance(coquic_endpoint_t *endpoint,
                                                         coquic_connection_handle_t connection,
                                                         const coquic_connection_input_t *input,
                                                         coquic_time_us_t now, coquic_result_t **out_result);

/* The same under other names, and shorter forms for streams. */
COQUIC_FFI_API coquic_status_t coquic_quic_connect(coquic_endpoint_t *endpoint,
                                                   const coquic_open_connection_t *input,
                                                   coquic_time_us_t now,
                                                   coquic_connection_handle_t *out_connection,
                                                   coquic_result_t **out_result);
COQUIC_FFI_API coquic_status_t coquic_quic_receive_datagram(coquic_endpoint_t *endpoint,
                                                            const coquic_inbound_datagram_t *input,
                                                            coquic_time_us_t now,
                                                            coquic_result_t **out_result);
COQUIC_FFI_API coquic_status_t coquic_quic_update_path_mtu(coquic_endpoint_t *endpoint,
                                                           const coquic_path_mtu_update_t *input,
                                                           coquic_time_us_t now,
                                                           coquic_result_t **out_result);
COQUIC_FFI_API coquic_status_t coquic_quic_timer_expired(coquic_endpoint_t *endpoint, coquic_time_us_t now,
                                                         coquic_result_t **out_result);
COQUIC_FFI_API coquic_status_t coquic_quic_connection_send_stream(coquic_endpoint_t *endpoint,
                                                                  coquic_connection_handle_t connection,
                                                                  const coquic_send_stream_data_t *input,
                                                                  coquic_time_us_t now,
                                                                  coquic_result_t **out_result);
COQUIC_FFI_API coquic_status_t coquic_quic_connection_send_datagram(coquic_endpoint_t *endpoint,
                                                                    coquic_connection_handle_t connection,
                                                                    const coquic_send_datagram_data_t *input,
                                                                    coquic_time_us_t now,
                                                                    coquic_result_t **out_result);
COQUIC_FFI_API coquic_status_t coquic_quic_connection_reset_stream(coquic_endpoint_t *endpoint,
                                                                   coquic_connection_handle_t connection,
                                                                   const coquic_reset_stream_t *input,
                                                                   coquic_time_us_t now,
                                                                   coquic_result_t **out_result);
COQUIC_FFI_API coquic_status_t coquic_quic_connection_stop_sending(coquic_endpoint_t *endpoint,
                                                                   coquic_connection_handle_t connection,
                                                                   const coquic_stop_sending_t *input,
                                                                   coquic_time_us_t now,
                                                                   coquic_result_t **out_result);
COQUIC_FFI_API coquic_status_t coquic_quic_connection_close(coquic_endpoint_t *endpoint,
                                                            coquic_connection_handle_t connection,
                                                            const coquic_close_connection_t *input,
                                                            coquic_time_us_t now,
                                                            coquic_result_t **out_result);
COQUIC_FFI_API coquic_status_t coquic_quic_connection_request_key_update(coquic_endpoint_t *endpoint,
                                                                         coquic_connection_handle_t connection,
                                                                         coquic_time_us_t now,
                                                                         coquic_result_t **out_result);
COQUIC_FFI_API coquic_status_t coquic_quic_connection_advance(coquic_endpoint_t *endpoint,
                                                              coquic_connection_handle_t connection,
                                                              const coquic_connection_input_t *input,
                                                              coquic_time_us_t now,
                                                              coquic_result_t **out_result);
COQUIC_FFI_API coquic_status_t coquic_quic_stream_send(coquic_endpoint_t *endpoint,
                                                       coquic_connection_handle_t connection,
                                                       coquic_stream_id_t stream_id, coquic_bytes_t bytes,
                                                       uint8_t fin, coquic_time_us_t now,
                                                       coquic_result_t **out_result);
COQUIC_FFI_API coquic_status_t coquic_quic_stream_finish(coquic_endpoint_t *endpoint,
                                                         coquic_connection_handle_t connection,
                                                         coquic_stream_id_t stream_id, coquic_time_us_t now,
                                                         coquic_result_t **out_result);
COQUIC_FFI_API coquic_status_t coquic_quic_stream_reset(coquic_endpoint_t *endpoint,
                                                        coquic_connection_handle_t connection,
                                                        coquic_stream_id_t stream_id,
                                                        uint64_t application_error_code, coquic_time_us_t now,
                                                        coquic_result_t **out_result);
COQUIC_FFI_API coquic_status_t coquic_quic_stream_stop_sending(coquic_endpoint_t *endpoint,
                                                               coquic_connection_handle_t connection,
                                                               coquic_stream_id_t stream_id,
                                                               uint64_t application_error_code,
                                                               coquic_time_us_t now,
                                                               coquic_result_t **out_result);

/* What an endpoint says of itself: 0 or absent for NULL. */
COQUIC_FFI_API size_t coquic_endpoint_connection_count(const coquic_endpoint_t *endpoint);
COQUIC_FFI_API uint8_t coquic_endpoint_has_send_continuation_pending(const coquic_endpoint_t *endpoint);
COQUIC_FFI_API uint8_t coquic_endpoint_has_pending_stream_send(const coquic_endpoint_t *endpoint);
COQUIC_FFI_API coquic_optional_time_us_t coquic_endpoint_next_wakeup(const coquic_endpoint_t *endpoint);

/* Results. Reading is repeatable; views stay valid until the result is destroyed. */
COQUIC_FFI_API void coquic_result_destroy(coquic_result_t *result);
COQUIC_FFI_API size_t coquic_result_effect_count(const coquic_result_t *result);
COQUIC_FFI_API coquic_status_t coquic_result_effect_at(const coquic_result_t *result, size_t index,
                                                       coquic_effect_t *out_effect);
COQUIC_FFI_API coquic_optional_time_us_t coquic_result_next_wakeup(const coquic_result_t *result);
COQUIC_FFI_API uint8_t coquic_result_has_local_error(const coquic_result_t *result);
COQUIC_FFI_API coquic_status_t coquic_result_local_error(const coquic_result_t *result,
                                                         coquic_local_error_t *out_error);
COQUIC_FFI_API uint8_t coquic_result_send_continuation_pending(const coquic_result_t *result);

#ifdef __cplusplus
}
#endif

#endif /* COQUIC_FFI_CORE_H */
