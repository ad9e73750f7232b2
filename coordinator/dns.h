/* dns.h - DNS queries in the event loop: c-ares, with a bound on queries in flight.
 *
 * Queries beyond the bound wait in order. Retries, time-outs and TCP fallback are c-ares's.
 */
#ifndef MXG_DNS_H
#define MXG_DNS_H

#include "dns_answer.h"

#include <uv.h>

struct dns;

struct dns_config {
    const char *servers; /* "127.0.0.1:53,192.0.2.1"; NULL or "" = the system's resolv.conf */
    size_t in_flight;
    int timeout_ms, tries;
};

/* NULL: error says what to do. */
__attribute__((warn_unused_result)) struct dns *dns_open(uv_loop_t *loop, const struct dns_config *config, char *error,
                                                         size_t cap);
/* Every query outstanding ends with DNS_TIMEOUT first. *dns becomes NULL; the loop must run once more. */
void dns_close(struct dns **dns);

/* The answer is valid during the callback, which may take over mx and address by setting them to NULL. It never
 * comes from within dns_query(). */
typedef void dns_cb(struct dns_answer *answer, void *context);
void dns_query(struct dns *dns, const char *name, unsigned type, dns_cb *on_answer, void *context);

#endif
