/* resolve_rows.h - what lookups found, as rows: one transaction that stages domains and exchanges of one survey and
 * applies them set-based (sql/write_….sql).
 */
#ifndef MXG_RESOLVE_ROWS_H
#define MXG_RESOLVE_ROWS_H

#include "lookup_result.h"

#include "db/db.h"
#include "forbidden/forbidden.h"

struct resolve_rows {
    int survey;
    unsigned port; /* of endpoints */
    const struct forbidden *forbidden;
    const struct domain_result **domain; /* all their exchanges are written, or here */
    size_t domain_count;
    const struct exchange_result **exchange;
    size_t exchange_count;
};

/* false after a rollback: a statement failed. */
__attribute__((warn_unused_result)) bool resolve_rows_write(const struct resolve_rows *rows, struct db *db);

#endif
