/* beside.c - see beside.h. A look-up is on one of two lists: asked, or answered and to be written. What is read leaves
 * out those of both, which the database still calls pending. */
#include "beside.h"

#include "base/log.h"
#include "base/mem.h"
#include "caa_lookup.h"
#include "coordinator_sql.h"
#include "reverse_lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { READ_MS = 500, WRITE_AFTER_MS = 500, WRITE_AGAIN_MS = 5000, BATCH = 100, NUMBER_CAP = 24 };

enum kind { KIND_REVERSE, KIND_CAA };

struct aside {
    struct aside *prev, *next;
    struct beside *beside;
    enum kind kind;
    int survey;
    char key[NAME_CAP]; /* address or exchange */
    union {
        struct reverse_result reverse;
        struct caa_result caa;
    } found;
};

struct beside {
    struct dns *dns;
    struct aside *asked, *answered;
    size_t count, answered_count;
    uint64_t now_ms, read_ms; /* when to read again */
    uint64_t answered_ms;     /* when the first on the list came */
    uint64_t write_ms;        /* not before, since a write failed */
};

struct beside *beside_new(struct dns *dns) {
    struct beside *beside = mem_alloc(sizeof *beside);
    beside->dns = dns;
    return beside;
}

static void drop(struct beside *beside, struct aside **list, struct aside *aside) {
    DL_DELETE(*list, aside);
    beside->count--;
    if (aside->kind == KIND_REVERSE)
        reverse_result_free(&aside->found.reverse);
    else
        caa_result_free(&aside->found.caa);
    free(aside);
}

void beside_free(struct beside **beside) {
    if (*beside == NULL)
        return;
    while ((*beside)->answered)
        drop(*beside, &(*beside)->answered, (*beside)->answered);
    while ((*beside)->asked)
        drop(*beside, &(*beside)->asked, (*beside)->asked);
    free(*beside);
    *beside = NULL;
}

/* ---- asking ---- */

static void on_done(void *context) {
    struct aside *aside = context;
    struct beside *beside = aside->beside;
    DL_DELETE(beside->asked, aside);
    DL_APPEND(beside->answered, aside);
    if (beside->answered_count++ == 0)
        beside->answered_ms = beside->now_ms;
}

static void ask(struct beside *beside, int survey, enum kind kind, const char *key) {
    struct aside *aside = mem_alloc(sizeof *aside);
    aside->beside = beside;
    aside->survey = survey;
    aside->kind = kind;
    strncat(aside->key, key, NAME_MAX_OCTETS);
    DL_APPEND(beside->asked, aside);
    beside->count++;
    if (kind == KIND_REVERSE)
        reverse_look_up(&aside->found.reverse, beside->dns, aside->key, on_done, aside);
    else
        caa_look_up(&aside->found.caa, beside->dns, aside->key, on_done, aside);
}

/* Those of the survey that are here. */
static void add_keys(struct db_array *keys, const struct aside *list, int survey) {
    const struct aside *aside;
    DL_FOREACH(list, aside) {
        if (aside->survey == survey)
            db_array_add(keys, aside->key);
    }
}

static bool read_survey(struct beside *beside, struct db *db, const char *id, size_t most) {
    struct db_array here = {NULL, 0, 0, 0};
    char limit[NUMBER_CAP];
    int survey = (int)strtol(id, NULL, 10);
    add_keys(&here, beside->asked, survey);
    add_keys(&here, beside->answered, survey);
    snprintf(limit, sizeof limit, "%zu", most);
    PGresult *rows = db_query(db, &SQL_BESIDE_DUE, id, db_array_text(&here), limit);
    db_array_free(&here);
    for (int i = 0; rows && i < PQntuples(rows); i++)
        ask(beside, survey, *PQgetvalue(rows, i, 0) == 't' ? KIND_CAA : KIND_REVERSE, PQgetvalue(rows, i, 1));
    PQclear(rows);
    return rows != NULL;
}

