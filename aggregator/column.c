/* column.c - see column.h. */
#include "column.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { LINES_OCTETS_MAX = 64 << 10 }; /* an MTA-STS policy (RFC 8461 section 3.3) */

static const int64_t TIME_S_MAX = 253402300800; /* the year 10000; its negative lies before the year 1 */

/* Fresh memory. */
static char *clean_text(const char *text) { return text_sanitise_dup(text, strlen(text), COLUMN_TEXT_OCTETS_MAX); }

void column_text(struct db_copy *copy, const char *text) {
    size_t len = strlen(text);
    if (len == 0) {
        db_copy_null(copy);
    } else if (len <= COLUMN_TEXT_OCTETS_MAX && text_is_clean(text, len)) {
        db_copy_text(copy, text);
    } else {
        char *clean = clean_text(text);
        db_copy_text(copy, clean);
        free(clean);
    }
}

void column_lines(struct db_copy *copy, const char *text) {
    char *clean = text_sanitise_lines(text, strlen(text), LINES_OCTETS_MAX);
    db_copy_text(copy, *clean ? clean : NULL);
    free(clean);
}

void column_texts(struct db_copy *copy, char *const *texts, size_t count, size_t most) {
    db_array_clear(&copy->array);
    for (size_t i = 0; i < count && i < most; i++) {
        char *clean = clean_text(texts[i]);
        db_array_add(&copy->array, clean);
        free(clean);
    }
    db_copy_array(copy, &copy->array);
}

void column_texts_or_null(struct db_copy *copy, char *const *texts, size_t count, size_t most) {
    if (count)
        column_texts(copy, texts, count, most);
    else
        db_copy_null(copy);
}

void column_number(struct db_copy *copy, uint64_t value, uint64_t most) {
    if (value <= most && value <= INT64_MAX)
        db_copy_int(copy, (int64_t)value);
    else
        db_copy_null(copy);
}

void column_number_or_null(struct db_copy *copy, uint64_t value, uint64_t most) {
    column_number(copy, value ? value : UINT64_MAX, most);
}

void column_code_point(struct db_copy *copy, uint32_t value) {
    column_number_or_null(copy, value, COLUMN_CODE_POINT_MAX);
}

void column_code_points(struct db_copy *copy, const uint32_t *values, size_t count, size_t most) {
    if (count == 0) {
        db_copy_null(copy);
        return;
    }
    db_array_clear(&copy->array);
    for (size_t i = 0; i < count && i < most; i++)
        if (values[i] <= COLUMN_CODE_POINT_MAX)
            db_array_add_number(&copy->array, values[i]);
    db_copy_array(copy, &copy->array);
}

void column_time_s(struct db_copy *copy, int64_t seconds) {
    int64_t clamped = seconds > TIME_S_MAX ? TIME_S_MAX : seconds < -TIME_S_MAX ? -TIME_S_MAX : seconds;
    db_copy_time_ms(copy, clamped * 1000);
}

void column_hash(struct db_copy *copy, const ProtobufCBinaryData *hash) {
    db_copy_bytea(copy, hash->data, hash->len == COLUMN_SHA256_OCTETS ? hash->len : 0);
}

void column_hashes(struct db_copy *copy, const ProtobufCBinaryData *hashes, size_t count, size_t most) {
    char bytea[sizeof "\\x" + 2 * COLUMN_SHA256_OCTETS] = "\\x";
    db_array_clear(&copy->array);
    for (size_t i = 0; i < count && i < most; i++) {
        if (hashes[i].len != COLUMN_SHA256_OCTETS)
            continue;
        text_hex(bytea + 2, hashes[i].data, hashes[i].len);
        db_array_add(&copy->array, bytea);
    }
    db_copy_array(copy, &copy->array);
}

void column_json_begin(struct column_json *column) {
    *column = (struct column_json){0};
    FILE *stream = open_memstream(&column->text, &column->len);
    if (stream == NULL)
        abort();
    column->json = json_to(stream, JSON_COMPACT);
}

void column_json_end(struct column_json *column, struct db_copy *copy) {
    fclose(column->json.out);
    db_copy_text(copy, column->text);
    free(column->text);
}

void column_json_text(struct json *json, const char *key, const char *text) {
    if (*text == '\0')
        return;
    char *clean = clean_text(text);
    json_text(json, key, clean);
    free(clean);
}

void column_json_number(struct json *json, const char *key, uint32_t number) {
    if (number)
        json_number(json, key, number);
}
