/* reserved.c - see reserved.h. Registries as of 2025-06: iana-ipv4-special-registry, iana-ipv6-special-registry,
 * multicast and the unallocated rest of IPv6 (everything outside 2000::/3).
 */
#include "reserved.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static const struct {
    uint8_t prefix[4];
    unsigned bits;
    const char *name;
} V4[] = {
    {{0}, 8, "this network"},
    {{10}, 8, "private use"},
    {{100, 64}, 10, "shared address space"},
    {{127}, 8, "loopback"},
    {{169, 254}, 16, "link local"},
    {{172, 16}, 12, "private use"},
    {{192, 0, 0}, 24, "IETF protocol assignments"},
    {{192, 0, 2}, 24, "documentation"},
    {{192, 31, 196}, 24, "AS112"},
    {{192, 52, 193}, 24, "AMT"},
    {{192, 88, 99}, 24, "deprecated 6to4 relay anycast"},
    {{192, 168}, 16, "private use"},
    {{192, 175, 48}, 24, "AS112"},
    {{198, 18}, 15, "benchmarking"},
    {{198, 51, 100}, 24, "documentation"},
    {{203, 0, 113}, 24, "documentation"},
    {{224}, 4, "multicast"},
    {{240}, 4, "reserved"},
};

/* Inside 2000::/3; what lies outside is refused by OUTSIDE below, but for the embedded forms. */
static const struct {
    uint8_t prefix[16];
    unsigned bits;
    const char *name;
} V6[] = {
    {{0x20, 0x01}, 23, "IETF protocol assignments"},
    {{0x20, 0x01, 0x0d, 0xb8}, 32, "documentation"},
    {{0x26, 0x20, 0x00, 0x4f, 0x80, 0x00}, 48, "AS112"},
    {{0x3f, 0xff}, 20, "documentation"},
};
static const char OUTSIDE[] = "not global unicast";

/* Forms that carry an IPv4 address, at an offset. */
static const struct {
    uint8_t prefix[12];
    unsigned bits, offset;
} EMBEDDED[] = {
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, 12}, /* v4-mapped: never sent, yet connect(2) takes it */
    {{0x00, 0x64, 0xff, 0x9b}, 96, 12},                   /* NAT64 */
    {{0x20, 0x02}, 16, 2},                                /* 6to4 */
};

static bool in_prefix(const uint8_t *address, const uint8_t *prefix, unsigned bits) {
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(address, prefix, whole) != 0)
        return false;
    uint8_t mask = (uint8_t)(0xff00 >> rest);
    return rest == 0 || ((address[whole] ^ prefix[whole]) & mask) == 0;
}

static const char *v4_why(const uint8_t *address) {
    for (size_t i = 0; i < sizeof V4 / sizeof *V4; i++)
        if (in_prefix(address, V4[i].prefix, V4[i].bits))
            return V4[i].name;
    return NULL;
}

static const char *v6_why(const uint8_t *address) {
    for (size_t i = 0; i < sizeof EMBEDDED / sizeof *EMBEDDED; i++)
        if (in_prefix(address, EMBEDDED[i].prefix, EMBEDDED[i].bits))
            return v4_why(address + EMBEDDED[i].offset);
    for (size_t i = 0; i < sizeof V6 / sizeof *V6; i++)
        if (in_prefix(address, V6[i].prefix, V6[i].bits))
            return V6[i].name;
    return (address[0] & 0xe0) == 0x20 ? NULL : OUTSIDE;
}

const char *reserved_why(const struct sockaddr *address) {
    if (address->sa_family == AF_INET)
        return v4_why((const uint8_t *)&((const struct sockaddr_in *)address)->sin_addr);
    if (address->sa_family == AF_INET6)
        return v6_why((const uint8_t *)&((const struct sockaddr_in6 *)address)->sin6_addr);
    return "neither IPv4 nor IPv6";
}
