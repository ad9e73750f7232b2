/* lines.c - see lines.h. zlib reads plain files as they are, so one reader serves both. */
#include "lines.h"

#include "base/mem.h"
#include "base/text.h"
#include "base/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum {
    LINE_MAX_OCTETS = 4096, /* no domain needs more; the rest of a longer line is skipped */
    BUFFER_OCTETS = 1 << 18,
    RANK_MAX_DIGITS = 18, /* fits int64_t */
};

struct lines {
    gzFile file;
    char path[256]; /* for messages */
    int64_t number;
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
    bool standard_input = strcmp(path, "-") == 0;
    int fd = standard_input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        snprintf(error, cap, "cannot read '%s': %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    gzFile file = S_ISDIR(status.st_mode) ? NULL : gzdopen(fd, "rb");
    if (file == NULL) {
        snprintf(error, cap, S_ISDIR(status.st_mode) ? "'%s' is a directory: name a file" : "cannot read '%s'", path);
        close(fd);
        return NULL;
    }
    struct lines *lines = mem_alloc(sizeof *lines);
    lines->file = file;
    snprintf(lines->path, sizeof lines->path, "%s", standard_input ? "standard input" : path);
    return lines;
}

/* Reads on. LINES_LINE: there are octets in the buffer again. */
static enum lines_result fill_buffer(struct lines *lines, char *error, size_t cap) {
    int got = gzread(lines->file, lines->buffer, sizeof lines->buffer), code = Z_OK;
    lines->at = 0;
    lines->end = got > 0 ? (size_t)got : 0;
    if (got > 0)
        return LINES_LINE;
    const char *why = gzerror(lines->file, &code);
    if (code == Z_OK)
        return LINES_END;
    if (code == Z_ERRNO)
        why = strerror(errno);
    if (code == Z_BUF_ERROR)
        why = "the gzip file is cut short";
    snprintf(error, cap, "cannot read '%s': %s", lines->path, why);
    return LINES_ERROR;
}

enum lines_result lines_next(struct lines *lines, struct line *out, char *error, size_t cap) {
    char text[LINE_MAX_OCTETS];
    size_t len = 0;
    bool started = false, cut = false;
    for (;;) {
        if (lines->at == lines->end) {
            enum lines_result result = fill_buffer(lines, error, cap);
            if (result == LINES_END && started)
                break;
            if (result != LINES_LINE)
                return result;
        }
        const char *from = lines->buffer + lines->at, *newline = memchr(from, '\n', lines->end - lines->at);
        size_t part = newline ? (size_t)(newline - from) : lines->end - lines->at;
        size_t keep = part < sizeof text - len ? part : sizeof text - len;
        memcpy(text + len, from, keep);
        len += keep;
        cut = cut || keep < part;
        started = true;
        lines->at += part + (newline != NULL);
        if (newline)
            break;
    }
    line_parse(out, text, len, ++lines->number, cut);
    return LINES_LINE;
}

void lines_close(struct lines **lines) {
    if (*lines)
        gzclose_r((*lines)->file);
    free(*lines);
    *lines = NULL;
}
