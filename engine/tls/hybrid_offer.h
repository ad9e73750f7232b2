/* hybrid_offer.h - lets OpenSSL offer post-quantum hybrid groups that it does not have.
 *
 * OpenSSL 3.0 knows no ML-KEM, but takes TLS groups from providers. A provider of ours names the hybrids and, before
 * them, a reserved group (RFC 8701) whose key share of one octet every server ignores. So no server finds a key share
 * to use, and each answers with a HelloRetryRequest that names the group it prefers (RFC 8446 section 4.1.4). The
 * handshake goes on if that group is a classical one. If that group is a hybrid, the answer is what was to be learnt:
 * no key of it can be made, and the handshake ends there.
 */
#ifndef MXG_HYBRID_OFFER_H
#define MXG_HYBRID_OFFER_H

#include "tls/ossl_context.h"

/* Group names for SSL_CTX_set1_groups_list(), to stand first. */
#define HYBRID_OFFER_GROUPS "mxgrade-reserved:mxgrade-11ec:mxgrade-11eb:mxgrade-11ed"

/* A library context that has this provider too. */
struct hybrid_offer {
    struct ossl_context openssl;
    OSSL_PROVIDER *hybrids;
};
/* As ossl_context_open() and ossl_context_close(). */
struct hybrid_offer hybrid_offer_open(void);
void hybrid_offer_close(struct hybrid_offer *offer);

#endif
