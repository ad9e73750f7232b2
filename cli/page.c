/* page.c - see page.h. */
#include "page.h"

#include "base/mem.h"
#include "cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const TONES[] = {"", "\033[32m", "\033[31m", "\033[33m", "\033[2m", "\033[1m"};

struct page page_to_stdout(void) {
    const char *no_colour = getenv("NO_COLOR");
    return (struct page){stdout, isatty(STDOUT_FILENO) && (no_colour == NULL || *no_colour == '\0')};
}

void page_paint(const struct page *page, enum tone tone, const char *format, ...) {
    va_list args;
    bool coloured = page->colour && tone != TONE_PLAIN;
    va_start(args, format);
    fputs(coloured ? TONES[tone] : "", page->out);
    vfprintf(page->out, format, args);
    fputs(coloured ? "\033[0m" : "", page->out);
    va_end(args);
}

void page_pad(const struct page *page, size_t used, size_t width) {
    fprintf(page->out, "%*s", used < width ? (int)(width - used) : 0, "");
}

void page_wrap(const struct page *page, const char *text, size_t column) { page_wrap_on(page, text, column, column); }

void page_wrap_on(const struct page *page, const char *text, size_t column, size_t used) {
    for (const char *word = text; *word;) {
        int len = (int)strcspn(word, " ");
        char *copy = mem_strndup(word, (size_t)len);
        size_t width = cli_width(copy);
        free(copy);
        if (used > column && used + 1 + width > PAGE_COLUMNS) {
            fprintf(page->out, "\n%*s", (int)column, "");
            used = column;
        } else if (used > column) {
            fputc(' ', page->out);
            used++;
        }
        fprintf(page->out, "%.*s", len, word);
        used += width;
        word += len + (word[len] == ' ');
    }
    fputc('\n', page->out);
}

void page_label(const struct page *page, const char *text) { fprintf(page->out, "  %-*s", PAGE_LABEL_COLUMNS, text); }
