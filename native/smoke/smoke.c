/*
 * Two endpoints in one process: a client and a server that pass each other's datagrams by hand, under a clock that is only a number.
 * The client asks on a stream, the server answers, the client closes; every effect but the datagrams is printed as it is told.
 *
 *     cc smoke.c $(pkg-config --cflags --libs coquic-managed) -o smoke && ./smoke certificate.pem key.pem
 */
#include <coquic/ffi/core.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUTE = 1 };

typedef struct side {
    const char *name;
    coquic_endpoint_t *endpoint;
    coquic_connection_handle_t connection;
    int is_closed;
} side_t;

/* A datagram under way. */
typedef struct {
    struct side *to;
    size_t length;
    uint8_t bytes[1500];
} datagram_t;

static coquic_time_us_t now;
static datagram_t under_way[64];
static size_t first, last;

static void require(int holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "smoke: %s\n", what);
        exit(1);
    }
}

static char *read_file(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    require(file != NULL, "a PEM file cannot be opened");
    char *text = malloc(65536);
    require(text != NULL, "there is no memory");
    *length = fread(text, 1, 65536, file);
    fclose(file);
    return text;
}

static void tell(const side_t *side, const char *event) { printf("%7.3f ms  %s: %s\n", now / 1000.0, side->name, event); }

static void on_state(const side_t *side, const coquic_state_event_effect_t *state) {
    static const char *const names[] = {"handshake ready", "handshake confirmed", "failed"};
    tell(side, names[state->change]);
}

static void on_lifecycle(side_t *side, const coquic_connection_lifecycle_event_effect_t *life) {
    static const char *const names[] = {"created", "accepted", "closed"};
    side->connection = life->connection;
    side->is_closed |= life->event == COQUIC_LIFECYCLE_CLOSED;
    tell(side, names[life->event]);
}

static void perform(side_t *side, side_t *peer, coquic_status_t status, coquic_result_t *result);

static void send_text(side_t *side, side_t *peer, coquic_stream_id_t stream, const char *text) {
    coquic_bytes_t bytes = {(const uint8_t *)text, strlen(text)};
    coquic_result_t *result;
    coquic_status_t status =
        coquic_quic_stream_send(side->endpoint, side->connection, stream, bytes, 1, now, &result);
    perform(side, peer, status, result);
}

static void transmit(side_t *to, const coquic_bytes_view_t *bytes) {
    datagram_t *datagram = &under_way[last++ % 64];
    require(last - first <= 64 && bytes->length <= sizeof datagram->bytes, "there is no room for a datagram");
    datagram->to = to;
    datagram->length = bytes->length;
    memcpy(datagram->bytes, bytes->data, bytes->length);
}

/* What is under way arrives, a millisecond each, and what that is answered with. */
static void deliver_all(side_t *client, side_t *server) {
    while (first < last) {
        datagram_t *datagram = &under_way[first++ % 64];
        side_t *to = datagram->to;
        coquic_inbound_datagram_t input;
        memset(&input, 0, sizeof input);
        input.size = sizeof input;
        input.bytes = (coquic_bytes_t){datagram->bytes, datagram->length};
        input.route_handle = (coquic_optional_route_handle_t){1, ROUTE};
        now += 1000;
        coquic_result_t *result;
        coquic_status_t status = coquic_endpoint_input_datagram(to->endpoint, &input, now, &result);
        perform(to, to == client ? server : client, status, result);
    }
}

static void on_data(side_t *side, side_t *peer, const coquic_receive_stream_data_effect_t *data) {
    printf("%7.3f ms  %s: stream %llu: \"%.*s\"%s\n", now / 1000.0, side->name, (unsigned long long)data->stream_id,
           (int)data->bytes.length, (const char *)data->bytes.data, data->fin ? ", its end" : "");
    if (data->fin && strcmp(side->name, "server") == 0)
        send_text(side, peer, data->stream_id, "pong");
}

