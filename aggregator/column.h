/* column.h - columns of COPY rows from what a worker says, each made fit to be stored.
 *
 * A worker sanitises and bounds what remote hosts said, and everything is checked again here: text that is not clean is
 * escaped, what is too long or too much is cut, numbers out of range become null, dates are clamped.
 */
#ifndef MXG_AGGREGATOR_COLUMN_H
#define MXG_AGGREGATOR_COLUMN_H

#include "base/json.h"
#include "db/db.h"

#include <protobuf-c/protobuf-c.h>

enum {
    COLUMN_TEXT_OCTETS_MAX = 2048, /* an SMTP line; subjects and issuers too */
    COLUMN_SHA256_OCTETS = 32,
    COLUMN_CODE_POINT_MAX = 0xffff,
};

/* text; "" becomes null. */
void column_text(struct db_copy *copy, const char *text);
/* text of several lines, at most 64 KiB; "" becomes null. */
void column_lines(struct db_copy *copy, const char *text);
/* text[] of at most most elements. */
void column_texts(struct db_copy *copy, char *const *texts, size_t count, size_t most);
/* The same, null when empty: where "nothing said" must not hide what an earlier attempt heard. */
void column_texts_or_null(struct db_copy *copy, char *const *texts, size_t count, size_t most);

/* A number of at most most; a larger one becomes null. */
void column_number(struct db_copy *copy, uint64_t value, uint64_t most);
/* The same, where 0 stands for none. */
void column_number_or_null(struct db_copy *copy, uint64_t value, uint64_t most);
/* A code point of TLS, 0 for none. */
void column_code_point(struct db_copy *copy, uint32_t value);
/* integer[] of at most most code points; null when empty. */
void column_code_points(struct db_copy *copy, const uint32_t *values, size_t count, size_t most);

/* timestamptz of seconds since 1970, clamped. */
void column_time_s(struct db_copy *copy, int64_t seconds);

/* A SHA-256; null unless it is one. */
void column_hash(struct db_copy *copy, const ProtobufCBinaryData *hash);
/* bytea[] of those that are, at most most. */
void column_hashes(struct db_copy *copy, const ProtobufCBinaryData *hashes, size_t count, size_t most);

/* jsonb: write to json between begin and end. */
struct column_json {
    struct json json;
    char *text;
    size_t len;
};
void column_json_begin(struct column_json *column);
void column_json_end(struct column_json *column, struct db_copy *copy);
/* A member that is left out when it is "" or 0. */
void column_json_text(struct json *json, const char *key, const char *text);
void column_json_number(struct json *json, const char *key, uint32_t number);

#endif
