/* address_sample.c - see address_sample.h. */
#include "address_sample.h"

#include "base/hash.h"
#include "base/mem.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

struct ranked {
    uint64_t rank;
    struct sockaddr_storage address;
};

static size_t octets_of(const struct sockaddr_storage *address, const void **octets) {
    if (address->ss_family == AF_INET) {
        *octets = &((const struct sockaddr_in *)address)->sin_addr;
        return sizeof(struct in_addr);
    }
    *octets = &((const struct sockaddr_in6 *)address)->sin6_addr;
    return sizeof(struct in6_addr);
}

/* FNV-1a, and a last mixing (that of MurmurHash3) so that neighbours do not stay neighbours. */
uint64_t address_rank(const char *exchange, const struct sockaddr_storage *address) {
    const void *octets;
    size_t len = octets_of(address, &octets);
    uint64_t hash = hash_fnv1a(hash_fnv1a(HASH_START, exchange, strlen(exchange)), octets, len);
    hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
    hash = (hash ^ hash >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return hash ^ hash >> 33;
}

static int compare_octets(const struct sockaddr_storage *a, const struct sockaddr_storage *b) {
    const void *left, *right;
    size_t len = octets_of(a, &left), other = octets_of(b, &right);
    return len == other ? memcmp(left, right, len) : len < other ? -1 : 1;
}

static int compare_ranked(const void *left, const void *right) {
    const struct ranked *a = left, *b = right;
    return a->rank != b->rank ? (a->rank < b->rank ? -1 : 1) : compare_octets(&a->address, &b->address);
}

/* If the first most are of one family and the other one exists, its first takes the last place. */
static void mix_families(struct sockaddr_storage *address, size_t count, size_t most) {
    size_t same = 1;
    while (same < count && address[same].ss_family == address[0].ss_family)
        same++;
    if (same < most || same == count || count <= most)
        return;
    struct sockaddr_storage other = address[same];
    address[same] = address[most - 1];
    address[most - 1] = other;
}

size_t address_sample(const char *exchange, struct sockaddr_storage *address, size_t count, size_t most,
                      size_t *distinct) {
    struct ranked *ranked = mem_calloc(count, sizeof *ranked);
    for (size_t i = 0; i < count; i++)
        ranked[i] = (struct ranked){address_rank(exchange, &address[i]), address[i]};
    qsort(ranked, count, sizeof *ranked, compare_ranked);
    *distinct = 0;
    for (size_t i = 0; i < count; i++)
        if (i == 0 || compare_ranked(&ranked[i - 1], &ranked[i]) != 0)
            address[(*distinct)++] = ranked[i].address;
    free(ranked);
    mix_families(address, *distinct, most);
    return *distinct < most ? *distinct : most;
}
