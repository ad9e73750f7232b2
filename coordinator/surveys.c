/* surveys.c - see surveys.h. Each step of a survey is bounded: one intake batch, what the resolver takes, one page of
 * endpoints; so that many surveys advance side by side.
 */
#include "surveys.h"

#include "coordinator_sql.h"
#include "db.h"
#include "log.h"
#include "mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
    INTAKE_LINES = 20000,
    PAGE_ENDPOINTS = 1000,
    IDLE_READ_MS = 500, /* pause after a read that found nothing */
    NUMBER_CAP = 24,
    ADDRESS_CAP = 64,
};

struct survey {
    struct survey *prev, *next;
    int id;
    char id_text[NUMBER_CAP];
    int64_t lines, intake_line;
    bool listed; /* still in the database's list of active ones */
    struct resolve_cursor domains;
    char shuffle[NUMBER_CAP], address[ADDRESS_CAP]; /* how far endpoints were read */
    uint64_t read_domains_ms, read_endpoints_ms;    /* not again before */
};

struct surveys {
    struct resolver *resolver;
    struct fleet *fleet;
    struct survey *list;
};

struct surveys *surveys_new(struct resolver *resolver, struct fleet *fleet) {
    struct surveys *surveys = mem_alloc(sizeof *surveys);
    surveys->resolver = resolver;
    surveys->fleet = fleet;
    return surveys;
}

static void forget(struct surveys *surveys, struct survey *survey) {
    DL_DELETE(surveys->list, survey);
    free(survey);
}

void surveys_free(struct surveys **surveys) {
    if (*surveys == NULL)
        return;
    while ((*surveys)->list)
        forget(*surveys, (*surveys)->list);
    free(*surveys);
    *surveys = NULL;
}

static void rewind_endpoints(struct survey *survey) {
    snprintf(survey->shuffle, sizeof survey->shuffle, "-1");
    snprintf(survey->address, sizeof survey->address, "0.0.0.0");
}

static struct survey *find_or_add(struct surveys *surveys, int id) {
    struct survey *survey;
    DL_FOREACH(surveys->list, survey) {
        if (survey->id == id)
            return survey;
    }
    survey = mem_alloc(sizeof *survey);
    survey->id = id;
    snprintf(survey->id_text, sizeof survey->id_text, "%d", id);
    rewind_endpoints(survey);
    DL_APPEND(surveys->list, survey);
    log_info("survey taken up", LOG_INT("survey", id));
    return survey;
}

static bool read_list(struct surveys *surveys, PGconn *db) {
    struct survey *survey, *next;
    PGresult *rows = db_query(db, "surveys_active", SQL_SURVEYS_ACTIVE, 0, NULL);
    if (rows == NULL)
        return false;
    DL_FOREACH(surveys->list, survey) { survey->listed = false; }
    for (int i = 0; i < PQntuples(rows); i++) {
        survey = find_or_add(surveys, (int)strtol(PQgetvalue(rows, i, 0), NULL, 10));
        survey->lines = strtoll(PQgetvalue(rows, i, 1), NULL, 10);
        survey->intake_line = strtoll(PQgetvalue(rows, i, 2), NULL, 10);
        survey->listed = true;
    }
    PQclear(rows);
    DL_FOREACH_SAFE(surveys->list, survey, next) {
        if (!survey->listed)
            forget(surveys, survey);
    }
    return true;
}

/* ---- one survey ---- */

static bool take_lines(struct survey *survey, PGconn *db) {
    char lines[NUMBER_CAP];
    if (survey->intake_line >= survey->lines)
        return true;
    snprintf(lines, sizeof lines, "%d", INTAKE_LINES);
    PGresult *rows = db_query(db, "survey_intake", SQL_SURVEY_INTAKE, 2, (const char *const[]){survey->id_text, lines});
    if (rows == NULL)
        return false;
    if (PQntuples(rows) == 1)
        survey->intake_line = strtoll(PQgetvalue(rows, 0, 0), NULL, 10);
    PQclear(rows);
    survey->read_domains_ms = 0;
    return true;
}

static bool read_domains(struct surveys *surveys, struct survey *survey, PGconn *db, uint64_t now_ms) {
    if (now_ms < survey->read_domains_ms)
        return true;
    if (!resolver_fill(surveys->resolver, db, survey->id, &survey->domains))
        return false;
    if (survey->domains.exhausted)
        survey->read_domains_ms = now_ms + IDLE_READ_MS;
    return true;
}

