/* resolve.h - batches of domains on their way from names to MX sets, exchanges and endpoints.
 *
 * A batch walks MX lookups -> address lookups of the exchanges that the survey does not know yet -> one write
 * transaction. Several are under way at once, so that one slow domain delays its batch and not the survey; their number
 * and size bound memory and queries.
 */
#ifndef MXG_RESOLVE_H
#define MXG_RESOLVE_H

#include "dns.h"

#include <libpq-fe.h>

struct resolver_config {
    bool allow_reserved;
    unsigned port;     /* of endpoints */
    size_t batch_size; /* domains */
    size_t batches;    /* under way at once, over all surveys */
};

struct resolver;
struct resolver *resolver_new(struct dns *dns, const struct resolver_config *config);
/* Only after dns_close(): no query may be outstanding. */
void resolver_free(struct resolver **resolver);

/* Where a survey's reader stands. */
struct resolve_cursor {
    int64_t line;   /* domains up to this line were read */
    bool exhausted; /* the last read found nothing due */
};

/* Reads what is due in the survey and starts batches, as far as the bounds allow. false: a statement failed. */
__attribute__((warn_unused_result)) bool resolver_fill(struct resolver *resolver, PGconn *db, int survey,
                                                       struct resolve_cursor *cursor);

/* Moves batches on: writes those that are looked up. false: a statement failed (the batch is kept and written later).
 */
__attribute__((warn_unused_result)) bool resolver_write(struct resolver *resolver, PGconn *db);

/* Batches under way for a survey. */
size_t resolver_busy(const struct resolver *resolver, int survey);

/* Temporary tables of a fresh database session. */
__attribute__((warn_unused_result)) bool resolver_prepare_session(PGconn *db);

#endif
