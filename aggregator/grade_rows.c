/* grade_rows.c - see grade_rows.h. Facts are read back from the rows just written, so that a grade sees
 * what all attempts learnt together and names-only results need no case of their own. Rows come and go
 * in portions: an address may carry a million names. */
#include "grade_rows.h"

#include "aggregator_sql.h"
#include "base/log.h"
#include "model/grade.h"

#include <stdlib.h>
#include <string.h>

/* The cursor of read_touched.sql, a portion at a time. */
static const struct statement FETCH_TOUCHED = {"fetch_touched", "FETCH 5000 FROM touched_rows", 0};
static const struct statement CLOSE_TOUCHED = {"close_touched", "CLOSE touched_rows", 0};
static const struct statement COPY_GRADES = {"stage_grades", "COPY graded FROM STDIN", 0};

/* Where read_touched.sql has its columns. */
struct touched_columns {
    int exchange, address, policy, reason, starttls_stripped, inconsistent, weak_key, sha1_signature, now, not_before,
        not_after;
    int fact[FACT_COUNT];
};

static struct touched_columns find_columns(const PGresult *rows) {
    struct touched_columns columns = {
        .exchange = PQfnumber(rows, "exchange"),
        .address = PQfnumber(rows, "address"),
        .policy = PQfnumber(rows, "policy"),
        .reason = PQfnumber(rows, "reason"),
        .starttls_stripped = PQfnumber(rows, "starttls_stripped"),
        .inconsistent = PQfnumber(rows, "inconsistent"),
        .weak_key = PQfnumber(rows, "weak_key"),
        .sha1_signature = PQfnumber(rows, "sha1_signature"),
        .now = PQfnumber(rows, "now"),
        .not_before = PQfnumber(rows, "not_before"),
        .not_after = PQfnumber(rows, "not_after"),
    };
    for (unsigned id = 0; id < FACT_COUNT; id++)
        columns.fact[id] = PQfnumber(rows, fact_key((enum fact_id)id));
    return columns;
}

static struct grade_input read_touched(const PGresult *rows, int row, const struct touched_columns *at) {
    enum reason reason = reason_from_key(PQgetvalue(rows, row, at->reason));
    struct grade_input input = {
        .reason = reason == REASON_COUNT ? REASON_NONE : reason,
        .starttls_stripped = *PQgetvalue(rows, row, at->starttls_stripped) == 't',
        .inconsistent = *PQgetvalue(rows, row, at->inconsistent) == 't',
        .weak_key = *PQgetvalue(rows, row, at->weak_key) == 't',
        .sha1_signature = *PQgetvalue(rows, row, at->sha1_signature) == 't',
        .now = strtoll(PQgetvalue(rows, row, at->now), NULL, 10),
        .not_before = strtoll(PQgetvalue(rows, row, at->not_before), NULL, 10),
        .not_after = strtoll(PQgetvalue(rows, row, at->not_after), NULL, 10),
    };
    for (unsigned id = 0; id < FACT_COUNT; id++)
        input.fact[id] = tri_from_name(PQgetvalue(rows, row, at->fact[id]));
    return input;
}

static void copy_missing(struct db_copy *copy, uint64_t missing) {
    const char *keys[FACT_COUNT];
    size_t count = 0;
    for (unsigned id = 0; id < FACT_COUNT; id++)
        if (missing >> id & 1)
            keys[count++] = fact_key((enum fact_id)id);
    db_copy_text_array(copy, (char *const *)keys, count);
}

static void copy_findings(struct db_copy *copy, uint64_t findings) {
    const char *codes[FINDING_COUNT];
    size_t count = 0;
    for (unsigned i = 0; i < FINDING_COUNT; i++)
        if (findings >> i & 1)
            codes[count++] = FINDING_INFO[i].code;
    db_copy_text_array(copy, (char *const *)codes, count);
}

static void copy_grade(struct db_copy *copy, const char *exchange, const char *address,
                       const struct grade_result *result) {
    db_copy_text(copy, exchange);
    db_copy_text(copy, address);
    db_copy_text(copy, result->grade);
    if (result->graded)
        db_copy_int(copy, result->score);
    else
        db_copy_null(copy);
    db_copy_bool(copy, result->provisional);
    copy_missing(copy, result->missing);
    copy_findings(copy, result->findings);
    db_copy_text(copy, result->graded ? NULL : reason_key(result->reason));
    db_copy_text(copy, tri_name(result->forced_tls));
    db_copy_text(copy, result->forced_tls_why);
    db_copy_row_end(copy);
}

/* Grades the rows into the staging table graded. */
static bool grade_portion(struct db *db, const PGresult *rows) {
    struct touched_columns columns = find_columns(rows);
    struct db_copy copy;
    /* The policy is the survey's, the same in every row. */
    enum policy policy = policy_from_name(PQgetvalue(rows, 0, columns.policy));
    if (policy == POLICY_COUNT) {
        log_error("unknown grading policy, using 1", LOG_STR("policy", PQgetvalue(rows, 0, columns.policy)));
        policy = POLICY_1;
    }
    if (!db_copy_begin(&copy, db, &COPY_GRADES))
        return false;
    for (int row = 0; row < PQntuples(rows); row++) {
        struct grade_input input = read_touched(rows, row, &columns);
        struct grade_result result = grade_endpoint(&input, policy);
        copy_grade(&copy, PQgetvalue(rows, row, columns.exchange), PQgetvalue(rows, row, columns.address), &result);
    }
    return db_copy_end(&copy);
}

bool grade_touched(struct db *db, const char *survey) {
    bool good = db_run(db, &SQL_READ_TOUCHED, survey), more = good;
    while (good && more) {
        PGresult *rows = db_query(db, &FETCH_TOUCHED);
        more = rows && PQntuples(rows) > 0;
        good = rows && (!more || grade_portion(db, rows));
        PQclear(rows);
    }
    return good && db_run(db, &CLOSE_TOUCHED) && db_run(db, &SQL_UPDATE_GRADES, survey);
}

/* The list that a statement answered with: the first column of its first row, NULL when it is null. *res holds it. */
static const char *answered_list(const PGresult *res) { return PQgetisnull(res, 0, 0) ? NULL : PQgetvalue(res, 0, 0); }

/* Runs a statement about a list and, if it answers with another list, the next one about that. */
static bool refresh_chain(struct db *db, const char *survey, unsigned step, const char *list) {
    static const struct statement *const steps[] = {&SQL_LOCK_EXCHANGES, &SQL_REFRESH_EXCHANGES, &SQL_LOCK_SETS,
                                                    &SQL_REFRESH_SETS};
    const char *const params[] = {survey, list};
    PGresult *res = db_query_params(db, steps[step], steps[step]->parameters, params);
    bool good = res != NULL;
    if (good && step + 1 < sizeof steps / sizeof *steps && answered_list(res) != NULL)
        good = refresh_chain(db, survey, step + 1, answered_list(res));
    PQclear(res);
    return good;
}

bool refresh_touched(struct db *db, const char *survey) { return refresh_chain(db, survey, 0, NULL); }

bool refresh_all(struct db *db, const char *survey) {
    return db_run(db, &SQL_REFRESH_EXCHANGES, survey, NULL) && db_run(db, &SQL_REFRESH_SETS, survey, NULL);
}
