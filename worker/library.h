/* library.h - a context of OpenSSL's that has its default algorithms without what costs and is not needed.
 *
 * For every public key of every certificate OpenSSL 3.0 tries all the decoders that there are, for private keys,
 * parameters and PEM too: that is two thirds of the time of a client's handshake. Here a provider of ours stands before
 * the default one and passes on only those decoders that read keys in certificates.
 */
#ifndef MXG_LIBRARY_H
#define MXG_LIBRARY_H

#include <openssl/types.h>

struct library {
    OSSL_LIB_CTX *context;
    OSSL_PROVIDER *base;
};

/* Aborts if OpenSSL is too old for it (3.0 is not). close: after everything that was made with the context. */
struct library library_open(void);
void library_close(struct library *library);

#endif
