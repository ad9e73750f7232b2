/* report_exchanges.c - the mail servers of a domain on mxgrade report's page. Addresses of an exchange that answer
 * alike are shown once. */
#include "base/mem.h"
#include "cli.h"
#include "model/facts.h"
#include "report_checks.h"
#include "report_grade.h"
#include "report_sections.h"
#include "report_service.h"
#include "rows.h"

#include <stdlib.h>
#include <string.h>

/* What each address is called, and whether that name leads back to it. Not beside the checks: there addresses that
 * differ in nothing else stand together. */
static void print_reverse(const struct page *page, const PGresult *rows, int first, int end) {
    static const char *const notes[] = {
        [TRI_UNKNOWN] = "whether it leads back is unknown", [TRI_NO] = "does not lead back", [TRI_YES] = "leads back"};
    for (int row = first; row < end; row++) {
        const char *status = row_text(rows, row, "reverse_status");
        bool found = strcmp(status, "found") == 0;
        enum tri confirmed = tri_from_name(row_text(rows, row, "reverse_confirmed"));
        fprintf(page->out, "    %-*s%s  %s%s%s\n", PAGE_CHECK_COLUMNS, row == first ? "Reverse name" : "",
                row_text(rows, row, "address"), found ? row_text(rows, row, "reverse_names") : status,
                found ? ": " : "", found ? notes[confirmed] : "");
    }
}

/* Who may issue certificates for the exchange. */
static void print_caa(const struct page *page, const PGresult *rows, int row) {
    const char *status = row_text(rows, row, "caa_status"), *issuers = row_text(rows, row, "caa_issuers");
    fprintf(page->out, "    %-*s", PAGE_CHECK_COLUMNS, "CAA");
    if (strcmp(status, "found") != 0)
        fprintf(page->out, "%s\n", status);
    else
        fprintf(page->out, "%s (at %s)\n",
                *issuers                                                 ? issuers
                : PQgetisnull(rows, row, PQfnumber(rows, "caa_issuers")) ? "no word on who may issue"
                                                                         : "nobody may issue",
                row_text(rows, row, "caa_domain"));
}

/* Everything about an exchange at one address, but the address. The caller frees. */
static char *address_body(const struct page *page, const PGresult *rows, int row) {
    char *text = NULL;
    size_t len = 0;
    const struct page body = {open_memstream(&text, &len), page->colour};
    if (body.out == NULL)
        abort();
    report_grade(&body, row_text(rows, row, "grade"), row_text(rows, row, "score"),
                 row_is_true(rows, row, "provisional"), row_text(rows, row, "reason"));
    report_checks(&body, rows, row);
    report_service(&body, rows, row);
    if (*row_text(rows, row, "flags"))
        fprintf(body.out, "    %-*s%s\n", PAGE_CHECK_COLUMNS, "Oddities", row_text(rows, row, "flags"));
    fclose(body.out);
    return text;
}

/* Rows first to end, excluded, are the addresses of one exchange. */
static void print_addresses(const struct page *page, const PGresult *rows, int first, int end) {
    char **bodies = mem_calloc((size_t)(end - first), sizeof *bodies);
    for (int row = first; row < end; row++)
        bodies[row - first] = address_body(page, rows, row);
    for (int row = first; row < end; row++) {
        if (bodies[row - first] == NULL)
            continue;
        char *addresses = mem_strdup(row_text(rows, row, "address")), *body = bodies[row - first];
        for (int other = row + 1; other < end; other++) {
            if (bodies[other - first] == NULL || strcmp(bodies[other - first], body) != 0)
                continue;
            addresses = cli_list_add(addresses, row_text(rows, other, "address"));
            free(bodies[other - first]);
            bodies[other - first] = NULL;
        }
        fputs("  ", page->out);
        page_paint(page, TONE_STRONG, "%s", addresses);
        page_pad(page, cli_width(addresses), PAGE_CHECK_COLUMNS);
        fprintf(page->out, "  %s", body);
        free(addresses);
        free(body);
    }
    free(bodies);
}

static void print_exchange(const struct page *page, const PGresult *rows, int first, int end) {
    const char *flags = row_text(rows, first, "exchange_flags");
    char *exchange = cli_name(row_text(rows, first, "exchange"));
    char *head = mem_printf("MX %s  %s", row_text(rows, first, "preference"), exchange);
    fputc('\n', page->out);
    page_paint(page, TONE_STRONG, "%s", head);
    page_pad(page, cli_width(head), PAGE_CHECK_COLUMNS + 2);
    fputs("  ", page->out);
    free(head);
    free(exchange);
    report_grade(page, row_text(rows, first, "exchange_grade"), row_text(rows, first, "exchange_score"),
                 row_is_true(rows, first, "exchange_provisional"), row_text(rows, first, "exchange_reason"));
    if (*flags)
        fprintf(page->out, "    %-*s%s\n", PAGE_CHECK_COLUMNS, "Oddities in DNS", flags);
    if (*row_text(rows, first, "address") == '\0')
        return;
    print_caa(page, rows, first);
    print_reverse(page, rows, first, end);
    print_addresses(page, rows, first, end);
}

void report_exchanges(const struct page *page, const PGresult *rows) {
    for (int first = 0, end; first < PQntuples(rows); first = end) {
        end = rows_group_end(rows, first, "exchange");
        print_exchange(page, rows, first, end);
    }
}
