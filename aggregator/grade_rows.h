/* grade_rows.h - grades in the database, within the caller's transaction. survey: its number as text.
 * All return false after logging what failed. */
#ifndef MXG_AGGREGATOR_GRADE_ROWS_H
#define MXG_AGGREGATOR_GRADE_ROWS_H

#include "db/db.h"

/* Grades the rows of exchange_endpoint that are listed in the staging table touched. */
__attribute__((warn_unused_result)) bool grade_touched(struct db *db, const char *survey);

/* Brings the exchanges of those rows, and the MX sets of exchanges that changed, up to date. */
__attribute__((warn_unused_result)) bool refresh_touched(struct db *db, const char *survey);

/* Brings every exchange and MX set of the survey up to date. */
__attribute__((warn_unused_result)) bool refresh_all(struct db *db, const char *survey);

#endif
