/* resolve.h - domains on their way from the database through DNS and back.
 *
 * Each domain goes at its own pace: MX and TXT lookups, then the exchanges that the survey does not know yet (shared by
 * all domains under way), then a write of many domains together. How many are under way is bounded, over all surveys,
 * and with it memory and queries.
 */
#ifndef MXG_RESOLVE_H
#define MXG_RESOLVE_H

#include "dns/dns.h"
#include "forbidden/forbidden.h"

#include "db/db.h"

struct resolver_config {
    const struct forbidden *forbidden;
    unsigned port;           /* of endpoints */
    size_t domains;          /* under way at once */
    size_t batch;            /* domains written together */
    uint64_t write_after_ms; /* fewer are written when they have waited for so long */
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

/* Reads what is due in the survey and starts lookups, as far as the bounds and its share of them allow: there are so
 * many surveys. false: a statement failed. */
__attribute__((warn_unused_result)) bool resolver_fill(struct resolver *resolver, struct db *db, int survey,
                                                       size_t surveys, struct resolve_cursor *cursor);

/* Asks the database which exchanges it knows, and writes what is looked up. false: a statement failed (what was to be
 * written is kept and written later; other surveys go on). */
__attribute__((warn_unused_result)) bool resolver_write(struct resolver *resolver, struct db *db, uint64_t now_ms);

/* The survey is gone: what is here of it is dropped as it ends, not written. */
void resolver_drop(struct resolver *resolver, int survey);

/* Domains and exchanges of a survey that are under way or not written yet. */
size_t resolver_busy(const struct resolver *resolver, int survey);

/* Temporary tables of a fresh database session. */
__attribute__((warn_unused_result)) bool resolver_prepare_session(struct db *db);

#endif
