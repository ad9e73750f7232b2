/* summary.c - mxgrade summary: one query gives every number with its section. Sections are printed in the order in
 * which the query gives them, each with the heading of the table below. */
#include "cli.h"
#include "cli_sql.h"
#include "rows.h"

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
    STYLE_TEXT,     /* label and note */
    STYLE_SUM,      /* the first row is the sum of the others */
    STYLE_SHARE,    /* with per cent of the section's sum */
    STYLE_BAR,      /* as STYLE_SHARE, with a bar */
    STYLE_REASON,   /* as STYLE_SHARE, with the reason's sentence */
    STYLE_SENTENCE, /* the label is a sentence: number first */
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

/* An unknown one is of the last row's style. */
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

/* A row of the query: section, label, count, note. */
struct number {
    const char *label, *note;
    long long count;
    char text[32]; /* the count for people */
};

static struct number read_number(const PGresult *res, int row) {
    struct number number = {.label = PQgetvalue(res, row, 1), .note = PQgetvalue(res, row, 3)};
    number.count = strtoll(PQgetvalue(res, row, 2), NULL, 10);
    cli_number(number.text, sizeof number.text, PQgetvalue(res, row, 2));
    return number;
}

/* sign: what the number is to the first one of its section. */
static void print_sum(FILE *out, const struct number *number, const char *sign) {
    char label[64];
    snprintf(label, sizeof label, "%s%s", sign, number->label);
    cli_pad(out, label, LABEL_COLUMNS);
    fprintf(out, "%*s%s%s\n", NUMBER_COLUMNS, number->text, *number->note ? "  " : "", number->note);
}

static void print_share(FILE *out, const struct number *number, enum style style, long long total) {
    double share = total ? (double)number->count / (double)total : 0;
    fprintf(out, "  ");
    cli_pad(out, number->label, LABEL_COLUMNS - 2);
    fprintf(out, "%*s %5.1f %%", NUMBER_COLUMNS, number->text, 100 * share);
    if (style == STYLE_BAR)
        print_bar(out, share);
    if (style == STYLE_REASON)
        fprintf(out, "  %s", cli_reason_text(number->label));
    fputc('\n', out);
}

/* place: of the row in its section, from 0. */
static void print_row(FILE *out, enum style style, const struct number *number, int place, long long total) {
    switch (style) {
    case STYLE_TEXT:
        cli_pad(out, number->label, LABEL_COLUMNS);
        fprintf(out, "%s\n", number->note);
        return;
    case STYLE_SENTENCE:
        fprintf(out, "%*s  %s: %s\n", NUMBER_COLUMNS, number->text, number->label, number->note);
        return;
    case STYLE_SUM:
        print_sum(out, number, place == 0 ? "" : place == 1 ? "  = " : "  + ");
        return;
    case STYLE_SHARE:
    case STYLE_BAR:
    case STYLE_REASON:
        print_share(out, number, style, total);
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
    for (int row = first; row < end; row++) {
        struct number number = read_number(res, row);
        print_row(out, section->style, &number, row - first, total);
    }
}

int summary_print(FILE *out, struct db *db, const char *survey) {
    PGresult *res = db_query(db, &SQL_SUMMARY, survey);
    int rows = res ? PQntuples(res) : 0;
    if (res && rows == 0)
        cli_error("there is no survey %s; 'mxgrade list' shows them", survey);
    for (int first = 0, end; first < rows; first = end) {
        end = rows_group_end(res, first, "section");
        print_section(out, res, first, end);
    }
    PQclear(res);
    return res == NULL ? CLI_FAILED : rows ? CLI_OK : CLI_NOT_FOUND;
}

int verb_summary(int argc, char **argv) {
    return cli_survey_verb(&PROGRAM, argc, argv, &options.database, summary_print);
}
