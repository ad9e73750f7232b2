/* lines.c - see lines.h. LF, CRLF and CR end a line: old programs of the Macintosh, and what saves like them, write CR.
 */
#include "lines.h"

#include "base/mem.h"
#include "base/text.h"
#include "base/utf8.h"
#include "list_file.h"

#include <stdlib.h>
#include <string.h>

enum {
    LINE_MAX_OCTETS = 4096, /* no domain needs more; the rest of a longer line is skipped */
    BUFFER_OCTETS = 1 << 18,
    RANK_MAX_DIGITS = 18, /* fits int64_t */
};

struct lines {
    struct list_file *file;
    int64_t number;
    bool returned;  /* a CR ended the last line */
    size_t at, end; /* unread part of buffer */
    char buffer[BUFFER_OCTETS];
};

struct field {
    const char *text;
    size_t len;
};

static struct field trim_field(struct field field) {
    utf8_trim(&field.text, &field.len);
    return field;
}

/* Takes the field up to the next separator off *rest. White space and a pair of quotes round the field go. */
static struct field take_field(struct field *rest) {
    size_t len = 0;
    while (len < rest->len && rest->text[len] != ',' && rest->text[len] != '\t')
        len++;
    struct field field = trim_field((struct field){rest->text, len});
    size_t skip = len < rest->len ? len + 1 : len;
    *rest = (struct field){rest->text + skip, rest->len - skip};
    if (field.len >= 2 && field.text[0] == '"' && field.text[field.len - 1] == '"')
        field = trim_field((struct field){field.text + 1, field.len - 2});
    return field;
}

/* A number, or -1. */
static int64_t rank_of(struct field field) {
    int64_t rank = 0;
    if (field.len == 0 || field.len > RANK_MAX_DIGITS)
        return -1;
    for (size_t i = 0; i < field.len; i++) {
        if (field.text[i] < '0' || field.text[i] > '9')
            return -1;
        rank = rank * 10 + (field.text[i] - '0');
    }
    return rank;
}

void line_parse(struct line *out, const char *text, size_t len, int64_t number, bool cut) {
    struct field rest = trim_field((struct field){text, len});
    out->number = number;
    text_sanitise(out->input, sizeof out->input, rest.text, rest.len);
    struct field first = take_field(&rest), second = take_field(&rest);
    out->rank = rank_of(first);
    if (out->rank < 0 || second.len == 0)
        out->rank = rank_of(second);
    else
        first = second;
    out->name[0] = '\0';
    out->error = cut ? NAME_TOO_LONG : name_from_line(out->name, first.text, first.len);
    name_reason(out->reason, out->error, first.text, first.len);
}

struct lines *lines_open(const char *path, char *error, size_t cap) {
    struct list_file *file = list_file_open(path, error, cap);
    if (file == NULL)
        return NULL;
    struct lines *lines = mem_calloc(1, sizeof *lines);
    lines->file = file;
    return lines;
}

/* Reads on. LIST_READ: there are octets in the buffer. */
static enum list_read fill_buffer(struct lines *lines, char *error, size_t cap) {
    lines->at = 0;
    enum list_read result = list_file_read(lines->file, lines->buffer, sizeof lines->buffer, &lines->end, error, cap);
    if (result != LIST_READ)
        lines->end = 0;
    return result;
}

/* Where the line ends in the buffer, or where the buffer does. */
static size_t part_of_line(const struct lines *lines) {
    const char *from = lines->buffer + lines->at;
    size_t len = lines->end - lines->at;
    const char *feed = memchr(from, '\n', len);
    len = feed ? (size_t)(feed - from) : len;
    const char *back = memchr(from, '\r', len);
    return back ? (size_t)(back - from) : len;
}

/* Of CRLF the LF is still to come, perhaps in the next piece. */
static bool skip_feed(struct lines *lines) {
    bool skip = lines->returned && lines->buffer[lines->at] == '\n';
    lines->returned = false;
    lines->at += skip;
    return skip;
}

enum lines_result lines_next(struct lines *lines, struct line *out, char *error, size_t cap) {
    char text[LINE_MAX_OCTETS];
    size_t len = 0;
    bool started = false, cut = false, ended = false;
    while (!ended) {
        if (lines->at == lines->end) {
            enum list_read result = fill_buffer(lines, error, cap);
            if (result == LIST_END && started)
                break;
            if (result != LIST_READ)
                return result == LIST_END ? LINES_END : LINES_ERROR;
        }
        if (skip_feed(lines))
            continue;
        size_t part = part_of_line(lines), keep = part < sizeof text - len ? part : sizeof text - len;
        memcpy(text + len, lines->buffer + lines->at, keep);
        len += keep;
        cut = cut || keep < part;
        started = true;
        lines->at += part;
        ended = lines->at < lines->end;
        lines->returned = ended && lines->buffer[lines->at] == '\r';
        lines->at += ended;
    }
    line_parse(out, text, len, ++lines->number, cut);
    return LINES_LINE;
}

void lines_close(struct lines **lines) {
    if (*lines)
        list_file_close(&(*lines)->file);
    free(*lines);
    *lines = NULL;
}
