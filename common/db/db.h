/* db.h - a connection to PostgreSQL: statements that know their name, errors that are values, rows by COPY.
 *
 * SQL text lives in .sql files: cmake/EmbedSql.cmake makes a `struct statement` of each. A statement of one line may
 * stand in the code. What fails is logged once, here, with the statement's name; db_error() tells callers what kind of
 * failure it was, from its SQLSTATE.
 */
#ifndef MXG_DB_H
#define MXG_DB_H

#include "base/config.h"
#include "db/db_array.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DB_SCHEMA_VERSION = 1 }; /* the schema that this build needs: the highest number in schema/ */

struct statement {
    const char *name; /* for the log */
    const char *sql;
    int parameters; /* $1 to $parameters */
};

/* What came of the last statement. */
enum db_error {
    DB_OK,
    DB_LOST,  /* no connection, or the server ends it: db_reconnect() */
    DB_DATA,  /* a value or a row cannot be stored; the others can (SQLSTATE classes 22, 23, 54) */
    DB_RETRY, /* deadlock, serialisation or lock time-out: the transaction will pass when it is tried again */
    DB_OTHER, /* full, forbidden, a mistake of ours: waiting may help, nothing else will */
};
/* "connection lost" …, for the log. */
const char *db_error_name(enum db_error error);

/* A row of a program's table of options, for db_connect(). Target: const char *. */
#define DATABASE_OPTION(target, help)                                                                                  \
    { "database", CONFIG_TEXT, &(target), NULL, "CONNINFO", help, 0, 0 }

struct db;

/* Connects; conninfo NULL or "" = libpq's environment; application is shown in pg_stat_activity. NULL: error (cap
 * octets) holds one line that says what to do. Close with db_close(). */
__attribute__((warn_unused_result)) struct db *db_connect(const char *conninfo, const char *application, char *error,
                                                          size_t cap);
/* Once more to the same place, in place; false as above. */
__attribute__((warn_unused_result)) bool db_reconnect(struct db *db, char *error, size_t cap);
/* *db becomes NULL; NULL is let pass. */
void db_close(struct db **db);

/* Checks that the database's schema is DB_SCHEMA_VERSION. false: error says what to do. */
__attribute__((warn_unused_result)) bool db_check_schema(struct db *db, char *error, size_t cap);

/* Is there a connection? */
bool db_is_connected(const struct db *db);
/* How the last statement or COPY ended, and PostgreSQL's message: sanitised, one line, "" when it ended well. */
enum db_error db_error(const struct db *db);
const char *db_error_text(const struct db *db);

/* Runs a statement with text parameters, NULL for SQL's null: db_query(db, &CLAIM, survey). As many as it has, which is
 * checked (abort). The result is the caller's, to be freed with PQclear(); NULL after logging what went wrong. */
#define db_query(db, statement, ...)                                                                                   \
    db_query_params((db), (statement), DB_COUNT(__VA_ARGS__), (const char *const[]){NULL, ##__VA_ARGS__} + 1)
/* db_query() for statements without a result that matters. */
#define db_run(db, statement, ...)                                                                                     \
    db_run_params((db), (statement), DB_COUNT(__VA_ARGS__), (const char *const[]){NULL, ##__VA_ARGS__} + 1)
#define DB_COUNT(...) ((int)(sizeof((const char *const[]){NULL, ##__VA_ARGS__}) / sizeof(const char *)) - 1)

__attribute__((warn_unused_result)) PGresult *db_query_params(struct db *db, const struct statement *statement,
                                                              int count, const char *const *params);
__attribute__((warn_unused_result)) bool db_run_params(struct db *db, const struct statement *statement, int count,
                                                       const char *const *params);

__attribute__((warn_unused_result)) bool db_begin(struct db *db);
__attribute__((warn_unused_result)) bool db_commit(struct db *db);
/* Leaves a transaction that failed, so that the connection can be used again; a lost connection has none to leave. The
 * error of what failed stays. */
void db_rollback(struct db *db);

/* Notifications (LISTEN): the descriptor to wait at, and whether one came to any of the channels since the last call;
 * *lost: the connection ended. */
int db_socket(const struct db *db);
bool db_was_notified(struct db *db, bool *lost);

/* COPY … FROM STDIN in text format, buffered. */
struct db_copy {
    struct db *db;
    const struct statement *statement;
    char *buffer;
    size_t used, cap;
    struct db_array array; /* where db_copy_text_array() makes one */
    bool first;            /* next column is the first of its row */
    bool failed;
};
__attribute__((warn_unused_result)) bool db_copy_begin(struct db_copy *copy, struct db *db,
                                                       const struct statement *statement);
void db_copy_null(struct db_copy *copy);
void db_copy_text(struct db_copy *copy, const char *value); /* NULL = SQL null; must be sanitised (text.h) */
void db_copy_int(struct db_copy *copy, int64_t value);
void db_copy_bool(struct db_copy *copy, bool value);
void db_copy_bytea(struct db_copy *copy, const void *data, size_t len);           /* len 0 = SQL null */
void db_copy_time_ms(struct db_copy *copy, int64_t unix_ms);                      /* timestamptz, clamped */
void db_copy_text_array(struct db_copy *copy, char *const *values, size_t count); /* text[] */
void db_copy_array(struct db_copy *copy, struct db_array *array);                 /* of any type */
void db_copy_row_end(struct db_copy *copy);
/* Ends the COPY and frees the buffer; false after logging what went wrong. Must be called once begun. */
__attribute__((warn_unused_result)) bool db_copy_end(struct db_copy *copy);

#endif
