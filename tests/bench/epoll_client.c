/* epoll_client.c - see epoll_client.h. */
#include "epoll_client.h"

#include "bench.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256, REPLY_MAX = 4096, TLS_BEGUN = 3 };

static int loop;

struct epoll_client epoll_client_from(char **argv) {
    return (struct epoll_client){.profile = (unsigned)bench_number(argv[1]),
                                 .port = (uint16_t)bench_number(argv[2]),
                                 .count = bench_number(argv[3]),
                                 .in_flight = bench_number(argv[4])};
}

static bool connect_link(const struct epoll_client *client, struct link *link, size_t n) {
    struct sockaddr_in address = bench_address(client->profile, client->port, n);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = link};
    *link = (struct link){.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)};
    if (link->fd < 0)
        return false;
    (void)connect(link->fd, (struct sockaddr *)&address, sizeof address); /* a failure shows on reading */
    return epoll_ctl(loop, EPOLL_CTL_ADD, link->fd, &event) == 0;
}

/* The last line of a reply has a space behind its code. */
static bool reply_is(const char *reply, size_t len, char first) {
    const char *newline = len > 1 ? memrchr(reply, '\n', len - 1) : NULL;
    const char *last = newline ? newline + 1 : reply;
    return len > 4 && reply[len - 1] == '\n' && last[3] == ' ' && last[0] == first;
}

static enum progress send_all(int fd, const void *data, size_t len) {
    return send(fd, data, len, MSG_NOSIGNAL) == (ssize_t)len ? PROGRESS_MORE : PROGRESS_FAILED;
}

static enum progress on_reply(const struct epoll_client *client, struct link *link) {
    static const char ehlo[] = "EHLO bench.test\r\n", starttls[] = "STARTTLS\r\n";
    char reply[REPLY_MAX];
    ssize_t len = recv(link->fd, reply, sizeof reply, 0);
    if (len <= 0 || !reply_is(reply, (size_t)len, '2'))
        return PROGRESS_FAILED;
    switch (++link->replies) {
    case 1:
        return send_all(link->fd, ehlo, sizeof ehlo - 1);
    case 2:
        return send_all(link->fd, starttls, sizeof starttls - 1);
    default:
        return client->begin_tls(link);
    }
}

static enum progress advance(const struct epoll_client *client, struct link *link) {
    return link->replies < TLS_BEGUN ? on_reply(client, link) : client->on_readable(link);
}

static void end_link(struct epoll_client *client, struct link *link, enum progress how) {
    if (link->tls && client->end_tls)
        client->end_tls(link);
    close(link->fd);
    client->done++;
    client->failed += how == PROGRESS_FAILED;
}

/* Connects for one link until one starts or none is left. */
static void start_next(struct epoll_client *client, struct link *link, size_t *started) {
    while (*started < client->count && !connect_link(client, link, (*started)++))
        end_link(client, link, PROGRESS_FAILED);
}

bool epoll_client_run(struct epoll_client *client) {
    struct link *links = calloc(client->in_flight, sizeof *links);
    struct epoll_event events[EVENTS];
    size_t started = 0;
    loop = epoll_create1(0);
    if (links == NULL || loop < 0)
        return false;
    double cpu = bench_cpu_us(), wall = bench_wall_us();
    for (size_t i = 0; i < client->in_flight; i++)
        start_next(client, &links[i], &started);
    while (client->done < client->count) {
        int count = epoll_wait(loop, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            enum progress progress = advance(client, events[i].data.ptr);
            if (progress == PROGRESS_MORE)
                continue;
            end_link(client, events[i].data.ptr, progress);
            start_next(client, events[i].data.ptr, &started);
        }
    }
    cpu = bench_cpu_us() - cpu;
    wall = bench_wall_us() - wall;
    printf("connections=%zu failed=%zu cpu_us=%.2f wall_s=%.3f\n", client->done, client->failed,
           cpu / (double)client->done, wall / 1e6);
    close(loop);
    free(links);
    return client->failed == 0;
}
