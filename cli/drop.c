/* drop.c - mxgrade drop: removes a survey beside whatever else is at work. DETACH … CONCURRENTLY waits until nobody
 * looks at the part any more and makes nobody wait; but it must not stand in a transaction, so that a function of the
 * schema cannot do it. The survey is cancelled first, which sends coordinator and aggregators away, and goes last: a
 * drop that was interrupted is made again, and goes on. */
#include "cli.h"
#include "cli_sql.h"

#include <string.h>
#include <unistd.h>

enum { AGAIN_US = 100000 };

static struct { const char *database; } options;

static const struct config_option OPTIONS[] = {CLI_DATABASE_OPTION(&options.database)};

/* A detachment waits for readers, however long they take, and holds nothing meanwhile. */
static const struct statement PATIENT = {"patient", "SET lock_timeout = 0", 0};
static const struct statement BRIEF = {"brief", "SET lock_timeout = '100ms'", 0};

static const struct config_program PROGRAM = {
    .name = "mxgrade drop",
    .usage = "[OPTION…] SURVEY",
    .summary = "Removes a survey and everything learnt in it, whatever its state, while others are at work.\n"
               "It waits for whoever is reading, and makes nobody wait.",
    .notes = "It takes the role that owns the schema. Interrupted, it leaves the survey as cancelled: drop it again.",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
};

/* Runs a statement that answers with a row, until it does: somebody has the survey's row. none: there is no survey. */
static bool insist(struct db *db, const struct statement *statement, const char *survey, bool *none) {
    for (;;) {
        PGresult *res = db_query(db, statement, survey);
        if (res == NULL)
            return false;
        bool done = *PQgetvalue(res, 0, 0) == 't';
        *none = *PQgetvalue(res, 0, 1) == 't';
        PQclear(res);
        if (done || *none)
            return true;
        usleep(AGAIN_US);
    }
}

static bool run_on(struct db *db, const char *format, const char *whole, const char *part) {
    char sql[256];
    const struct statement statement = {"drop", sql, 0};
    snprintf(sql, sizeof sql, format, whole, part);
    return db_run(db, &statement);
}

/* A detachment that was interrupted is finished, which waits with a lock in hand: in moments, again and again. */
static bool finalize(struct db *db, const char *whole, const char *part) {
    bool good = db_run(db, &BRIEF);
    while (good && !run_on(db, "ALTER TABLE mxgrade.%s DETACH PARTITION mxgrade.%s FINALIZE", whole, part)) {
        good = db_error(db) == DB_RETRY;
        usleep(AGAIN_US);
    }
    return good && db_run(db, &PATIENT);
}

/* row: of drop_parts.sql. */
static bool drop_part(struct db *db, const PGresult *parts, int row) {
    const char *whole = PQgetvalue(parts, row, 0), *part = PQgetvalue(parts, row, 1);
    const char *state = PQgetvalue(parts, row, 2);
    bool mine = *PQgetvalue(parts, row, 3) == 't', good = true;
    if (strcmp(state, "attached") == 0)
        good = run_on(db, "ALTER TABLE mxgrade.%s DETACH PARTITION mxgrade.%s CONCURRENTLY", whole, part);
    else if (strcmp(state, "pending") == 0)
        good = finalize(db, whole, part);
    return good && (!mine || run_on(db, "DROP TABLE mxgrade.%.0s%s", whole, part));
}

static bool drop_parts(struct db *db, const char *survey) {
    PGresult *parts = db_query(db, &SQL_DROP_PARTS, survey);
    bool good = parts != NULL;
    for (int row = 0; good && row < PQntuples(parts); row++)
        good = drop_part(db, parts, row);
    PQclear(parts);
    return good;
}

static int drop_survey(FILE *out, struct db *db, const char *survey) {
    /* One drop at a time: a table may have one part that is being detached. Gone with the session. */
    static const struct statement lock = {
        "lock", "SELECT pg_try_advisory_lock(hashtext('mxgrade_drop')), false WHERE $1 <> ''", 1};
    bool none = false;
    if (!db_run(db, &PATIENT) || !insist(db, &lock, survey, &none) || !insist(db, &SQL_DROP_BEGIN, survey, &none))
        return CLI_FAILED;
    if (none) {
        cli_error("there is no survey %s; 'mxgrade list' shows them", survey);
        return CLI_NOT_FOUND;
    }
    if (!drop_parts(db, survey) || !insist(db, &SQL_DROP_END, survey, &none))
        return CLI_FAILED;
    fprintf(out, "Survey %s is gone.\n", survey);
    return CLI_OK;
}

int verb_drop(int argc, char **argv) { return cli_survey_verb(&PROGRAM, argc, argv, &options.database, drop_survey); }
