/* db.c - see db.h. PQerrorMessage() is in the server's language: what a failure means is read from its SQLSTATE alone.
 */
#include "db/db.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COPY_BUFFER_OCTETS = 1 << 16, WHY_CAP = 512 };

struct db {
    PGconn *connection;
    enum db_error error;
    char why[WHY_CAP];
};

/* ---- what went wrong ---- */

const char *db_error_name(enum db_error error) {
    static const char *const names[] = {"ok", "connection lost", "data at fault", "to be tried again", "other"};
    return names[error];
}

/* SQLSTATE, or its class of two letters; the first row that fits counts. */
static const struct {
    const char *prefix;
    enum db_error error;
} SQLSTATES[] = {
    {"08", DB_LOST},     /* connection exception */
    {"57P", DB_LOST},    /* the server shuts down or was crashed */
    {"22", DB_DATA},     /* data exception */
    {"23", DB_DATA},     /* integrity constraint violation */
    {"54", DB_DATA},     /* program limit exceeded */
    {"40001", DB_RETRY}, /* serialisation failure */
    {"40P01", DB_RETRY}, /* deadlock detected */
    {"55P03", DB_RETRY}, /* lock not available */
};

static enum db_error error_of(const char *sqlstate) {
    for (size_t i = 0; i < sizeof SQLSTATES / sizeof *SQLSTATES; i++)
        if (strncmp(sqlstate, SQLSTATES[i].prefix, strlen(SQLSTATES[i].prefix)) == 0)
            return SQLSTATES[i].error;
    return DB_OTHER;
}

static void first_line(char *out, size_t cap, const char *message) {
    text_sanitise(out, cap, message, strcspn(message, "\n"));
}

/* Notes and logs a failure; res: what tells of it, or NULL. */
static void note_failure(struct db *db, const char *name, const PGresult *res) {
    const char *sqlstate = res ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
    const char *primary = res ? PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    char line[WHY_CAP];
    first_line(line, sizeof line,
               res && *PQresultErrorMessage(res) ? PQresultErrorMessage(res) : PQerrorMessage(db->connection));
    if (sqlstate && primary) {
        int used = snprintf(db->why, sizeof db->why, "%s: ", sqlstate);
        first_line(db->why + used, sizeof db->why - (size_t)used, primary);
    } else {
        memcpy(db->why, line, sizeof line);
    }
    db->error = !db_is_connected(db) ? DB_LOST : sqlstate ? error_of(sqlstate) : DB_OTHER;
    log_error("database statement failed", LOG_STR("statement", name), LOG_STR("error", line));
}

static void note_success(struct db *db) {
    db->error = DB_OK;
    db->why[0] = '\0';
}

enum db_error db_error(const struct db *db) { return db->error; }
const char *db_error_text(const struct db *db) { return db->why; }

/* ---- the connection ---- */

bool db_is_connected(const struct db *db) { return PQstatus(db->connection) == CONNECTION_OK; }

static bool is_usable(const struct db *db, char *error, size_t cap) {
    char why[WHY_CAP];
    if (db_is_connected(db))
        return true;
    first_line(why, sizeof why, PQerrorMessage(db->connection));
    snprintf(error, cap,
             "cannot reach the database: %s; check --database (or PGHOST, PGDATABASE …) and that PostgreSQL runs", why);
    return false;
}

struct db *db_connect(const char *conninfo, const char *application, char *error, size_t cap) {
    const char *const keys[] = {"dbname", "fallback_application_name", "connect_timeout", "options", NULL};
    const char *const values[] = {conninfo && *conninfo ? conninfo : NULL, application, "10",
                                  "-c client_min_messages=warning -c client_encoding=UTF8", NULL};
    struct db *db = mem_alloc(sizeof *db);
    db->connection = PQconnectdbParams(keys, values, 1);
    if (!is_usable(db, error, cap))
        db_close(&db);
    return db;
}

bool db_reconnect(struct db *db, char *error, size_t cap) {
    PQreset(db->connection);
    note_success(db);
    return is_usable(db, error, cap);
}

