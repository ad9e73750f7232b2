/* domain_lookup.h - one domain on its way from a name to its MX records, MTA-STS and TLS-RPT records and the addresses
 * of its policy host. Its exchanges are looked up apart (exchange_lookup.h), because domains share them.
 */
#ifndef MXG_DOMAIN_LOOKUP_H
#define MXG_DOMAIN_LOOKUP_H

#include "lookup_result.h"

#include "dns/dns.h"
#include "forbidden/forbidden.h"

struct domain_events {
    /* The MX answer has this member. listed: in MX records, else the domain's own name is the candidate for an implicit
     * MX. Gives the result of the exchange, which may be filled in later. */
    const struct exchange_result *(*on_member)(const struct mx_member *member, bool listed, void *context);
    /* Everything is known but the exchanges: the last that the lookup does. */
    void (*on_done)(void *context);
};

/* Fills in result, which stays where it is until on_done. result: all zero but its name. A forbidden domain is done at
 * once. */
void domain_look_up(struct domain_result *result, struct dns *dns, const struct forbidden *forbidden,
                    const struct domain_events *events, void *context);

#endif
