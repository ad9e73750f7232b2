/* json.h - writes one JSON document to a stream, commas and escapes taken care of (RFC 8259).
 *
 * Texts are UTF-8, as text_sanitise() makes them.
 */
#ifndef MXG_JSON_H
#define MXG_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum json_style {
    JSON_INDENTED, /* for people, too: a line for each value, and one line end behind the document */
    JSON_COMPACT,  /* no blank and no line end */
};

struct json {
    FILE *out;
    enum json_style style;
    int depth;
    bool first; /* nothing written yet in the current object or array */
};

struct json json_to(FILE *out, enum json_style style);

/* key NULL: an element of an array, or the document itself. */
void json_object(struct json *json, const char *key);
void json_array(struct json *json, const char *key);
/* bracket: '}' or ']'. */
void json_end(struct json *json, char bracket);
/* value NULL: null. */
void json_text(struct json *json, const char *key, const char *value);
void json_number(struct json *json, const char *key, int64_t value);
void json_bool(struct json *json, const char *key, bool value);
/* An array of the texts given. */
void json_texts(struct json *json, const char *key, char *const *values, size_t count);
/* An array of names: of those of the lowest count bits that are set. */
void json_bits(struct json *json, const char *key, unsigned bits, const char *(*name)(unsigned bit_index),
               unsigned count);

/* One text in double quotes, as JSON writes it, without a document around it. */
void json_quote(FILE *out, const char *text);

#endif
