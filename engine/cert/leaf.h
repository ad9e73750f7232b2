/* leaf.h - what the leaf of a chain says of itself: names, dates, key, signature. */
#ifndef MXG_LEAF_H
#define MXG_LEAF_H

#include "cert/cert_chain.h"

#include <openssl/types.h>

/* Fills in what the leaf says, valid_from and valid_until among it. */
void leaf_read(struct cert_chain *chain, X509 *leaf);

/* Is the leaf signed with its own key, of a chain that has the leaf's DER? Verifies a signature. */
bool leaf_is_self_signed(const struct cert_chain *chain, X509 *leaf);

/* Nothing is known but that the leaf cannot be read. why: static. */
void leaf_unreadable(struct cert_chain *chain, const char *why);

#endif
