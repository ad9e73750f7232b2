/* offers.h - the suite and group lists that hellos offer.
 *
 * "Every suite" means those that mail servers really deploy, at most OFFER_USUAL_MAX of them: old SChannel reads 64
 * (docs/probe-plan.md). What refuses a class of suites has to have been offered all of it, so the rest of the registry
 * stands behind the deployed ones where the class is asked for, and in OFFER_REGISTRY; of the registry, what needs
 * neither a shared key, nor a ticket, nor a password, nor a certificate of fixed Diffie-Hellman.
 *
 * A list is put together for what is still open, and suites that settle most come first: a server that follows the
 * client's order then settles as much as it can on a connection that had to be made anyway.
 */
#ifndef MXG_OFFERS_H
#define MXG_OFFERS_H

#include "tls/hello.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OFFER_USUAL_MAX = 60, OFFER_SMALL_MAX = 40 };

enum offer {
    /* Every suite up to TLS 1.2: those of open classes, then authenticated, weak, anonymous ones. */
    OFFER_ALL,
    /* Suites of open classes. */
    OFFER_OPEN,
    /* The same, for a refusal of just these classes. */
    OFFER_CLASSES,
    /* Weak and anonymous ones if open, and those in NIST r1 and r2 both: one answer for two classes. */
    OFFER_BOTH_NIST,
    /* Weak suites, anonymous ones among them. */
    OFFER_WEAK,
    /* Everything that the registry has below TLS 1.3, what OFFER_ALL lacks first. */
    OFFER_REGISTRY,
    /* All of TLS 1.3. */
    OFFER_TLS13,
    /* All of TLS 1.3, and every suite below, by which an old server shows that it has no TLS 1.3. */
    OFFER_TLS13_ALL,
    /* Those of TLS 1.3 that are in NIST r2. */
    OFFER_TLS13_R2,
    /* For full handshakes: NIST's, the other authenticated ones that are not weak, and TLS 1.3's. */
    OFFER_COMPLETABLE,
    OFFER_COUNT
};

/* What a list is made for. */
struct offer_scope {
    unsigned open;        /* SUITE_… classes not yet settled (suites.h) */
    enum tls_version max; /* the highest version offered: below TLS 1.2 there is no AEAD and no SHA-2 */
    bool small;           /* at most OFFER_SMALL_MAX, the commonest */
};

/* Writes the list, which may be empty, and returns its length. */
size_t offer_suites(enum offer offer, struct offer_scope scope, uint16_t out[static HELLO_SUITES_MAX]);
/* Are all the weak suites that servers deploy among these count suites, so that who goes by the client's order and
 * takes a later one has none of them? */
bool offer_holds_weak(const uint16_t *suites, size_t count);
/* Is the suite in OFFER_COMPLETABLE? */
bool offer_is_completable(uint16_t suite);
/* For people; static. */
const char *offer_name(enum offer offer);

/* What a full handshake may offer. */
enum handshake_offer {
    HANDSHAKE_FIRST,  /* up to TLS 1.3, every suite that OpenSSL completes, post-quantum hybrids (hybrid_offer.h) */
    HANDSHAKE_LEGACY, /* up to TLS 1.2, every suite that OpenSSL completes */
    HANDSHAKE_ANY,    /* up to TLS 1.3, classical groups alone */
    HANDSHAKE_STAPLE, /* as HANDSHAKE_ANY, asking for an OCSP response, on which some servers fail: not for the plan */
    HANDSHAKE_SMALL,  /* up to TLS 1.2, in a hello of HELLO_SHORT_MAX octets or fewer */
    HANDSHAKE_OFFER_COUNT
};
struct handshake_terms {
    const char *name; /* "every suite of OpenSSL, hybrid groups first" */
    enum offer suites;
    enum tls_version max; /* the lowest is always TLS 1.0 */
    bool hybrids;         /* post-quantum hybrid groups stand first */
    bool staple;          /* an OCSP response is asked for */
    bool small;           /* few suites, groups and signature schemes, no padding */
};
const struct handshake_terms *handshake_terms(enum handshake_offer offer); /* static */

enum offer_group {
    GROUPS_CLASSICAL,       /* in use below TLS 1.3 */
    GROUPS_SMALL,           /* the commonest of these */
    GROUPS_EVERY,           /* all that the registry has below TLS 1.3 */
    GROUPS_TLS13,           /* in use in TLS 1.3, hybrids first */
    GROUPS_TLS13_CLASSICAL, /* the same without hybrids */
    GROUPS_TLS13_EVERY,     /* all that the registry has for TLS 1.3: more than OpenSSL can complete */
    GROUPS_HYBRID,          /* hybrids alone */
};
/* The list for supported_groups, of *count groups; static. */
const uint16_t *offer_groups(enum offer_group which, size_t *count);

#endif
