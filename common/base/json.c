/* json.c - see json.h. */
#include "base/json.h"

#include <inttypes.h>

struct json json_to(FILE *out, enum json_style style) {
    return (struct json){.out = out, .style = style, .first = true};
}

void json_quote(FILE *out, const char *text) {
    fputc('"', out);
    for (const char *at = text; *at; at++) {
        unsigned char c = (unsigned char)*at;
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < 0x20)
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

static void new_line(const struct json *json) {
    if (json->style == JSON_INDENTED)
        fprintf(json->out, "\n%*s", 2 * json->depth, "");
}

/* What stands before a value: comma, line and key. */
static void begin_value(struct json *json, const char *key) {
    if (json->depth > 0) {
        if (!json->first)
            fputc(',', json->out);
        new_line(json);
    }
    json->first = false;
    if (key) {
        json_quote(json->out, key);
        fputs(json->style == JSON_INDENTED ? ": " : ":", json->out);
    }
}

static void open_bracket(struct json *json, const char *key, char bracket) {
    begin_value(json, key);
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
    if (json->depth == 0 && json->style == JSON_INDENTED)
        fputc('\n', json->out);
}

void json_text(struct json *json, const char *key, const char *value) {
    begin_value(json, key);
    if (value)
        json_quote(json->out, value);
    else
        fputs("null", json->out);
}

void json_number(struct json *json, const char *key, int64_t value) {
    begin_value(json, key);
    fprintf(json->out, "%" PRId64, value);
}

void json_bool(struct json *json, const char *key, bool value) {
    begin_value(json, key);
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
