/* cert.h - certificates: what they say, whether the chain is trusted, in date and named for an exchange.
 *
 * Trust, dates and name are judged apart (shared/grading.md section 1): trust leaves dates aside; names follow
 * RFC 6125 (SAN dNSName, wildcard only as the whole left-most label matching one label; CN only where no SAN dNSName
 * exists). Every text that comes out is sanitised (text.h), every number clamped, every list bounded.
 */
#ifndef MXG_CERT_H
#define MXG_CERT_H

#include "names/name.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CERT_SAN_MAX = 1000,  /* dNSNames kept */
    CERT_CHAIN_MAX = 20,  /* certificates taken from a server */
    CERT_DER_MAX = 65536, /* octets of one certificate */
    CERT_TEXT_MAX = 1024,
};

/* The trust store: made once a process (parsing a CA bundle costs about 25 ms). */
struct trust;
/* ca_file: PEM bundle; NULL or "" = the system's (/etc/ssl/certs/ca-certificates.crt, else OpenSSL's default).
 * NULL on failure: error says what to do. */
__attribute__((warn_unused_result)) struct trust *trust_open(const char *ca_file, char *error, size_t cap);
void trust_close(struct trust **trust);

/* What is worth telling of a chain, and of how it came. Bits; names are on the wire and in the database. */
enum cert_flag {
    CERT_MISSING_INTERMEDIATE = 1 << 0, /* the server did not send a certificate that the path needs */
    CERT_COMPLETED_BY_STORE = 1 << 1,   /* … but this trust store has it; another client's may not */
    CERT_WRONG_PURPOSE = 1 << 2,        /* the path is good but for (extended) key usage: not for TLS servers */
    CERT_SELF_SIGNED = 1 << 3,
    CERT_WEAK_KEY = 1 << 4,
    CERT_SHA1_SIGNATURE = 1 << 5,
    CERT_OCSP_STAPLED = 1 << 6, /* of the handshake, not of the chain */
    CERT_UNREADABLE = 1 << 7,
    CERT_FLAG_COUNT = 8
};

/* A chain as a server sent it, parsed and judged once. All text is here: nothing of OpenSSL's is kept. Shared by
 * reference: what cert_chain_parse() and chain_cache_get() return is let go of with cert_chain_release(). */
struct cert_chain {
    unsigned references;
    size_t octets; /* of memory, about */
    /* Why the leaf cannot be read (static); NULL if it can. Then hash, DER and the certificates behind it are all that
     * is known: texts are empty, it is not trusted, and dates and names say nothing. */
    const char *parse_error;
    uint8_t leaf_sha256[32], spki_sha256[32];
    uint8_t *der; /* the leaf */
    size_t der_len;
    char *subject_cn, *subject, *issuer, *serial;
    char **san; /* dNSNames, sanitised, lower case */
    size_t san_count, san_total;
    const char *key_type; /* static: "RSA", "EC", "Ed25519", "DSA", … */
    unsigned key_bits;
    const char *signature;         /* static: OpenSSL's long name */
    int64_t not_before, not_after; /* Unix seconds, clamped to years 1 … 9999 */
    bool cn_usable;                /* the CN could be a host name: no NUL or other stray octet in it */
    bool san_broken;               /* there are alternative names that cannot be read: the CN does not stand in */
    bool self_signed;
    bool weak_key;                                                /* RSA/DSA < 2048, EC < 224 bits */
    bool sha1_signature;                                          /* leaf signed with SHA-1 or MD5 */
    bool missing_intermediate, completed_by_store, wrong_purpose; /* see enum cert_flag */
    bool trusted;                                                 /* dates left aside */
    char *trust_error;                                            /* "" when trusted; else OpenSSL's words */
    int64_t valid_from, valid_until; /* the intersection over the leaf and every chain certificate used */
    uint8_t (*chain_sha256)[32];     /* certificates behind the leaf, as sent */
    size_t chain_count;
};

/* list: a TLS Certificate body: 3-byte total length, then for each certificate a 3-byte length and its DER (what
 * flight_certificates() gives). NULL if there is no certificate in it; error (static text) says why. A leaf that cannot
 * be read gives a chain with parse_error. A leaf whose names hold invalid text (which OpenSSL refuses) is read all the
 * same and untrusted. */
__attribute__((warn_unused_result)) struct cert_chain *cert_chain_parse(const struct trust *trust, const uint8_t *list,
                                                                        size_t len, const char **error);
/* One more reference. */
const struct cert_chain *cert_chain_hold(const struct cert_chain *chain);
/* One less; the last one frees it. *chain becomes NULL. */
void cert_chain_release(const struct cert_chain **chain);
/* The same, for who parsed it alone. */
void cert_chain_free(struct cert_chain **chain);

unsigned cert_chain_flags(const struct cert_chain *chain); /* enum cert_flag but CERT_OCSP_STAPLED */
const char *cert_chain_flag_name(unsigned bit_index);      /* "missing_intermediate" … */

/* Did the chain hold at that time (Unix seconds)? */
bool cert_chain_in_date(const struct cert_chain *chain, int64_t now);

struct cert_match {
    bool matched, by_cn;      /* by RFC 6125: the CN counts only where there is no SAN dNSName */
    bool san_match, cn_match; /* each by itself, whatever the other says */
    char identity[NAME_CAP];  /* the SAN or CN that matched, sanitised; "" if none */
};
/* name: A-label, lower case, no trailing dot. */
struct cert_match cert_chain_match(const struct cert_chain *chain, const char *name);

#endif
