/* summary.c - mxgrade summary: one query gives every number with its section; sections are printed in
 * the order in which they come, each with the heading of the table below. */
#include "cli.h"
#include "cli_sql.h"

#include <stdlib.h>
#include <string.h>

enum { LABEL_COLUMNS = 20, NUMBER_COLUMNS = 13, BAR_COLUMNS = 30 };

static struct { const char *database; } options;

static const struct config_option OPTIONS[] = {CLI_DATABASE_OPTION(&options.database)};

static const struct config_program PROGRAM = {
    .name = "mxgrade summary",
    .usage = "[OPTION…] SURVEY",
    .summary = "Shows a survey in numbers: every line and every domain is accounted for.",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
};

enum style {
    STYLE_TEXT,    /* label and note */
    STYLE_SUM,     /* the first row is the sum of the others */
    STYLE_SHARE,   /* with per cent of the section's sum */
    STYLE_BAR,     /* the same with a bar */
    STYLE_REASON,  /* the same with the reason's sentence */
    STYLE_SENTENCE /* the label is a sentence: number first */
};

static const struct section {
    const char *key, *heading;
    enum style style;
} SECTIONS[] = {
    {"head", NULL, STYLE_TEXT},
    {"lines", NULL, STYLE_SUM},
    {"domains", NULL, STYLE_SUM},
    {"grades", "Grades", STYLE_BAR},
    {"forced_tls", "Forced TLS", STYLE_SHARE},
    {"mta_sts", "MTA-STS", STYLE_SHARE},
    {"tlsrpt", "TLS-RPT", STYLE_SHARE},
    {"dnssec", "DNSSEC", STYLE_SHARE},
    {"dane", "DANE", STYLE_SHARE},
    {"ungraded", "Ungraded", STYLE_REASON},
    {"no_mail", "No mail", STYLE_REASON},
    {"rejected", "Rejected lines", STYLE_SENTENCE},
};

static const struct section *find_section(const char *key) {
    size_t i = 0;
    while (i < sizeof SECTIONS / sizeof *SECTIONS - 1 && strcmp(SECTIONS[i].key, key) != 0)
        i++;
    return &SECTIONS[i];
}

static void print_bar(FILE *out, double share) {
    int length = (int)(share * BAR_COLUMNS + 0.5);
    for (int i = 0; i < length; i++)
        fputs(i ? "#" : "  #", out);
}

static void print_row(FILE *out, const struct section *section, const PGresult *res, int row, int first,
                      long long total) {
    const char *label = PQgetvalue(res, row, 1), *note = PQgetvalue(res, row, 3);
    char number[32], line[64];
    long long n = strtoll(PQgetvalue(res, row, 2), NULL, 10);
    double share = total ? (double)n / (double)total : 0;
    cli_number(number, sizeof number, PQgetvalue(res, row, 2));
    switch (section->style) {
    case STYLE_TEXT:
        cli_pad(out, label, LABEL_COLUMNS);
        fprintf(out, "%s\n", note);
        return;
    case STYLE_SENTENCE:
        fprintf(out, "%*s  %s: %s\n", NUMBER_COLUMNS, number, label, note);
        return;
    case STYLE_SUM:
        snprintf(line, sizeof line, "%s%s", row == first ? "" : row == first + 1 ? "  = " : "  + ", label);
        cli_pad(out, line, LABEL_COLUMNS);
        fprintf(out, "%*s%s%s\n", NUMBER_COLUMNS, number, *note ? "  " : "", note);
        return;
    case STYLE_SHARE:
    case STYLE_BAR:
    case STYLE_REASON:
        fprintf(out, "  ");
        cli_pad(out, label, LABEL_COLUMNS - 2);
        fprintf(out, "%*s %5.1f %%", NUMBER_COLUMNS, number, 100 * share);
        if (section->style == STYLE_BAR)
            print_bar(out, share);
        if (section->style == STYLE_REASON)
            fprintf(out, "  %s", cli_reason_text(label));
        fputc('\n', out);
        return;
    }
}

static void print_section(FILE *out, const PGresult *res, int first, int end) {
    const struct section *section = find_section(PQgetvalue(res, first, 0));
    long long total = 0;
    for (int row = first; row < end; row++)
        total += strtoll(PQgetvalue(res, row, 2), NULL, 10);
    if (total == 0 && section->style == STYLE_SHARE)
        return;
    if (first)
        fputc('\n', out);
    if (section->heading)
        fprintf(out, "%s\n", section->heading);
    for (int row = first; row < end; row++)
        print_row(out, section, res, row, first, total);
}

int summary_print(FILE *out, struct db *db, const char *survey) {
    PGresult *res = db_query(db, &SQL_SUMMARY, survey);
    int rows = res ? PQntuples(res) : 0;
    if (res && rows == 0)
        cli_error("there is no survey %s; 'mxgrade list' shows them", survey);
    for (int first = 0, end; first < rows; first = end) {
        for (end = first + 1; end < rows && strcmp(PQgetvalue(res, end, 0), PQgetvalue(res, first, 0)) == 0; end++)
            ;
        print_section(out, res, first, end);
    }
    PQclear(res);
    return res == NULL ? CLI_FAILED : rows ? CLI_OK : CLI_NOT_FOUND;
}

int verb_summary(int argc, char **argv) {
    const char *survey;
    int code;
    if (!cli_start(&PROGRAM, argc, argv, "SURVEY", &survey, &code))
        return code;
    if (!cli_survey_number(survey))
        return CLI_USAGE;
    struct db *db = cli_connect(options.database);
    code = db ? summary_print(stdout, db, survey) : CLI_FAILED;
    db_close(&db);
    return code;
}
