/* watch.c - mxgrade watch: asks for plain counts about once a second, but never spends more than a tenth of the time in
 * the database. A notification that the survey is complete ends the wait early. On a terminal one line is redrawn,
 * elsewhere a line is printed when something changed. */
#include "cli.h"
#include "cli_sql.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
    TICK_MS = 1000,
    QUERY_SHARE = 10, /* the pause is at least so many times as long as the query before it */
    BAR_COLUMNS = 14,
    LINE_CAP = 256,
};

static struct { const char *database; } options;

static const struct config_option OPTIONS[] = {CLI_DATABASE_OPTION(&options.database)};

static const struct config_program PROGRAM = {
    .name = "mxgrade watch",
    .usage = "[OPTION…] SURVEY",
    .summary = "Shows the progress of a survey until it is complete, then its numbers.",
    .notes = "Stopping mxgrade watch does not stop the survey.",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
};

struct progress {
    char state[16];
    int64_t lines, taken, domains, domains_pending, endpoints, endpoints_pending, policies, policies_pending;
};

struct watch {
    FILE *out;
    struct db *db;
    const char *survey;
    bool terminal;
    struct progress first, now;
    int64_t started_ms, now_ms;
    int64_t query_ms; /* what the last query took */
    char shown[LINE_CAP];
};

static int64_t clock_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Every line, domain, endpoint and policy is one step. */
static int64_t steps(const struct progress *p) { return p->lines + p->domains + p->endpoints + p->policies; }

static int64_t steps_done(const struct progress *p) {
    return p->taken + p->domains - p->domains_pending + p->endpoints - p->endpoints_pending + p->policies -
           p->policies_pending;
}

static int read_progress(struct watch *watch) {
    int64_t before = clock_ms();
    PGresult *res = db_query(watch->db, &SQL_WATCH_PROGRESS, watch->survey);
    watch->now_ms = clock_ms();
    watch->query_ms = watch->now_ms - before;
    int code = res == NULL ? CLI_FAILED : PQntuples(res) ? CLI_OK : CLI_NOT_FOUND;
    if (code == CLI_OK) {
        struct progress *p = &watch->now;
        int64_t *const numbers[] = {&p->lines,           &p->taken,           &p->domains,
                                    &p->domains_pending, &p->endpoints,       &p->endpoints_pending,
                                    &p->policies,        &p->policies_pending};
        enum { NUMBERS = sizeof numbers / sizeof *numbers };
        snprintf(p->state, sizeof p->state, "%s", PQgetvalue(res, 0, 0));
        for (int i = 0; i < NUMBERS; i++)
            *numbers[i] = strtoll(PQgetvalue(res, 0, i + 1), NULL, 10);
    }
    if (code == CLI_NOT_FOUND)
        cli_error("there is no survey %s; 'mxgrade list' shows them", watch->survey);
    PQclear(res);
    return code;
}

static void format_time(char *out, size_t cap, int64_t seconds) {
    if (seconds < 60)
        snprintf(out, cap, "%" PRId64 "s", seconds);
    else if (seconds < 3600)
        snprintf(out, cap, "%" PRId64 "m%02" PRId64 "s", seconds / 60, seconds % 60);
    else
        snprintf(out, cap, "%" PRId64 "h%02" PRId64 "m", seconds / 3600, seconds / 60 % 60);
}

static void format_line(const struct watch *watch, char *out) {
    const struct progress *p = &watch->now;
    int64_t done = steps_done(p), all = steps(p), percent = all > 0 && done > 0 ? 100 * done / all : 0;
    int64_t elapsed_ms = watch->now_ms - watch->started_ms, gained = done - steps_done(&watch->first);
    int64_t probed = p->endpoints - p->endpoints_pending;
    int64_t probed_here = probed - (watch->first.endpoints - watch->first.endpoints_pending);
    char bar[BAR_COLUMNS + 3] = "", pace[64] = "";
    if (watch->terminal) {
        memset(bar, '.', sizeof bar - 1);
        memset(bar + 1, '#', (size_t)((percent < 100 ? percent : 100) * BAR_COLUMNS / 100));
        bar[0] = '[';
        bar[BAR_COLUMNS + 1] = ']';
    }
    if (watch->terminal && done < all && gained > 0 && elapsed_ms > 0) {
        char eta[32];
        format_time(eta, sizeof eta, (all - done) * elapsed_ms / gained / 1000);
        snprintf(pace, sizeof pace, "  %" PRId64 "/s  ETA %s", probed_here * 1000 / elapsed_ms, eta);
    }
    snprintf(out, LINE_CAP,
             "%s %s%s%" PRId64 "%%%s  lines %" PRId64 "/%" PRId64 "  domains %" PRId64 "/%" PRId64
             "  endpoints %" PRId64 "/%" PRId64 "  policies %" PRId64 "/%" PRId64,
             p->state, bar, *bar ? " " : "", percent, pace, p->taken, p->lines, p->domains - p->domains_pending,
             p->domains, probed, p->endpoints, p->policies - p->policies_pending, p->policies);
}

static void draw_progress(struct watch *watch) {
    char line[LINE_CAP];
    struct winsize size = {0};
    format_line(watch, line);
    if (watch->terminal) {
        int columns = ioctl(fileno(watch->out), TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1 : 79;
        fprintf(watch->out, "\r%.*s\033[K", columns, line);
    } else if (strcmp(line, watch->shown) != 0) {
        fprintf(watch->out, "%s\n", line);
    }
    snprintf(watch->shown, sizeof watch->shown, "%s", line);
    fflush(watch->out);
}

/* Waits for the next tick, or for a notification. */
static bool wait_tick(struct watch *watch) {
    int64_t pause = watch->query_ms * QUERY_SHARE > TICK_MS ? watch->query_ms * QUERY_SHARE : TICK_MS;
    struct pollfd input = {.fd = db_socket(watch->db), .events = POLLIN};
    int ready = poll(&input, 1, pause > INT32_MAX ? INT32_MAX : (int)pause);
    if (ready < 0 && errno != EINTR)
        return false;
    bool lost = false;
    if (ready > 0)
        db_was_notified(watch->db, &lost);
    if (lost) {
        cli_error("the connection to the database was lost; the survey goes on, 'mxgrade watch %s' shows it",
                  watch->survey);
        return false;
    }
    return true;
}

int watch_survey(FILE *out, struct db *db, const char *survey) {
    static const struct statement listen = {"listen", "LISTEN mxgrade_complete", 0};
    struct watch watch = {
        .out = out, .db = db, .survey = survey, .terminal = isatty(fileno(out)), .started_ms = clock_ms()};
    if (!db_run(db, &listen))
        return CLI_FAILED;
    int code = read_progress(&watch);
    for (watch.first = watch.now; code == CLI_OK; code = read_progress(&watch)) {
        bool ended = strcmp(watch.now.state, "complete") == 0 || strcmp(watch.now.state, "cancelled") == 0;
        draw_progress(&watch);
        if (ended)
            break;
        if (!wait_tick(&watch))
            return CLI_FAILED;
    }
    if (watch.terminal && *watch.shown)
        fputc('\n', out);
    if (code != CLI_OK)
        return code;
    fputc('\n', out);
    code = summary_print(out, db, survey);
    return code == CLI_OK && strcmp(watch.now.state, "cancelled") == 0 ? CLI_FAILED : code;
}

int verb_watch(int argc, char **argv) { return cli_survey_verb(&PROGRAM, argc, argv, &options.database, watch_survey); }
