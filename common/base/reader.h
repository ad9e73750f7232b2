/* reader.h - numbers and vectors in network byte order, taken from octets that are not trusted.
 *
 * A reader cannot leave its bounds: what asks for more than is left sets bad, and from then on every take gives zeros
 * or nothing. So a parser reads straight down and looks at bad once, before it believes what it read. Nothing is
 * copied.
 */
#ifndef MXG_READER_H
#define MXG_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader {
    const uint8_t *at; /* borrowed */
    size_t left;
    bool bad;
};

struct reader reader_of(const void *data, size_t len);

/* The next len octets; a pointer to nothing, never NULL, if there are fewer. */
const uint8_t *reader_take(struct reader *reader, size_t len);

/* An unsigned number of width octets, 1 to 4. */
uint32_t reader_number(struct reader *reader, size_t width);

/* What a length of width octets counts (RFC 8446 section 3.4); bad as its parent is. */
struct reader reader_vector(struct reader *reader, size_t width);

#endif
