/* due_jobs.c - see due_jobs.h. The two kinds of jobs differ in their statements, their cursor, and what a row says;
 * KINDS has a row for each. */
#include "due_jobs.h"

#include "base/log.h"
#include "coordinator_sql.h"
#include "names/address.h"
#include "names/name.h"
#include "published/sts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAGE_JOBS = 1000,
    PAGE_NAMES = 1000,  /* of one endpoint, see sql/endpoints_due.sql */
    IDLE_READ_MS = 500, /* pause after a read that found nothing */
    NUMBER_CAP = 24,
    POLICY_PORT = 443,
};

/* A page that is read: where its jobs go. */
struct page {
    const PGresult *rows;
    int survey;
    struct fleet *fleet;
    const struct forbidden *forbidden;
    /* Rows that are not to be contacted any more: their keys, and beside each an address or NULL. */
    struct db_array refused_keys, refused_addresses;
};

static unsigned row_number(const struct page *page, int row, int column) {
    return (unsigned)strtoul(PQgetvalue(page->rows, row, column), NULL, 10);
}

/* ---- what is forbidden ---- */

static void refuse_row(struct page *page, const char *key, const char *address) {
    db_array_add(&page->refused_keys, key);
    db_array_add(&page->refused_addresses, address);
}

/* Settles the refused rows. */
static bool settle_refused(struct page *page, struct db *db, const struct statement *statement) {
    char survey[NUMBER_CAP];
    if (page->refused_keys.count == 0)
        return true;
    snprintf(survey, sizeof survey, "%d", page->survey);
    log_info("refused by policy", LOG_INT("survey", page->survey), LOG_STR("what", statement->name),
             LOG_INT("count", page->refused_keys.count));
    return db_run(db, statement, survey, db_array_text(&page->refused_keys), db_array_text(&page->refused_addresses));
}

static bool address_is_forbidden(const struct page *page, const char *address, unsigned port) {
    struct sockaddr_storage parsed;
    return !address_parse(&parsed, address, port) ||
           forbidden_address(page->forbidden, (const struct sockaddr *)&parsed) != NULL;
}

/* Are all of the names, joined by '\n', forbidden, and no others waiting behind them? Of some among others the worker
 * sees to it. */
static bool names_are_forbidden(const struct page *page, const char *names) {
    size_t count = 0;
    bool any = *names != '\0';
    while (*names) {
        char name[NAME_CAP];
        size_t len = strcspn(names, "\n");
        snprintf(name, sizeof name, "%.*s", (int)len, names);
        if (forbidden_name(page->forbidden, name) == NULL || ++count == PAGE_NAMES)
            return false;
        names += len + (names[len] == '\n');
    }
    return any;
}

/* ---- rows ---- */

/* Columns of sql/endpoints_due.sql. */
enum {
    ENDPOINT_ADDRESS,
    ENDPOINT_PORT,
    ENDPOINT_FACTS_KNOWN,
    ENDPOINT_ATTEMPTS,
    ENDPOINT_SHUFFLE,
    ENDPOINT_NAMES,
    ENDPOINT_RESUME,
    ENDPOINT_JUDGED,
    ENDPOINT_TLSA
};

static void queue_endpoint(struct page *page, int row) {
    struct fleet_job job = {
        .survey = page->survey,
        .address = PQgetvalue(page->rows, row, ENDPOINT_ADDRESS),
        .port = row_number(page, row, ENDPOINT_PORT),
        .names_only = *PQgetvalue(page->rows, row, ENDPOINT_FACTS_KNOWN) == 't',
        .attempt = row_number(page, row, ENDPOINT_ATTEMPTS) + 1,
        .names = PQgetvalue(page->rows, row, ENDPOINT_NAMES),
        .judged = row_number(page, row, ENDPOINT_JUDGED),
        .tlsa = PQgetvalue(page->rows, row, ENDPOINT_TLSA),
    };
    const char *hex = PQgetvalue(page->rows, row, ENDPOINT_RESUME);
    unsigned char *resume = PQunescapeBytea((const unsigned char *)hex, &job.resume_len);
    job.resume = resume;
    if (resume == NULL) /* out of memory: start anew */
        job.resume_len = 0;
    if (address_is_forbidden(page, job.address, job.port))
        refuse_row(page, job.address, NULL);
    else if (names_are_forbidden(page, job.names))
        refuse_row(page, job.address, job.address);
    else
        fleet_queue(page->fleet, &job);
    PQfreemem(resume);
}

