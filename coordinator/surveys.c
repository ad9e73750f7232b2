/* surveys.c - see surveys.h. Each step of a survey is bounded: one intake batch, what the resolver takes, one page of
 * endpoints; so that many surveys advance side by side.
 */
#include "surveys.h"

#include "base/log.h"
#include "base/mem.h"
#include "coordinator_sql.h"
#include "db/db.h"
#include "due_jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
    INTAKE_LINES = 20000,
    IDLE_READ_MS = 500, /* pause after a read that found nothing */
    NUMBER_CAP = 24,
};

struct survey {
    struct survey *prev, *next;
    int id;
    char id_text[NUMBER_CAP];
    int64_t lines, intake_line;
    bool listed; /* still in the database's list of active ones */
    struct resolve_cursor domains;
    uint64_t read_domains_ms; /* domains are not read again before */
    struct due_jobs endpoints, policies;
};

struct surveys {
    struct resolver *resolver;
    struct fleet *fleet;
    const struct forbidden *forbidden;
    struct survey *list;
    size_t count;
};

struct surveys *surveys_new(struct resolver *resolver, struct fleet *fleet, const struct forbidden *forbidden) {
    struct surveys *surveys = mem_alloc(sizeof *surveys);
    surveys->resolver = resolver;
    surveys->fleet = fleet;
    surveys->forbidden = forbidden;
    return surveys;
}

static void forget_survey(struct surveys *surveys, struct survey *survey) {
    DL_DELETE(surveys->list, survey);
    surveys->count--;
    free(survey);
}

void surveys_free(struct surveys **surveys) {
    if (*surveys == NULL)
        return;
    while ((*surveys)->list)
        forget_survey(*surveys, (*surveys)->list);
    free(*surveys);
    *surveys = NULL;
}

static struct survey *find_or_add_survey(struct surveys *surveys, int id) {
    struct survey *survey;
    DL_FOREACH(surveys->list, survey) {
        if (survey->id == id)
            return survey;
    }
    survey = mem_alloc(sizeof *survey);
    survey->id = id;
    snprintf(survey->id_text, sizeof survey->id_text, "%d", id);
    survey->endpoints = due_jobs_begin(DUE_ENDPOINTS, id);
    survey->policies = due_jobs_begin(DUE_POLICIES, id);
    DL_APPEND(surveys->list, survey);
    surveys->count++;
    log_info("survey taken up", LOG_INT("survey", id));
    return survey;
}

static bool read_surveys(struct surveys *surveys, struct db *db) {
    struct survey *survey, *next;
    PGresult *rows = db_query(db, &SQL_SURVEYS_ACTIVE);
    if (rows == NULL)
        return false;
    DL_FOREACH(surveys->list, survey) { survey->listed = false; }
    for (int i = 0; i < PQntuples(rows); i++) {
        survey = find_or_add_survey(surveys, (int)strtol(PQgetvalue(rows, i, 0), NULL, 10));
        survey->lines = strtoll(PQgetvalue(rows, i, 1), NULL, 10);
        survey->intake_line = strtoll(PQgetvalue(rows, i, 2), NULL, 10);
        survey->listed = true;
    }
    PQclear(rows);
    DL_FOREACH_SAFE(surveys->list, survey, next) {
        if (!survey->listed) { /* cancelled or dropped */
            resolver_drop(surveys->resolver, survey->id);
            forget_survey(surveys, survey);
        }
    }
    return true;
}

/* ---- one survey ---- */

static bool take_lines(struct survey *survey, struct db *db) {
    char lines[NUMBER_CAP];
    if (survey->intake_line >= survey->lines)
        return true;
    snprintf(lines, sizeof lines, "%d", INTAKE_LINES);
    PGresult *rows = db_query(db, &SQL_SURVEY_INTAKE, survey->id_text, lines);
    if (rows == NULL)
        return false;
    if (PQntuples(rows) == 1)
        survey->intake_line = strtoll(PQgetvalue(rows, 0, 0), NULL, 10);
    PQclear(rows);
    survey->read_domains_ms = 0;
    return true;
}

static bool read_domains(struct surveys *surveys, struct survey *survey, struct db *db, uint64_t now_ms) {
    if (now_ms < survey->read_domains_ms)
        return true;
    if (!resolver_fill(surveys->resolver, db, survey->id, surveys->count, &survey->domains))
        return false;
    if (survey->domains.exhausted)
        survey->read_domains_ms = now_ms + IDLE_READ_MS;
    return true;
}

/* ---- jobs ---- */

/* Of what there is room for; all surveys together must not wait for the first. */
static size_t share_of_room(const struct surveys *surveys) {
    size_t room = fleet_room(surveys->fleet);
    return room < surveys->count ? room : room / surveys->count;
}

static bool read_jobs(struct surveys *surveys, struct due_jobs *due, struct db *db, uint64_t now_ms) {
    return due_jobs_read(due, db, surveys->fleet, surveys->forbidden, share_of_room(surveys), now_ms);
}

/* ---- the end ---- */

/* Nothing of the survey is in memory and the last reads found nothing: is it over? The statement has the last word. */
static bool try_finish(struct surveys *surveys, struct survey *survey, struct db *db) {
    static const struct statement notify = {"notify", "NOTIFY mxgrade_grading", 0};
    PGresult *swept = db_query(db, &SQL_SWEEP_NAMES, survey->id_text);
    if (swept == NULL)
        return false;
    bool clean = strcmp(PQcmdTuples(swept), "0") == 0;
    PQclear(swept);
    if (!clean)
        return true;
    PGresult *ended = db_query(db, &SQL_SURVEY_FINISH, survey->id_text);
    if (ended == NULL)
        return false;
    bool over = PQntuples(ended) == 1;
    PQclear(ended);
    if (over) {
        log_info("survey probed", LOG_INT("survey", survey->id));
        forget_survey(surveys, survey);
        return db_run(db, &notify);
    }
    return true;
}

static bool step_survey(struct surveys *surveys, struct survey *survey, struct db *db, uint64_t now_ms) {
    bool finish_due =
        survey->domains.exhausted && now_ms >= survey->read_domains_ms && survey->intake_line >= survey->lines;
    if (!take_lines(survey, db) || !read_domains(surveys, survey, db, now_ms) ||
        !read_jobs(surveys, &survey->policies, db, now_ms) || !read_jobs(surveys, &survey->endpoints, db, now_ms))
        return false;
    bool idle = finish_due && survey->domains.exhausted && resolver_busy(surveys->resolver, survey->id) == 0 &&
                fleet_busy(surveys->fleet, survey->id) == 0;
    return !idle || try_finish(surveys, survey, db);
}

bool surveys_step(struct surveys *surveys, struct db *db, bool look, uint64_t now_ms) {
    struct survey *survey, *next;
    if (look && !read_surveys(surveys, db))
        return false;
    bool good = true;
    if (surveys->count > 1) { /* each is the first to get what little room there is */
        survey = surveys->list;
        DL_DELETE(surveys->list, survey);
        DL_APPEND(surveys->list, survey);
    }
    DL_FOREACH_SAFE(surveys->list, survey, next) {
        good = step_survey(surveys, survey, db, now_ms) && good; /* one that fails keeps no other from going on */
        if (!db_is_connected(db))
            return false;
    }
    return good;
}
