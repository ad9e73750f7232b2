/* report_findings.c - what to change, on mxgrade report's page: each finding once, with the exchanges that it is about.
 */
#include "base/mem.h"
#include "cli.h"
#include "report_sections.h"
#include "rows.h"

#include <stdlib.h>
#include <string.h>

enum { EXCHANGES_SHOWN = 3 };

static enum tone weight_tone(const char *weight) {
    static const struct {
        const char *weight;
        enum tone tone;
    } tones[] = {{"fatal", TONE_BAD}, {"significant", TONE_BAD}, {"slight", TONE_UNSURE}};
    for (size_t i = 0; i < sizeof tones / sizeof *tones; i++)
        if (strcmp(tones[i].weight, weight) == 0)
            return tones[i].tone;
    return TONE_DIM;
}

/* The exchanges of one finding, whose rows are first to end, excluded; "" where the finding is about the domain. The
 * caller frees. */
static char *exchanges_of(const PGresult *rows, int first, int end) {
    char *text = cli_name(row_text(rows, first, "exchange"));
    int distinct = 1;
    for (int row = first + 1; row < end; row++) {
        if (strcmp(row_text(rows, row, "exchange"), row_text(rows, row - 1, "exchange")) == 0 ||
            distinct++ >= EXCHANGES_SHOWN)
            continue;
        char *name = cli_name(row_text(rows, row, "exchange"));
        text = cli_list_add(text, name);
        free(name);
    }
    if (distinct <= EXCHANGES_SHOWN)
        return text;
    char *longer = mem_printf("%s and %d more", text, distinct - EXCHANGES_SHOWN);
    free(text);
    return longer;
}

/* What to publish: every line as it is, to be copied. */
static void print_record(const struct page *page, const char *record) {
    for (const char *line = record; *line;) {
        int len = (int)strcspn(line, "\n");
        page_pad(page, 0, 4 + PAGE_LABEL_COLUMNS);
        fprintf(page->out, "%.*s\n", len, line);
        line += len + (line[len] == '\n');
    }
}

/* Which certificates it is about, say; what the rows of one finding have alike stands once. */
static void print_details(const struct page *page, const PGresult *rows, int first, int end) {
    const char *last = "";
    for (int row = first, shown = 0; row < end && shown < EXCHANGES_SHOWN; row++) {
        const char *detail = row_text(rows, row, "detail");
        if (*detail == '\0' || strcmp(detail, last) == 0)
            continue;
        page_pad(page, 0, 2 + PAGE_LABEL_COLUMNS);
        page_wrap(page, detail, 2 + PAGE_LABEL_COLUMNS);
        last = detail;
        shown++;
    }
}

static void print_finding(const struct page *page, const PGresult *rows, int first, int end) {
    const char *weight = row_text(rows, first, "weight"), *title = row_text(rows, first, "title");
    char *exchanges = exchanges_of(rows, first, end);
    char *text = mem_printf("%s%s%s", title, *exchanges ? ": " : "", exchanges);
    fputs("  ", page->out);
    page_paint(page, weight_tone(weight), "%s", weight);
    page_pad(page, strlen(weight), PAGE_LABEL_COLUMNS);
    page_wrap(page, text, 2 + PAGE_LABEL_COLUMNS);
    print_details(page, rows, first, end);
    page_pad(page, 0, 2 + PAGE_LABEL_COLUMNS);
    page_wrap(page, row_text(rows, first, "recommendation"), 2 + PAGE_LABEL_COLUMNS);
    for (int row = first; row < end; row++)
        print_record(page, row_text(rows, row, "record"));
    free(text);
    free(exchanges);
}

void report_findings(const struct page *page, const PGresult *rows) {
    if (PQntuples(rows) == 0)
        return;
    fputc('\n', page->out);
    page_paint(page, TONE_STRONG, "What to change\n");
    for (int first = 0, end; first < PQntuples(rows); first = end) {
        end = rows_group_end(rows, first, "code");
        print_finding(page, rows, first, end);
    }
}
