/*
 * A client of the coquic-perf/1 protocol on one UDP socket: downloads a number of bytes on one stream and prints how fast. It shows the
 * whole loop of a program over the ABI: perform effects, then wait for a datagram or for the wake-up.
 *
 *     cc download.c $(pkg-config --cflags --libs coquic-managed) -o download && ./download 127.0.0.1 4433 1000000
 */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <coquic/ffi/core.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROUTE = 1, CONTROL_STREAM = 0, DATA_STREAM = 4, SESSION_READY = 2, SESSION_ERROR = 3 };

static int udp = -1;
static coquic_endpoint_t *endpoint;
static coquic_connection_handle_t connection;
static uint64_t wanted, received;
static int is_ready, is_confirmed_by_server, is_over;

static void fail(const char *what) {
    fprintf(stderr, "download: %s\n", what);
    exit(1);
}

static coquic_time_us_t now_us(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (coquic_time_us_t)time.tv_sec * 1000000u + (coquic_time_us_t)time.tv_nsec / 1000u;
}

static void perform(coquic_status_t status, coquic_result_t *result);

static void send_stream(coquic_stream_id_t stream, const uint8_t *bytes, size_t length) {
    coquic_result_t *result;
    coquic_bytes_t view = {bytes, length};
    coquic_status_t status = coquic_quic_stream_send(endpoint, connection, stream, view, 1, now_us(), &result);
    perform(status, result);
}

static uint8_t *put(uint8_t *at, uint64_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        *at++ = (uint8_t)(value >> shift);
    return at;
}

/* session_start: version 3, bulk, download, total_bytes given, one stream, one connection. */
static void start_session(void) {
    uint8_t message[84], *at = message;
    at = put(at, 1, 1), at = put(at, 79, 4), at = put(at, 3, 4);
    at = put(at, 0, 1), at = put(at, 1, 1);
    at = put(at, 64, 8), at = put(at, 64, 8);
    at = put(at, 1, 1), at = put(at, wanted, 8), at = put(at, 0, 8);
    at = put(at, 0, 8), at = put(at, 5000000, 8);
    at = put(at, 1, 8), at = put(at, 1, 8), put(at, 1, 8);
    send_stream(CONTROL_STREAM, message, sizeof message);
}

static void on_data(const coquic_receive_stream_data_effect_t *data) {
    if (data->stream_id == DATA_STREAM) {
        received += data->bytes.length;
        is_over = data->fin;
    } else if (data->bytes.length > 0 && data->bytes.data[0] == SESSION_ERROR) {
        fail("the server refused the session");
    } else if (data->bytes.length > 0 && data->bytes.data[0] == SESSION_READY) {
        is_confirmed_by_server = 1;
    }
}

static void on_effect(const coquic_effect_t *effect) {
    const coquic_bytes_view_t *bytes = &effect->as.send_datagram.bytes;
    if (effect->kind == COQUIC_EFFECT_SEND_DATAGRAM) {
        if (send(udp, bytes->data, bytes->length, 0) < 0)
            perror("download: send"); /* It counts as lost. */
    } else if (effect->kind == COQUIC_EFFECT_RECEIVE_STREAM_DATA) {
        on_data(&effect->as.receive_stream_data);
    } else if (effect->kind == COQUIC_EFFECT_STATE_EVENT) {
        is_ready |= effect->as.state_event.change == COQUIC_STATE_CHANGE_HANDSHAKE_READY;
        if (effect->as.state_event.change == COQUIC_STATE_CHANGE_FAILED && !is_over)
            fail("the connection failed");
    } else if (effect->kind == COQUIC_EFFECT_CONNECTION_LIFECYCLE_EVENT) {
        if (effect->as.connection_lifecycle_event.event == COQUIC_LIFECYCLE_CLOSED && !is_over)
            fail("the connection was closed");
    }
}

static void perform(coquic_status_t status, coquic_result_t *result) {
    if (status != COQUIC_STATUS_OK || coquic_result_has_local_error(result))
        fail("a call was refused");
    for (size_t index = 0; index < coquic_result_effect_count(result); index++) {
        coquic_effect_t effect;
        coquic_result_effect_at(result, index, &effect);
        on_effect(&effect);
    }
    coquic_result_destroy(result);
}

static void open_connection(void) {
    uint8_t ids[16];
    int random = open("/dev/urandom", O_RDONLY);
    if (random < 0 || read(random, ids, sizeof ids) != sizeof ids)
        fail("there are no random numbers");
    close(random);
    coquic_open_connection_t input;
    memset(&input, 0, sizeof input);
    input.size = sizeof input;
    coquic_client_connection_config_init(&input.connection);
    input.connection.source_connection_id = (coquic_bytes_t){ids, 8};
    input.connection.initial_destination_connection_id = (coquic_bytes_t){ids + 8, 8};
    input.initial_route_handle = ROUTE;
    coquic_result_t *result;
    coquic_status_t status = coquic_quic_connect(endpoint, &input, now_us(), &connection, &result);
    perform(status, result);
}

/* One datagram or one wake-up, whichever comes first. */
static void turn(void) {
    static uint8_t buffer[65536];
    coquic_optional_time_us_t next = coquic_endpoint_next_wakeup(endpoint);
    coquic_time_us_t now = now_us();
    int wait_ms = !next.has_value ? 10000 : next.value <= now ? 0 : (int)((next.value - now + 999) / 1000);
    struct pollfd poll_udp = {udp, POLLIN, 0};
    coquic_result_t *result;
    coquic_status_t status;
    if (poll(&poll_udp, 1, wait_ms) > 0) {
        ssize_t length = recv(udp, buffer, sizeof buffer, 0);
        coquic_inbound_datagram_t input;
        memset(&input, 0, sizeof input);
        input.size = sizeof input;
        input.bytes = (coquic_bytes_t){buffer, length > 0 ? (size_t)length : 0};
        input.route_handle = (coquic_optional_route_handle_t){1, ROUTE};
        status = coquic_endpoint_input_datagram(endpoint, &input, now_us(), &result);
    } else {
        status = coquic_endpoint_timer_expired(endpoint, now_us(), &result);
    }
    perform(status, result);
}

int main(int count, char **arguments) {
    if (count != 4)
        fail("usage: download ADDRESS PORT BYTES");
    wanted = strtoull(arguments[3], NULL, 10);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[2]))};
    udp = socket(AF_INET, SOCK_DGRAM, 0);
    if (inet_pton(AF_INET, arguments[1], &address.sin_addr) != 1 ||
        connect(udp, (struct sockaddr *)&address, sizeof address) != 0)
        fail("there is no such address");

    coquic_endpoint_config_t config;
    coquic_endpoint_config_init(&config);
    config.verify_peer = 0;
    config.application_protocol = "coquic-perf/1";
    config.application_protocol_length = strlen(config.application_protocol);
    config.transport.initial_max_data = config.transport.initial_max_stream_data_bidi_local = 16u << 20;
    if (coquic_endpoint_create(&config, &endpoint) != COQUIC_STATUS_OK)
        fail("there is no endpoint");

    open_connection();
    while (!is_ready)
        turn();
    start_session();
    while (!is_confirmed_by_server)
        turn();
    coquic_time_us_t start = now_us();
    send_stream(DATA_STREAM, NULL, 0);
    while (!is_over)
        turn();
    double seconds = (double)(now_us() - start) / 1e6;
    printf("received %llu bytes, %.3f Gbit/s\n", (unsigned long long)received, (double)received * 8e-9 / seconds);
    coquic_endpoint_destroy(endpoint);
    close(udp);
    return received == wanted ? 0 : 1;
}
