/* policy_fetch.h - fetches one MTA-STS policy: https://mta-sts.DOMAIN/.well-known/mta-sts.txt (RFC 8461 section 3.3).
 *
 * One connection to one address, the one given, and to no other: nothing is resolved, redirects are not followed, there
 * is no proxy, cache, cookie, password file or content decoding. TLS 1.2 or newer; the certificate must chain to the
 * trust store, be in date and name the host as a SAN dNSName: a common name does not count. Time and size are bounded.
 */
#ifndef MXG_POLICY_FETCH_H
#define MXG_POLICY_FETCH_H

#include "bus/mxgrade.pb-c.h"
#include "forbidden/forbidden.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

struct policy_config {
    const char *trust_store;           /* PEM file, borrowed; NULL: the system's */
    uint64_t connect_ms;               /* longest time for TCP and TLS together */
    uint64_t total_ms;                 /* longest time for all of it */
    const struct forbidden *forbidden; /* asked before every connection; borrowed; NULL: reserved addresses are */
};
/* 20 s to connect, and the minute that RFC 8461 section 3.3 suggests. */
struct policy_config policy_config_default(void);

struct policy_fetcher;
/* config: copied. NULL: libcurl could not start; *error (static text) says why. */
__attribute__((warn_unused_result)) struct policy_fetcher *
policy_fetcher_new(uv_loop_t *loop, const struct policy_config *config, const char **error);
/* No fetch may be under way. The loop must run once more to release the handles. *fetcher becomes NULL. */
void policy_fetcher_free(struct policy_fetcher **fetcher);

struct policy_target {
    const char *domain;              /* A-label; copied */
    struct sockaddr_storage address; /* of the policy host, with the port */
    uint64_t deadline_ms;            /* longest time for this one; 0: the configuration's */
};

/* The result has all but job and survey; it is the callback's own, free it with
 * mxgrade__policy_result__free_unpacked(result, NULL). body is the policy as it came, each line sanitised (text.h) and
 * ended with a line feed; it is empty unless a whole answer of status 200 and type text/plain arrived. */
typedef void policy_fetch_cb(Mxgrade__PolicyResult *result, void *context);

struct policy_fetch;
/* Starts; the callback comes later, exactly once, never from within this call, and when the socket is closed. */
struct policy_fetch *policy_fetch_start(struct policy_fetcher *fetcher, const struct policy_target *target,
                                        policy_fetch_cb *on_done, void *context);
/* Ends it at once; the callback still comes (unknown, "timeout"). */
void policy_fetch_abort(struct policy_fetch *fetch);

#endif
