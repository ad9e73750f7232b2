/* ossl_context.c - see ossl_context.h. The default provider lives in a library context of its own, where nobody sees
 * it. Its functions are handed out together with its own provider context, which they expect.
 */
#include "tls/ossl_context.h"

#include <openssl/crypto.h>
#include <openssl/provider.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE_PROVIDER "mxgrade-base"

enum { DECODERS_MAX = 32 };

static OSSL_PROVIDER *default_provider; /* OpenSSL's; for the life of the process */

static const OSSL_ALGORITHM *certificate_key_decoders(int *no_cache) {
    static OSSL_ALGORITHM kept[DECODERS_MAX + 1];
    const OSSL_ALGORITHM *all = OSSL_PROVIDER_query_operation(default_provider, OSSL_OP_DECODER, no_cache);
    size_t count = 0;
    for (; all && all->algorithm_names && count < DECODERS_MAX; all++)
        if (strstr(all->property_definition, "structure=SubjectPublicKeyInfo"))
            kept[count++] = *all;
    return kept;
}

static const OSSL_ALGORITHM *base_query(void *provider, int operation, int *no_cache) {
    (void)provider;
    if (operation == OSSL_OP_DECODER)
        return certificate_key_decoders(no_cache);
    return OSSL_PROVIDER_query_operation(default_provider, operation, no_cache);
}

static int base_get_capabilities(void *provider, const char *capability, OSSL_CALLBACK *report, void *argument) {
    (void)provider;
    return OSSL_PROVIDER_get_capabilities(default_provider, capability, report, argument);
}

static int base_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                     void **provider_context) {
    static const OSSL_DISPATCH functions[] = {OSSL_CONTEXT_ENTRY(PROVIDER_QUERY_OPERATION, base_query),
                                              OSSL_CONTEXT_ENTRY(PROVIDER_GET_CAPABILITIES, base_get_capabilities),
                                              {0, NULL}};
    (void)handle;
    (void)in;
    if (default_provider == NULL)
        default_provider = OSSL_PROVIDER_load(OSSL_LIB_CTX_new(), "default");
    *out = functions;
    *provider_context = default_provider ? OSSL_PROVIDER_get0_provider_ctx(default_provider) : NULL;
    return default_provider != NULL;
}

OSSL_PROVIDER *ossl_context_load(OSSL_LIB_CTX *library, const char *name, OSSL_provider_init_fn *init) {
    bool added = library && OSSL_PROVIDER_add_builtin(library, name, init) == 1;
    OSSL_PROVIDER *provider = added ? OSSL_PROVIDER_load(library, name) : NULL;
    if (provider == NULL) {
        fputs("mxgrade: OpenSSL takes no provider; version 3.0 or newer is needed\n", stderr);
        abort();
    }
    return provider;
}

struct ossl_context ossl_context_open(void) {
    struct ossl_context context = {.library = OSSL_LIB_CTX_new()};
    context.base = ossl_context_load(context.library, BASE_PROVIDER, base_init);
    return context;
}

void ossl_context_close(struct ossl_context *context) {
    OSSL_PROVIDER_unload(context->base);
    OSSL_LIB_CTX_free(context->library);
}
