/* offers.h - the suite and group lists that hellos offer.
 *
 * "Every suite" means those that mail servers really deploy, at most HELLO_SUITES_MAX of them: old SChannel reads 64
 * (docs/probe-plan.md). `mxgrade probe --thorough` asks the rest of the registry in further hellos.
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

enum offer {
    /* Every suite up to TLS 1.2: those of open classes, then authenticated, weak, anonymous ones. */
    OFFER_ALL,
    /* Deployed suites of open classes. */
    OFFER_OPEN,
    /* Suites of open classes: all of the registry's, or, where a hello cannot hold them, those deployed. */
    OFFER_CLASSES,
    /* Weak and anonymous ones if open, and those in NIST r1 and r2 both: one answer for two classes. */
    OFFER_BOTH_NIST,
    /* Weak suites, anonymous ones among them. */
    OFFER_WEAK,
    /* All five of TLS 1.3. */
    OFFER_TLS13,
    /* For full handshakes: NIST's, the other authenticated ones that are not weak, and TLS 1.3's. */
    OFFER_COMPLETABLE,
    OFFER_COUNT
};

/* Writes the list, which may be empty, and returns its length. open: SUITE_… classes not yet settled (suites.h). */
size_t offer_suites(enum offer offer, unsigned open, uint16_t out[static HELLO_SUITES_MAX]);
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
    HANDSHAKE_OFFER_COUNT
};
struct handshake_terms {
    const char *name; /* "every suite of OpenSSL, hybrid groups first" */
    enum offer suites;
    enum tls_version max; /* the lowest is always TLS 1.0 */
    bool hybrids;         /* post-quantum hybrid groups stand first */
    bool staple;          /* an OCSP response is asked for */
};
const struct handshake_terms *handshake_terms(enum handshake_offer offer); /* static */

enum offer_group { GROUPS_CLASSICAL, GROUPS_HYBRID_FIRST, GROUPS_HYBRID };
/* The list for supported_groups, of *count groups; static. */
const uint16_t *offer_groups(enum offer_group which, size_t *count);

#endif
