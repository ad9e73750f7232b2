/* hybrid_offer.c - see hybrid_offer.h. The least of a provider (provider(7)): the TLS-GROUP capability, and a key
 * management that makes a "key" of the reserved group and of no other.
 */
#include "tls/hybrid_offer.h"

#include "base/mem.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PROVIDER "mxgrade-offer"
#define RESERVED "mxgrade-reserved"

enum { GROUP_NAME_MAX = 32, SECURITY_BITS = 128, KEY_SHARE_OCTETS = 1 };

struct key {
    char group[GROUP_NAME_MAX];
};

/* ---- key management ---- */

static void *key_new(void *provider) {
    (void)provider;
    return mem_alloc(sizeof(struct key));
}

static void key_free(void *key) { free(key); }

static int key_has(const void *key, int selection) {
    (void)selection;
    return key != NULL;
}

static void *generate_init(void *provider, int selection, const OSSL_PARAM params[]) {
    (void)selection;
    (void)params;
    return key_new(provider);
}

static int generate_set_params(void *context, const OSSL_PARAM params[]) {
    struct key *key = context;
    char *group = key->group;
    const OSSL_PARAM *param = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_GROUP_NAME);
    return param == NULL || OSSL_PARAM_get_utf8_string(param, &group, sizeof key->group);
}

static const OSSL_PARAM *generate_settable(void *context, void *provider) {
    static const OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0), OSSL_PARAM_END};
    (void)context;
    (void)provider;
    return params;
}

static void *generate(void *context, OSSL_CALLBACK *progress, void *argument) {
    const struct key *wanted = context;
    (void)progress;
    (void)argument;
    if (strcmp(wanted->group, RESERVED) != 0)
        return NULL;
    struct key *key = mem_alloc(sizeof *key);
    *key = *wanted;
    return key;
}

static int set_number(OSSL_PARAM params[], const char *name, int value) {
    OSSL_PARAM *param = OSSL_PARAM_locate(params, name);
    return param == NULL || OSSL_PARAM_set_int(param, value);
}

static int key_get_params(void *key, OSSL_PARAM params[]) {
    static const uint8_t share[KEY_SHARE_OCTETS];
    OSSL_PARAM *param = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY);
    (void)key;
    return (param == NULL || OSSL_PARAM_set_octet_string(param, share, sizeof share)) &&
           set_number(params, OSSL_PKEY_PARAM_BITS, SECURITY_BITS) &&
           set_number(params, OSSL_PKEY_PARAM_SECURITY_BITS, SECURITY_BITS) &&
           set_number(params, OSSL_PKEY_PARAM_MAX_SIZE, KEY_SHARE_OCTETS);
}

static const OSSL_PARAM *key_gettable(void *provider) {
    static const OSSL_PARAM params[] = {OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
                                        OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
                                        OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
                                        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL), OSSL_PARAM_END};
    (void)provider;
    return params;
}

static const OSSL_DISPATCH KEY_MANAGEMENT[] = {OSSL_CONTEXT_ENTRY(KEYMGMT_NEW, key_new),
                                               OSSL_CONTEXT_ENTRY(KEYMGMT_FREE, key_free),
                                               OSSL_CONTEXT_ENTRY(KEYMGMT_HAS, key_has),
                                               OSSL_CONTEXT_ENTRY(KEYMGMT_GEN_INIT, generate_init),
                                               OSSL_CONTEXT_ENTRY(KEYMGMT_GEN_SET_PARAMS, generate_set_params),
                                               OSSL_CONTEXT_ENTRY(KEYMGMT_GEN_SETTABLE_PARAMS, generate_settable),
                                               OSSL_CONTEXT_ENTRY(KEYMGMT_GEN, generate),
                                               OSSL_CONTEXT_ENTRY(KEYMGMT_GEN_CLEANUP, key_free),
                                               OSSL_CONTEXT_ENTRY(KEYMGMT_GET_PARAMS, key_get_params),
                                               OSSL_CONTEXT_ENTRY(KEYMGMT_GETTABLE_PARAMS, key_gettable),
                                               {0, NULL}};

