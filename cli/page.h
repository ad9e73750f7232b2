/* page.h - text for people: a page with colours, labels, aligned columns and wrapped paragraphs. */
#ifndef MXG_PAGE_H
#define MXG_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum {
    PAGE_COLUMNS = 96,
    PAGE_LABEL_COLUMNS = 14, /* of what stands left in a section's head, behind two blanks */
    PAGE_CHECK_COLUMNS = 30, /* of what stands left below it, behind four */
};

enum tone { TONE_PLAIN, TONE_GOOD, TONE_BAD, TONE_UNSURE, TONE_DIM, TONE_STRONG };

struct page {
    FILE *out;
    bool colour;
};

/* Standard output; coloured on a terminal, unless NO_COLOR is set. */
struct page page_to_stdout(void);

void page_paint(const struct page *page, enum tone tone, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Blanks from column used to column width. */
void page_pad(const struct page *page, size_t used, size_t width);

/* Writes text from column on, broken between words, and ends the line; what has no blank stays whole. */
void page_wrap(const struct page *page, const char *text, size_t column);

/* The same for text that goes on a line of used columns, a blank between. */
void page_wrap_on(const struct page *page, const char *text, size_t column, size_t used);

/* The label of a line, in its columns. "" leaves them blank. */
void page_label(const struct page *page, const char *text);

#endif
