/* reader.c - see reader.h. */
#include "base/reader.h"

struct reader reader_of(const void *data, size_t len) {
    return (struct reader){.at = data, .left = len};
}

const uint8_t *reader_take(struct reader *reader, size_t len) {
    static const uint8_t nothing[1];
    if (reader->bad || len > reader->left) {
        reader->bad = true;
        return nothing;
    }
    const uint8_t *at = reader->at;
    reader->at += len;
    reader->left -= len;
    return at;
}

uint32_t reader_number(struct reader *reader, size_t width) {
    uint32_t value = 0;
    const uint8_t *at = reader_take(reader, width);
    for (size_t i = 0; i < width && !reader->bad; i++)
        value = value << 8 | at[i];
    return value;
}

struct reader reader_vector(struct reader *reader, size_t width) {
    size_t len = reader_number(reader, width);
    const uint8_t *at = reader_take(reader, len);
    return (struct reader){.at = at, .left = reader->bad ? 0 : len, .bad = reader->bad};
}
