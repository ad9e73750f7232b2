/* due_jobs.h - probe and policy jobs on their way from the database to the fleet: pages of what is due in a survey,
 * behind a cursor, without what is not to be contacted any more.
 */
#ifndef MXG_DUE_JOBS_H
#define MXG_DUE_JOBS_H

#include "fleet.h"

#include "db/db.h"
#include "forbidden/forbidden.h"

enum { DUE_CURSOR_COLUMNS = 2, DUE_CURSOR_CAP = 64 };

enum due_kind { DUE_ENDPOINTS, DUE_POLICIES };

/* How far the due jobs of one kind were read. */
struct due_jobs {
    enum due_kind kind;
    int survey;
    char cursor[DUE_CURSOR_COLUMNS][DUE_CURSOR_CAP]; /* behind this row */
    uint64_t not_before_ms;                          /* the next read: the last one found nothing */
};

/* From the first row on. */
struct due_jobs due_jobs_begin(enum due_kind kind, int survey);

/* Reads a page of up to so many jobs into the fleet, and settles those of it that are forbidden. After the last row it
 * begins again, for what was added or is due again. false: a statement failed. */
__attribute__((warn_unused_result)) bool due_jobs_read(struct due_jobs *due, struct db *db, struct fleet *fleet,
                                                       const struct forbidden *forbidden, size_t room, uint64_t now_ms);

#endif
