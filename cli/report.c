/* report.c - mxgrade report: one domain, as one JSON object or on one page. The page has a query for each section. */
#include "cli.h"
#include "cli_sql.h"
#include "names/name.h"
#include "names/reason.h"
#include "report_sections.h"
#include "rows.h"

#include <string.h>

static struct {
    const char *database, *survey;
    bool json;
} options;

static const struct config_option OPTIONS[] = {
    CLI_DATABASE_OPTION(&options.database),
    {"survey", CONFIG_TEXT, &options.survey, NULL, "SURVEY", "number of the survey; empty: the latest with the domain",
     0, 0},
    {"json", CONFIG_FLAG, &options.json, NULL, NULL, "print one JSON object with everything", 0, 0},
};

static const struct config_program PROGRAM = {
    .name = "mxgrade report",
    .usage = "[OPTION…] DOMAIN",
    .summary = "Shows the grade of a domain, every check of every mail server, and what to change.",
    .notes = "Unknown never counts as no. Colours on a terminal, unless NO_COLOR is set.",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
};

/* The queries of the page, each with the survey and the domain. */
enum section { SECTION_MX, SECTION_POLICY, SECTION_DANE, SECTION_FINDING, SECTION_COUNT };

static const struct statement *const SECTIONS[SECTION_COUNT] = {
    [SECTION_MX] = &SQL_REPORT_MX,
    [SECTION_POLICY] = &SQL_REPORT_POLICY,
    [SECTION_DANE] = &SQL_REPORT_DANE,
    [SECTION_FINDING] = &SQL_REPORT_FINDING,
};

static int print_page(struct db *db, const char *domain, const PGresult *head) {
    const char *const key[] = {row_text(head, 0, "survey_id"), domain};
    const struct page page = page_to_stdout();
    PGresult *rows[SECTION_COUNT] = {NULL};
    bool good = true;
    for (int i = 0; good && i < SECTION_COUNT; i++)
        good = (rows[i] = db_query_params(db, SECTIONS[i], 2, key)) != NULL;
    if (good) {
        report_domain(&page, domain, head);
        report_exchanges(&page, rows[SECTION_MX]);
        report_policy(&page, rows[SECTION_POLICY], rows[SECTION_DANE]);
        report_findings(&page, rows[SECTION_FINDING]);
    }
    for (int i = 0; i < SECTION_COUNT; i++)
        PQclear(rows[i]);
    return good ? CLI_OK : CLI_FAILED;
}

static int print_json(struct db *db, const char *domain, const PGresult *head) {
    char unicode[4 * NAME_CAP];
    const char *const key[] = {row_text(head, 0, "survey_id"), domain, unicode};
    name_to_unicode(unicode, sizeof unicode, domain);
    PGresult *rows = db_query_params(db, &SQL_REPORT_JSON, 3, key);
    if (rows && PQntuples(rows))
        puts(PQgetvalue(rows, 0, 0));
    int code = rows && PQntuples(rows) ? CLI_OK : CLI_FAILED;
    PQclear(rows);
    return code;
}

static int show_domain(struct db *db, const char *domain) {
    const char *survey = options.survey && *options.survey ? options.survey : NULL;
    PGresult *head = db_query(db, &SQL_REPORT_DOMAIN, domain, survey);
    int code = CLI_FAILED;
    if (head && PQntuples(head) == 0) {
        cli_error(survey ? "%s is not in survey %s" : "%s is in no survey", domain, survey);
        code = CLI_NOT_FOUND;
    } else if (head) {
        code = options.json ? print_json(db, domain, head) : print_page(db, domain, head);
    }
    PQclear(head);
    return code;
}

int verb_report(int argc, char **argv) {
    const char *given;
    char domain[NAME_CAP];
    int code;
    if (!cli_start(&PROGRAM, argc, argv, "DOMAIN", &given, &code))
        return code;
    enum name_error error = name_from_line(domain, given, strlen(given));
    if (error != NAME_OK) {
        char reason[NAME_REASON_CAP];
        name_reason(reason, error, given, strlen(given));
        cli_error("'%s' is no domain: %s", given, reason);
        return CLI_USAGE;
    }
    if (options.survey && *options.survey && !cli_survey_number(options.survey))
        return CLI_USAGE;
    struct db *db = cli_connect(options.database);
    code = db ? show_domain(db, domain) : CLI_FAILED;
    db_close(&db);
    return code;
}
