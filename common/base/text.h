/* text.h - make bytes from the network safe to store, log and print.
 *
 * Everything that a remote host said passes through text_sanitise() once, at the edge. The result is
 * valid UTF-8 without control characters (C0, DEL, C1), line separators and direction overrides, so that
 * it can hurt neither PostgreSQL nor a terminal nor mislead who reads it; offending bytes become \xNN.
 */
#ifndef MXG_TEXT_H
#define MXG_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sanitises data[0..len) into out (capacity cap > 0 octets incl. NUL). Text that does not fit is cut at
 * a character's edge. Returns the length written, without the NUL. */
size_t text_sanitise(char *out, size_t cap, const void *data, size_t len);

/* As text_sanitise(), into fresh memory of at most max octets of text; the caller frees. Never NULL
 * (aborts when memory is gone, see mem.h). */
char *text_sanitise_dup(const void *data, size_t len, size_t max);

/* As text_sanitise_dup(), line by line: ends of lines, LF or CRLF, stay as LF, and each line has one. */
char *text_sanitise_lines(const void *data, size_t len, size_t max);

/* True if data is what text_sanitise() would leave untouched. */
bool text_is_clean(const void *data, size_t len);

/* Lower-case hexadecimal; out needs 2 * len + 1 octets. */
void text_hex(char *out, const uint8_t *data, size_t len);

#endif
