/* stage.h - from protobuf to rows of the staging tables (sql/staging.sql).
 *
 * A worker sanitises and bounds what remote hosts said, and everything is checked again here: text that
 * is not clean is escaped, what is too long or too much is cut, numbers out of range become null, dates
 * are clamped. Only what leaves nothing to hold on to is refused, by item_flaw().
 */
#ifndef MXG_AGGREGATOR_STAGE_H
#define MXG_AGGREGATOR_STAGE_H

#include "bus/mxgrade.pb-c.h"
#include "db/db.h"

#include <netinet/in.h>

/* One thing to store, with the message that brought it: one of the three pointers is set. All borrowed. */
struct item {
    const Mxgrade__Results *from;
    const Mxgrade__Certificate *certificate;
    const Mxgrade__EndpointResult *result;
    const Mxgrade__PolicyResult *policy;
    char address[INET6_ADDRSTRLEN]; /* of a result, canonical; "" = none; set by item_flaw() */
    size_t arrival;                 /* its place in the batch */
    unsigned turn; /* 0 for the first result of an endpoint or a domain in the batch, 1 for the second … */
};

/* NULL, or why the item cannot be stored. Sets item->address. Static. */
const char *item_flaw(struct item *item);

/* COPY into staged_certificate, into staged_endpoint and staged_name, or into staged_policy. */
__attribute__((warn_unused_result)) bool stage_certificates(struct db *db, const struct item *items, size_t count);
__attribute__((warn_unused_result)) bool stage_results(struct db *db, const struct item *items, size_t count);
__attribute__((warn_unused_result)) bool stage_policies(struct db *db, const struct item *items, size_t count);

#endif
