/* utf8.c - see utf8.h. */
#include "base/utf8.h"

size_t utf8_decode(uint32_t *point, const char *text, size_t len) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000}; /* by length; less is overlong */
    const uint8_t *data = (const uint8_t *)text, first = data[0];
    *point = first;
    if (first < 0x80)
        return 1;
    size_t need = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || need > len)
        return 0;
    *point = first & (0x7fu >> need);
    for (size_t i = 1; i < need; i++) {
        if ((data[i] & 0xc0) != 0x80)
            return 0;
        *point = *point << 6 | (data[i] & 0x3fu);
    }
    bool surrogate = *point >= 0xd800 && *point <= 0xdfff;
    return *point >= least[need] && *point <= 0x10ffff && !surrogate ? need : 0;
}

size_t utf8_encode(char out[static UTF8_MAX_OCTETS], uint32_t point) {
    static const uint8_t heads[] = {0, 0, 0xc0, 0xe0, 0xf0}; /* by length */
    size_t len = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = len; i-- > 1; point >>= 6)
        out[i] = (char)(0x80 | (point & 0x3f));
    out[0] = (char)(heads[len] | point);
    return len;
}

bool utf8_is_space(uint32_t point) {
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {'\t', '\r'},     {' ', ' '},       {0x85, 0x85}, /* next line */
        {0xa0, 0xa0},     {0x1680, 0x1680}, {0x180e, 0x180e}, {0x2000, 0x200b}, {0x2028, 0x2029},
        {0x202f, 0x202f}, {0x205f, 0x2060}, {0x3000, 0x3000}, {0xfeff, 0xfeff}, /* byte order mark */
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (point >= ranges[i].first && point <= ranges[i].last)
            return true;
    return false;
}

/* How many octets of white space stand at the end. */
static size_t space_behind(const char *text, size_t len) {
    uint32_t point;
    for (size_t n = 1; n <= UTF8_MAX_OCTETS && n <= len; n++)
        if (utf8_decode(&point, text + len - n, n) == n)
            return utf8_is_space(point) ? n : 0;
    return 0;
}

void utf8_trim(const char **text, size_t *len) {
    uint32_t point;
    size_t n;
    while (*len > 0 && (n = utf8_decode(&point, *text, *len)) > 0 && utf8_is_space(point)) {
        *text += n;
        *len -= n;
    }
    while ((n = space_behind(*text, *len)) > 0)
        *len -= n;
}
