/* report_grade.c - see report_grade.h. */
#include "report_grade.h"

#include "cli.h"

static enum tone grade_tone(const char *grade) {
    return *grade == 'A' ? TONE_GOOD : *grade == 'B' || *grade == 'C' ? TONE_UNSURE : TONE_BAD;
}

void report_grade(const struct page *page, const char *grade, const char *score, bool provisional, const char *reason) {
    if (*grade == '\0') {
        page_paint(page, TONE_UNSURE, "ungraded");
        fprintf(page->out, "%s%s%s\n", *reason ? " (" : "", cli_reason_text(reason), *reason ? ")" : "");
        return;
    }
    page_paint(page, grade_tone(grade), "%s", grade);
    fprintf(page->out, " (score %s%s)\n", score, provisional ? ", provisional: something is unknown" : "");
}
