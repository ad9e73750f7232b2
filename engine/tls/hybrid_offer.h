/* hybrid_offer.h - lets OpenSSL offer post-quantum hybrid groups that it does not have.
 *
 * OpenSSL 3.0 knows no ML-KEM, but takes TLS groups from providers. A provider of ours names the hybrids and, before
 * them, a reserved group (RFC 8701) whose key share of one octet every server ignores. So no server finds a key share
 * it could use, each answers with a HelloRetryRequest that names the group it prefers (RFC 8446 section 4.1.4), and
 * the handshake goes on if that is a classical group. If it is a hybrid, we know what we wanted to know, and making its
 * key fails: the handshake ends there.
 */
#ifndef MXG_HYBRID_OFFER_H
#define MXG_HYBRID_OFFER_H

#include "tls/ossl_context.h"

/* Group names for SSL_CTX_set1_groups_list(), to stand first. */
#define HYBRID_OFFER_GROUPS "mxgrade-reserved:mxgrade-11ec:mxgrade-11eb:mxgrade-11ed"

/* A library with this provider too. */
struct hybrid_offer {
    struct library library;
    OSSL_PROVIDER *own;
};
/* As library_open() and library_close(). */
struct hybrid_offer hybrid_offer_open(void);
void hybrid_offer_close(struct hybrid_offer *offer);

#endif
