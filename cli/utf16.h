/* utf16.h - UTF-16, as Windows saves lists, to UTF-8, piece by piece. */
#ifndef MXG_UTF16_H
#define MXG_UTF16_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where one piece ended within a character. Zeroed but for big_endian to begin with. */
struct utf16 {
    bool big_endian;
    bool has_half;      /* one octet of a unit */
    uint8_t half;       /* that octet */
    uint16_t surrogate; /* the first of a pair; 0 = none */
};

enum { UTF16_SPARE = 8 };

/* out holds at least 2 * len + UTF16_SPARE octets; returns how many were written. A surrogate without its other half
 * becomes U+FFFD, which no name has. */
size_t utf16_to_utf8(struct utf16 *state, char *out, const uint8_t *in, size_t len);

#endif
