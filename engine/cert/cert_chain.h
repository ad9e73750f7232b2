/* cert_chain.h - what is known of a chain that a server sent. chain_parse.h makes one, match.h compares names with it.
 *
 * Trust, dates and name are judged apart (docs/grading.md). Every text is sanitised (text.h), every number clamped,
 * every list bounded. Nothing of OpenSSL's is kept.
 */
#ifndef MXG_CERT_CHAIN_H
#define MXG_CERT_CHAIN_H

#include "cert/extensions.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CERT_SAN_MAX = 1000,          /* dNSNames kept to be shown */
    CERT_TEXT_MAX = 1024,         /* octets of each text */
    CERT_SENT_OCTETS_MAX = 32768, /* of the certificates behind a leaf that are kept, together */
};

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

/* Parsed and judged once, then shared by reference: what cert_chain_parse() and chain_cache_get() return is let go of
 * with cert_chain_release(). */
struct cert_chain {
    unsigned references;
    size_t octets; /* of memory, about */

    /* Why the leaf cannot be read (static); NULL if it can. Where the leaf cannot be read, hash, DER and the
     * certificates behind it are all that is known: texts are empty, it is not trusted, and dates and names say
     * nothing. */
    const char *parse_error;

    /* What the leaf says. */
    uint8_t leaf_sha256[32];
    uint8_t spki_sha256[32];
    uint8_t *der;
    size_t der_len;
    char *subject_cn; /* the most specific one, lower case; "" if none */
    char *subject;
    char *issuer;
    char *serial; /* hexadecimal */
    char **san;   /* dNSNames, lower case */
    size_t san_count;
    size_t san_total; /* before CERT_SAN_MAX */
    char *further;    /* host names past CERT_SAN_MAX, lower case, each ended by NUL: for match.h; NULL if none */
    size_t further_len;
    const char *key_type; /* static: "RSA", "EC", "Ed25519", "DSA", … */
    unsigned key_bits;
    const char *signature; /* static: OpenSSL's long name */
    int64_t not_before;    /* Unix seconds, see dates.h */
    int64_t not_after;
    bool cn_usable;  /* the CN could be a host name: no NUL or other stray octet in it */
    bool san_broken; /* there are alternative names that cannot be read: the CN does not stand in */
    bool self_signed;
    struct cert_extensions extensions;
    bool weak_key;         /* see strength.h; also of an issuer on a good path */
    bool sha1_signature;   /* with SHA-1 or MD5; also of an issuer on a good path, but for the root's over itself */
    char *weak_keys;       /* which: "intermediate CN=…: RSA, 1024 bits; …"; "" if none */
    char *weak_signatures; /* likewise: "the certificate itself: sha1WithRSAEncryption" */

    /* The path to a trusted root. */
    bool missing_intermediate; /* this and the next two: see enum cert_flag */
    bool completed_by_store;
    bool wrong_purpose;
    bool trusted;       /* dates left aside */
    char *trust_error;  /* "" when trusted; else OpenSSL's words */
    int64_t valid_from; /* to valid_until: the intersection over the leaf and all certificates used */
    int64_t valid_until;
    int64_t stands_from; /* to stands_until: at a time outside another path may be found, see standing.h */
    int64_t stands_until;

    /* The certificates behind the leaf, as sent: the first CERT_CHAIN_MAX. */
    uint8_t (*chain_sha256)[32];
    size_t chain_count;
    uint8_t *sent; /* those of them that are kept, as in a list (cert_list.h): as many from the first on as fit */
    size_t sent_len;
};

/* One more reference. */
const struct cert_chain *cert_chain_hold(const struct cert_chain *chain);
/* One reference less; the last one frees the chain. *chain becomes NULL. */
void cert_chain_release(const struct cert_chain **chain);
/* The same, for who parsed the chain alone. */
void cert_chain_free(struct cert_chain **chain);

unsigned cert_chain_flags(const struct cert_chain *chain); /* enum cert_flag but CERT_OCSP_STAPLED */
const char *cert_chain_flag_name(unsigned bit_index);      /* "missing_intermediate" …; "" past the last */

/* Did the chain hold at that time (Unix seconds)? */
bool cert_chain_in_date(const struct cert_chain *chain, int64_t now);

#endif