/* One due endpoint; false if there is no room for it. */
static bool queue_row(struct surveys *surveys, struct survey *survey, const PGresult *rows, int row) {
    struct fleet_job job = {
        .survey = survey->id,
        .address = PQgetvalue(rows, row, 0),
        .port = (unsigned)strtoul(PQgetvalue(rows, row, 1), NULL, 10),
        .names_only = *PQgetvalue(rows, row, 2) == 't',
        .attempt = (unsigned)strtoul(PQgetvalue(rows, row, 3), NULL, 10) + 1,
        .names = PQgetvalue(rows, row, 5),
        .judged = (unsigned)strtoul(PQgetvalue(rows, row, 7), NULL, 10),
    };
    if (fleet_room(surveys->fleet) == 0)
        return false; /* the cursor stays before it */
    unsigned char *resume = PQunescapeBytea((const unsigned char *)PQgetvalue(rows, row, 6), &job.resume_len);
    job.resume = resume;
    if (resume == NULL) /* out of memory: start anew */
        job.resume_len = 0;
    fleet_queue(surveys->fleet, &job);
    PQfreemem(resume);
    snprintf(survey->shuffle, sizeof survey->shuffle, "%s", PQgetvalue(rows, row, 4));
    snprintf(survey->address, sizeof survey->address, "%s", job.address);
    return true;
}

static void queue_page(struct surveys *surveys, struct survey *survey, const PGresult *rows) {
    for (int row = 0; row < PQntuples(rows) && queue_row(surveys, survey, rows, row); row++)
        ;
}

static bool read_endpoints(struct surveys *surveys, struct survey *survey, PGconn *db, uint64_t now_ms) {
    char limit[NUMBER_CAP];
    size_t room = fleet_room(surveys->fleet);
    if (now_ms < survey->read_endpoints_ms || room == 0 || fleet_workers(surveys->fleet) == 0)
        return true;
    snprintf(limit, sizeof limit, "%zu", room < PAGE_ENDPOINTS ? room : PAGE_ENDPOINTS);
    const char *const params[] = {survey->id_text, survey->shuffle, survey->address, limit};
    PGresult *rows = db_query(db, "endpoints_due", SQL_ENDPOINTS_DUE, 4, params);
    if (rows == NULL)
        return false;
    if (PQntuples(rows) == 0) { /* round again, for what was added or is due again */
        rewind_endpoints(survey);
        survey->read_endpoints_ms = now_ms + IDLE_READ_MS;
    }
    queue_page(surveys, survey, rows);
    PQclear(rows);
    return true;
}

/* Nothing of the survey is in memory and the last reads found nothing: is it over? The statement has the last word. */
static bool try_finish(struct surveys *surveys, struct survey *survey, PGconn *db) {
    const char *const params[] = {survey->id_text};
    PGresult *swept = db_query(db, "sweep_names", SQL_SWEEP_NAMES, 1, params);
    if (swept == NULL)
        return false;
    bool clean = strcmp(PQcmdTuples(swept), "0") == 0;
    PQclear(swept);
    if (!clean)
        return true;
    PGresult *ended = db_query(db, "survey_finish", SQL_SURVEY_FINISH, 1, params);
    if (ended == NULL)
        return false;
    bool over = PQntuples(ended) == 1;
    PQclear(ended);
    if (over) {
        log_info("survey probed", LOG_INT("survey", survey->id));
        forget(surveys, survey);
        return db_run(db, "notify", "NOTIFY mxgrade_grading", 0, NULL);
    }
    return true;
}

static bool step(struct surveys *surveys, struct survey *survey, PGconn *db, uint64_t now_ms) {
    bool finish_due =
        survey->domains.exhausted && now_ms >= survey->read_domains_ms && survey->intake_line >= survey->lines;
    if (!take_lines(survey, db) || !read_domains(surveys, survey, db, now_ms) ||
        !read_endpoints(surveys, survey, db, now_ms))
        return false;
    bool idle = finish_due && survey->domains.exhausted && resolver_busy(surveys->resolver, survey->id) == 0 &&
                fleet_busy(surveys->fleet, survey->id) == 0;
    return !idle || try_finish(surveys, survey, db);
}

bool surveys_step(struct surveys *surveys, PGconn *db, bool look, uint64_t now_ms) {
    struct survey *survey, *next;
    if (look && !read_list(surveys, db))
        return false;
    DL_FOREACH_SAFE(surveys->list, survey, next) {
        if (!step(surveys, survey, db, now_ms))
            return false;
    }
    return true;
}
