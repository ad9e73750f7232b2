/* epoll_client.h - the least that an SMTP client with STARTTLS can be: the references run on it.
 *
 * socket, connect, epoll_ctl, then a recv and a send for banner, EHLO and STARTTLS; no timer, no parser, no memory but
 * one struct a connection. Replies must arrive whole, which on loopback they do; anything else counts as failed.
 */
#ifndef MXG_BENCH_EPOLL_CLIENT_H
#define MXG_BENCH_EPOLL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum progress { PROGRESS_MORE, PROGRESS_DONE, PROGRESS_FAILED };

struct link {
    int fd;
    unsigned replies; /* SMTP replies so far; 3: TLS has begun */
    void *tls;        /* the caller's */
};

struct epoll_client {
    unsigned profile; /* second octet */
    uint16_t port;
    size_t count, in_flight;
    enum progress (*begin_tls)(struct link *link);
    enum progress (*on_readable)(struct link *link);
    void (*end_tls)(struct link *link); /* NULL: nothing to free */
    size_t done, failed;                /* out */
};

/* A client as the command line wants it: argv[1] to argv[4] are PROFILE PORT COUNT IN-FLIGHT. What it does with TLS is
 * still to be said. */
struct epoll_client epoll_client_from(char **argv);

/* Makes count connections, in_flight at a time, and prints a line of what they cost; true if none failed. */
bool epoll_client_run(struct epoll_client *client);

#endif
