/* address.c - see address.h. */
#include "names/address.h"

#include <arpa/inet.h>
#include <string.h>

bool address_parse(struct sockaddr_storage *out, const char *text, uint32_t port) {
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    memset(out, 0, sizeof *out);
    if (port == 0 || port > UINT16_MAX)
        return false;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        return true;
    }
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons((uint16_t)port);
    return inet_pton(AF_INET6, text, &v6->sin6_addr) == 1;
}

void address_text(char out[static INET6_ADDRSTRLEN], const struct sockaddr *address) {
    const void *octets = address->sa_family == AF_INET
                             ? (const void *)&((const struct sockaddr_in *)address)->sin_addr
                             : (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr;
    inet_ntop(address->sa_family, octets, out, INET6_ADDRSTRLEN);
}
