/* text.c - see text.h. */
#include "base/text.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_ESCAPE_LEN = 4 }; /* \xNN */

/* Line and paragraph separators, and what turns the direction of the text behind it: a report that shows them shows
 * something else than what was sent (Unicode Technical Report 36, section 3.5). */
static bool is_misleading(uint32_t point) {
    return (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

/* Length of the well-formed, printable UTF-8 character at data, or 0. Rejects the control ranges C0, DEL and C1, and
 * what misleads the eye. */
static size_t printable_len(const uint8_t *data, size_t len) {
    uint32_t point;
    size_t need = utf8_decode(&point, (const char *)data, len);
    bool control = point < 0x20 || (point >= 0x7f && point < 0xa0);
    return control || is_misleading(point) ? 0 : need;
}

size_t text_sanitise(char *out, size_t cap, const void *data, size_t len) {
    const uint8_t *in = data;
    size_t used = 0;
    for (size_t at = 0; at < len;) {
        size_t n = printable_len(in + at, len - at);
        size_t need = n ? n : TEXT_ESCAPE_LEN;
        if (used + need >= cap)
            break;
        if (n)
            memcpy(out + used, in + at, n);
        else
            snprintf(out + used, TEXT_ESCAPE_LEN + 1, "\\x%02x", in[at]);
        used += need;
        at += n ? n : 1;
    }
    out[used] = '\0';
    return used;
}

char *text_sanitise_dup(const void *data, size_t len, size_t max) {
    size_t cap = len > max / TEXT_ESCAPE_LEN ? max : len * TEXT_ESCAPE_LEN;
    char *out = mem_alloc(cap + 1);
    text_sanitise(out, cap + 1, data, len);
    return out;
}

char *text_sanitise_lines(const void *data, size_t len, size_t max) {
    const char *at = data, *end = at + len;
    char *out = mem_alloc(max + 1);
    size_t used = 0;
    while (at < end && used + 1 < max) {
        const char *feed = memchr(at, '\n', (size_t)(end - at)), *stop = feed ? feed : end;
        size_t line = (size_t)(stop - at);
        used += text_sanitise(out + used, max - used, at, line - (line && stop[-1] == '\r'));
        out[used++] = '\n';
        at = feed ? feed + 1 : end;
    }
    return mem_realloc(out, used + 1);
}

bool text_is_clean(const void *data, size_t len) {
    const uint8_t *in = data;
    for (size_t at = 0, n; at < len; at += n)
        if ((n = printable_len(in + at, len - at)) == 0)
            return false;
    return true;
}

void text_hex(char *out, const uint8_t *data, size_t len) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * len] = '\0';
}
