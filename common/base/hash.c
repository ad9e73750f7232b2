/* hash.c - see hash.h. */
#include "base/hash.h"

uint64_t hash_fnv1a(uint64_t hash, const void *data, size_t len) {
    static const uint64_t prime = UINT64_C(1099511628211);
    for (const uint8_t *at = data, *end = at + len; at < end; at++)
        hash = (hash ^ *at) * prime;
    return hash;
}
