/* trust.c - see trust.h. */
#include "cert/trust.h"

#include "base/mem.h"
#include "tls/ossl_context.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct trust {
    struct ossl_context openssl;
    X509_STORE *store;
};

struct trust *trust_open(const char *ca_file, char *error, size_t cap) {
    static const char debian[] = "/etc/ssl/certs/ca-certificates.crt";
    bool given = ca_file && *ca_file;
    struct trust *trust = mem_alloc(sizeof *trust);
    trust->openssl = ossl_context_open();
    trust->store = X509_STORE_new();
    OSSL_LIB_CTX *library = trust->openssl.library;
    bool good = trust->store && X509_STORE_load_file_ex(trust->store, given ? ca_file : debian, library, NULL) == 1;
    if (!good && !given && trust->store)
        good = X509_STORE_set_default_paths_ex(trust->store, library, NULL) == 1;
    ERR_clear_error();
    if (good)
        return trust;
    snprintf(error, cap,
             "cannot read trusted roots from '%s'; give --trust-store a PEM file, or: apt install ca-certificates",
             given ? ca_file : debian);
    trust_close(&trust);
    return NULL;
}

void trust_close(struct trust **trust) {
    struct trust *self = *trust;
    if (self == NULL)
        return;
    *trust = NULL;
    X509_STORE_free(self->store);
    ossl_context_close(&self->openssl);
    free(self);
}

OSSL_LIB_CTX *trust_library(const struct trust *trust) { return trust->openssl.library; }

X509_STORE *trust_store(const struct trust *trust) { return trust->store; }
