/* dns_answer.h - what a DNS answer says: a pure, bounded parser over the raw message (RFC 1035 section 4).
 *
 * c-ares matches answers to queries and retries; this reads the answer section, because the AD bit, TLSA and where an
 * alias leads are wanted from one place with the records.
 */
#ifndef MXG_DNS_ANSWER_H
#define MXG_DNS_ANSWER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
    DNS_TYPE_A = 1,
    DNS_TYPE_NS = 2,
    DNS_TYPE_CNAME = 5,
    DNS_TYPE_SOA = 6,
    DNS_TYPE_PTR = 12,
    DNS_TYPE_MX = 15,
    DNS_TYPE_TXT = 16,
    DNS_TYPE_AAAA = 28,
    DNS_TYPE_TLSA = 52,
    DNS_TYPE_CAA = 257,
};

enum {
    DNS_MX_MAX = 1000,      /* MX records read from one answer */
    DNS_ADDRESS_MAX = 1000, /* addresses read from one answer */
    DNS_BLOB_MAX = 100,     /* TXT, TLSA, CAA or PTR records read from one answer */
    DNS_ALIAS_MAX = 16,     /* CNAMEs followed in one answer */
    DNS_NAME_CAP = 1025,    /* presentation form: 255 octets, each at most \DDD, and NUL */
};

/* How a lookup ended. */
enum dns_status { DNS_OK, DNS_NODATA, DNS_NXDOMAIN, DNS_SERVFAIL, DNS_TIMEOUT };
const char *dns_status_name(enum dns_status status); /* as in the type mxgrade.dns_status */
/* No answer came: nothing is known. */
static inline bool dns_failed(enum dns_status status) { return status >= DNS_SERVFAIL; }

/* What a validating resolver says of an answer (RFC 4035 section 4.3), the worst last. */
enum dnssec { DNSSEC_SECURE, DNSSEC_INSECURE, DNSSEC_UNCHECKED, DNSSEC_UNKNOWN, DNSSEC_BOGUS };
const char *dnssec_name(enum dnssec state); /* as in the type mxgrade.dnssec */

struct dns_mx {
    uint16_t preference;
    char exchange[DNS_NAME_CAP]; /* presentation form without trailing dot; "." for the root */
};

/* RDATA of a TLSA or CAA record, the character-strings of a TXT record joined (RFC 7208 section 3.3 and others), or the
 * name of a PTR record in presentation form, with a NUL behind it. */
struct dns_blob {
    uint8_t *data;
    size_t len;
};

struct dns_answer {
    enum dns_status status;
    bool authentic;            /* the AD bit; what it is worth, dns.h knows */
    enum dnssec dnssec;        /* set by dns.h */
    bool cname;                /* the name asked for is an alias */
    char target[DNS_NAME_CAP]; /* what it leads to, in lower case; "" if it is none */
    struct dns_mx *mx;         /* DNS_TYPE_MX; owned */
    size_t mx_count;
    struct sockaddr_storage *address; /* DNS_TYPE_A, DNS_TYPE_AAAA, port 0; owned */
    size_t address_count;
    struct dns_blob *blob; /* DNS_TYPE_TXT, DNS_TYPE_TLSA, DNS_TYPE_CAA, DNS_TYPE_PTR; owned */
    size_t blob_count;
    bool capped; /* there were more records */
};

/* Reads message, the answer to a query for type. Only records of the name asked for, or of what its CNAMEs lead to,
 * count. Whatever is malformed, an alias that leads back to itself too, gives DNS_SERVFAIL: it is no answer. For
 * DNS_TYPE_CNAME the alias itself is the answer, DNS_TYPE_SOA is read for its status alone. */
void dns_answer_parse(struct dns_answer *answer, unsigned type, const uint8_t *message, size_t len);
void dns_answer_free(struct dns_answer *answer);

#endif
