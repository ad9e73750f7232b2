/* stage.h - from items to rows of the staging tables (sql/staging.sql). */
#ifndef MXG_AGGREGATOR_STAGE_H
#define MXG_AGGREGATOR_STAGE_H

#include "db/db.h"
#include "item.h"

/* COPY of items of one kind, into staged_certificate, into staged_endpoint and staged_name, or into staged_policy.
 * False after logging what failed. */
__attribute__((warn_unused_result)) bool stage_certificates(struct db *db, const struct item *items, size_t count);
__attribute__((warn_unused_result)) bool stage_results(struct db *db, const struct item *items, size_t count);
__attribute__((warn_unused_result)) bool stage_policies(struct db *db, const struct item *items, size_t count);

#endif
