/* schema.c - mxgrade schema: the files of schema/ are part of the program. upgrade applies those that the
 * database lacks, and the program's tables of findings and suites, in one transaction under a lock. */
#include "cli.h"
#include "cli_sql.h"
#include "model/grade.h"
#include "model/suites.h"
#include "schema_sql.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct statement *const FILES[] = {
#include "schema_files.inc"
};
static_assert(sizeof FILES / sizeof *FILES == DB_SCHEMA_VERSION, "common/db/db.h names another number of schema files");
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

/* A PostgreSQL array, written to memory. */
struct array {
    FILE *stream;
    char *text;
    size_t len;
};

static void array_open(struct array *array) {
    array->stream = open_memstream(&array->text, &array->len);
    if (array->stream == NULL)
        abort();
    fputc('{', array->stream);
}

static void array_add(struct array *array, const char *value) {
    fputs(ftell(array->stream) > 1 ? ",\"" : "\"", array->stream);
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            fputc('\\', array->stream);
        fputc(*value, array->stream);
    }
    fputc('"', array->stream);
}

static void array_add_number(struct array *array, unsigned value) {
    char text[16];
    snprintf(text, sizeof text, "%u", value);
    array_add(array, text);
}

/* Runs sql with the arrays as its parameters, and frees them. */
static bool run_with_arrays(struct db *db, const struct statement *statement, struct array *arrays) {
    const char *params[8] = {NULL};
    int count = statement->parameters;
    for (int i = 0; i < count; i++) {
        fputc('}', arrays[i].stream);
        fclose(arrays[i].stream);
        params[i] = arrays[i].text;
    }
    bool good = db_run_params(db, statement, count, params);
    for (int i = 0; i < count; i++)
        free(arrays[i].text);
    return good;
}

static void add_findings(struct array *columns, const struct finding_info *findings, size_t count) {
    for (size_t i = 0; i < count; i++) {
        array_add(&columns[0], findings[i].code);
        array_add(&columns[1], weight_name(findings[i].weight));
        array_add(&columns[2], findings[i].title);
        array_add(&columns[3], findings[i].recommendation);
    }
}

static bool fill_findings(struct db *db) {
    struct array columns[4];
    for (int i = 0; i < 4; i++)
        array_open(&columns[i]);
    add_findings(columns, FINDING_INFO, FINDING_COUNT);
    add_findings(columns, DOMAIN_FINDING_INFO, DOMAIN_FINDING_COUNT);
    return run_with_arrays(db, &SQL_SCHEMA_FINDING, columns);
}

static bool fill_suites(struct db *db) {
    struct array columns[5];
    for (int i = 0; i < 5; i++)
        array_open(&columns[i]);
    for (size_t i = 0; i < SUITE_COUNT; i++) {
        array_add_number(&columns[0], SUITES[i].id);
        array_add(&columns[1], SUITES[i].name);
        array_add(&columns[2], SUITES[i].openssl_name);
        array_add(&columns[3], SUITES[i].weak_class);
        array_add_number(&columns[4], SUITES[i].flags);
    }
    return run_with_arrays(db, &SQL_SCHEMA_SUITE, columns);
}

static bool apply_file(struct db *db, int version) {
    char number[16];
    snprintf(number, sizeof number, "%d", version);
    if (!db_run(db, FILES[version - 1]) || !db_run(db, &SQL_SCHEMA_APPLIED, number))
        return false;
    fprintf(stderr, "applied %s\n", FILES[version - 1]->name);
    return true;
}

/* -1 after saying what went wrong. */
static int read_version(struct db *db, const struct statement *statement) {
    PGresult *res = db_query(db, statement);
    int version = res ? (int)strtol(PQgetvalue(res, 0, 0), NULL, 10) : -1;
    PQclear(res);
    return version;
}

static int newer(int version) {
    cli_error("the database has schema %d, newer than this program's %d: install the newer mxgrade", version,
              DB_SCHEMA_VERSION);
    return CLI_FAILED;
}

static int upgrade(struct db *db) {
    int version = read_version(db, &SQL_SCHEMA_BEGIN);
    if (version > DB_SCHEMA_VERSION)
        return newer(version);
    bool good = version >= 0;
    for (int next = version + 1; good && next <= DB_SCHEMA_VERSION; next++)
        good = apply_file(db, next);
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
        return newer(version);
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
