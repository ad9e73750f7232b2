/* hash.h - FNV-1a of 64 bits: for order and places in tables, never against an adversary. */
#ifndef MXG_HASH_H
#define MXG_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_START UINT64_C(14695981039346656037)

/* Goes on from hash: HASH_START, or what an earlier call gave. */
uint64_t hash_fnv1a(uint64_t hash, const void *data, size_t len);

#endif
