/* dns_load.c - MX queries against one resolver, so many at once: by c-ares alone, or by the coordinator's dns.h.
 *   dns_load bare|coordinator ADDRESS:PORT QUERIES IN-FLIGHT
 * Prints queries, lost, the CPU time of each and the rate. Bare is the least that a client can do: one channel, an
 * epoll loop told of sockets by c-ares, the answer parsed with c-ares's own parser, a coarse tick for time-outs.
 */
#include "bench.h"
#include "dns/dns.h"

#include <ares.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

enum { TIMEOUT_MS = 5000, TRIES = 3, TICK_MS = 100, CLASS_IN = 1, RECEIVE_BUFFER = 4 << 20, EVENTS = 16 };

static unsigned long queries, in_flight, sent, done, lost, records;

static void name_of(char out[64], unsigned long n) { snprintf(out, 64, "domain%07lu.bench.test", n); }

/* ---- c-ares alone ---- */

static void bare_send(ares_channel channel);

static void on_bare(void *context, int status, int timeouts, unsigned char *message, int len) {
    struct ares_mx_reply *mx = NULL;
    (void)timeouts;
    done++;
    if (status != ARES_SUCCESS || ares_parse_mx_reply(message, len, &mx) != ARES_SUCCESS)
        lost++;
    for (const struct ares_mx_reply *at = mx; at; at = at->next)
        records++;
    if (mx)
        ares_free_data(mx);
    bare_send(context);
}

static void bare_send(ares_channel channel) {
    char name[64];
    if (sent == queries)
        return;
    name_of(name, sent++);
    ares_query(channel, name, CLASS_IN, DNS_TYPE_MX, on_bare, channel);
}

static void on_socket(void *context, ares_socket_t socket, int readable, int writable) {
    int epoll = *(int *)context;
    struct epoll_event event = {.events = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u), .data.fd = socket};
    if (!readable && !writable)
        epoll_ctl(epoll, EPOLL_CTL_DEL, socket, NULL);
    else if (epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event) != 0)
        epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
}

static void run_bare(const char *server) {
    int epoll = epoll_create1(0);
    ares_channel channel;
    struct ares_options options = {.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_STAYOPEN,
                                   .timeout = TIMEOUT_MS,
                                   .tries = TRIES,
                                   .socket_receive_buffer_size = RECEIVE_BUFFER,
                                   .sock_state_cb = on_socket,
                                   .sock_state_cb_data = &epoll};
    if (ares_init_options(&channel, &options,
                          ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_RCVBUF |
                              ARES_OPT_SOCK_STATE_CB) != ARES_SUCCESS ||
        ares_set_servers_ports_csv(channel, server) != ARES_SUCCESS)
        exit(2);
    for (unsigned long i = 0; i < in_flight; i++)
        bare_send(channel);
    double ticked = bench_wall_us();
    while (done < queries) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(epoll, events, EVENTS, TICK_MS);
        for (int i = 0; i < count; i++)
            ares_process_fd(channel, events[i].events & ~(unsigned)EPOLLOUT ? events[i].data.fd : ARES_SOCKET_BAD,
                            events[i].events & EPOLLOUT ? events[i].data.fd : ARES_SOCKET_BAD);
        if (bench_wall_us() - ticked > TICK_MS * 1000.0) {
            ticked = bench_wall_us();
            ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        }
    }
    ares_destroy(channel);
}

/* ---- the coordinator's ---- */

static struct dns *dns;

static void on_answer(struct dns_answer *answer, void *context);

static void dns_send(void) {
    char name[64];
    if (sent == queries)
        return;
    name_of(name, sent++);
    dns_query(dns, name, DNS_TYPE_MX, on_answer, NULL);
}

static void on_answer(struct dns_answer *answer, void *context) {
    (void)context;
    done++;
    lost += answer->status != DNS_OK;
    records += answer->mx_count;
    dns_send();
}

static void run_coordinator(const char *server) {
    char error[256] = "";
    uv_loop_t *loop = uv_default_loop();
    const struct dns_config config = {
        .servers = server, .in_flight = in_flight, .timeout_ms = TIMEOUT_MS, .tries = TRIES};
    dns = dns_open(loop, &config, error, sizeof error);
    if (dns == NULL) {
        fprintf(stderr, "%s\n", error);
        exit(2);
    }
    for (unsigned long i = 0; i < in_flight; i++)
        dns_send();
    while (done < queries)
        uv_run(loop, UV_RUN_ONCE);
    dns_close(&dns);
    uv_run(loop, UV_RUN_DEFAULT);
}

int main(int argc, char **argv) {
    if (argc != 5)
        return 2;
    queries = bench_number(argv[3]);
    in_flight = bench_number(argv[4]);
    double wall = bench_wall_us(), cpu = bench_cpu_us();
    if (strcmp(argv[1], "bare") == 0)
        run_bare(argv[2]);
    else if (strcmp(argv[1], "coordinator") == 0)
        run_coordinator(argv[2]);
    else
        return 2;
    wall = bench_wall_us() - wall;
    cpu = bench_cpu_us() - cpu;
    printf("queries=%lu lost=%lu records=%lu cpu_us=%.3f rate=%.0f\n", done, lost, records, cpu / (double)done,
           (double)done / wall * 1e6);
    return 0;
}