/* Performs what a call asks for, in order. */
static void perform(side_t *side, side_t *peer, coquic_status_t status, coquic_result_t *result) {
    require(status == COQUIC_STATUS_OK, "a call was refused");
    require(!coquic_result_has_local_error(result), "an operation was refused");
    for (size_t index = 0; index < coquic_result_effect_count(result); index++) {
        coquic_effect_t effect;
        require(coquic_result_effect_at(result, index, &effect) == COQUIC_STATUS_OK, "an effect is not there");
        if (effect.kind == COQUIC_EFFECT_SEND_DATAGRAM)
            transmit(peer, &effect.as.send_datagram.bytes);
        else if (effect.kind == COQUIC_EFFECT_RECEIVE_STREAM_DATA)
            on_data(side, peer, &effect.as.receive_stream_data);
        else if (effect.kind == COQUIC_EFFECT_STATE_EVENT)
            on_state(side, &effect.as.state_event);
        else if (effect.kind == COQUIC_EFFECT_CONNECTION_LIFECYCLE_EVENT)
            on_lifecycle(side, &effect.as.connection_lifecycle_event);
    }
    coquic_result_destroy(result);
}

/* Time jumps to the next wake-up of a side. */
static void wake(side_t *side, side_t *peer) {
    coquic_optional_time_us_t next = coquic_endpoint_next_wakeup(side->endpoint);
    require(next.has_value, "there is nothing to wait for");
    now = next.value > now ? next.value : now;
    coquic_result_t *result;
    coquic_status_t status = coquic_endpoint_timer_expired(side->endpoint, now, &result);
    perform(side, peer, status, result);
}

static void create(side_t *side, coquic_role_t role, const coquic_tls_identity_t *identity) {
    coquic_endpoint_config_t config;
    coquic_endpoint_config_init(&config);
    config.role = role;
    config.verify_peer = 0;
    config.identity = identity;
    require(coquic_endpoint_create(&config, &side->endpoint) == COQUIC_STATUS_OK, "there is no endpoint");
}

static void connect_to(side_t *client, side_t *server) {
    static const uint8_t source[8] = {1, 2, 3, 4, 5, 6, 7, 8}, destination[8] = {11, 12, 13, 14, 15, 16, 17, 18};
    coquic_open_connection_t input;
    memset(&input, 0, sizeof input);
    input.size = sizeof input;
    coquic_client_connection_config_init(&input.connection);
    input.connection.source_connection_id = (coquic_bytes_t){source, sizeof source};
    input.connection.initial_destination_connection_id = (coquic_bytes_t){destination, sizeof destination};
    input.initial_route_handle = ROUTE;
    coquic_result_t *result;
    coquic_status_t status = coquic_quic_connect(client->endpoint, &input, now, &client->connection, &result);
    perform(client, server, status, result);
}

static void close_connection(side_t *side, side_t *peer) {
    coquic_close_connection_t input = {sizeof input, 0, "done", 4};
    coquic_result_t *result;
    coquic_status_t status = coquic_connection_close(side->endpoint, side->connection, &input, now, &result);
    perform(side, peer, status, result);
}

int main(int count, char **arguments) {
    require(count == 3, "usage: smoke CERTIFICATE.pem KEY.pem");
    require(coquic_ffi_abi_version() == COQUIC_FFI_ABI_VERSION, "header and library differ");
    coquic_tls_identity_t identity;
    char *certificate = read_file(arguments[1], &identity.certificate_pem_length);
    char *key = read_file(arguments[2], &identity.private_key_pem_length);
    identity.certificate_pem = certificate;
    identity.private_key_pem = key;

    side_t client = {"client", NULL, 0, 0}, server = {"server", NULL, 0, 0};
    create(&client, COQUIC_ROLE_CLIENT, NULL);
    create(&server, COQUIC_ROLE_SERVER, &identity);
    connect_to(&client, &server);
    deliver_all(&client, &server);
    send_text(&client, &server, 0, "ping");
    deliver_all(&client, &server);
    close_connection(&client, &server);
    deliver_all(&client, &server);
    while (!client.is_closed)
        wake(&client, &server);
    while (!server.is_closed)
        wake(&server, &client);

    coquic_endpoint_destroy(client.endpoint);
    coquic_endpoint_destroy(server.endpoint);
    free(certificate);
    free(key);
    return 0;
}
