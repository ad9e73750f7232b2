/* reason.c - see reason.h. The character at fault is the first that is refused with the same error when it stands alone
 * in a sound name: so the rules are those of name.c and libidn2, and nothing here repeats them. */
#include "names/reason.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

/* How the sentence goes on behind the character. NULL: the error is not one character's fault. */
static const char *verdict(enum name_error error) {
    switch (error) {
    case NAME_CHARACTER:
    case NAME_IDNA_CHARACTER:
        return "is not allowed in a name";
    case NAME_IDNA_CONTEXT:
        return "stands only beside certain others (RFC 5892)";
    default:
        return NULL;
    }
}

static bool is_at_fault(enum name_error error, const char *character, size_t len) {
    static const char head[] = "x", tail[] = "x.example";
    char name[sizeof head + UTF8_MAX_OCTETS + sizeof tail], out[NAME_CAP];
    size_t at = sizeof head - 1;
    memcpy(name, head, at);
    memcpy(name + at, character, len);
    memcpy(name + at + len, tail, sizeof tail - 1);
    return name_from_line(out, name, at + len + sizeof tail - 1) == error;
}

static void show(char out[static NAME_REASON_CAP], uint32_t point, const char *what) {
    if (point > ' ' && point < 0x7f)
        snprintf(out, NAME_REASON_CAP, "U+%04X (%c) %s", point, (int)point, what);
    else
        snprintf(out, NAME_REASON_CAP, "U+%04X%s %s", point, point == ' ' ? " (space)" : "", what);
}

void name_reason(char out[static NAME_REASON_CAP], enum name_error error, const char *text, size_t len) {
    const char *what = verdict(error);
    uint32_t point;
    size_t n;
    snprintf(out, NAME_REASON_CAP, "%s", name_error_text(error));
    if (what == NULL)
        return;
    utf8_trim(&text, &len);
    for (size_t at = 0; at < len && (n = utf8_decode(&point, text + at, len - at)) > 0; at += n) {
        if (!is_at_fault(error, text + at, n))
            continue;
        show(out, point, what);
        return;
    }
}
