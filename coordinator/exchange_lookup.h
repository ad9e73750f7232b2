/* exchange_lookup.h - one exchange on its way from a name to addresses, DNSSEC and TLSA records.
 *
 * A and AAAA are asked at once; where what came of them is secure, TLSA at the base domain (RFC 7672 section 2.2.3):
 * what the alias leads to, or else the exchange itself. Where an alias leads out of what is signed, the alias alone may
 * still be secure.
 */
#ifndef MXG_EXCHANGE_LOOKUP_H
#define MXG_EXCHANGE_LOOKUP_H

#include "lookup_result.h"

#include "dns/dns.h"
#include "forbidden/forbidden.h"

enum { EXCHANGE_TLSA_OCTETS = 16384 }; /* of all TLSA records of one exchange: they travel with each job */

/* The exchange is settled: the last that the lookup does. */
typedef void exchange_settled_cb(void *context);

/* Fills in result, which stays where it is until on_settled. result: all zero but its name, and EXCHANGE_STATUS_INVALID
 * as its status if that is no host name. on_settled comes at once where there is nothing to ask (invalid or forbidden).
 */
void exchange_look_up(struct exchange_result *result, struct dns *dns, const struct forbidden *forbidden,
                      exchange_settled_cb *on_settled, void *context);

#endif
