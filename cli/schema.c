/* schema.c - mxgrade schema: the files of schema/ are part of the program.
 *
 * upgrade applies the versions that the database lacks, each of one file or several, and then the program's tables of
 * findings and suites: all in one transaction under a lock.
 */
#include "cli.h"
#include "cli_sql.h"
#include "model/grade.h"
#include "model/suites.h"
#include "schema_sql.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the order in which they are applied. */
static const struct schema_file {
    int version;
    const struct statement *statement;
} FILES[] = {
#include "schema_files.inc"
};
enum { FILE_COUNT = sizeof FILES / sizeof *FILES };
static_assert(SCHEMA_NEWEST == DB_SCHEMA_VERSION, "common/db/db.h names another version than the newest of schema/");
static_assert(SUITE_R1 == 4 && SUITE_R2 == 8 && SUITE_FS == 16, "sql/schema_suite.sql reads these flags");

static struct { const char *database; } options;

static const struct config_option OPTIONS[] = {CLI_DATABASE_OPTION(&options.database)};

static const struct config_program PROGRAM = {
    .name = "mxgrade schema",
    .usage = "[OPTION…] upgrade|status",
    .summary = "upgrade: brings the database to this program's schema; safe to repeat, and to run twice at once.\n"
               "status:  shows both versions; exit status 3 if an upgrade is needed.",
    .notes = "The role that runs upgrade owns the schema. If it may not create roles, ask an administrator for\n"
             "mxgrade_coordinator, mxgrade_aggregator, mxgrade_submit and mxgrade_read first.",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
};

/* A statement fills a table from columns, each an array that is one of its parameters. */
enum { FINDING_COLUMNS = 4, SUITE_COLUMNS = 5 };

static bool fill_from(struct db *db, const struct statement *statement, struct db_array *columns, int count) {
    const char *params[SUITE_COLUMNS] = {NULL};
    for (int i = 0; i < count; i++)
        params[i] = db_array_text(&columns[i]);
    bool good = db_run_params(db, statement, count, params);
    for (int i = 0; i < count; i++)
        db_array_free(&columns[i]);
    return good;
}

static void add_findings(struct db_array *columns, const struct finding_info *findings, size_t count) {
    for (size_t i = 0; i < count; i++) {
        db_array_add(&columns[0], findings[i].code);
        db_array_add(&columns[1], weight_name(findings[i].weight));
        db_array_add(&columns[2], findings[i].title);
        db_array_add(&columns[3], findings[i].recommendation);
    }
}

static bool fill_findings(struct db *db) {
    struct db_array columns[FINDING_COLUMNS] = {{0}};
    add_findings(columns, FINDING_INFO, FINDING_COUNT);
    add_findings(columns, DOMAIN_FINDING_INFO, DOMAIN_FINDING_COUNT);
    return fill_from(db, &SQL_SCHEMA_FINDING, columns, FINDING_COLUMNS);
}

static bool fill_suites(struct db *db) {
    struct db_array columns[SUITE_COLUMNS] = {{0}};
    for (size_t i = 0; i < SUITE_COUNT; i++) {
        db_array_add_number(&columns[0], SUITES[i].id);
        db_array_add(&columns[1], SUITES[i].name);
        db_array_add(&columns[2], SUITES[i].openssl_name);
        db_array_add(&columns[3], SUITES[i].weak_class);
        db_array_add_number(&columns[4], SUITES[i].flags);
    }
    return fill_from(db, &SQL_SCHEMA_SUITE, columns, SUITE_COLUMNS);
}

/* Applies the files of one version, and notes that. */
static bool apply_version(struct db *db, int version) {
    char number[16];
    for (size_t i = 0; i < FILE_COUNT; i++) {
        if (FILES[i].version != version)
            continue;
        if (!db_run(db, FILES[i].statement))
            return false;
        fprintf(stderr, "applied %s\n", FILES[i].statement->name);
    }
    snprintf(number, sizeof number, "%d", version);
    return db_run(db, &SQL_SCHEMA_APPLIED, number);
}

/* -1 after saying what went wrong. */
static int read_version(struct db *db, const struct statement *statement) {
    PGresult *res = db_query(db, statement);
    int version = res ? (int)strtol(PQgetvalue(res, 0, 0), NULL, 10) : -1;
    PQclear(res);
    return version;
}

static int refuse_newer(int version) {
    cli_error("the database has schema %d, newer than this program's %d: install the newer mxgrade", version,
              DB_SCHEMA_VERSION);
    return CLI_FAILED;
}

static int upgrade(struct db *db) {
    int version = read_version(db, &SQL_SCHEMA_BEGIN);
    if (version > DB_SCHEMA_VERSION)
        return refuse_newer(version);
    bool good = version >= 0;
    for (int next = version + 1; good && next <= DB_SCHEMA_VERSION; next++)
        good = apply_version(db, next);
    if (!good || !fill_findings(db) || !fill_suites(db) || !db_commit(db)) {
        cli_error("the schema was not changed");
        return CLI_FAILED;
    }
    printf("The database has schema %d.\n", DB_SCHEMA_VERSION);
    return CLI_OK;
}

static int status(struct db *db) {
    PGresult *res = db_query(db, &SQL_SCHEMA_EXISTS);
    int version = res == NULL ? -1 : *PQgetvalue(res, 0, 0) == 't' ? read_version(db, &SQL_SCHEMA_VERSION) : 0;
    PQclear(res);
    if (version < 0)
        return CLI_FAILED;
    if (version > DB_SCHEMA_VERSION)
        return refuse_newer(version);
    printf("The database has schema %d, this program needs %d", version, DB_SCHEMA_VERSION);
    puts(version == DB_SCHEMA_VERSION ? "." : ": run 'mxgrade schema upgrade'.");
    return version == DB_SCHEMA_VERSION ? CLI_OK : CLI_NOT_FOUND;
}

static const struct {
    const char *word;
    int (*run)(struct db *db);
} ACTIONS[] = {{"upgrade", upgrade}, {"status", status}};

int verb_schema(int argc, char **argv) {
    const char *word;
    char error[1024];
    int code;
    if (!cli_start(&PROGRAM, argc, argv, "'upgrade' or 'status'", &word, &code))
        return code;
    for (size_t i = 0; i < sizeof ACTIONS / sizeof *ACTIONS; i++) {
        if (strcmp(ACTIONS[i].word, word) != 0)
            continue;
        struct db *db = db_connect(options.database, "mxgrade", error, sizeof error);
        if (db == NULL)
            cli_error("%s", error);
        code = db ? ACTIONS[i].run(db) : CLI_FAILED;
        db_close(&db);
        return code;
    }
    cli_error("schema: '%s' is neither 'upgrade' nor 'status'", word);
    return CLI_USAGE;
}
