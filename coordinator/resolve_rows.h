/* resolve_rows.h - what lookups found, as rows: one transaction that stages domains and exchanges of one survey and
 * applies them set-based (sql/write_….sql).
 */
#ifndef MXG_RESOLVE_ROWS_H
#define MXG_RESOLVE_ROWS_H

#include "domain_lookup.h"

#include "db/db.h"

struct resolve_rows {
    int survey;
    unsigned port; /* of endpoints */
    const struct forbidden *forbidden;
    const struct domain *const *domain; /* all their exchanges are written, or here */
    size_t domain_count;
    const struct exchange *const *exchange;
    size_t exchange_count;
};

/* false after a rollback: a statement failed. */
__attribute__((warn_unused_result)) bool resolve_rows_write(const struct resolve_rows *rows, struct db *db);

#endif
