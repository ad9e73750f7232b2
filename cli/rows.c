/* rows.c - see rows.h. */
#include "rows.h"

#include <string.h>

const char *row_text(const PGresult *rows, int row, const char *column) {
    int number = PQfnumber(rows, column);
    return number < 0 ? "" : PQgetvalue(rows, row, number);
}

bool row_is_true(const PGresult *rows, int row, const char *column) { return *row_text(rows, row, column) == 't'; }

int rows_group_end(const PGresult *rows, int first, const char *column) {
    int end = first + 1;
    while (end < PQntuples(rows) && strcmp(row_text(rows, end, column), row_text(rows, first, column)) == 0)
        end++;
    return end;
}
