/* offers.h - the suite and group lists that hellos offer.
 *
 * "Every suite" means those that mail servers really deploy, at most HELLO_SUITES_MAX of them (old SChannel reads
 * 64; shared/probe-plan.md); `mxgrade probe --thorough` asks the rest of the registry in further hellos. A list is put
 * together for what is still open: suites that settle most come first, because a server that follows the client's
 * order then settles it on a connection that had to be made anyway.
 */
#ifndef MXG_OFFERS_H
#define MXG_OFFERS_H

#include "tls/hello.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum offer {
    OFFER_ALL,     /* every suite up to TLS 1.2: those of open classes, then authenticated, weak, anonymous ones */
    OFFER_OPEN,    /* deployed suites of open classes */
    OFFER_CLASSES, /* suites of open classes: all of the registry's, or, where a hello cannot hold them, those deployed
                    */
    OFFER_BOTH_NIST, /* weak and anonymous ones if open, and those in NIST r1 and r2 both: one answer for two classes */
    OFFER_WEAK,      /* weak suites, anonymous ones among them */
    OFFER_TLS13,
    OFFER_COMPLETABLE, /* full handshakes: every suite that OpenSSL completes, NIST first, then TLS 1.3's */
    OFFER_COUNT
};

/* Writes the list and returns its length. open: SUITE_… classes not yet settled (suites.h). */
size_t offer_suites(enum offer offer, unsigned open, uint16_t out[static HELLO_SUITES_MAX]);
/* For people; static. */
const char *offer_name(enum offer offer);

/* What a full handshake may offer. */
enum handshake_offer {
    HANDSHAKE_FIRST,  /* up to TLS 1.3, every suite that OpenSSL completes, post-quantum hybrids (hybrid_offer.h) */
    HANDSHAKE_LEGACY, /* the same up to TLS 1.2 */
    HANDSHAKE_ANY,    /* up to TLS 1.3, classical groups alone */
    HANDSHAKE_STAPLE, /* the same, asking for an OCSP response, on which some servers fail: not for the plan */
    HANDSHAKE_OFFER_COUNT
};
struct handshake_terms {
    const char *name; /* "every suite of OpenSSL, hybrid groups first" */
    enum offer suites;
    enum tls_version max; /* the lowest is always TLS 1.0 */
    bool hybrids, staple;
};
const struct handshake_terms *handshake_terms(enum handshake_offer offer); /* static */

enum offer_group { GROUPS_CLASSICAL, GROUPS_HYBRID_FIRST, GROUPS_HYBRID };
/* supported_groups; static. */
const uint16_t *offer_groups(enum offer_group which, size_t *count);

#endif
