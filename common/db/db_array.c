/* db_array.c - see db_array.h. The text stands without its closing brace until somebody asks for it. */
#include "db/db_array.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for len more octets, a closing brace and a NUL. */
static char *array_room(struct db_array *array, size_t len) {
    enum { LEAST = 64, CLOSING = 2 };
    if (array->len + len + CLOSING > array->cap) {
        array->cap = 2 * (array->len + len + CLOSING) + LEAST;
        array->text = mem_realloc(array->text, array->cap);
    }
    return array->text + array->len;
}

static void array_append(struct db_array *array, const char *text, size_t len) {
    memcpy(array_room(array, len), text, len);
    array->len += len;
}

static void array_next(struct db_array *array) { array_append(array, array->count++ ? "," : "{", 1); }

void db_array_add(struct db_array *array, const char *value) {
    array_next(array);
    if (value == NULL) {
        array_append(array, "NULL", 4);
        return;
    }
    char *out = array_room(array, 2 * strlen(value) + 2), *at = out;
    *at++ = '"';
    for (; *value; *at++ = *value++)
        if (*value == '"' || *value == '\\')
            *at++ = '\\';
    *at++ = '"';
    array->len += (size_t)(at - out);
}

void db_array_add_number(struct db_array *array, long long value) {
    char text[24];
    int len = snprintf(text, sizeof text, "%lld", value);
    array_next(array);
    array_append(array, text, (size_t)len);
}

const char *db_array_text(struct db_array *array) {
    if (array->count == 0)
        return "{}";
    memcpy(array_room(array, 0), "}", 2);
    return array->text;
}

void db_array_clear(struct db_array *array) { array->len = array->count = 0; }

void db_array_free(struct db_array *array) {
    free(array->text);
    *array = (struct db_array){NULL, 0, 0, 0};
}
