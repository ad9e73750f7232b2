/* report_policy.c - the part of mxgrade report on what a domain publishes about its mail. Each status is a row of a
 * table, with how it is to be taken and what it means. */
#include "base/mem.h"
#include "cli.h"
#include "published/sts.h"
#include "published/tlsrpt.h"
#include "report_sections.h"
#include "rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMN = 2 + PAGE_LABEL_COLUMNS, DANE_COLUMNS = sizeof "secure-mismatch " };

struct status {
    const char *key;
    enum tone tone;
    const char *text; /* NULL: the key says it all */
};

static const struct status DNSSEC[] = {
    {"secure", TONE_GOOD, NULL},
    {"insecure", TONE_PLAIN, "the domain is not signed"},
    {"bogus", TONE_BAD, "its signatures do not validate: senders whose resolvers do cannot find its mail servers"},
    {"unchecked", TONE_UNSURE, "the resolver does not validate, or the path to it is not trusted"},
    {"unknown", TONE_UNSURE, "DNS gave no answer, or was not asked for it"},
};

/* The texts are about the domain; an exchange has its reason beside it. */
static const struct status DANE[] = {
    {"secure-match", TONE_GOOD, NULL},
    {"secure-mismatch", TONE_BAD, "TLSA records do not match: senders that use DANE pass over the exchange"},
    {"secure-unusable", TONE_UNSURE, "no record is usable: senders that use DANE demand TLS and check no certificate"},
    {"partial", TONE_UNSURE, "some exchanges have no TLSA records that count"},
    {"none", TONE_PLAIN, "no TLSA records"},
    {"insecure", TONE_PLAIN, "DNSSEC is missing, so DANE does not apply"},
    {"bogus", TONE_BAD, "DNSSEC validation fails: senders that use DANE pass over the exchange"},
    {"unchecked", TONE_UNSURE, "the resolver does not validate, or the path to it is not trusted"},
    {"unknown", TONE_UNSURE, "DNS or the server gave too little answer"},
    {"not_asked", TONE_DIM, "the domain takes no mail"},
};

/* MTA-STS and TLS-RPT. */
static const struct status RECORD[] = {
    {"enforce", TONE_GOOD, NULL},
    {"testing", TONE_UNSURE, "senders report failures and deliver all the same"},
    {"valid", TONE_GOOD, NULL},
    {"none", TONE_PLAIN, NULL},
    {"invalid", TONE_BAD, NULL},
    {"unknown", TONE_UNSURE, NULL},
    {"pending", TONE_UNSURE, "the survey is still at work on it"},
    {"not_asked", TONE_DIM, "the domain takes no mail, or the survey is from before mxgrade asked"},
};

static const struct status *find_status(const struct status *table, size_t count, const char *key) {
    static const struct status other = {"unknown", TONE_UNSURE, NULL};
    for (size_t i = 0; i < count; i++)
        if (strcmp(table[i].key, key) == 0)
            return &table[i];
    return &other;
}
#define FIND_STATUS(table, key) find_status(table, sizeof(table) / sizeof *(table), key)

/* The sentence for a key of the table, or the key of a newer table. */
static const char *sts_text(const char *key) {
    enum sts_why why = sts_why_from_key(key);
    return why != STS_WHY_COUNT ? sts_why_text(why) : key;
}

static const char *tlsrpt_text(const char *key) {
    enum tlsrpt_why why = tlsrpt_why_from_key(key);
    return why != TLSRPT_WHY_COUNT ? tlsrpt_why_text(why) : key;
}

static void print_status(const struct page *page, const char *title, const struct status *status, const char *more) {
    const char *text = *more ? more : status->text ? status->text : "";
    page_label(page, title);
    page_paint(page, status->tone, "%s", status->key);
    fputs(*text ? ":" : "", page->out);
    page_wrap_on(page, text, COLUMN, COLUMN + strlen(status->key) + 1);
}

/* "no answer … (detail)", or whichever of the two there is; the caller frees. */
static char *reason_of(const char *text, const char *detail) {
    return *text && *detail ? mem_printf("%s (%s)", text, detail) : mem_strdup(*text ? text : detail);
}

/* ---- DANE ---- */

static void print_dane_row(const struct page *page, const PGresult *dane, int row) {
    const struct status *status = FIND_STATUS(DANE, row_text(dane, row, "status"));
    const char *why = row_text(dane, row, "why"), *addresses = row_text(dane, row, "addresses");
    char *exchange = cli_name(row_text(dane, row, "exchange"));
    char *text = mem_printf("%s%s%s", addresses, *addresses && *why ? ": " : "", why);
    size_t used = cli_width(exchange) < PAGE_CHECK_COLUMNS ? PAGE_CHECK_COLUMNS : cli_width(exchange) + 2;
    fprintf(page->out, "    %s", exchange);
    page_pad(page, cli_width(exchange), used);
    page_paint(page, status->tone, "%s", status->key);
    if (*text)
        page_pad(page, strlen(status->key), DANE_COLUMNS);
    page_wrap(page, text, 4 + used + DANE_COLUMNS);
    free(text);
    free(exchange);
}

