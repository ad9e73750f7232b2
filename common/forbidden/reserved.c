/* reserved.c - see reserved.h. Some fifty rows, looked through for each connection: that is nothing beside it. */
#include "forbidden/reserved.h"

#include <netinet/in.h>
#include <string.h>

static bool in_prefix(const uint8_t *address, const struct special_purpose *row) {
    unsigned whole = row->bits / 8, rest = row->bits % 8;
    if (memcmp(address, row->network, whole) != 0)
        return false;
    uint8_t mask = (uint8_t)(0xff00 >> rest);
    return rest == 0 || ((address[whole] ^ row->network[whole]) & mask) == 0;
}

/* The row with the longest prefix that holds the address, or NULL. */
static const struct special_purpose *find(const uint8_t *address, unsigned octets) {
    const struct special_purpose *found = NULL;
    for (const struct special_purpose *row = SPECIAL_PURPOSE; row < SPECIAL_PURPOSE + SPECIAL_PURPOSE_COUNT; row++)
        if (row->octets == octets && (found == NULL || row->bits > found->bits) && in_prefix(address, row))
            found = row;
    return found;
}

static const char *v4_why(const uint8_t *address) {
    const struct special_purpose *row = find(address, 4);
    return row && row->verdict == SPECIAL_REFUSE ? row->name : NULL;
}

bool reserved_embedded_ipv4(const uint8_t address[static 16], uint8_t out[static 4]) {
    const struct special_purpose *row = find(address, 16);
    if (row == NULL || row->verdict != SPECIAL_IPV4)
        return false;
    memcpy(out, address + row->offset, 4);
    return true;
}

static const char *v6_why(const uint8_t *address) {
    uint8_t embedded[4];
    if (reserved_embedded_ipv4(address, embedded))
        return v4_why(embedded);
    const struct special_purpose *row = find(address, 16);
    return row && row->verdict == SPECIAL_REFUSE ? row->name : NULL;
}

const char *reserved_why(const struct sockaddr *address) {
    if (address->sa_family == AF_INET)
        return v4_why((const uint8_t *)&((const struct sockaddr_in *)address)->sin_addr);
    if (address->sa_family == AF_INET6)
        return v6_why((const uint8_t *)&((const struct sockaddr_in6 *)address)->sin6_addr);
    return "neither IPv4 nor IPv6";
}