/* Columns of sql/policies_due.sql. */
enum { POLICY_DOMAIN, POLICY_ADDRESS, POLICY_ATTEMPTS, POLICY_CURSOR };

static void queue_policy(struct page *page, int row) {
    char host[STS_HOST_CAP];
    struct fleet_job job = {
        .survey = page->survey,
        .domain = PQgetvalue(page->rows, row, POLICY_DOMAIN),
        .address = PQgetvalue(page->rows, row, POLICY_ADDRESS),
        .port = POLICY_PORT,
        .attempt = row_number(page, row, POLICY_ATTEMPTS) + 1,
    };
    if (!sts_host(host, job.domain) || forbidden_name(page->forbidden, host))
        refuse_row(page, job.domain, NULL);
    else if (address_is_forbidden(page, job.address, job.port))
        refuse_row(page, job.domain, job.address);
    else
        fleet_queue(page->fleet, &job);
}

/* ---- pages ---- */

static const struct kind {
    const struct statement *due, *refuse;
    int cursor_columns;
    int cursor_column[DUE_CURSOR_COLUMNS]; /* of the statement's rows */
    const char *first[DUE_CURSOR_COLUMNS]; /* before the first row */
    void (*queue)(struct page *page, int row);
} KINDS[] = {
    [DUE_ENDPOINTS] = {&SQL_ENDPOINTS_DUE,
                       &SQL_REFUSE_ENDPOINTS,
                       2,
                       {ENDPOINT_SHUFFLE, ENDPOINT_ADDRESS},
                       {"-1", "0.0.0.0"},
                       queue_endpoint},
    [DUE_POLICIES] = {&SQL_POLICIES_DUE, &SQL_REFUSE_POLICIES, 1, {POLICY_CURSOR}, {""}, queue_policy},
};

static void move_cursor(struct due_jobs *due, int column, const char *value) {
    snprintf(due->cursor[column], DUE_CURSOR_CAP, "%s", value);
}

static void rewind_cursor(struct due_jobs *due) {
    const struct kind *kind = &KINDS[due->kind];
    for (int i = 0; i < kind->cursor_columns; i++)
        move_cursor(due, i, kind->first[i]);
}

struct due_jobs due_jobs_begin(enum due_kind kind, int survey) {
    struct due_jobs due = {.kind = kind, .survey = survey};
    rewind_cursor(&due);
    return due;
}

/* Parameters: survey, cursor, limit. */
static PGresult *query_due(const struct due_jobs *due, struct db *db, size_t room) {
    const struct kind *kind = &KINDS[due->kind];
    char survey[NUMBER_CAP], limit[NUMBER_CAP];
    const char *params[2 + DUE_CURSOR_COLUMNS] = {survey};
    int count = 1;
    snprintf(survey, sizeof survey, "%d", due->survey);
    snprintf(limit, sizeof limit, "%zu", room < PAGE_JOBS ? room : PAGE_JOBS);
    for (int i = 0; i < kind->cursor_columns; i++)
        params[count++] = due->cursor[i];
    params[count++] = limit;
    return db_query_params(db, kind->due, count, params);
}

bool due_jobs_read(struct due_jobs *due, struct db *db, struct fleet *fleet, const struct forbidden *forbidden,
                   size_t room, uint64_t now_ms) {
    const struct kind *kind = &KINDS[due->kind];
    if (now_ms < due->not_before_ms || room == 0 || fleet_workers(fleet) == 0)
        return true;
    PGresult *rows = query_due(due, db, room);
    if (rows == NULL)
        return false;
    struct page page = {.rows = rows, .survey = due->survey, .fleet = fleet, .forbidden = forbidden};
    int count = PQntuples(rows);
    for (int row = 0; row < count; row++)
        kind->queue(&page, row);
    for (int i = 0; i < kind->cursor_columns && count > 0; i++)
        move_cursor(due, i, PQgetvalue(rows, count - 1, kind->cursor_column[i]));
    if (count == 0) { /* round again, for what was added or is due again */
        rewind_cursor(due);
        due->not_before_ms = now_ms + IDLE_READ_MS;
    }
    PQclear(rows);
    bool good = settle_refused(&page, db, kind->refuse);
    db_array_free(&page.refused_keys);
    db_array_free(&page.refused_addresses);
    return good;
}
