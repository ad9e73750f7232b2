/* dns_responder.c - a resolver for benchmarks: answers every question with two MX records, after a delay, from one UDP
 * socket.
 *   dns_responder PORT DELAY-MS      prints "ready"; ends with the process that started it
 */
#include "bench.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signal.h>
#include <sys/socket.h>
#include <unistd.h>

enum { AT_ONCE = 64, MESSAGE_MAX = 512, WAITING = 1 << 17, HEADER = 12, BUFFER = 64 << 20 };

struct waiting {
    struct sockaddr_in to;
    double due_us;
    unsigned len;
    unsigned char message[176];
};

static struct waiting ring[WAITING];
static size_t head, tail;

/* Turns the question into its answer; its length, 0 if it is none. The OPT record, behind the question, goes. */
static unsigned answer(unsigned char *message, unsigned len) {
    static const unsigned char records[] = {
        0xc0, HEADER, 0, 15, 0, 1, 0, 0, 1, 0, 0, 8, 0, 10, 3, 'm', 'x', '1', 0xc0, HEADER,
        0xc0, HEADER, 0, 15, 0, 1, 0, 0, 1, 0, 0, 8, 0, 20, 3, 'm', 'x', '2', 0xc0, HEADER,
    };
    unsigned at = HEADER;
    while (at < len && message[at])
        at += message[at] + 1u;
    at += 5;
    if (at > len || at + sizeof records > sizeof ring->message)
        return 0;
    message[2] = 0x81;
    message[3] = 0x80;
    memset(message + 6, 0, 6);
    message[7] = 2;
    memcpy(message + at, records, sizeof records);
    return at + (unsigned)sizeof records;
}

static void receive(int socket, double delay_us) {
    static unsigned char data[AT_ONCE][MESSAGE_MAX];
    static struct sockaddr_in from[AT_ONCE];
    struct mmsghdr messages[AT_ONCE];
    struct iovec parts[AT_ONCE];
    for (unsigned i = 0; i < AT_ONCE; i++) {
        parts[i] = (struct iovec){data[i], MESSAGE_MAX};
        messages[i] = (struct mmsghdr){
            .msg_hdr = {.msg_iov = &parts[i], .msg_iovlen = 1, .msg_name = &from[i], .msg_namelen = sizeof from[i]}};
    }
    int count = recvmmsg(socket, messages, AT_ONCE, MSG_DONTWAIT, NULL);
    double due = bench_wall_us() + delay_us;
    for (int i = 0; i < count; i++) {
        unsigned len = answer(data[i], messages[i].msg_len);
        if (len == 0 || tail - head == WAITING)
            continue;
        struct waiting *waiting = &ring[tail++ % WAITING];
        waiting->to = from[i];
        waiting->due_us = due;
        waiting->len = len;
        memcpy(waiting->message, data[i], len);
    }
}

static void send_due(int socket) {
    struct mmsghdr messages[AT_ONCE];
    struct iovec parts[AT_ONCE];
    double now = bench_wall_us();
    unsigned count = 0;
    for (; head + count < tail && count < AT_ONCE && ring[(head + count) % WAITING].due_us <= now; count++) {
        struct waiting *waiting = &ring[(head + count) % WAITING];
        parts[count] = (struct iovec){waiting->message, waiting->len};
        messages[count] = (struct mmsghdr){.msg_hdr = {.msg_iov = &parts[count],
                                                       .msg_iovlen = 1,
                                                       .msg_name = &waiting->to,
                                                       .msg_namelen = sizeof waiting->to}};
    }
    int sent = count ? sendmmsg(socket, messages, count, 0) : 0;
    head += sent > 0 ? (size_t)sent : 0;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    int size = BUFFER, socket_fd = socket(AF_INET, SOCK_DGRAM, 0);
    double delay_us = strtod(argv[2], NULL) * 1000;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)bench_number(argv[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    setsockopt(socket_fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    if (bind(socket_fd, (const struct sockaddr *)&address, sizeof address) != 0)
        return 1;
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct pollfd ready = {.fd = socket_fd, .events = POLLIN};
        if (poll(&ready, 1, head == tail ? -1 : delay_us > 0 ? 1 : 0) > 0)
            receive(socket_fd, delay_us);
        send_due(socket_fd);
    }
}
