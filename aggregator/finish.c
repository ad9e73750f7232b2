/* finish.c - see finish.h. One transaction: the claim is a row lock, so an aggregator that dies in the
 * middle gives the survey back by dying. */
#include "finish.h"

#include "aggregator_sql.h"
#include "base/log.h"
#include "grade_rows.h"

#include <stdio.h>

static bool complete(PGconn *db, const char *survey) {
    const char *const params[] = {survey};
    if (!db_run(db, "touch ungraded", SQL_TOUCH_UNGRADED, 1, params) || !grade_touched(db, survey) ||
        !refresh_all(db, survey) || !db_run(db, "complete survey", SQL_COMPLETE_SURVEY, 1, params))
        return false;
    log_info("survey complete", LOG_STR("survey", survey));
    return true;
}

bool finish_survey(PGconn *db) {
    char survey[16] = "";
    bool good = db_run(db, "begin", "BEGIN", 0, NULL);
    PGresult *claim = good ? db_query(db, "claim survey", SQL_CLAIM_SURVEY, 0, NULL) : NULL;
    good = claim != NULL;
    if (good && PQntuples(claim) == 1)
        snprintf(survey, sizeof survey, "%s", PQgetvalue(claim, 0, 0));
    PQclear(claim);
    if (good && *survey)
        good = complete(db, survey);
    if (good)
        return db_run(db, "commit", "COMMIT", 0, NULL);
    return PQstatus(db) == CONNECTION_OK && db_run(db, "rollback", "ROLLBACK", 0, NULL) && false;
}
