/* report_domain.c - the head of mxgrade report's page: the domain's grade, what decided it, and the survey. */
#include "cli.h"
#include "model/facts.h"
#include "report_grade.h"
#include "report_sections.h"
#include "rows.h"

#include <stdlib.h>
#include <string.h>

/* What an exchange lacks for forced TLS: the fact that stands for each demand of docs/grading.md. */
static const char *forced_tls_text(const char *why, bool fails) {
    if (strcmp(why, fact_key(FACT_TLS_ENABLED)) == 0)
        return fails ? "TLS does not work" : "whether TLS works is unknown";
    if (strncmp(why, "tls1_", 5) == 0)
        return fails ? "no TLS version from TLS 1.0 up" : "its TLS versions are unknown";
    if (strncmp(why, "nist_", 5) == 0)
        return fails ? "no NIST cipher suite" : "its NIST cipher suites are unknown";
    return cli_reason_text(why);
}

static void print_forced_tls(const struct page *page, const PGresult *rows) {
    enum tri value = tri_from_name(row_text(rows, 0, "forced_tls"));
    const char *text = forced_tls_text(row_text(rows, 0, "forced_tls_why"), value == TRI_NO);
    char *exchange = cli_name(row_text(rows, 0, "forced_tls_mx"));
    page_label(page, "Forced TLS");
    page_paint(page,
               value == TRI_YES  ? TONE_GOOD
               : value == TRI_NO ? TONE_BAD
                                 : TONE_UNSURE,
               "%s",
               value == TRI_YES  ? "eligible"
               : value == TRI_NO ? "not eligible"
                                 : "unknown");
    if (value != TRI_YES && *exchange)
        fprintf(page->out, " (%s%s%s)", exchange, *text ? ": " : "", text);
    fputc('\n', page->out);
    free(exchange);
}

static void print_outcome(const struct page *page, const PGresult *rows) {
    const char *outcome = row_text(rows, 0, "outcome"), *reason = cli_reason_text(row_text(rows, 0, "reason"));
    page_label(page, "Grade");
    if (strcmp(outcome, "no_mail") == 0)
        fprintf(page->out, "none: %s\n", reason);
    else if (strcmp(outcome, "pending") == 0)
        fprintf(page->out, "pending: the survey is still at work on it\n");
    else
        report_grade(page, row_text(rows, 0, "grade"), row_text(rows, 0, "score"), row_is_true(rows, 0, "provisional"),
                     row_text(rows, 0, "reason"));
    if (*row_text(rows, 0, "worst_mx")) {
        page_label(page, "Decided by");
        char *worst = cli_name(row_text(rows, 0, "worst_mx"));
        fprintf(page->out, "%s\n", worst);
        free(worst);
    }
    if (*row_text(rows, 0, "mx_total")) {
        page_label(page, "MX graded");
        fprintf(page->out, "%s of %s%s\n", row_text(rows, 0, "mx_graded"), row_text(rows, 0, "mx_total"),
                strcmp(row_text(rows, 0, "mx_status"), "implicit") == 0 ? " (no MX record: the domain itself)" : "");
        print_forced_tls(page, rows);
    }
}

void report_domain(const struct page *page, const char *domain, const PGresult *rows) {
    char *name = cli_name(domain);
    page_paint(page, TONE_STRONG, "%s\n", name);
    free(name);
    print_outcome(page, rows);
    if (*row_text(rows, 0, "flags")) {
        page_label(page, "DNS oddities");
        fprintf(page->out, "%s\n", row_text(rows, 0, "flags"));
    }
    page_label(page, "Survey");
    fprintf(page->out, "%s, %s (%s, policy %s)\n", row_text(rows, 0, "survey_id"), row_text(rows, 0, "survey_name"),
            row_text(rows, 0, "state"), row_text(rows, 0, "policy"));
}
