/* rows.h - the rows of a query, by the names of their columns. */
#ifndef MXG_ROWS_H
#define MXG_ROWS_H

#include <libpq-fe.h>
#include <stdbool.h>

/* The value of a column, "" if it is null or there is no such column. Borrowed from rows. */
const char *row_text(const PGresult *rows, int row, const char *column);

/* Is a boolean column true? */
bool row_is_true(const PGresult *rows, int row, const char *column);

/* Rows first to this one, excluded, have the same value in column: a group of an ordered result. */
int rows_group_end(const PGresult *rows, int first, const char *column);

#endif
