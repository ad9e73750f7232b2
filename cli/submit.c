/* submit.c - mxgrade submit: stores a list as a survey, in one transaction, a line at a time. An interrupted submit
 * leaves nothing behind. However slowly a list comes, nobody waits for it: its lines go into a table that nobody else
 * sees, and what others use is touched once it is whole (schema/001_3_surveys.sql). */
#include "base/mem.h"
#include "base/text.h"
#include "cli.h"
#include "cli_sql.h"
#include "lines.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SURVEY_NAME_MAX_OCTETS = 200 };

static struct {
    const char *database, *name;
    int64_t attempts, retry_delay_ms;
    bool wait;
} options;

static const struct config_option OPTIONS[] = {
    CLI_DATABASE_OPTION(&options.database),
    {"name", CONFIG_TEXT, &options.name, NULL, "TEXT", "name of the survey; empty: the file's", 0, 0},
    {"attempts", CONFIG_NUMBER, &options.attempts, "3", "N", "how often a server that gives no answer is asked in all",
     1, 100},
    {"retry-delay", CONFIG_DURATION, &options.retry_delay_ms, "10m", "TIME",
     "wait before the second attempt; doubles each time", 0, 0},
    {"wait", CONFIG_FLAG, &options.wait, NULL, NULL, "show progress on standard error, return when it is complete", 0,
     0},
};

static const struct config_program PROGRAM = {
    .name = "mxgrade submit",
    .usage = "[OPTION…] FILE|-",
    .summary = "Stores a list of domains as a new survey and prints the survey's number.\n"
               "FILE, or - for standard input: a domain or 'rank,domain' a line; may be gzip, or a ZIP of one file.",
    .notes = "Every line is kept: as a domain, or as rejected with the reason ('mxgrade summary').",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
};

struct tally {
    int64_t lines, rejected;
};

static void copy_line(struct db_copy *copy, const char *survey, const struct line *line) {
    bool good = line->error == NAME_OK;
    db_copy_text(copy, survey);
    db_copy_int(copy, line->number);
    db_copy_text(copy, line->input);
    db_copy_text(copy, good ? line->name : NULL);
    if (good && line->rank >= 0)
        db_copy_int(copy, line->rank);
    else
        db_copy_null(copy);
    db_copy_text(copy, good ? NULL : line->reason);
    db_copy_row_end(copy);
}

static bool copy_lines(struct db *db, const char *survey, struct lines *lines, struct tally *tally) {
    struct db_copy copy;
    struct line line;
    char error[512];
    enum lines_result result;
    char sql[128];
    const struct statement statement = {"submit_lines", sql, 0};
    snprintf(sql, sizeof sql,
             "COPY mxgrade.submitted_line_%s (survey_id, line_no, input, name, rank, rejected) FROM STDIN", survey);
    if (!db_copy_begin(&copy, db, &statement))
        return false;
    while (!copy.failed && (result = lines_next(lines, &line, error, sizeof error)) != LINES_END) {
        if (result == LINES_ERROR) {
            cli_error("%s", error);
            copy.failed = true;
            break;
        }
        copy_line(&copy, survey, &line);
        tally->lines++;
        tally->rejected += line.error != NAME_OK;
    }
    return db_copy_end(&copy);
}

/* The survey's number, which the caller frees, or NULL. */
static char *begin_survey(struct db *db) {
    PGresult *res = db_begin(db) ? db_query(db, &SQL_SUBMIT_BEGIN) : NULL;
    char *survey = res ? mem_strdup(PQgetvalue(res, 0, 0)) : NULL;
    PQclear(res);
    return survey;
}

static bool end_survey(struct db *db, const char *survey, const char *name, const struct tally *tally) {
    static const struct statement notify = {"notify", "NOTIFY mxgrade_survey", 0};
    char lines[24], attempts[24], delay[24];
    snprintf(lines, sizeof lines, "%" PRId64, tally->lines);
    snprintf(attempts, sizeof attempts, "%" PRId64, options.attempts);
    snprintf(delay, sizeof delay, "%" PRId64, options.retry_delay_ms);
    if (tally->lines == 0) {
        cli_error("the list is empty: nothing was stored");
        return false;
    }
    return db_run(db, &SQL_SUBMIT_END, survey, name, attempts, delay, lines) && db_run(db, &notify) && db_commit(db);
}

static int store_survey(struct db *db, const char *name, struct lines *lines) {
    struct tally tally = {0};
    char *survey = begin_survey(db);
    int code = CLI_FAILED;
    if (survey && copy_lines(db, survey, lines, &tally) && end_survey(db, survey, name, &tally)) {
        fprintf(stderr, "%" PRId64 " lines: %" PRId64 " accepted, %" PRId64 " rejected\n", tally.lines,
                tally.lines - tally.rejected, tally.rejected);
        printf("%s\n", survey);
        fflush(stdout);
        code = options.wait ? watch_survey(stderr, db, survey) : CLI_OK;
    }
    free(survey);
    return code;
}

/* What the survey of the list at path is called. */
static const char *survey_name(const char *path) {
    const char *slash = strrchr(path, '/');
    if (options.name && *options.name)
        return options.name;
    if (strcmp(path, "-") == 0)
        return "standard input";
    return slash ? slash + 1 : path;
}

int verb_submit(int argc, char **argv) {
    const char *path;
    char error[512], name[SURVEY_NAME_MAX_OCTETS + 1];
    int code;
    if (!cli_start(&PROGRAM, argc, argv, "FILE", &path, &code))
        return code;
    struct lines *lines = lines_open(path, error, sizeof error);
    if (lines == NULL) {
        cli_error("%s", error);
        return CLI_FAILED;
    }
    const char *shown = survey_name(path);
    text_sanitise(name, sizeof name, shown, strlen(shown));
    struct db *db = cli_connect(options.database);
    code = db ? store_survey(db, name, lines) : CLI_FAILED;
    db_close(&db);
    lines_close(&lines);
    return code;
}
