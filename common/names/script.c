/* script.c - see script.h. What no row of the table holds is not shown: combining marks that stack, joiners, signs. */
#include "names/script.h"

#include <stddef.h>
#include <stdint.h>

enum script {
    SCRIPT_NONE,   /* never shown */
    SCRIPT_COMMON, /* goes with every other */
    SCRIPT_LATIN,
    SCRIPT_GREEK,
    SCRIPT_CYRILLIC,
    SCRIPT_ARMENIAN,
    SCRIPT_HEBREW,
    SCRIPT_ARABIC,
    SCRIPT_DEVANAGARI,
    SCRIPT_BENGALI,
    SCRIPT_GURMUKHI,
    SCRIPT_GUJARATI,
    SCRIPT_ORIYA,
    SCRIPT_TAMIL,
    SCRIPT_TELUGU,
    SCRIPT_KANNADA,
    SCRIPT_MALAYALAM,
    SCRIPT_SINHALA,
    SCRIPT_THAI,
    SCRIPT_LAO,
    SCRIPT_TIBETAN,
    SCRIPT_MYANMAR,
    SCRIPT_GEORGIAN,
    SCRIPT_ETHIOPIC,
    SCRIPT_KHMER,
    SCRIPT_EAST_ASIAN, /* Han, Kana, Bopomofo, Hangul: written together */
};

/* Letters, digits and the marks that a script cannot do without; in order. */
static const struct {
    uint32_t first, last;
    enum script script;
} RANGES[] = {
    {'-', '-', SCRIPT_COMMON},
    {'0', '9', SCRIPT_COMMON},
    {'_', '_', SCRIPT_COMMON},
    {'a', 'z', SCRIPT_LATIN},
    {0xdf, 0xf6, SCRIPT_LATIN},
    {0xf8, 0x1bf, SCRIPT_LATIN}, /* then clicks, which look like punctuation */
    {0x1cd, 0x24f, SCRIPT_LATIN},
    {0x37b, 0x37d, SCRIPT_GREEK},
    {0x390, 0x3ce, SCRIPT_GREEK},
    {0x430, 0x481, SCRIPT_CYRILLIC},
    {0x48a, 0x52f, SCRIPT_CYRILLIC},
    {0x561, 0x587, SCRIPT_ARMENIAN},
    {0x5d0, 0x5ea, SCRIPT_HEBREW},
    {0x620, 0x63f, SCRIPT_ARABIC},
    {0x641, 0x64a, SCRIPT_ARABIC},
    {0x660, 0x669, SCRIPT_ARABIC},
    {0x671, 0x6d3, SCRIPT_ARABIC},
    {0x6f0, 0x6fc, SCRIPT_ARABIC},
    {0x900, 0x97f, SCRIPT_DEVANAGARI},
    {0x980, 0x9ff, SCRIPT_BENGALI},
    {0xa00, 0xa7f, SCRIPT_GURMUKHI},
    {0xa80, 0xaff, SCRIPT_GUJARATI},
    {0xb00, 0xb7f, SCRIPT_ORIYA},
    {0xb80, 0xbff, SCRIPT_TAMIL},
    {0xc00, 0xc7f, SCRIPT_TELUGU},
    {0xc80, 0xcff, SCRIPT_KANNADA},
    {0xd00, 0xd7f, SCRIPT_MALAYALAM},
    {0xd80, 0xdff, SCRIPT_SINHALA},
    {0xe00, 0xe7f, SCRIPT_THAI},
    {0xe80, 0xeff, SCRIPT_LAO},
    {0xf00, 0xfff, SCRIPT_TIBETAN},
    {0x1000, 0x109f, SCRIPT_MYANMAR},
    {0x10d0, 0x10fa, SCRIPT_GEORGIAN},
    {0x1200, 0x137f, SCRIPT_ETHIOPIC},
    {0x1780, 0x17b3, SCRIPT_KHMER},
    {0x17b6, 0x17e9, SCRIPT_KHMER},
    {0x1e00, 0x1eff, SCRIPT_LATIN},
    {0x1f00, 0x1fff, SCRIPT_GREEK},
    {0x3005, 0x3007, SCRIPT_EAST_ASIAN},
    {0x3041, 0x3096, SCRIPT_EAST_ASIAN},
    {0x30a1, 0x30fa, SCRIPT_EAST_ASIAN},
    {0x30fc, 0x30fe, SCRIPT_EAST_ASIAN},
    {0x3105, 0x312f, SCRIPT_EAST_ASIAN},
    {0x3400, 0x4dbf, SCRIPT_EAST_ASIAN},
    {0x4e00, 0x9fff, SCRIPT_EAST_ASIAN},
    {0xac00, 0xd7a3, SCRIPT_EAST_ASIAN},
    {0x20000, 0x3134f, SCRIPT_EAST_ASIAN},
};

/* Small letters that are taken for Latin ones. */
static const uint32_t LOOK_ALIKES[] = {
    /* Greek: alpha gamma eta iota kappa nu omicron rho tau upsilon chi omega */
    0x3b1, 0x3b3, 0x3b7, 0x3b9, 0x3ba, 0x3bd, 0x3bf, 0x3c1, 0x3c4, 0x3c5, 0x3c7, 0x3c9,
    /* Cyrillic: a ghe pe er o es u ha hard sign, soft sign, ie, dze, i, je, omega, izhitsa, shha, che, palochka, … */
    0x430, 0x433, 0x43f, 0x440, 0x43e, 0x441, 0x443, 0x445, 0x44a, 0x44c, 0x435, 0x455, 0x456, 0x458, 0x461, 0x475,
    0x4bb, 0x4bd, 0x4cf, 0x501, 0x51b, 0x51d,
    /* Armenian: ho, vo, seh, tso, oh, yi */
    0x570, 0x578, 0x57d, 0x581, 0x585, 0x575};

static enum script script_of(uint32_t point) {
    for (size_t i = 0; i < sizeof RANGES / sizeof *RANGES; i++)
        if (point >= RANGES[i].first && point <= RANGES[i].last)
            return RANGES[i].script;
    return SCRIPT_NONE;
}

static bool looks_latin(uint32_t point) {
    for (size_t i = 0; i < sizeof LOOK_ALIKES / sizeof *LOOK_ALIKES; i++)
        if (LOOK_ALIKES[i] == point)
            return true;
    return false;
}

/* The next character; *at moves on. */
static uint32_t take(const unsigned char **at) {
    uint32_t first = *(*at)++, point = first;
    int more = first < 0xc0 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    if (more)
        point = first & (0x3fu >> more);
    for (; more > 0 && (**at & 0xc0) == 0x80; more--)
        point = point << 6 | (*(*at)++ & 0x3fu);
    return point;
}

/* One label; *at moves to its end. */
static bool label_is_plain(const unsigned char **at) {
    enum script script = SCRIPT_COMMON;
    bool all_alike = true;
    while (**at && **at != '.') {
        uint32_t point = take(at);
        enum script next = script_of(point);
        if (next == SCRIPT_NONE || (next != SCRIPT_COMMON && script != SCRIPT_COMMON && next != script))
            return false;
        if (next != SCRIPT_COMMON)
            script = next;
        all_alike = all_alike && (next == SCRIPT_COMMON || looks_latin(point));
    }
    return script == SCRIPT_COMMON || !all_alike;
}

bool script_is_plain(const char *name) {
    for (const unsigned char *at = (const unsigned char *)name; *at; at += *at == '.')
        if (!label_is_plain(&at))
            return false;
    return true;
}
