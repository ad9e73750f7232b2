/* dns_answer.h - what a DNS answer says: a pure, bounded parser over the raw message (RFC 1035 section 4).
 *
 * c-ares matches answers to queries and retries; this reads the answer section, because MX, CNAME and (later) the AD
 * bit and TLSA are wanted from one place.
 */
#ifndef MXG_DNS_ANSWER_H
#define MXG_DNS_ANSWER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { DNS_TYPE_A = 1, DNS_TYPE_CNAME = 5, DNS_TYPE_MX = 15, DNS_TYPE_AAAA = 28 };

enum {
    DNS_MX_MAX = 1000,      /* MX records read from one answer */
    DNS_ADDRESS_MAX = 1000, /* addresses read from one answer */
    DNS_NAME_CAP = 1025,    /* presentation form: 255 octets, each at most \DDD, and NUL */
};

/* How a lookup ended. */
enum dns_status { DNS_OK, DNS_NODATA, DNS_NXDOMAIN, DNS_SERVFAIL, DNS_TIMEOUT };
const char *dns_status_name(enum dns_status status); /* as in the type mxgrade.dns_status */

struct dns_mx {
    uint16_t preference;
    char exchange[DNS_NAME_CAP]; /* presentation form without trailing dot; "." for the root */
};

struct dns_answer {
    enum dns_status status;
    bool cname;        /* the name asked for is an alias */
    struct dns_mx *mx; /* DNS_TYPE_MX; owned */
    size_t mx_count;
    struct sockaddr_storage *address; /* DNS_TYPE_A, DNS_TYPE_AAAA, port 0; owned */
    size_t address_count;
};

/* Reads message, the answer to a query for type. Whatever is malformed gives DNS_SERVFAIL: it is no answer. */
void dns_answer_parse(struct dns_answer *answer, unsigned type, const uint8_t *message, size_t len);
void dns_answer_free(struct dns_answer *answer);

#endif