/* ---- provider ---- */

static const OSSL_ALGORITHM *hybrid_query(void *provider, int operation, int *no_cache) {
    static const OSSL_ALGORITHM algorithms[] = {
        {PROVIDER, "provider=" PROVIDER, KEY_MANAGEMENT, "groups that are offered, not owned"},
        {NULL, NULL, NULL, NULL}};
    (void)provider;
    *no_cache = 0;
    return operation == OSSL_OP_KEYMGMT ? algorithms : NULL;
}

/* One group of the capability "TLS-GROUP" (provider-base(7)), reported to OpenSSL. */
static int declare_group(const char *name, unsigned id, OSSL_CALLBACK *report, void *argument) {
    unsigned bits = SECURITY_BITS, is_kem = 1;
    int from = TLS1_3_VERSION, no_limit = 0, never = -1;
    char *text = (char *)(uintptr_t)name; /* OSSL_PARAM knows no const */
    char algorithm[] = PROVIDER;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(OSSL_CAPABILITY_TLS_GROUP_NAME, text, strlen(name) + 1),
        OSSL_PARAM_utf8_string(OSSL_CAPABILITY_TLS_GROUP_NAME_INTERNAL, text, strlen(name) + 1),
        OSSL_PARAM_uint(OSSL_CAPABILITY_TLS_GROUP_ID, &id),
        OSSL_PARAM_utf8_string(OSSL_CAPABILITY_TLS_GROUP_ALG, algorithm, sizeof algorithm),
        OSSL_PARAM_uint(OSSL_CAPABILITY_TLS_GROUP_SECURITY_BITS, &bits),
        OSSL_PARAM_uint(OSSL_CAPABILITY_TLS_GROUP_IS_KEM, &is_kem),
        OSSL_PARAM_int(OSSL_CAPABILITY_TLS_GROUP_MIN_TLS, &from),
        OSSL_PARAM_int(OSSL_CAPABILITY_TLS_GROUP_MAX_TLS, &no_limit),
        OSSL_PARAM_int(OSSL_CAPABILITY_TLS_GROUP_MIN_DTLS, &never),
        OSSL_PARAM_int(OSSL_CAPABILITY_TLS_GROUP_MAX_DTLS, &never),
        OSSL_PARAM_END};
    return report(params, argument);
}

static int hybrid_get_capabilities(void *provider, const char *capability, OSSL_CALLBACK *report, void *argument) {
    static const struct {
        const char *name;
        unsigned id;
    } groups[] = {{RESERVED, 0x6A6A}, {"mxgrade-11ec", 0x11EC}, {"mxgrade-11eb", 0x11EB}, {"mxgrade-11ed", 0x11ED}};
    (void)provider;
    bool good = true;
    for (size_t i = 0; strcmp(capability, "TLS-GROUP") == 0 && good && i < sizeof groups / sizeof *groups; i++)
        good = declare_group(groups[i].name, groups[i].id, report, argument);
    return good;
}

static int hybrid_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                       void **provider_context) {
    static const OSSL_DISPATCH functions[] = {OSSL_CONTEXT_ENTRY(PROVIDER_QUERY_OPERATION, hybrid_query),
                                              OSSL_CONTEXT_ENTRY(PROVIDER_GET_CAPABILITIES, hybrid_get_capabilities),
                                              {0, NULL}};
    static char nothing; /* a provider context must not be NULL */
    (void)handle;
    (void)in;
    *out = functions;
    *provider_context = &nothing;
    return 1;
}

struct hybrid_offer hybrid_offer_open(void) {
    struct hybrid_offer offer = {.openssl = ossl_context_open()};
    offer.hybrids = ossl_context_load(offer.openssl.library, PROVIDER, hybrid_init);
    return offer;
}

void hybrid_offer_close(struct hybrid_offer *offer) {
    OSSL_PROVIDER_unload(offer->hybrids);
    ossl_context_close(&offer->openssl);
}
