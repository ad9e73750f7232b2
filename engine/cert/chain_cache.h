/* chain_cache.h - chains seen before: parsed and verified once, however many servers send them.
 *
 * Parsing and verifying two certificates costs about half a millisecond, finding them here a few microseconds; and what
 * large hosters show on ten thousand addresses is in memory once. Keyed by the SHA-256 of the list as sent: the same
 * leaf with other certificates behind it is another chain, and so is the same in another order. A chain is judged anew
 * when one of its certificates begins or ends: another path may be found then. What failed to parse is remembered too.
 *
 * Bounded by entries and, as a chain may hold a thousand names, by memory: the chains unused for longest go first. A
 * reference outlives both eviction and cache. For one thread.
 */
#ifndef MXG_CHAIN_CACHE_H
#define MXG_CHAIN_CACHE_H

#include "cert/cert_chain.h"
#include "cert/trust.h"

enum {
    CHAIN_CACHE_ENTRIES = 4096,
    CHAIN_CACHE_ENTRY_OCTETS = 16384, /* of memory, on average; a common chain takes 3,000 */
};

struct chain_cache;

struct chain_cache_stats {
    size_t entries; /* now */
    size_t octets;  /* of memory, now */
    uint64_t hits;  /* since the start, as all below */
    uint64_t parsed;
    uint64_t evicted;
};

/* trust: borrowed, must outlive the cache. entries_max: 0 = CHAIN_CACHE_ENTRIES; at most CHAIN_CACHE_ENTRY_OCTETS times
 * as many octets are kept. */
struct chain_cache *chain_cache_new(const struct trust *trust, size_t entries_max);
void chain_cache_free(struct chain_cache **cache);

/* The chain of a list (cert_list.h), as cert_chain_parse() gives it at that time (Unix seconds): a reference, for
 * cert_chain_release(). NULL: error (static text) says why. */
__attribute__((warn_unused_result)) const struct cert_chain *
chain_cache_get(struct chain_cache *cache, const uint8_t *list, size_t len, int64_t now, const char **error);

struct chain_cache_stats chain_cache_stats(const struct chain_cache *cache);

#endif
