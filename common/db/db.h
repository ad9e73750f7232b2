/* db.h - the little that every program needs on top of libpq: connecting with one clear error,
 * statements with a name for the log, and COPY rows.
 *
 * SQL text lives in .sql files (cmake/EmbedSql.cmake turns them into `const char SQL_…[]`).
 */
#ifndef MXG_DB_H
#define MXG_DB_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DB_SCHEMA_VERSION = 5 }; /* the schema that this build needs: number of files in schema/ */

/* Connects; conninfo NULL or "" = libpq's environment. On failure returns NULL and prints to the log
 * (or standard error for the CLI: quiet_error == NULL) one line that says what to do; with
 * quiet_error the line is stored there instead (cap octets). application: shown in pg_stat_activity. */
__attribute__((warn_unused_result)) PGconn *db_connect(const char *conninfo, const char *application, char *error,
                                                       size_t cap);

/* Checks that the database's schema is DB_SCHEMA_VERSION. false: error says what to do. */
__attribute__((warn_unused_result)) bool db_check_schema(PGconn *db, char *error, size_t cap);

/* Runs sql (one statement, or several without parameters) with text parameters. Returns the result, which the caller
 * clears with PQclear(), or NULL after logging "name" with PostgreSQL's message. */
__attribute__((warn_unused_result)) PGresult *db_query(PGconn *db, const char *name, const char *sql, int count,
                                                       const char *const *params);

/* db_query() for statements without a result. */
__attribute__((warn_unused_result)) bool db_run(PGconn *db, const char *name, const char *sql, int count,
                                                const char *const *params);

/* COPY … FROM STDIN in text format, buffered. */
struct db_copy {
    PGconn *db;
    const char *name;
    char *buffer;
    size_t used, cap;
    bool first; /* next column is the first of its row */
    bool failed;
};
__attribute__((warn_unused_result)) bool db_copy_begin(struct db_copy *copy, PGconn *db, const char *name,
                                                       const char *sql);
void db_copy_null(struct db_copy *copy);
void db_copy_text(struct db_copy *copy, const char *value); /* NULL = SQL null; must be sanitised (text.h) */
void db_copy_int(struct db_copy *copy, int64_t value);
void db_copy_bool(struct db_copy *copy, bool value);
void db_copy_bytea(struct db_copy *copy, const void *data, size_t len);           /* len 0 = SQL null */
void db_copy_time_ms(struct db_copy *copy, int64_t unix_ms);                      /* timestamptz, clamped */
void db_copy_text_array(struct db_copy *copy, char *const *values, size_t count); /* text[] */
void db_copy_row_end(struct db_copy *copy);
/* Ends the COPY and frees the buffer; false after logging what went wrong. Must be called once begun. */
__attribute__((warn_unused_result)) bool db_copy_end(struct db_copy *copy);

#endif
