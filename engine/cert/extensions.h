/* extensions.h - what a certificate says beside names, dates and key: transparency, revocation, policies. */
#ifndef MXG_EXTENSIONS_H
#define MXG_EXTENSIONS_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    CERT_URLS_MAX = 8,      /* of each kind */
    CERT_POLICIES_MAX = 16, /* identifiers */
    CERT_URL_OCTETS_MAX = 1024,
};

/* Bits, on the wire (proto/mxgrade.proto, Certificate.extensions_unread). */
enum cert_extension {
    CERT_EXTENSION_SCTS = 1 << 0,     /* signed certificate timestamps (RFC 6962) */
    CERT_EXTENSION_FEATURES = 1 << 1, /* TLS features (RFC 7633) */
    CERT_EXTENSION_OCSP = 1 << 2,     /* authority information access */
    CERT_EXTENSION_CRL = 1 << 3,      /* CRL distribution points */
    CERT_EXTENSION_POLICIES = 1 << 4,
    CERT_EXTENSION_BASIC = 1 << 5, /* basic constraints */
    CERT_EXTENSION_ALL = (1 << 6) - 1
};

/* Each text is sanitised and at most CERT_URL_OCTETS_MAX octets. */
struct cert_texts {
    char **text;
    size_t count;
};

struct cert_extensions {
    unsigned unread; /* enum cert_extension: there, and cannot be read; what they would say is unknown, not no */
    unsigned sct_count;
    bool must_staple; /* RFC 7633, status_request */
    bool is_ca;
    struct cert_texts ocsp, crl; /* URLs */
    struct cert_texts policies;  /* object identifiers, dotted */
};

/* All of it; extensions_clear() frees what is in it. */
struct cert_extensions extensions_read(const X509 *certificate);
void extensions_clear(struct cert_extensions *extensions);

/* Octets of memory, about. */
size_t extensions_memory(const struct cert_extensions *extensions);

#endif
