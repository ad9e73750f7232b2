/* library.h - a context of OpenSSL's that has its default algorithms without what costs and is not needed.
 *
 * For every public key of every certificate OpenSSL 3.0 tries all the decoders that there are, for private keys,
 * parameters and PEM too: that is two thirds of the time of a client's handshake. Here a provider of ours stands before
 * the default one and passes on only those decoders that read keys in certificates.
 */
#ifndef MXG_LIBRARY_H
#define MXG_LIBRARY_H

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/types.h>

struct library {
    OSSL_LIB_CTX *context;
    OSSL_PROVIDER *base;
};

/* An entry of an OSSL_DISPATCH table, for providers. */
#define PROVIDER_ENTRY(id, function)                                                                                   \
    { OSSL_FUNC_##id, (void (*)(void))(function) }

/* Loads a provider that is part of this program; unload it before its context is freed. Aborts if OpenSSL is too old
 * for that (3.0 is not). */
OSSL_PROVIDER *provider_load(OSSL_LIB_CTX *context, const char *name, OSSL_provider_init_fn *init);

/* Aborts as provider_load(). close: after everything that was made with the context. */
struct library library_open(void);
void library_close(struct library *library);

#endif
