/* chain_cache.c - see chain_cache.h. The hash table keeps its entries in the order of insertion: an entry that is used
 * is put in again, so that the first is always the one unused for longest.
 */
#include "cert/chain_cache.h"

#include "base/mem.h"
#include "cert/chain_parse.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <uthash.h>

enum { SHA256_OCTETS = 32 };

struct entry {
    UT_hash_handle hh;
    uint8_t sha256[SHA256_OCTETS];  /* of the list as sent */
    const struct cert_chain *chain; /* a reference; NULL: error says why */
    const char *error;              /* static */
    size_t octets;
};

struct chain_cache {
    const struct trust *trust;
    size_t entries_max, octets_max;
    struct entry *entries; /* the one unused for longest first */
    struct chain_cache_stats stats;
};

struct chain_cache *chain_cache_new(const struct trust *trust, size_t entries_max) {
    struct chain_cache *cache = mem_alloc(sizeof *cache);
    cache->trust = trust;
    cache->entries_max = entries_max ? entries_max : CHAIN_CACHE_ENTRIES;
    cache->octets_max = cache->entries_max * CHAIN_CACHE_ENTRY_OCTETS;
    return cache;
}

static void drop_entry(struct chain_cache *cache, struct entry *entry) {
    HASH_DEL(cache->entries, entry); // NOLINT(clang-analyzer-core.NullDereference): uthash
    cache->stats.octets -= entry->octets;
    if (entry->chain)
        cert_chain_release(&entry->chain);
    free(entry);
}

void chain_cache_free(struct chain_cache **cache) {
    struct chain_cache *self = *cache;
    if (self == NULL)
        return;
    *cache = NULL;
    while (self->entries)
        drop_entry(self, self->entries);
    free(self);
}

static struct entry *add_entry(struct chain_cache *cache, const uint8_t *sha256, const uint8_t *list, size_t len,
                               int64_t now) {
    struct entry *entry = mem_alloc(sizeof *entry);
    memcpy(entry->sha256, sha256, sizeof entry->sha256);
    entry->chain = cert_chain_parse(cache->trust, list, len, now, &entry->error);
    entry->octets = sizeof *entry + (entry->chain ? entry->chain->octets : 0);
    cache->stats.parsed++;
    cache->stats.octets += entry->octets;
    HASH_ADD(hh, cache->entries, sha256, sizeof entry->sha256, entry);
    return entry;
}

/* May drop the newest entry too, if it is huge: who asked for its chain has a reference already. */
static void trim_cache(struct chain_cache *cache) {
    while (cache->entries &&
           (HASH_COUNT(cache->entries) > cache->entries_max || cache->stats.octets > cache->octets_max)) {
        drop_entry(cache, cache->entries);
        cache->stats.evicted++;
    }
}

/* NULL if the list was not seen, or if what was found then no longer stands. */
static struct entry *find_entry(struct chain_cache *cache, const uint8_t *sha256, int64_t now) {
    struct entry *entry;
    HASH_FIND(hh, cache->entries, sha256, SHA256_OCTETS, entry);
    if (entry && entry->chain && (now < entry->chain->stands_from || now > entry->chain->stands_until)) {
        drop_entry(cache, entry);
        entry = NULL;
    }
    return entry;
}

const struct cert_chain *chain_cache_get(struct chain_cache *cache, const uint8_t *list, size_t len, int64_t now,
                                         const char **error) {
    uint8_t sha256[SHA256_OCTETS];
    if (EVP_Digest(list, len, sha256, NULL, EVP_sha256(), NULL) != 1)
        abort(); /* as mem.h */
    struct entry *entry = find_entry(cache, sha256, now);
    if (entry) {
        cache->stats.hits++;
        HASH_DEL(cache->entries, entry);
        HASH_ADD(hh, cache->entries, sha256, sizeof entry->sha256, entry);
    } else {
        entry = add_entry(cache, sha256, list, len, now);
    }
    *error = entry->error;
    const struct cert_chain *chain = entry->chain ? cert_chain_hold(entry->chain) : NULL;
    trim_cache(cache);
    return chain;
}

struct chain_cache_stats chain_cache_stats(const struct chain_cache *cache) {
    struct chain_cache_stats stats = cache->stats;
    stats.entries = HASH_COUNT(cache->entries);
    return stats;
}
