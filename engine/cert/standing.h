/* standing.h - until when a judgement about a chain stands. Which path is found depends on what is in date, so it is
 * judged anew when one of the certificates begins or ends (chain_cache.h).
 */
#ifndef MXG_STANDING_H
#define MXG_STANDING_H

#include "cert/cert_chain.h"

#include <openssl/x509.h>

/* For a judgement that no time changes. */
void standing_open(struct cert_chain *chain);

/* Narrows stands_from and stands_until round now, so that none of the certificates begins or ends in between. */
void standing_narrow(struct cert_chain *chain, int64_t now, const X509 *certificate);
void standing_narrow_all(struct cert_chain *chain, int64_t now, STACK_OF(X509) * certificates);

#endif
