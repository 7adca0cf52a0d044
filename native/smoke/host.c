/*
 * What a process had before it used the library is still there afterwards: SIGPIPE's disposition, its own handler of faults, and threads
 * with small stacks that may use it. A child that it forks may end.
 */
#include <coquic/ffi/core.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* As much as a thread gets from musl. */
enum { STACK = 128 * 1024 };

static sigjmp_buf before_fault;

static void on_fault(int number) {
    (void)number;
    siglongjmp(before_fault, 1);
}

static void require(int holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "host: %s\n", what);
        exit(1);
    }
}

/* Opens a connection: key exchange, keys, a first datagram. */
static void *open_connection(void *unused) {
    static const uint8_t source[8] = {1, 2, 3, 4, 5, 6, 7, 8}, destination[8] = {11, 12, 13, 14, 15, 16, 17, 18};
    coquic_endpoint_config_t config;
    coquic_endpoint_config_init(&config);
    coquic_endpoint_t *endpoint;
    require(coquic_endpoint_create(&config, &endpoint) == COQUIC_STATUS_OK, "there is no endpoint");

    coquic_open_connection_t input;
    memset(&input, 0, sizeof input);
    input.size = sizeof input;
    coquic_client_connection_config_init(&input.connection);
    input.connection.source_connection_id = (coquic_bytes_t){source, sizeof source};
    input.connection.initial_destination_connection_id = (coquic_bytes_t){destination, sizeof destination};
    coquic_connection_handle_t connection;
    coquic_result_t *result;
    require(coquic_quic_connect(endpoint, &input, 0, &connection, &result) == COQUIC_STATUS_OK, "a call was refused");
    require(coquic_result_effect_count(result) == 2, "nothing is sent");
    coquic_result_destroy(result);
    coquic_endpoint_destroy(endpoint);
    return unused;
}

static void run_on_small_stack(void) {
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    require(pthread_attr_setstacksize(&attributes, STACK) == 0, "so small a stack is refused");
    require(pthread_create(&thread, &attributes, open_connection, NULL) == 0, "there is no thread");
    pthread_join(thread, NULL);
    printf("runs on %d bytes of stack\n", STACK);
}

static void fault(void) {
    static volatile int *volatile nowhere = (volatile int *)8;
    if (sigsetjmp(before_fault, 1) == 0) {
        *nowhere = 1;
        printf("there is no fault\n");
    } else {
        printf("its own fault reaches its own handler\n");
    }
}

static void fork_and_end(void) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        exit(3);
    int status;
    waitpid(child, &status, 0);
    printf("a forked child ends with %d\n", WEXITSTATUS(status));
}

int main(void) {
    struct sigaction pipe_before, pipe_after;
    sigaction(SIGPIPE, NULL, &pipe_before);
    signal(SIGSEGV, on_fault);
    run_on_small_stack();
    sigaction(SIGPIPE, NULL, &pipe_after);
    printf("SIGPIPE is %s\n", pipe_after.sa_handler == pipe_before.sa_handler ? "as before" : "changed");
    fault();
    fork_and_end();
    open_connection(NULL);
    return 0;
}
