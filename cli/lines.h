/* lines.h - reads a submitted list, packed in any of the ways of list_file.h: one domain or "rank,domain" a line.
 *
 * Memory is bounded whatever the list holds. Fields are parted by comma or tab and may stand in double
 * quotes. If the first field is a number it is the rank and the second is the domain; else the first
 * is the domain, and the second its rank if it is a number. Further fields are ignored.
 */
#ifndef MXG_LINES_H
#define MXG_LINES_H

#include "names/reason.h"

#include <stdbool.h>
#include <stdint.h>

enum { LINES_INPUT_MAX_OCTETS = 1024 };

struct line {
    int64_t number;                         /* from 1 */
    char input[LINES_INPUT_MAX_OCTETS + 1]; /* the line, sanitised and cut */
    enum name_error error;                  /* NAME_OK: name is set */
    char name[NAME_CAP];
    char reason[NAME_REASON_CAP]; /* why it is none */
    int64_t rank;                 /* -1 = none */
};

/* What one line of len octets (without its line end) holds. cut: it went on, but was too long to keep. */
void line_parse(struct line *out, const char *text, size_t len, int64_t number, bool cut);

struct lines;

/* path "-" = standard input. NULL: error holds what is wrong. */
__attribute__((warn_unused_result)) struct lines *lines_open(const char *path, char *error, size_t cap);

enum lines_result { LINES_LINE, LINES_END, LINES_ERROR };
/* LINES_LINE: the next line is in *out. LINES_ERROR: error holds what is wrong. */
__attribute__((warn_unused_result)) enum lines_result lines_next(struct lines *lines, struct line *out, char *error,
                                                                 size_t cap);

void lines_close(struct lines **lines);

#endif