void db_close(struct db **db) {
    if (*db == NULL)
        return;
    PQfinish((*db)->connection);
    free(*db);
    *db = NULL;
}

bool db_check_schema(struct db *db, char *error, size_t cap) {
    PGresult *res = PQexec(db->connection, "SELECT coalesce(max(version), 0) FROM mxgrade.schema_version");
    bool known = PQresultStatus(res) == PGRES_TUPLES_OK;
    int version = known ? (int)strtol(PQgetvalue(res, 0, 0), NULL, 10) : 0;
    PQclear(res);
    if (version == DB_SCHEMA_VERSION)
        return true;
    if (version > DB_SCHEMA_VERSION)
        snprintf(error, cap, "the database has schema %d, newer than this program's %d: install the newer mxgrade",
                 version, DB_SCHEMA_VERSION);
    else
        snprintf(error, cap, "the database has schema %d, this program needs %d: run 'mxgrade schema upgrade'", version,
                 DB_SCHEMA_VERSION);
    return false;
}

/* ---- statements ---- */

PGresult *db_query_params(struct db *db, const struct statement *statement, int count, const char *const *params) {
    if (count != statement->parameters) {
        log_error("a statement with other parameters than it has", LOG_STR("statement", statement->name));
        abort();
    }
    PGresult *res = count ? PQexecParams(db->connection, statement->sql, count, NULL, params, NULL, NULL, 0)
                          : PQexec(db->connection, statement->sql);
    ExecStatusType status = PQresultStatus(res);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        note_success(db);
        return res;
    }
    note_failure(db, statement->name, res);
    PQclear(res);
    return NULL;
}

bool db_run_params(struct db *db, const struct statement *statement, int count, const char *const *params) {
    PGresult *res = db_query_params(db, statement, count, params);
    PQclear(res);
    return res != NULL;
}

bool db_begin(struct db *db) {
    static const struct statement begin = {"begin", "BEGIN", 0};
    return db_run(db, &begin);
}

bool db_commit(struct db *db) {
    static const struct statement commit = {"commit", "COMMIT", 0};
    return db_run(db, &commit);
}

void db_rollback(struct db *db) {
    if (db_is_connected(db))
        PQclear(PQexec(db->connection, "ROLLBACK"));
}

/* ---- notifications ---- */

int db_socket(const struct db *db) { return PQsocket(db->connection); }

bool db_was_notified(struct db *db, bool *lost) {
    bool any = false;
    *lost = PQconsumeInput(db->connection) == 0;
    for (PGnotify *notify; !*lost && (notify = PQnotifies(db->connection)) != NULL; PQfreemem(notify))
        any = true;
    return any;
}

/* ---- COPY ---- */

bool db_copy_begin(struct db_copy *copy, struct db *db, const struct statement *statement) {
    PGresult *res = PQexec(db->connection, statement->sql);
    bool good = PQresultStatus(res) == PGRES_COPY_IN;
    if (!good)
        note_failure(db, statement->name, res);
    PQclear(res);
    *copy = (struct db_copy){.db = db, .statement = statement, .first = true, .failed = !good};
    if (good)
        copy->buffer = mem_alloc(copy->cap = COPY_BUFFER_OCTETS);
    return good;
}

static void copy_flush(struct db_copy *copy) {
    if (copy->used && !copy->failed && PQputCopyData(copy->db->connection, copy->buffer, (int)copy->used) != 1)
        copy->failed = true;
    copy->used = 0;
}

static void append(struct db_copy *copy, const char *data, size_t len) {
    if (copy->used + len > copy->cap) {
        copy_flush(copy);
        if (len > copy->cap)
            copy->buffer = mem_realloc(copy->buffer, copy->cap = len);
    }
    memcpy(copy->buffer + copy->used, data, len);
    copy->used += len;
}

static void column(struct db_copy *copy) {
    if (!copy->first)
        append(copy, "\t", 1);
    copy->first = false;
}

/* COPY's text format: backslash and the three separators need an escape. */
static const char COPY_SPECIAL[] = "\\\t\n\r", COPY_LETTER[] = "\\tnr";

