/* suites.c - look-ups in the generated table SUITES (see suites.awk). */
#include "model/suites.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Place in SUITES plus one, by id; 0 = none. Filled on first use: offers are put together suite by suite, for every
 * hello. */
static uint16_t places[UINT16_MAX + 1];

const struct suite *suite_find(uint16_t id) {
    static bool filled;
    for (size_t i = 0; !filled && i < SUITE_COUNT; i++)
        places[SUITES[i].id] = (uint16_t)(i + 1);
    filled = true;
    return places[id] ? &SUITES[places[id] - 1] : NULL;
}

const char *suite_name(uint16_t id, char *out, size_t cap) {
    const struct suite *suite = suite_find(id);
    if (suite)
        return suite->name;
    snprintf(out, cap, "0x%04X", id);
    return out;
}

bool suite_is_listed(const uint16_t *list, size_t count, uint16_t suite) {
    for (size_t i = 0; i < count; i++)
        if (list[i] == suite)
            return true;
    return false;
}

/* ---- weak classes ---- */

static const char *const WEAK_CLASSES[WEAK_CLASS_COUNT] = {"EXPORT", "LOW",  "MEDIUM", "NULL", "RC2",  "RC4",     "DES",
                                                           "3DES",   "IDEA", "SEED",   "MD5",  "ANON", "SKIPJACK"};

const char *weak_class_name(unsigned bit_index) {
    return bit_index < WEAK_CLASS_COUNT ? WEAK_CLASSES[bit_index] : NULL;
}

/* Is token one of the '|'-separated words of list? */
static bool has_token(const char *list, const char *token) {
    size_t len = strlen(token);
    for (const char *at = list; at && *at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
        if (strncmp(at, token, len) == 0 && (at[len] == '|' || at[len] == '\0'))
            return true;
    return false;
}

unsigned suite_weak_classes(uint16_t id) {
    const struct suite *suite = suite_find(id);
    unsigned classes = 0;
    for (unsigned bit = 0; suite && bit < WEAK_CLASS_COUNT; bit++)
        if (has_token(suite->weak_class, WEAK_CLASSES[bit]))
            classes |= 1u << bit;
    return classes;
}
