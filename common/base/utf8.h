/* utf8.h - characters of UTF-8, and the white space among them. */
#ifndef MXG_UTF8_H
#define MXG_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UTF8_MAX_OCTETS = 4 };

/* The character at text, len > 0 octets long: how many octets it has, 0 if what stands there is not well-formed
 * (overlong, a surrogate, past U+10FFFF, cut). */
__attribute__((warn_unused_result)) size_t utf8_decode(uint32_t *point, const char *text, size_t len);

/* Writes the character, which may be any but a surrogate; returns how many octets it has. */
size_t utf8_encode(char out[static UTF8_MAX_OCTETS], uint32_t point);

/* Space, what ends lines and pages, no-break, wide and narrow spaces, and what has no width at all: whatever a web
 * page, a word processor or a spreadsheet leaves round a word without anybody seeing it. Joiners and marks of direction
 * are none: they change how the letters beside them are shown. */
bool utf8_is_space(uint32_t point);

/* Takes white space off both ends of *text, whose length is *len. */
void utf8_trim(const char **text, size_t *len);

#endif
