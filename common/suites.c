/* suites.c - look-ups in the generated table SUITES (see suites.awk). */
#include "suites.h"

#include <stdio.h>

const struct suite *suite_find(uint16_t id) {
    size_t low = 0, high = SUITE_COUNT;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (SUITES[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < SUITE_COUNT && SUITES[low].id == id ? &SUITES[low] : NULL;
}

const char *suite_name(uint16_t id, char *out, size_t cap) {
    const struct suite *suite = suite_find(id);
    if (suite)
        return suite->name;
    snprintf(out, cap, "0x%04X", id);
    return out;
}
