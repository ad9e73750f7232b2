/* epoll_probe.c - the reference of goal 2: one fixed hello of 517 octets a connection, read up to the ServerHello,
 * close.
 *
 *     epoll_probe PROFILE PORT COUNT IN-FLIGHT
 */
#include "bench.h"
#include "epoll_client.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { HELLO_OCTETS = 517, RECORD_HEADER = 5, HANDSHAKE_HEADER = 4, HANDSHAKE = 22, SERVER_HELLO = 2 };

static uint8_t hello[HELLO_OCTETS];

static uint8_t *put(uint8_t *at, const void *data, size_t len) { return (uint8_t *)memcpy(at, data, len) + len; }

static uint8_t *put_u16(uint8_t *at, size_t value) {
    return put(at, (const uint8_t[]){(uint8_t)(value >> 8), (uint8_t)value}, 2);
}

/* TLS 1.2, three suites, the extensions that a server needs, padded to what browsers send. */
static void build_hello(void) {
    static const uint8_t suites[] = {0xC0, 0x2F, 0xC0, 0x30, 0x00, 0x9C};
    static const uint8_t extensions[] = {0, 10, 0, 6, 0, 4, 0, 0x1D, 0, 0x17, /* x25519, P-256 */
                                         0, 11, 0, 2, 1, 0,                   /* uncompressed points */
                                         0, 13, 0, 6, 0, 4, 8, 4,    4, 1};   /* rsa_pss, rsa_pkcs1 with SHA-256 */
    static const uint8_t random[32] = "thirty-two octets of no surprise";
    uint8_t *at = put(hello, (const uint8_t[]){HANDSHAKE, 3, 1}, 3);
    at = put_u16(at, HELLO_OCTETS - RECORD_HEADER);
    at = put(at, (const uint8_t[]){1, 0}, 2);
    at = put_u16(at, HELLO_OCTETS - RECORD_HEADER - HANDSHAKE_HEADER);
    at = put(at, (const uint8_t[]){3, 3}, 2);
    at = put(at, random, sizeof random);
    *at++ = 0; /* no session */
    at = put(put_u16(at, sizeof suites), suites, sizeof suites);
    at = put(at, (const uint8_t[]){1, 0}, 2);
    at = put_u16(at, (size_t)(hello + sizeof hello - at) - 2);
    at = put(at, extensions, sizeof extensions);
    at = put_u16(at, 21);
    put_u16(at, (size_t)(hello + sizeof hello - at) - 2); /* zeros follow */
}

static enum progress send_hello(struct link *link) {
    return send(link->fd, hello, sizeof hello, MSG_NOSIGNAL) == HELLO_OCTETS ? PROGRESS_MORE : PROGRESS_FAILED;
}

static enum progress read_hello(struct link *link) {
    uint8_t flight[16384];
    ssize_t len = recv(link->fd, flight, sizeof flight, 0);
    bool answered = len > RECORD_HEADER && flight[0] == HANDSHAKE && flight[RECORD_HEADER] == SERVER_HELLO;
    return answered ? PROGRESS_DONE : PROGRESS_FAILED;
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fputs("usage: epoll_probe PROFILE PORT COUNT IN-FLIGHT\n", stderr);
        return 2;
    }
    struct epoll_client client = epoll_client_from(argv);
    client.begin_tls = send_hello;
    client.on_readable = read_hello;
    build_hello();
    return epoll_client_run(&client) ? 0 : 1;
}