/* Each survey gets its share of what room there is. */
static void read_due(struct beside *beside, struct db *db) {
    PGresult *surveys = db_query(db, &SQL_BESIDE_SURVEYS);
    int count = surveys ? PQntuples(surveys) : 0;
    bool good = true;
    for (int i = 0; good && i < count; i++) {
        size_t room = BESIDE_MAX - beside->count, share = room / (size_t)(count - i);
        if (room > 0)
            good = read_survey(beside, db, PQgetvalue(surveys, i, 0), share ? share : 1);
    }
    PQclear(surveys);
}

/* ---- writing ---- */

static void copy_reverse(struct db_copy *copy, const struct aside *aside) {
    const struct reverse_result *found = &aside->found.reverse;
    db_copy_text(copy, aside->key);
    db_copy_text(copy, lookup_status_name(found->status));
    db_copy_text_array(copy, (char *const *)found->name, found->count);
    db_copy_text(copy, tri_name(found->confirmed));
    db_copy_row_end(copy);
}

static void copy_caa(struct db_copy *copy, const struct aside *aside) {
    const struct caa_result *found = &aside->found.caa;
    db_copy_text(copy, aside->key);
    db_copy_text(copy, lookup_status_name(found->status));
    db_copy_text(copy, *found->domain ? found->domain : NULL);
    db_copy_text_array(copy, found->record, found->record_count);
    if (found->restricts)
        db_copy_text_array(copy, found->issuer, found->issuer_count);
    else
        db_copy_null(copy);
    db_copy_row_end(copy);
}

static const struct {
    struct statement copy;
    void (*copy_row)(struct db_copy *copy, const struct aside *aside);
} STAGES[] = {
    [KIND_REVERSE] = {{"stage_reverse", "COPY stage_reverse FROM STDIN", 0}, copy_reverse},
    [KIND_CAA] = {{"stage_caa", "COPY stage_caa FROM STDIN", 0}, copy_caa},
};

static bool stage(const struct beside *beside, struct db *db, int survey, enum kind kind) {
    struct db_copy copy;
    const struct aside *aside;
    if (!db_copy_begin(&copy, db, &STAGES[kind].copy))
        return false;
    DL_FOREACH(beside->answered, aside) {
        if (aside->survey == survey && aside->kind == kind)
            STAGES[kind].copy_row(&copy, aside);
    }
    return db_copy_end(&copy);
}

static void forget_written(struct beside *beside, int survey) {
    struct aside *aside, *next;
    DL_FOREACH_SAFE(beside->answered, aside, next) {
        if (aside->survey == survey) {
            drop(beside, &beside->answered, aside);
            beside->answered_count--;
        }
    }
}

/* All that is answered of the survey that the first on the list is of. */
static void write_first(struct beside *beside, struct db *db) {
    int survey = beside->answered->survey;
    char id[NUMBER_CAP];
    snprintf(id, sizeof id, "%d", survey);
    if (db_begin(db) && stage(beside, db, survey, KIND_REVERSE) && stage(beside, db, survey, KIND_CAA) &&
        db_run(db, &SQL_WRITE_BESIDE, id) && db_commit(db)) {
        forget_written(beside, survey);
        return;
    }
    db_rollback(db);
    beside->write_ms = beside->now_ms + WRITE_AGAIN_MS;
}

void beside_step(struct beside *beside, struct db *db, uint64_t now_ms) {
    beside->now_ms = now_ms;
    bool full = beside->answered_count >= BATCH || now_ms - beside->answered_ms >= WRITE_AFTER_MS;
    while (db_is_connected(db) && beside->answered && full && now_ms >= beside->write_ms)
        write_first(beside, db);
    if (db_is_connected(db) && now_ms >= beside->read_ms && beside->count < BESIDE_MAX) {
        beside->read_ms = now_ms + READ_MS;
        read_due(beside, db);
    }
}

bool beside_prepare_session(struct db *db) { return db_run(db, &SQL_BESIDE_STAGING); }
