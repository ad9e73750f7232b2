/* suites.h - the TLS cipher suite registry, built from cipher_suites.csv at build time. */
#ifndef MXG_SUITES_H
#define MXG_SUITES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum suite_flag {
    SUITE_WEAK = 1 << 0,     /* weak_class holds a token other than ANON */
    SUITE_ANON = 1 << 1,     /* unauthenticated */
    SUITE_R1 = 1 << 2,       /* NIST SP 800-52 revision 1 */
    SUITE_R2 = 1 << 3,       /* NIST SP 800-52 revision 2 */
    SUITE_FS = 1 << 4,       /* forward secrecy, authenticated */
    SUITE_TLS13 = 1 << 5,    /* TLS 1.3 only */
    SUITE_TLS12 = 1 << 6,    /* TLS 1.2 only */
    SUITE_OPENSSL = 1 << 7,  /* OpenSSL 3 can complete it */
    SUITE_BY_RSA = 1 << 8,   /* the server's certificate has an RSA key */
    SUITE_BY_ECDSA = 1 << 9, /* … an ECDSA key */
};

struct suite {
    uint16_t id;
    uint16_t flags;           /* SUITE_… */
    const char *name;         /* IANA */
    const char *openssl_name; /* "" where OpenSSL has none */
    const char *weak_class;   /* tokens joined by '|', "" = none */
    const char *kx, *auth, *enc;
};

/* Sorted by id. */
extern const struct suite SUITES[];
extern const size_t SUITE_COUNT;

/* NULL for an unknown id. */
const struct suite *suite_find(uint16_t id);
/* IANA name, or "0x1234" in a static table-free form written to out (cap >= 7). */
const char *suite_name(uint16_t id, char *out, size_t cap);

/* Is the suite (or the group, another code point of 16 bits) one of count in the list? */
bool suite_is_listed(const uint16_t *list, size_t count, uint16_t suite);

/* The weak classes of a suite (weak_class) as a bit set over weak_class_name(); 0 for an unknown id. */
unsigned suite_weak_classes(uint16_t id);
enum { WEAK_CLASS_COUNT = 13 };
const char *weak_class_name(unsigned bit_index); /* "EXPORT" …; NULL past the end */

#endif
