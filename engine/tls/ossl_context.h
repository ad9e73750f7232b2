/* ossl_context.h - a library context of OpenSSL's that has its default algorithms without what costs and is not needed.
 *
 * For every public key of every certificate OpenSSL 3.0 tries all the decoders that there are, those for private keys,
 * parameters and PEM among them: that is two thirds of the time of a client's handshake. Here a provider of ours stands
 * in the place of the default one and passes on only the decoders that read keys in certificates.
 */
#ifndef MXG_OSSL_CONTEXT_H
#define MXG_OSSL_CONTEXT_H

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/types.h>

struct ossl_context {
    OSSL_LIB_CTX *library;
    OSSL_PROVIDER *base; /* the default one's stand-in */
};

/* Aborts if OpenSSL is too old for providers within a program (3.0 is not). */
struct ossl_context ossl_context_open(void);
/* After everything that was made with the context. */
void ossl_context_close(struct ossl_context *context);

/* Adds a provider that is part of this program; aborts as ossl_context_open(). The caller unloads it before the context
 * is closed. */
OSSL_PROVIDER *ossl_context_load(OSSL_LIB_CTX *library, const char *name, OSSL_provider_init_fn *init);

/* An entry of a provider's OSSL_DISPATCH table. */
#define OSSL_CONTEXT_ENTRY(id, function)                                                                               \
    { OSSL_FUNC_##id, (void (*)(void))(function) }

#endif
