/* cert_chain.c - see cert_chain.h. */
#include "cert/cert_chain.h"

#include <stdlib.h>

/* The object is not const, only its users' view of it. */
static struct cert_chain *owned(const struct cert_chain *chain) { return (struct cert_chain *)(uintptr_t)chain; }

const struct cert_chain *cert_chain_hold(const struct cert_chain *chain) {
    owned(chain)->references++;
    return chain;
}

void cert_chain_release(const struct cert_chain **chain) {
    struct cert_chain *self = owned(*chain);
    *chain = NULL;
    cert_chain_free(&self);
}

void cert_chain_free(struct cert_chain **chain) {
    struct cert_chain *self = *chain;
    *chain = NULL;
    if (self == NULL || --self->references > 0)
        return;
    for (size_t i = 0; i < self->san_count; i++)
        free(self->san[i]);
    char *texts[] = {self->subject_cn,  self->subject, self->issuer,    self->serial,
                     self->trust_error, self->further, self->weak_keys, self->weak_signatures};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    free(self->san);
    extensions_clear(&self->extensions);
    free(self->sent);
    free(self->chain_sha256);
    free(self->der);
    free(self);
}

unsigned cert_chain_flags(const struct cert_chain *chain) {
    return (chain->missing_intermediate ? CERT_MISSING_INTERMEDIATE : 0u) |
           (chain->completed_by_store ? CERT_COMPLETED_BY_STORE : 0u) |
           (chain->wrong_purpose ? CERT_WRONG_PURPOSE : 0u) | (chain->self_signed ? CERT_SELF_SIGNED : 0u) |
           (chain->weak_key ? CERT_WEAK_KEY : 0u) | (chain->sha1_signature ? CERT_SHA1_SIGNATURE : 0u) |
           (chain->parse_error ? CERT_UNREADABLE : 0u);
}

const char *cert_chain_flag_name(unsigned bit_index) {
    static const char *const names[CERT_FLAG_COUNT] = {"missing_intermediate", "completed_by_store", "wrong_purpose",
                                                       "self_signed",          "weak_key",           "sha1_signature",
                                                       "ocsp_stapled",         "unreadable"};
    return bit_index < CERT_FLAG_COUNT ? names[bit_index] : "";
}

bool cert_chain_in_date(const struct cert_chain *chain, int64_t now) {
    return now >= chain->valid_from && now <= chain->valid_until;
}
