/* offers.h - the suite and group lists that hellos offer.
 *
 * "Everything" means the suites that mail servers really deploy, at most HELLO_SUITES_MAX of them (old SChannel reads
 * 64); the NIST lists are exactly the registry's, so that a refusal means what it says.
 */
#ifndef MXG_OFFERS_H
#define MXG_OFFERS_H

#include <stddef.h>
#include <stdint.h>

enum offer {
    OFFER_ALL,       /* authenticated suites, then weak and anonymous ones */
    OFFER_WEAK_ANON, /* weak suites, then strong anonymous ones */
    OFFER_WEAK,
    OFFER_ANON, /* anonymous suites that are not weak */
    OFFER_R1,   /* NIST SP 800-52 revision 1, up to TLS 1.2 */
    OFFER_R2,   /* revision 2, up to TLS 1.2 */
    OFFER_FS,   /* forward secret, authenticated, not weak */
    OFFER_TLS13,
    OFFER_COUNT
};

/* The list, its length in *count, and its name for people. All static. */
const uint16_t *offer_suites(enum offer offer, size_t *count);
const char *offer_name(enum offer offer);

/* supported_groups: post-quantum hybrids first for TLS 1.3, classical ones alone below. Static. */
const uint16_t *offer_groups(unsigned max_version, size_t *count);

#endif
