/* json.h - writes one JSON document to a stream, commas and escapes taken care of (RFC 8259). */
#ifndef MXG_JSON_H
#define MXG_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct json {
    FILE *out;
    int depth;
    bool first; /* nothing written yet in the current object or array */
};

struct json json_to(FILE *out);

/* key NULL: an element of an array, or the document itself. */
void json_object(struct json *json, const char *key);
void json_array(struct json *json, const char *key);
void json_end(struct json *json, char bracket);                        /* '}' or ']' */
void json_text(struct json *json, const char *key, const char *value); /* NULL = null */
void json_number(struct json *json, const char *key, int64_t value);
void json_bool(struct json *json, const char *key, bool value);
/* Arrays of texts: those given, and the names of those of the lowest count bits that are set. */
void json_texts(struct json *json, const char *key, char *const *values, size_t count);
void json_bits(struct json *json, const char *key, unsigned bits, const char *(*name)(unsigned bit_index),
               unsigned count);

#endif
