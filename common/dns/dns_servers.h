/* dns_servers.h - the resolvers: whether they are there, whether they validate, and which is to be asked. Inside the
 * room only.
 *
 * Two questions are asked of each resolver, again and again. The call is asked without recursion, which any resolver
 * answers at once, whatever the Internet does: it tells whether one is there. The other is for the signed name, and its
 * answer tells whether the resolver validates.
 */
#ifndef MXG_DNS_SERVERS_H
#define MXG_DNS_SERVERS_H

#include "dns/dns_link.h"
#include "dns/dns_server.h"

/* What is known from a check. */
enum dns_known {
    DNS_NOT_ASKED, /* no check has ended yet */
    DNS_NOT_SAID,  /* one has, and says neither */
    DNS_KNOWN_NO,
    DNS_KNOWN_YES,
};

struct dns_check {
    enum dns_known known;
    bool under_way; /* it is asked again: what was known holds until the answer */
};

struct server {
    struct dns_servers *all;
    struct dns_server public;
    bool trusted;                        /* the path to it is */
    struct dns_check there;              /* the call; nothing in time, and nothing else from it, is a no */
    struct dns_check validates;          /* the signed name is authentic; a failure says neither */
    uint64_t called_ms;                  /* when the last call began */
    uint64_t heard_ms;                   /* when it answered a query */
    struct dns_link link[DNS_TRIES_MAX]; /* one for each try, because the time-out is a link's */
};

struct dns_servers_hooks {
    void (*on_heard)(void *context);              /* a call was answered */
    void (*on_called)(void *context, bool there); /* calls have ended; is any resolver there? */
    void *context;
};

struct dns_servers {
    uv_loop_t *loop;
    struct dns_servers_hooks hooks;
    struct server server[DNS_SERVERS_MAX];
    size_t count;
    unsigned tries;
    char *signed_name;
    uint64_t check_ms;  /* when checks are due */
    uint64_t ticked_ms; /* the last tick */
    bool closing;
};

/* *servers: zeros before. They must not move while they are open. false: error says why; close them all the same. */
__attribute__((warn_unused_result)) bool dns_servers_open(struct dns_servers *servers, uv_loop_t *loop,
                                                          const struct dns_config *config,
                                                          const struct dns_servers_hooks *hooks, char *error,
                                                          size_t cap);
/* Every question outstanding is called back first; checks say nothing more. */
void dns_servers_close(struct dns_servers *servers);

/* Ends what has had its time, and checks if that is due. Call often. */
void dns_servers_tick(struct dns_servers *servers);
/* The next tick checks. */
void dns_servers_check_soon(struct dns_servers *servers);

/* Have both questions of each ended once? Before that nobody knows which to ask. */
bool dns_servers_known(const struct dns_servers *servers);
/* The best that there are, at least one; and the nth of them, counted round. */
size_t dns_servers_best_count(const struct dns_servers *servers);
struct server *dns_servers_best(struct dns_servers *servers, size_t nth);

/* Does it validate, and is the path to it trusted? */
bool dns_server_is_believed(const struct server *server);

#endif
