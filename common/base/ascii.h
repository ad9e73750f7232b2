/* ascii.h - kinds of characters, in ASCII whatever the locale. */
#ifndef MXG_ASCII_H
#define MXG_ASCII_H

#include <stdbool.h>

/* A blank or a tab: what separates words of a line. */
static inline bool ascii_is_blank(int c) { return c == ' ' || c == '\t'; }

/* The same, or what ends a line or a page. */
static inline bool ascii_is_space(int c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* Letters and digits. */
static inline bool ascii_is_alphanumeric(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

#endif
