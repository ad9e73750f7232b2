/* json.c - see json.h. Indented, so that people can read it too. */
#include "base/json.h"

#include <inttypes.h>

struct json json_to(FILE *out) {
    return (struct json){.out = out, .depth = 0, .first = true};
}

static void quote(struct json *json, const char *text) {
    fputc('"', json->out);
    for (const char *at = text; *at; at++) {
        unsigned char c = (unsigned char)*at;
        if (c == '"' || c == '\\')
            fprintf(json->out, "\\%c", c);
        else if (c < 0x20)
            fprintf(json->out, "\\u%04x", c);
        else
            fputc(c, json->out);
    }
    fputc('"', json->out);
}

static void new_line(struct json *json) { fprintf(json->out, "\n%*s", 2 * json->depth, ""); }

static void begin(struct json *json, const char *key) {
    if (json->depth > 0) {
        if (!json->first)
            fputc(',', json->out);
        new_line(json);
    }
    json->first = false;
    if (key) {
        quote(json, key);
        fputs(": ", json->out);
    }
}

static void open_bracket(struct json *json, const char *key, char bracket) {
    begin(json, key);
    fputc(bracket, json->out);
    json->depth++;
    json->first = true;
}

void json_object(struct json *json, const char *key) { open_bracket(json, key, '{'); }
void json_array(struct json *json, const char *key) { open_bracket(json, key, '['); }

void json_end(struct json *json, char bracket) {
    json->depth--;
    if (!json->first)
        new_line(json);
    fputc(bracket, json->out);
    json->first = false;
    if (json->depth == 0)
        fputc('\n', json->out);
}

void json_text(struct json *json, const char *key, const char *value) {
    begin(json, key);
    if (value)
        quote(json, value);
    else
        fputs("null", json->out);
}

void json_number(struct json *json, const char *key, int64_t value) {
    begin(json, key);
    fprintf(json->out, "%" PRId64, value);
}

void json_bool(struct json *json, const char *key, bool value) {
    begin(json, key);
    fputs(value ? "true" : "false", json->out);
}

void json_texts(struct json *json, const char *key, char *const *values, size_t count) {
    json_array(json, key);
    for (size_t i = 0; i < count; i++)
        json_text(json, NULL, values[i]);
    json_end(json, ']');
}

void json_bits(struct json *json, const char *key, unsigned bits, const char *(*name)(unsigned bit_index),
               unsigned count) {
    json_array(json, key);
    for (unsigned bit = 0; bit < count; bit++)
        if (bits & 1u << bit)
            json_text(json, NULL, name(bit));
    json_end(json, ']');
}
