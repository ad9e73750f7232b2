/* trust.h - the trust store: the roots that a chain may end at. */
#ifndef MXG_TRUST_H
#define MXG_TRUST_H

#include <openssl/types.h>
#include <stddef.h>

struct trust; /* made once a process: parsing a CA bundle costs about 25 ms */

/* ca_file: PEM bundle; NULL or "" = the system's (/etc/ssl/certs/ca-certificates.crt, else OpenSSL's default).
 * NULL on failure: error says what to do. */
__attribute__((warn_unused_result)) struct trust *trust_open(const char *ca_file, char *error, size_t cap);
void trust_close(struct trust **trust);

/* What OpenSSL reads and verifies certificates with (chain_parse.c, path.c); borrowed. */
OSSL_LIB_CTX *trust_library(const struct trust *trust);
X509_STORE *trust_store(const struct trust *trust);

#endif
