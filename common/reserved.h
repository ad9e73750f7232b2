/* reserved.h - addresses that are never probed: the IANA special-purpose registries for IPv4 and IPv6
 * (RFC 6890 and its updates), as a table with its date.
 */
#ifndef MXG_RESERVED_H
#define MXG_RESERVED_H

#include <sys/socket.h>

/* The registry's name for the reserved range that holds the address, or NULL if it is globally reachable unicast.
 * Addresses that carry an IPv4 address (v4-mapped, NAT64, 6to4) are judged by that one too. Static text. */
const char *reserved_why(const struct sockaddr *address);

#endif
