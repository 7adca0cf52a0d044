/*
 * A million calls on two endpoints that talk to each other, each result destroyed: resident memory at the end is what it was after the
 * first ten thousand. Prints both, in KiB.
 *
 *     ./memory certificate.pem key.pem [CALLS]
 */
#include <coquic/ffi/core.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETTLED = 10000, MOST_UNDER_WAY = 256 };

typedef struct {
    size_t length;
    uint8_t bytes[1500];
} datagram_t;

typedef struct side {
    coquic_endpoint_t *endpoint;
    datagram_t *incoming;
    size_t first, last;
} side_t;

static coquic_time_us_t now;
static uint64_t calls;
static uint64_t echoed;

static void require(int holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "memory: %s\n", what);
        exit(1);
    }
}

static long resident_kib(void) {
    FILE *file = fopen("/proc/self/statm", "r");
    long size = 0, resident = 0;
    require(file != NULL && fscanf(file, "%ld %ld", &size, &resident) == 2, "/proc/self/statm cannot be read");
    fclose(file);
    return resident * 4;
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

static void perform(side_t *side, side_t *peer, coquic_status_t status, coquic_result_t *result) {
    calls++;
    require(status == COQUIC_STATUS_OK, "a call was refused");
    size_t count = coquic_result_effect_count(result);
    for (size_t index = 0; index < count; index++) {
        coquic_effect_t effect;
        coquic_result_effect_at(result, index, &effect);
        if (effect.kind == COQUIC_EFFECT_SEND_DATAGRAM && peer->last - peer->first < MOST_UNDER_WAY) {
            datagram_t *datagram = &peer->incoming[peer->last++ % MOST_UNDER_WAY];
            datagram->length = effect.as.send_datagram.bytes.length;
            memcpy(datagram->bytes, effect.as.send_datagram.bytes.data, datagram->length);
        } else if (effect.kind == COQUIC_EFFECT_RECEIVE_STREAM_DATA) {
            echoed += effect.as.receive_stream_data.bytes.length;
        }
    }
    coquic_result_destroy(result);
    (void)side;
}

static int deliver(side_t *side, side_t *peer) {
    if (side->first == side->last)
        return 0;
    datagram_t *datagram = &side->incoming[side->first++ % MOST_UNDER_WAY];
    coquic_inbound_datagram_t input;
    memset(&input, 0, sizeof input);
    input.size = sizeof input;
    input.bytes = (coquic_bytes_t){datagram->bytes, datagram->length};
    input.route_handle = (coquic_optional_route_handle_t){1, 1};
    coquic_result_t *result;
    now += 50;
    coquic_status_t status = coquic_endpoint_input_datagram(side->endpoint, &input, now, &result);
    perform(side, peer, status, result);
    return 1;
}

static void wake_if_due(side_t *side, side_t *peer) {
    coquic_optional_time_us_t next = coquic_endpoint_next_wakeup(side->endpoint);
    if (!next.has_value || next.value > now)
        return;
    coquic_result_t *result;
    coquic_status_t status = coquic_endpoint_timer_expired(side->endpoint, now, &result);
    perform(side, peer, status, result);
}

static void exchange(side_t *client, side_t *server) {
    while (deliver(server, client) + deliver(client, server) > 0) {
    }
    now += 1000;
    wake_if_due(client, server);
    wake_if_due(server, client);
}

static void create(side_t *side, coquic_role_t role, const coquic_tls_identity_t *identity) {
    coquic_endpoint_config_t config;
    coquic_endpoint_config_init(&config);
    config.role = role;
    config.verify_peer = 0;
    config.identity = identity;
    require(coquic_endpoint_create(&config, &side->endpoint) == COQUIC_STATUS_OK, "there is no endpoint");
    side->incoming = malloc(MOST_UNDER_WAY * sizeof(datagram_t));
    require(side->incoming != NULL, "there is no memory");
}

int main(int count, char **arguments) {
    require(count >= 3, "usage: memory CERTIFICATE.pem KEY.pem [CALLS]");
    uint64_t wanted = count > 3 ? strtoull(arguments[3], NULL, 10) : 1000000;
    coquic_tls_identity_t identity;
    identity.certificate_pem = read_file(arguments[1], &identity.certificate_pem_length);
    identity.private_key_pem = read_file(arguments[2], &identity.private_key_pem_length);
    side_t client = {0}, server = {0};
    create(&client, COQUIC_ROLE_CLIENT, NULL);
    create(&server, COQUIC_ROLE_SERVER, &identity);

    static const uint8_t source[8] = {1, 2, 3, 4, 5, 6, 7, 8}, destination[8] = {11, 12, 13, 14, 15, 16, 17, 18};
    coquic_open_connection_t input;
    memset(&input, 0, sizeof input);
    input.size = sizeof input;
    coquic_client_connection_config_init(&input.connection);
    input.connection.source_connection_id = (coquic_bytes_t){source, sizeof source};
    input.connection.initial_destination_connection_id = (coquic_bytes_t){destination, sizeof destination};
    input.initial_route_handle = 1;
    coquic_connection_handle_t connection;
    coquic_result_t *result;
    coquic_status_t status = coquic_quic_connect(client.endpoint, &input, now, &connection, &result);
    perform(&client, &server, status, result);
    exchange(&client, &server);

    static const uint8_t payload[900];
    long settled = 0;
    while (calls < wanted) {
        status = coquic_quic_stream_send(client.endpoint, connection, 0, (coquic_bytes_t){payload, sizeof payload}, 0,
                                         now, &result);
        perform(&client, &server, status, result);
        exchange(&client, &server);
        if (settled == 0 && calls >= SETTLED)
            settled = resident_kib();
    }
    printf("%llu calls, %llu bytes: %ld KiB after the first %d, %ld KiB at the end\n", (unsigned long long)calls,
           (unsigned long long)echoed, settled, SETTLED, resident_kib());
    coquic_endpoint_destroy(client.endpoint);
    coquic_endpoint_destroy(server.endpoint);
    return 0;
}
