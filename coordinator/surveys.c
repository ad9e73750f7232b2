/* surveys.c - see surveys.h. Each step of a survey is bounded: one intake batch, what the resolver takes, one page of
 * endpoints; so that many surveys advance side by side.
 */
#include "surveys.h"

#include "base/log.h"
#include "base/mem.h"
#include "coordinator_sql.h"
#include "db/db.h"
#include "names/address.h"
#include "names/name.h"
#include "published/sts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
    INTAKE_LINES = 20000,
    PAGE_JOBS = 1000,
    PAGE_NAMES = 1000,  /* of one endpoint, see sql/endpoints_due.sql */
    IDLE_READ_MS = 500, /* pause after a read that found nothing */
    NUMBER_CAP = 24,
    ADDRESS_CAP = 64,
    POLICY_PORT = 443,
};

struct survey {
    struct survey *prev, *next;
    int id;
    char id_text[NUMBER_CAP];
    int64_t lines, intake_line;
    bool listed; /* still in the database's list of active ones */
    struct resolve_cursor domains;
    char shuffle[NUMBER_CAP], address[ADDRESS_CAP];                /* how far endpoints were read */
    char policy[ADDRESS_CAP];                                      /* how far policies were read: to that address */
    uint64_t read_domains_ms, read_endpoints_ms, read_policies_ms; /* not again before */
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

static void forget(struct surveys *surveys, struct survey *survey) {
    DL_DELETE(surveys->list, survey);
    surveys->count--;
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
    surveys->count++;
    log_info("survey taken up", LOG_INT("survey", id));
    return survey;
}

static bool read_list(struct surveys *surveys, struct db *db) {
    struct survey *survey, *next;
    PGresult *rows = db_query(db, &SQL_SURVEYS_ACTIVE);
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
        if (!survey->listed) { /* cancelled or dropped */
            resolver_drop(surveys->resolver, survey->id);
            forget(surveys, survey);
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

/* Rows that are not to be contacted any more: their keys, and beside each an address or NULL, as array literals:
 * "{a,b"; they hold nothing to be quoted. */
struct refused {
    char *keys, *addresses;
    size_t count;
};

static void add_to(char **list, const char *text) {
    char *longer = mem_printf("%s%c%s", *list ? *list : "", *list ? ',' : '{', text);
    free(*list);
    *list = longer;
}

static void refuse(struct refused *refused, const char *key, const char *address) {
    add_to(&refused->keys, key);
    add_to(&refused->addresses, address ? address : "NULL");
    refused->count++;
}

/* Settles the refused rows, and frees the list. */
static bool settle_refused(struct refused *refused, const struct survey *survey, struct db *db,
                           const struct statement *statement) {
    if (refused->count == 0)
        return true;
    char *keys = mem_printf("%s}", refused->keys), *addresses = mem_printf("%s}", refused->addresses);
    log_info("refused by policy", LOG_INT("survey", survey->id), LOG_STR("what", statement->name),
             LOG_INT("count", refused->count));
    bool good = db_run(db, statement, survey->id_text, keys, addresses);
    free(keys);
    free(addresses);
    free(refused->keys);
    free(refused->addresses);
    return good;
}

static bool is_forbidden(const struct surveys *surveys, const char *address, unsigned port) {
    struct sockaddr_storage parsed;
    return !address_parse(&parsed, address, port) ||
           forbidden_address(surveys->forbidden, (const struct sockaddr *)&parsed) != NULL;
}

/* Are all of the names, joined by '\n', forbidden, and no others waiting behind them? Of some among others the worker
 * sees to it. */
static bool names_are_forbidden(const struct surveys *surveys, const char *names) {
    size_t count = 0;
    bool any = *names != '\0';
    while (*names) {
        char name[NAME_CAP];
        size_t len = strcspn(names, "\n");
        snprintf(name, sizeof name, "%.*s", (int)len, names);
        if (forbidden_name(surveys->forbidden, name) == NULL || ++count == PAGE_NAMES)
            return false;
        names += len + (names[len] == '\n');
    }
    return any;
}

/* One due endpoint. */
static void queue_endpoint(struct surveys *surveys, struct survey *survey, const PGresult *rows, int row,
                           struct refused *refused) {
    struct fleet_job job = {
        .survey = survey->id,
        .address = PQgetvalue(rows, row, 0),
        .port = (unsigned)strtoul(PQgetvalue(rows, row, 1), NULL, 10),
        .names_only = *PQgetvalue(rows, row, 2) == 't',
        .attempt = (unsigned)strtoul(PQgetvalue(rows, row, 3), NULL, 10) + 1,
        .names = PQgetvalue(rows, row, 5),
        .judged = (unsigned)strtoul(PQgetvalue(rows, row, 7), NULL, 10),
        .tlsa = PQgetvalue(rows, row, 8),
    };
    unsigned char *resume = PQunescapeBytea((const unsigned char *)PQgetvalue(rows, row, 6), &job.resume_len);
    job.resume = resume;
    if (resume == NULL) /* out of memory: start anew */
        job.resume_len = 0;
    if (is_forbidden(surveys, job.address, job.port))
        refuse(refused, job.address, NULL);
    else if (names_are_forbidden(surveys, job.names))
        refuse(refused, job.address, job.address);
    else
        fleet_queue(surveys->fleet, &job);
    PQfreemem(resume);
    snprintf(survey->shuffle, sizeof survey->shuffle, "%s", PQgetvalue(rows, row, 4));
    snprintf(survey->address, sizeof survey->address, "%s", job.address);
}

/* One due policy. */
static void queue_policy(struct surveys *surveys, struct survey *survey, const PGresult *rows, int row,
                         struct refused *refused) {
    char host[STS_HOST_CAP];
    struct fleet_job job = {
        .survey = survey->id,
        .domain = PQgetvalue(rows, row, 0),
        .address = PQgetvalue(rows, row, 1),
        .port = POLICY_PORT,
        .attempt = (unsigned)strtoul(PQgetvalue(rows, row, 2), NULL, 10) + 1,
    };
    if (!sts_host(host, job.domain) || forbidden_name(surveys->forbidden, host))
        refuse(refused, job.domain, NULL);
    else if (is_forbidden(surveys, job.address, job.port))
        refuse(refused, job.domain, job.address);
    else
        fleet_queue(surveys->fleet, &job);
    snprintf(survey->policy, sizeof survey->policy, "%s", PQgetvalue(rows, row, 3));
}

static void rewind_policies(struct survey *survey) { survey->policy[0] = '\0'; }

/* The two kinds of jobs, each read page by page behind its cursor. */
static const struct kind {
    const struct statement *due, *refuse;
    void (*queue)(struct surveys *surveys, struct survey *survey, const PGresult *rows, int row,
                  struct refused *refused);
    void (*rewind)(struct survey *survey);
} ENDPOINTS = {&SQL_ENDPOINTS_DUE, &SQL_REFUSE_ENDPOINTS, queue_endpoint, rewind_endpoints},
  POLICIES = {&SQL_POLICIES_DUE, &SQL_REFUSE_POLICIES, queue_policy, rewind_policies};

/* Of what there is room for; all surveys together must not wait for the first. */
static size_t share(const struct surveys *surveys, size_t room) {
    return room < surveys->count ? room : room / surveys->count;
}

static bool read_jobs(struct surveys *surveys, struct survey *survey, struct db *db, const struct kind *kind,
                      const char *const *cursor, int cursor_columns, uint64_t *read_ms, uint64_t now_ms) {
    char limit[NUMBER_CAP];
    const char *params[4] = {survey->id_text};
    struct refused refused = {NULL, NULL, 0};
    size_t room = share(surveys, fleet_room(surveys->fleet));
    if (now_ms < *read_ms || room == 0 || fleet_workers(surveys->fleet) == 0)
        return true;
    snprintf(limit, sizeof limit, "%zu", room < PAGE_JOBS ? room : PAGE_JOBS);
    for (int i = 0; i < cursor_columns; i++)
        params[1 + i] = cursor[i];
    params[1 + cursor_columns] = limit;
    PGresult *rows = db_query_params(db, kind->due, 2 + cursor_columns, params);
    if (rows == NULL)
        return false;
    for (int row = 0; row < PQntuples(rows); row++)
        kind->queue(surveys, survey, rows, row, &refused);
    if (PQntuples(rows) == 0) { /* round again, for what was added or is due again */
        kind->rewind(survey);
        *read_ms = now_ms + IDLE_READ_MS;
    }
    PQclear(rows);
    return settle_refused(&refused, survey, db, kind->refuse);
}

static bool read_endpoints(struct surveys *surveys, struct survey *survey, struct db *db, uint64_t now_ms) {
    const char *const cursor[] = {survey->shuffle, survey->address};
    return read_jobs(surveys, survey, db, &ENDPOINTS, cursor, 2, &survey->read_endpoints_ms, now_ms);
}

static bool read_policies(struct surveys *surveys, struct survey *survey, struct db *db, uint64_t now_ms) {
    const char *const cursor[] = {survey->policy};
    return read_jobs(surveys, survey, db, &POLICIES, cursor, 1, &survey->read_policies_ms, now_ms);
}

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
        forget(surveys, survey);
        return db_run(db, &notify);
    }
    return true;
}

static bool step(struct surveys *surveys, struct survey *survey, struct db *db, uint64_t now_ms) {
    bool finish_due =
        survey->domains.exhausted && now_ms >= survey->read_domains_ms && survey->intake_line >= survey->lines;
    if (!take_lines(survey, db) || !read_domains(surveys, survey, db, now_ms) ||
        !read_policies(surveys, survey, db, now_ms) || !read_endpoints(surveys, survey, db, now_ms))
        return false;
    bool idle = finish_due && survey->domains.exhausted && resolver_busy(surveys->resolver, survey->id) == 0 &&
                fleet_busy(surveys->fleet, survey->id) == 0;
    return !idle || try_finish(surveys, survey, db);
}

bool surveys_step(struct surveys *surveys, struct db *db, bool look, uint64_t now_ms) {
    struct survey *survey, *next;
    if (look && !read_list(surveys, db))
        return false;
    bool good = true;
    if (surveys->count > 1) { /* each is the first to get what little room there is */
        survey = surveys->list;
        DL_DELETE(surveys->list, survey);
        DL_APPEND(surveys->list, survey);
    }
    DL_FOREACH_SAFE(surveys->list, survey, next) {
        good = step(surveys, survey, db, now_ms) && good; /* one that fails keeps no other from going on */
        if (!db_is_connected(db))
            return false;
    }
    return good;
}
