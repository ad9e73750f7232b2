/* list.c - mxgrade list: the surveys, one a row; numbers stand right, text left. */
#include "cli.h"
#include "cli_sql.h"

#include <string.h>

static struct { const char *database; } options;

static const struct config_option OPTIONS[] = {CLI_DATABASE_OPTION(&options.database)};

static const struct config_program PROGRAM = {
    .name = "mxgrade list",
    .usage = "[OPTION…]",
    .summary = "Lists the surveys, oldest first.",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
};

static bool is_number(const PGresult *res, int column) {
    enum { INT8OID = 20, INT4OID = 23 }; /* PostgreSQL's pg_type.h: fixed for ever */
    return PQftype(res, column) == INT8OID || PQftype(res, column) == INT4OID;
}

static void print_cell(const char *text, size_t width, bool right, bool last) {
    size_t used = cli_width(text), fill = used < width ? width - used : 0;
    if (right)
        printf("%*s%s", (int)fill, "", text);
    else
        cli_pad(stdout, text, last ? 0 : width);
    fputs(last ? "\n" : "  ", stdout);
}

static void print_table(const PGresult *res) {
    enum { COLUMNS_MAX = 16 };
    size_t width[COLUMNS_MAX] = {0};
    int columns = PQnfields(res) < COLUMNS_MAX ? PQnfields(res) : COLUMNS_MAX;
    for (int c = 0; c < columns; c++) {
        width[c] = cli_width(PQfname(res, c));
        for (int r = 0; r < PQntuples(res); r++)
            if (cli_width(PQgetvalue(res, r, c)) > width[c])
                width[c] = cli_width(PQgetvalue(res, r, c));
    }
    for (int r = -1; r < PQntuples(res); r++)
        for (int c = 0; c < columns; c++)
            print_cell(r < 0 ? PQfname(res, c) : PQgetvalue(res, r, c), width[c], is_number(res, c), c == columns - 1);
}

int verb_list(int argc, char **argv) {
    int code;
    if (!cli_start(&PROGRAM, argc, argv, NULL, NULL, &code))
        return code;
    struct db *db = cli_connect(options.database);
    PGresult *res = db ? db_query(db, &SQL_LIST) : NULL;
    if (res && PQntuples(res) == 0)
        fputs("No surveys yet; 'mxgrade submit FILE' makes one.\n", stderr);
    else if (res)
        print_table(res);
    code = res ? CLI_OK : CLI_FAILED;
    PQclear(res);
    db_close(&db);
    return code;
}