static void append_octet(struct db_copy *copy, char octet) {
    const char *special = octet ? strchr(COPY_SPECIAL, octet) : NULL;
    if (special)
        append(copy, (const char[]){'\\', COPY_LETTER[special - COPY_SPECIAL]}, 2);
    else
        append(copy, &octet, 1);
}

static void append_escaped(struct db_copy *copy, const char *value) {
    const char *end = value + strlen(value);
    while (value < end) {
        size_t plain = strcspn(value, COPY_SPECIAL);
        append(copy, value, plain);
        value += plain;
        if (value < end)
            append_octet(copy, *value++); // NOLINT(clang-analyzer-core.CallAndMessage): value < end
    }
}

void db_copy_null(struct db_copy *copy) {
    column(copy);
    append(copy, "\\N", 2);
}

void db_copy_text(struct db_copy *copy, const char *value) {
    if (value == NULL) {
        db_copy_null(copy);
        return;
    }
    column(copy);
    append_escaped(copy, value);
}

void db_copy_int(struct db_copy *copy, int64_t value) {
    char text[24] = "";
    snprintf(text, sizeof text, "%" PRId64, value);
    db_copy_text(copy, text);
}

void db_copy_bool(struct db_copy *copy, bool value) { db_copy_text(copy, value ? "t" : "f"); }

void db_copy_bytea(struct db_copy *copy, const void *data, size_t len) {
    static const char digits[] = "0123456789abcdef";
    const uint8_t *in = data;
    if (len == 0) {
        db_copy_null(copy);
        return;
    }
    column(copy);
    append(copy, "\\\\x", 3);
    for (size_t i = 0; i < len; i++)
        append(copy, (const char[]){digits[in[i] >> 4], digits[in[i] & 15]}, 2);
}

void db_copy_time_ms(struct db_copy *copy, int64_t unix_ms) {
    /* timestamptz ends in the year 294276; to_timestamp-like input as epoch keeps dates out of C. */
    static const int64_t least = -62135596800000, most = 253402300799000; /* years 1 and 9999 */
    int64_t ms = unix_ms < least ? least : unix_ms > most ? most : unix_ms;
    int64_t seconds = ms / 1000, rest = ms % 1000;
    if (rest < 0) {
        rest += 1000;
        seconds--;
    }
    int64_t days = seconds / 86400, of_day = seconds % 86400;
    if (of_day < 0) {
        of_day += 86400;
        days--;
    }
    char text[48] = "";
    snprintf(text, sizeof text, "J%" PRId64 " %02d:%02d:%02d.%03dZ", days + 2440588, (int)(of_day / 3600),
             (int)(of_day / 60 % 60), (int)(of_day % 60), (int)rest);
    db_copy_text(copy, text);
}

void db_copy_array(struct db_copy *copy, struct db_array *array) { db_copy_text(copy, db_array_text(array)); }

void db_copy_text_array(struct db_copy *copy, char *const *values, size_t count) {
    db_array_clear(&copy->array);
    for (size_t i = 0; i < count; i++)
        db_array_add(&copy->array, values[i]);
    db_copy_array(copy, &copy->array);
}

void db_copy_row_end(struct db_copy *copy) {
    append(copy, "\n", 1);
    copy->first = true;
}

bool db_copy_end(struct db_copy *copy) {
    PGconn *connection = copy->db->connection;
    copy_flush(copy);
    free(copy->buffer);
    copy->buffer = NULL;
    db_array_free(&copy->array);
    bool ended = PQputCopyEnd(connection, copy->failed ? "the client failed" : NULL) == 1;
    bool good = ended && !copy->failed;
    note_success(copy->db);
    if (!good)
        copy->db->error = db_is_connected(copy->db) ? DB_OTHER : DB_LOST;
    for (PGresult *res; (res = PQgetResult(connection)) != NULL; PQclear(res))
        if (PQresultStatus(res) != PGRES_COMMAND_OK) {
            if (good)
                note_failure(copy->db, copy->statement->name, res);
            good = false;
        }
    if (!ended)
        note_failure(copy->db, copy->statement->name, NULL);
    return good;
}
