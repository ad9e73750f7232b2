/* weakness.h - which certificates of a chain have short keys, or signatures that can be forged. */
#ifndef MXG_WEAKNESS_H
#define MXG_WEAKNESS_H

#include "cert/cert_chain.h"

#include <openssl/x509.h>

/* For a chain of which nothing is weak so far. */
void weakness_open(struct cert_chain *chain);

/* Adds the leaf to weak_key, sha1_signature, weak_keys and weak_signatures. */
void weakness_note_leaf(struct cert_chain *chain, X509 *leaf);

/* Adds the issuers on a path that ends at a root. The root's signature over itself proves nothing, and nobody looks at
 * it. */
void weakness_note_issuers(struct cert_chain *chain, STACK_OF(X509) * path);

#endif
