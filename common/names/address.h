/* address.h - IP addresses as text and as struct sockaddr, as the wire and the database have them. */
#ifndef MXG_ADDRESS_H
#define MXG_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* text: as inet_ntop(3) writes it; port: 1 to 65535. False if either is something else; out is zeroed first. */
__attribute__((warn_unused_result)) bool address_parse(struct sockaddr_storage *out, const char *text, uint32_t port);

/* Of an IPv4 or IPv6 address, without the port. */
void address_text(char out[static INET6_ADDRSTRLEN], const struct sockaddr *address);

#endif
