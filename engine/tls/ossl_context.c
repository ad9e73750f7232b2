/* library.c - see library.h. The provider behind lives in a context of its own, where nobody sees it; its functions are
 * handed out with its own provider context, which is what they expect.
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

static OSSL_PROVIDER *behind; /* OpenSSL's default provider; for the life of the process */

static const OSSL_ALGORITHM *key_decoders(int *no_cache) {
    static OSSL_ALGORITHM kept[DECODERS_MAX + 1];
    const OSSL_ALGORITHM *all = OSSL_PROVIDER_query_operation(behind, OSSL_OP_DECODER, no_cache);
    size_t count = 0;
    for (; all && all->algorithm_names && count < DECODERS_MAX; all++)
        if (strstr(all->property_definition, "structure=SubjectPublicKeyInfo"))
            kept[count++] = *all;
    return kept;
}

static const OSSL_ALGORITHM *query_behind(void *provider, int operation, int *no_cache) {
    (void)provider;
    if (operation == OSSL_OP_DECODER)
        return key_decoders(no_cache);
    return OSSL_PROVIDER_query_operation(behind, operation, no_cache);
}

static int get_capabilities_behind(void *provider, const char *capability, OSSL_CALLBACK *take, void *argument) {
    (void)provider;
    return OSSL_PROVIDER_get_capabilities(behind, capability, take, argument);
}

static int behind_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                       void **context) {
    static const OSSL_DISPATCH functions[] = {PROVIDER_ENTRY(PROVIDER_QUERY_OPERATION, query_behind),
                                              PROVIDER_ENTRY(PROVIDER_GET_CAPABILITIES, get_capabilities_behind),
                                              {0, NULL}};
    (void)handle;
    (void)in;
    if (behind == NULL)
        behind = OSSL_PROVIDER_load(OSSL_LIB_CTX_new(), "default");
    *out = functions;
    *context = behind ? OSSL_PROVIDER_get0_provider_ctx(behind) : NULL; /* its functions expect their own */
    return behind != NULL;
}

OSSL_PROVIDER *provider_load(OSSL_LIB_CTX *context, const char *name, OSSL_provider_init_fn *init) {
    bool added = context && OSSL_PROVIDER_add_builtin(context, name, init) == 1;
    OSSL_PROVIDER *provider = added ? OSSL_PROVIDER_load(context, name) : NULL;
    if (provider == NULL) {
        fputs("mxgrade: OpenSSL takes no provider; version 3.0 or newer is needed\n", stderr);
        abort();
    }
    return provider;
}

struct library library_open(void) {
    struct library library = {.context = OSSL_LIB_CTX_new()};
    library.base = provider_load(library.context, BASE_PROVIDER, behind_init);
    return library;
}

void library_close(struct library *library) {
    OSSL_PROVIDER_unload(library->base);
    OSSL_LIB_CTX_free(library->context);
}
