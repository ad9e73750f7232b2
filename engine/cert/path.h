/* path.h - does a chain lead from its leaf to a trusted root, and what of the path did the server send? Dates are left
 * aside here (docs/grading.md): they are judged apart.
 */
#ifndef MXG_PATH_H
#define MXG_PATH_H

#include "cert/cert_chain.h"
#include "cert/trust.h"

#include <openssl/x509.h>

/* Fills in trusted, trust_error, wrong_purpose, missing_intermediate and completed_by_store; narrows valid_from and
 * valid_until, and adds to weak_key and sha1_signature, which are the leaf's before. sent: what the server sent behind
 * the leaf. */
void path_judge(struct cert_chain *chain, const struct trust *trust, X509 *leaf, STACK_OF(X509) * sent);

#endif
