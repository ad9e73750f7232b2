/* ascii.c - see ascii.h. */
#include "base/ascii.h"

void ascii_trim(const char **text, size_t *len) {
    for (; *len > 0 && ascii_is_space(**text); ++*text)
        --*len;
    while (*len > 0 && ascii_is_space((*text)[*len - 1]))
        --*len;
}
