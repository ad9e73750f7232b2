/* finish.c - see finish.h. One transaction: the claim is a row lock, so an aggregator that dies in the
 * middle gives the survey back by dying. */
#include "finish.h"

#include "aggregator_sql.h"
#include "base/log.h"
#include "grade_rows.h"

#include <stdio.h>

static bool complete_survey(struct db *db, const char *survey) {
    if (!db_run(db, &SQL_TOUCH_UNGRADED, survey) || !grade_touched(db, survey) || !refresh_all(db, survey) ||
        !db_run(db, &SQL_COMPLETE_SURVEY, survey))
        return false;
    log_info("survey complete", LOG_STR("survey", survey));
    return true;
}

bool finish_survey(struct db *db) {
    char survey[16] = "";
    bool good = db_begin(db);
    PGresult *claim = good ? db_query(db, &SQL_CLAIM_SURVEY) : NULL;
    good = claim != NULL;
    if (good && PQntuples(claim) == 1)
        snprintf(survey, sizeof survey, "%s", PQgetvalue(claim, 0, 0));
    PQclear(claim);
    if (good && *survey)
        good = complete_survey(db, survey);
    if (good)
        return db_commit(db);
    db_rollback(db);
    return false;
}
