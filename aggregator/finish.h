/* finish.h - the final grades of surveys whose probes are all done (state grading). */
#ifndef MXG_AGGREGATOR_FINISH_H
#define MXG_AGGREGATOR_FINISH_H

#include "db/db.h"

/* Takes up one survey in state grading, if there is one that no other aggregator holds, and completes
 * it. False after logging that the database failed. */
__attribute__((warn_unused_result)) bool finish_survey(struct db *db);

#endif
