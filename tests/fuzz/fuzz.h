/* fuzz.h - what the targets share: CHECK ends the run when a property does not hold; a supply turns the input into
 * numbers and octets, zeros when it is used up.
 */
#ifndef MXG_FUZZ_H
#define MXG_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* What libFuzzer calls. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define CHECK(property)                                                                                                \
    do {                                                                                                               \
        if (!(property)) {                                                                                             \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #property);                              \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

struct supply {
    const uint8_t *at;
    size_t left;
};

/* A number from 0 to most. */
static inline unsigned supply_number(struct supply *supply, unsigned most) {
    unsigned value = 0;
    for (unsigned range = most; range > 0; range >>= 8) {
        value = value << 8 | (supply->left > 0 ? *supply->at++ : 0u);
        supply->left -= supply->left > 0;
    }
    return most == UINT32_MAX ? value : value % (most + 1);
}

/* At most *len octets, borrowed from the input; *len becomes what is left of them. */
static inline const uint8_t *supply_octets(struct supply *supply, size_t *len) {
    const uint8_t *at = supply->at;
    *len = *len < supply->left ? *len : supply->left;
    supply->at += *len;
    supply->left -= *len;
    return at;
}

#endif
