/* reserved.h - addresses where no mail server is: the IANA special-purpose registries for IPv4 and IPv6 (RFC 6890,
 * RFC 8190), multicast, and IPv6 that is not global unicast. special_purpose.csv is the table, with its date.
 */
#ifndef MXG_RESERVED_H
#define MXG_RESERVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum special_verdict {
    SPECIAL_REFUSE,
    SPECIAL_PROBE, /* inside a wider row that is refused */
    SPECIAL_IPV4,  /* stands for the IPv4 address inside it, and is judged by that */
};

/* A row of special_purpose.csv. */
struct special_purpose {
    const char *prefix; /* as written */
    uint8_t network[16];
    unsigned octets, bits; /* 4 or 16; the prefix's length */
    enum special_verdict verdict;
    unsigned offset; /* SPECIAL_IPV4: of its first octet */
    const char *name;
};
extern const struct special_purpose SPECIAL_PURPOSE[];
extern const size_t SPECIAL_PURPOSE_COUNT;

/* The name of the reserved range that holds the address, or NULL if it may be probed. The longest prefix decides.
 * Addresses that carry an IPv4 address (v4-mapped, NAT64, 6to4) are judged by that one. Static text. */
const char *reserved_why(const struct sockaddr *address);

/* The IPv4 address that an IPv6 address carries by a row SPECIAL_IPV4 (RFC 4291 section 2.5.5.2, RFC 6052, RFC 3056),
 * in network order; false if it carries none. */
bool reserved_embedded_ipv4(const uint8_t address[static 16], uint8_t out[static 4]);

#endif
