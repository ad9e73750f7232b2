/* dns.h - DNS queries in the event loop: c-ares, paced, over one or several recursive resolvers.
 *
 * A query is tried dns_config.tries times, each try at the next resolver and with twice the time-out; SERVFAIL and
 * REFUSED are asked of the others, too. What goes out at once follows what the resolvers answer without a second try: a
 * burst that overruns a socket buffer costs more than it gains. Queries beyond that wait in order.
 *
 * Silence proves nothing: a query ends with DNS_TIMEOUT only if a resolver is known to have been there. While none
 * answers, everything waits, and what was asked meanwhile is asked again.
 *
 * DNSSEC: the AD bit is believed if the path to the resolver is trusted (loopback, or the operator says so) and the
 * resolver was seen to set it for a name known to be signed; where it fails, and the same question without validation
 * (CD) is answered, the answer is DNS_SERVFAIL and DNSSEC_BOGUS.
 */
#ifndef MXG_DNS_H
#define MXG_DNS_H

#include "dns/dns_answer.h"
#include "dns/dns_server.h"

#include <uv.h>

struct dns;

/* NULL: error says what to do. */
__attribute__((warn_unused_result)) struct dns *dns_open(uv_loop_t *loop, const struct dns_config *config, char *error,
                                                         size_t cap);
/* Every query outstanding ends with DNS_TIMEOUT first. *dns becomes NULL; the loop must run once more. */
void dns_close(struct dns **dns);

/* The answer is valid during the callback, which may take over mx and address by setting them to NULL. It never
 * comes from within dns_query(). */
typedef void dns_cb(struct dns_answer *answer, void *context);
void dns_query(struct dns *dns, const char *name, unsigned type, dns_cb *on_answer, void *context);

/* Queries under way or waiting. */
size_t dns_busy(const struct dns *dns);
/* No resolver answers: everything waits. */
bool dns_stalled(const struct dns *dns);

/* What is known of the resolvers. */
size_t dns_server_count(const struct dns *dns);
struct dns_server dns_server(const struct dns *dns, size_t index);

#endif