/* ---- MTA-STS ---- */

/* "for 7 days", of seconds; the caller frees. */
static char *duration_of(const char *digits) {
    enum { HOUR_S = 3600, DAY_S = 86400 };
    int64_t seconds = strtoll(digits, NULL, 10);
    int64_t unit = seconds >= DAY_S ? DAY_S : seconds >= HOUR_S ? HOUR_S : 1;
    const char *name = unit == DAY_S ? "day" : unit == HOUR_S ? "hour" : "second";
    return mem_printf("%" PRId64 " %s%s", seconds / unit, name, seconds / unit == 1 ? "" : "s");
}

/* What stands beside the status; the caller frees. */
static char *sts_detail(const PGresult *policy) {
    const char *status = row_text(policy, 0, "mta_sts"), *age = row_text(policy, 0, "max_age");
    if (strcmp(status, "invalid") == 0 || strcmp(status, "unknown") == 0)
        return reason_of(sts_text(row_text(policy, 0, "mta_sts_reason")), row_text(policy, 0, "detail"));
    if (*age == '\0')
        return mem_strdup("");
    char *duration = duration_of(age);
    const char *patterns = row_text(policy, 0, "patterns"), *text = FIND_STATUS(RECORD, status)->text;
    char *detail = strcmp(status, "none") == 0
                       ? mem_printf("the policy says so itself, for %s", duration)
                       : mem_printf("%s%sfor %s, covers %s", text ? text : "", text ? "; " : "", duration, patterns);
    free(duration);
    return detail;
}

/* One line with the exchanges of column, and what becomes of these; nothing where there are none. */
static void print_exchange_list(const struct page *page, const PGresult *policy, const char *column, const char *title,
                                const char *text) {
    char *names = mem_strdup(row_text(policy, 0, column)), *rest = names, *list = NULL;
    for (char *name; (name = strsep(&rest, " ")) != NULL && *name;) {
        char *shown = cli_name(name);
        list = cli_list_add(list, shown);
        free(shown);
    }
    if (list) {
        char *line = mem_printf("%s: %s", list, text);
        page_label(page, title);
        page_wrap(page, line, COLUMN);
        free(line);
    }
    free(list);
    free(names);
}

static void print_sts(const struct page *page, const PGresult *policy) {
    bool enforced = strcmp(row_text(policy, 0, "mta_sts"), "enforce") == 0;
    bool bounces = row_is_true(policy, 0, "mta_sts_bounces");
    struct status status = *FIND_STATUS(RECORD, row_text(policy, 0, "mta_sts"));
    char *detail = sts_detail(policy);
    if (bounces)
        status.tone = TONE_BAD;
    print_status(page, "MTA-STS", &status, detail);
    free(detail);
    print_exchange_list(page, policy, "not_covered", "  not covered",
                        enforced ? "senders that honour the policy pass over it"
                                 : "once enforced, senders pass over it");
    print_exchange_list(page, policy, "failing", "  failing",
                        enforced
                            ? "no TLS 1.2, or its certificate is not trusted, not in date or does not name it; senders "
                              "that honour the policy pass over it"
                            : "no TLS 1.2, or its certificate is not trusted, not in date or does not name it; once "
                              "enforced, senders pass over it");
    if (bounces) {
        page_label(page, "  mail bounces");
        page_paint(page, TONE_BAD, "yes");
        fputs(": no exchange is left for senders that honour the policy\n", page->out);
    }
}

/* ---- the section ---- */

static void print_tlsrpt(const struct page *page, const PGresult *policy) {
    const char *key = row_text(policy, 0, "tlsrpt"), *rua = row_text(policy, 0, "tlsrpt_rua");
    char *text = strcmp(key, "valid") == 0 ? mem_printf("reports go to %s", rua)
                                           : mem_strdup(tlsrpt_text(row_text(policy, 0, "tlsrpt_why")));
    print_status(page, "TLS-RPT", FIND_STATUS(RECORD, key), text);
    free(text);
}

void report_policy(const struct page *page, const PGresult *policy, const PGresult *dane) {
    if (PQntuples(policy) == 0)
        return;
    fputc('\n', page->out);
    page_paint(page, TONE_STRONG, "DNSSEC, DANE, MTA-STS, TLS-RPT\n");
    print_status(page, "DNSSEC", FIND_STATUS(DNSSEC, row_text(policy, 0, "dnssec")), "");
    print_status(page, "DANE", FIND_STATUS(DANE, row_text(policy, 0, "dane")), "");
    for (int row = 0; row < PQntuples(dane); row++)
        print_dane_row(page, dane, row);
    print_sts(page, policy);
    print_tlsrpt(page, policy);
}
