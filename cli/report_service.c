/* report_service.c - see report_service.h. EXTENSIONS says in which words the facts of facts.h stand on the page. */
#include "report_service.h"

#include "base/mem.h"
#include "cli.h"
#include "model/facts.h"
#include "rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What is listed where the answer is yes. */
static const struct {
    enum fact_id fact;
    const char *name, *column; /* the column that tells more, or NULL */
} EXTENSIONS[] = {
    {FACT_AUTH_BEFORE_TLS, "AUTH before TLS", "auth_mechanisms"},
    {FACT_REQUIRETLS, "REQUIRETLS", NULL},
    {FACT_SMTPUTF8, "SMTPUTF8", NULL},
    {FACT_SIZE_DECLARED, "SIZE", "size_limit"},
    {FACT_PIPELINING, "PIPELINING", NULL},
    {FACT_EIGHTBITMIME, "8BITMIME", NULL},
    {FACT_CHUNKING, "CHUNKING", NULL},
    {FACT_DSN, "DSN", NULL},
};

/* Where it says that it is somebody else than the MX. */
static const struct {
    enum fact_id fact;
    const char *what, *column, *is_mx;
} NAMES[] = {
    {FACT_GREETING_NAMES_HOST, "greets", "greeting_name", "greeting_name_is_mx"},
    {FACT_EHLO_NAMES_HOST, "answers EHLO", "ehlo_name", "ehlo_name_is_mx"},
};

static enum tri fact_value(const PGresult *rows, int row, enum fact_id id) {
    return tri_from_name(row_text(rows, row, fact_key(id)));
}

/* "16 minutes", of seconds; the caller frees. */
static char *span_of(const char *digits) {
    enum { MINUTE_S = 60, HOUR_S = 3600 };
    int64_t seconds = strtoll(digits, NULL, 10);
    int64_t unit = seconds >= 2 * HOUR_S ? HOUR_S : seconds >= 2 * MINUTE_S ? MINUTE_S : 1;
    const char *name = unit == HOUR_S ? "hour" : unit == MINUTE_S ? "minute" : "second";
    return mem_printf("%" PRId64 " %s%s", seconds / unit, name, seconds / unit == 1 ? "" : "s");
}

static void print_broken(const struct page *page, const PGresult *rows, int row) {
    static const struct {
        const char *failure, *text;
    } failures[] = {{"starttls_refused", "STARTTLS was refused"},
                    {"closed", "the connection was closed behind STARTTLS"},
                    {"not_tls", "what came behind STARTTLS was not TLS"}};
    const char *failure = row_text(rows, row, "broken_failure"), *text = failure; /* "alert 80" */
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
        if (strcmp(failures[i].failure, failure) == 0)
            text = failures[i].text;
    char *span = span_of(row_text(rows, row, "broken_seconds"));
    char *line =
        mem_printf("inferred, %s attempts over %s, each time: %s", row_text(rows, row, "broken_attempts"), span, text);
    fprintf(page->out, "    %-*s", PAGE_CHECK_COLUMNS, fact_title(FACT_TLS_BROKEN));
    page_wrap(page, line, 4 + PAGE_CHECK_COLUMNS);
    free(line);
    free(span);
}

/* The caller frees; NULL: nothing. */
static char *said_of_itself(const PGresult *rows, int row) {
    char *list = NULL;
    for (size_t i = 0; i < sizeof EXTENSIONS / sizeof *EXTENSIONS; i++) {
        const char *more = EXTENSIONS[i].column ? row_text(rows, row, EXTENSIONS[i].column) : "";
        if (fact_value(rows, row, EXTENSIONS[i].fact) != TRI_YES)
            continue;
        char *item = mem_printf("%s%s%s%s", EXTENSIONS[i].name, *more ? " (" : "", more, *more ? ")" : "");
        list = cli_list_add(list, item);
        free(item);
    }
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        const char *name = row_text(rows, row, NAMES[i].column);
        if (*name == '\0' || row_is_true(rows, row, NAMES[i].is_mx))
            continue;
        char *item = mem_printf("%s as %s%s", NAMES[i].what, name,
                                fact_value(rows, row, NAMES[i].fact) == TRI_NO ? " (no full host name)" : "");
        list = cli_list_add(list, item);
        free(item);
    }
    return list;
}

void report_service(const struct page *page, const PGresult *rows, int row) {
    if (fact_value(rows, row, FACT_TLS_BROKEN) == TRI_YES)
        print_broken(page, rows, row);
    char *list = said_of_itself(rows, row);
    if (list) {
        fprintf(page->out, "    %-*s", PAGE_CHECK_COLUMNS, "Says in SMTP");
        page_wrap(page, list, 4 + PAGE_CHECK_COLUMNS);
    }
    free(list);
}
