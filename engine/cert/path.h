/* path.h - does a chain lead from its leaf to a trusted root, and what of the path did the server send? The path is the
 * one that OpenSSL finds at that time. Where none is in date, it is the one found with dates left aside: trust and
 * dates are judged apart (docs/grading.md).
 */
#ifndef MXG_PATH_H
#define MXG_PATH_H

#include "cert/cert_chain.h"
#include "cert/trust.h"

#include <openssl/x509.h>

/* Fills in trusted, trust_error, wrong_purpose, missing_intermediate and completed_by_store; narrows valid_from and
 * valid_until, stands_from and stands_until, and adds to weak_key and sha1_signature, which are the leaf's before.
 * sent: what the server sent behind the leaf; now: Unix seconds. */
void path_judge(struct cert_chain *chain, const struct trust *trust, X509 *leaf, STACK_OF(X509) * sent, int64_t now);

#endif
