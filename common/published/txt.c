/* txt.c - see txt.h. */
#include "published/txt.h"

#include "base/ascii.h"

#include <string.h>

enum { NAME_MAX_LEN = 32 };

bool txt_is(struct txt txt, const char *text) {
    return txt.len == strlen(text) && (txt.len == 0 || memcmp(txt.data, text, txt.len) == 0);
}

struct txt txt_trim(struct txt txt) {
    for (; txt.len && ascii_is_blank(txt.data[0]); txt.data++)
        txt.len--;
    while (txt.len && ascii_is_blank(txt.data[txt.len - 1]))
        txt.len--;
    return txt;
}

struct txt txt_cut(struct txt *rest, char separator) {
    const uint8_t *found = rest->len ? memchr(rest->data, separator, rest->len) : NULL;
    struct txt taken = {rest->data, found ? (size_t)(found - rest->data) : rest->len};
    size_t used = taken.len + (found != NULL);
    if (used)
        rest->data += used;
    rest->len -= used;
    return taken;
}

bool txt_is_name(struct txt txt) {
    if (txt.len == 0 || txt.len > NAME_MAX_LEN || !ascii_is_alphanumeric(txt.data[0]))
        return false;
    for (size_t i = 1; i < txt.len; i++)
        if (!ascii_is_alphanumeric(txt.data[i]) && txt.data[i] != '_' && txt.data[i] != '-' && txt.data[i] != '.')
            return false;
    return true;
}

size_t txt_select(struct txt *rest, const struct txt *records, size_t count, const char *version) {
    size_t found = 0, len = strlen(version);
    for (size_t i = 0; i < count; i++) {
        if (records[i].len < len || memcmp(records[i].data, version, len) != 0)
            continue;
        struct txt behind = {records[i].data + len, records[i].len - len};
        struct txt between = txt_cut(&behind, ';');
        bool delimited = behind.data != between.data + between.len;
        if (!delimited || txt_trim(between).len > 0)
            continue;
        *rest = behind;
        found++;
    }
    return found;
}

static bool printable(struct txt txt) {
    for (size_t i = 0; i < txt.len; i++)
        if ((txt.data[i] < ' ' && txt.data[i] != '\t') || txt.data[i] > '~')
            return false;
    return true;
}

static bool plain(struct txt value) {
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] == '=' || ascii_is_blank(value.data[i]))
            return false;
    return value.len > 0;
}

enum txt_step txt_next(struct txt *rest, struct txt_field *field) {
    if (txt_trim(*rest).len == 0)
        return TXT_END;
    struct txt text = txt_trim(txt_cut(rest, ';'));
    bool assigned = text.len && memchr(text.data, '=', text.len);
    field->name = txt_cut(&text, '=');
    field->value = text;
    field->plain = plain(text);
    return assigned && txt_is_name(field->name) && printable(text) ? TXT_FIELD : TXT_BROKEN;
}
