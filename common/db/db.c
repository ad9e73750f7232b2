/* db.c - see db.h. */
#include "db/db.h"

#include "base/log.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COPY_BUFFER_OCTETS = 1 << 16 };

static void first_line(char *out, size_t cap, const char *message) {
    size_t len = strcspn(message, "\n");
    snprintf(out, cap, "%.*s", (int)len, message);
}

PGconn *db_connect(const char *conninfo, const char *application, char *error, size_t cap) {
    const char *const keys[] = {"dbname", "fallback_application_name", "connect_timeout", "options", NULL};
    const char *const values[] = {conninfo && *conninfo ? conninfo : NULL, application, "10",
                                  "-c client_min_messages=warning -c client_encoding=UTF8", NULL};
    PGconn *db = PQconnectdbParams(keys, values, 1);
    if (PQstatus(db) == CONNECTION_OK)
        return db;
    char why[512];
    first_line(why, sizeof why, PQerrorMessage(db));
    snprintf(error, cap,
             "cannot reach the database: %s; check --database (or PGHOST, PGDATABASE …) and that PostgreSQL runs", why);
    PQfinish(db);
    return NULL;
}

bool db_check_schema(PGconn *db, char *error, size_t cap) {
    PGresult *res = PQexec(db, "SELECT coalesce(max(version), 0) FROM mxgrade.schema_version");
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

static void log_failure(const char *name, const char *message) {
    char why[512];
    first_line(why, sizeof why, message);
    log_error("database statement failed", LOG_STR("statement", name), LOG_STR("error", why));
}

PGresult *db_query(PGconn *db, const char *name, const char *sql, int count, const char *const *params) {
    PGresult *res = count ? PQexecParams(db, sql, count, NULL, params, NULL, NULL, 0) : PQexec(db, sql);
    ExecStatusType status = PQresultStatus(res);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        return res;
    log_failure(name, PQresultErrorMessage(res)[0] ? PQresultErrorMessage(res) : PQerrorMessage(db));
    PQclear(res);
    return NULL;
}

bool db_run(PGconn *db, const char *name, const char *sql, int count, const char *const *params) {
    PGresult *res = db_query(db, name, sql, count, params);
    PQclear(res);
    return res != NULL;
}

bool db_copy_begin(struct db_copy *copy, PGconn *db, const char *name, const char *sql) {
    PGresult *res = PQexec(db, sql);
    bool good = PQresultStatus(res) == PGRES_COPY_IN;
    if (!good)
        log_failure(name, PQerrorMessage(db));
    PQclear(res);
    *copy = (struct db_copy){.db = db, .name = name, .first = true, .failed = !good};
    if (good)
        copy->buffer = mem_alloc(copy->cap = COPY_BUFFER_OCTETS);
    return good;
}

static void flush(struct db_copy *copy) {
    if (copy->used && !copy->failed && PQputCopyData(copy->db, copy->buffer, (int)copy->used) != 1)
        copy->failed = true;
    copy->used = 0;
}

static void append(struct db_copy *copy, const char *data, size_t len) {
    if (copy->used + len > copy->cap) {
        flush(copy);
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

void db_copy_text_array(struct db_copy *copy, char *const *values, size_t count) {
    column(copy);
    append(copy, "{", 1);
    for (size_t i = 0; i < count; i++) {
        append(copy, i ? ",\"" : "\"", i ? 2 : 1);
        for (const char *at = values[i]; *at; at++) {
            /* the array's own escape, then COPY's */
            if (*at == '"')
                append(copy, "\\\\\"", 3);
            else if (*at == '\\')
                append(copy, "\\\\\\\\", 4);
            else
                append_octet(copy, *at);
        }
        append(copy, "\"", 1);
    }
    append(copy, "}", 1);
}

void db_copy_row_end(struct db_copy *copy) {
    append(copy, "\n", 1);
    copy->first = true;
}

bool db_copy_end(struct db_copy *copy) {
    flush(copy);
    free(copy->buffer);
    copy->buffer = NULL;
    bool ended = PQputCopyEnd(copy->db, copy->failed ? "the client failed" : NULL) == 1;
    bool good = ended && !copy->failed;
    for (PGresult *res; (res = PQgetResult(copy->db)) != NULL; PQclear(res))
        if (PQresultStatus(res) != PGRES_COMMAND_OK) {
            if (good)
                log_failure(copy->name, PQresultErrorMessage(res));
            good = false;
        }
    if (!ended)
        log_failure(copy->name, PQerrorMessage(copy->db));
    return good;
}
