/* dane.c - see dane.h. OpenSSL keeps records in a connection's state (SSL_DANE) and compares while it verifies a chain:
 * so each judgement makes an SSL that never connects, and lends its records to a verification against an empty store.
 * OpenSSL is told no name: that is compared afterwards, so that a chain which holds under another name can be told from
 * one that does not hold.
 */
#include "cert/dane.h"

#include "base/mem.h"
#include "base/text.h"
#include "cert/cert_list.h"
#include "tls/ossl_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    AUTH_LEVEL = 1, /* of OpenSSL's security levels: what Postfix asks where it authenticates */
    /* "2 1 0" records of a set that count. OpenSSL tries each as the last issuer's key, and a server can choose its
     * signature so that a try takes 5 ms: a hundred would hold up every other probe of the loop. */
    WHOLE_KEYS_MAX = 4,
};

/* ---- records ---- */

struct dane_set *dane_set_new(const char *base) {
    char name[NAME_CAP];
    if (name_from_dns(name, base) != NAME_OK || strcmp(name, base) != 0)
        return NULL;
    struct dane_set *set = mem_alloc(sizeof *set);
    snprintf(set->base, sizeof set->base, "%s", base);
    return set;
}

bool dane_set_add(struct dane_set *set, const uint8_t *rdata, size_t len) {
    struct tlsa tlsa;
    if (!tlsa_parse(&tlsa, rdata, len) || set->count == TLSA_RECORDS_MAX || len > DANE_OCTETS_MAX - set->octets)
        return false;
    set->record = mem_realloc(set->record, (set->count + 1) * sizeof *set->record);
    struct dane_record *record = &set->record[set->count++];
    *record = (struct dane_record){.rdata = mem_alloc(len), .len = len};
    memcpy(record->rdata, rdata, len);
    set->octets += len;
    return true;
}

struct dane_set *dane_set_copy(const struct dane_set *set) {
    struct dane_set *copy = mem_alloc(sizeof *copy);
    *copy = *set;
    copy->record = mem_calloc(set->count, sizeof *copy->record);
    for (size_t i = 0; i < set->count; i++) {
        copy->record[i] = (struct dane_record){.rdata = mem_alloc(set->record[i].len), .len = set->record[i].len};
        memcpy(copy->record[i].rdata, set->record[i].rdata, set->record[i].len);
    }
    return copy;
}

void dane_set_free(struct dane_set **set) {
    struct dane_set *self = *set;
    if (self == NULL)
        return;
    *set = NULL;
    for (size_t i = 0; i < self->count; i++)
        free(self->record[i].rdata);
    free(self->record);
    free(self);
}

/* ---- OpenSSL's part ---- */

struct dane {
    struct ossl_context openssl;
    SSL_CTX *context;
    X509_STORE *nobody; /* without a certificate in it: only the records make an anchor */
};

struct dane *dane_open(void) {
    struct dane *dane = mem_alloc(sizeof *dane);
    OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL); /* the host's openssl.cnf has no say */
    dane->openssl = ossl_context_open();
    dane->context = SSL_CTX_new_ex(dane->openssl.library, NULL, TLS_client_method());
    dane->nobody = X509_STORE_new();
    if (dane->context == NULL || dane->nobody == NULL || SSL_CTX_dane_enable(dane->context) != 1) {
        fputs("mxgrade: OpenSSL cannot be set up for DANE; version 3.0 or newer is needed\n", stderr);
        abort();
    }
    return dane;
}

void dane_close(struct dane **dane) {
    struct dane *self = *dane;
    if (self == NULL)
        return;
    *dane = NULL;
    X509_STORE_free(self->nobody);
    SSL_CTX_free(self->context);
    ossl_context_close(&self->openssl);
    free(self);
}

__attribute__((format(printf, 2, 3))) static void explain(struct dane_result *result, const char *format, ...) {
    char text[2 * DANE_WHY_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    text_sanitise(result->why, sizeof result->why, text, strlen(text));
}

/* Puts a record into ssl. NULL if OpenSSL takes it; else why it is of no use: association data that is no certificate
 * or key, for one. */
static const char *lend_record(SSL *ssl, const struct tlsa *tlsa) {
    const char *why = tlsa_unusable(tlsa);
    if (why)
        return why;
    ERR_clear_error();
    int added = SSL_dane_tlsa_add(ssl, tlsa->usage, tlsa->selector, tlsa->matching, tlsa->data, tlsa->len);
    if (added < 0)
        abort(); /* out of memory, see mem.h */
    if (added > 0)
        return NULL;
    why = ERR_reason_error_string(ERR_peek_last_error());
    return why ? why : "unusable";
}

static bool is_whole_key(const struct tlsa *tlsa) {
    return tlsa->usage == TLSA_DANE_TA && tlsa->selector == TLSA_PUBLIC_KEY && tlsa->matching == TLSA_WHOLE;
}

/* Puts the records into ssl. Returns how many are usable; if none is, why says what is wrong with the first. */
static size_t lend_records(SSL *ssl, const struct dane_set *set, struct dane_result *result) {
    size_t usable = 0, whole_keys = 0;
    for (size_t i = 0; i < set->count; i++) {
        struct tlsa tlsa;
        if (!tlsa_parse(&tlsa, set->record[i].rdata, set->record[i].len))
            continue; /* never: dane_set_add() refuses what does not parse */
        if (is_whole_key(&tlsa) && whole_keys++ >= WHOLE_KEYS_MAX)
            continue;
        const char *why = lend_record(ssl, &tlsa);
        usable += why == NULL;
        if (why && *result->why == '\0')
            explain(result, "%u %u %u: %s", tlsa.usage, tlsa.selector, tlsa.matching, why);
    }
    return usable;
}

/* Chain and records, whatever the name. False: why says what stands against them. */
static bool verify_but_name(const struct dane *dane, SSL *ssl, X509 *leaf, STACK_OF(X509) * sent, int64_t now,
                            struct dane_result *result) {
    X509_STORE_CTX *context = X509_STORE_CTX_new_ex(dane->openssl.library, NULL);
    if (context == NULL || X509_STORE_CTX_init(context, dane->nobody, leaf, sent) != 1)
        abort(); /* as mem.h */
    X509_STORE_CTX_set_default(context, "ssl_server");
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_time(param, (time_t)now);
    X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
    X509_VERIFY_PARAM_set_depth(param, CERT_CHAIN_MAX); /* see path.c */
    X509_STORE_CTX_set0_dane(context, SSL_get0_dane(ssl));
    bool verified = X509_verify_cert(context) == 1;
    int error = X509_STORE_CTX_get_error(context), depth = X509_STORE_CTX_get_error_depth(context);
    if (!verified && error == X509_V_ERR_DANE_NO_MATCH)
        explain(result, "none of the records matches");
    else if (!verified && depth == 0)
        explain(result, "%s", X509_verify_cert_error_string(error));
    else if (!verified)
        explain(result, "%s (the issuer at depth %d)", X509_verify_cert_error_string(error), depth);
    X509_STORE_CTX_free(context);
    return verified;
}

static enum tlsa_verdict judge_leaf(const struct dane *dane, SSL *ssl, const struct dane_set *set, X509 *leaf,
                                    struct reader behind, int64_t now, struct dane_result *result) {
    uint8_t usage = 0, selector = 0, matching = 0;
    STACK_OF(X509) *sent = cert_list_read_all(dane->openssl.library, behind);
    bool verified = verify_but_name(dane, ssl, leaf, sent, now, result);
    sk_X509_pop_free(sent, X509_free);
    if (!verified || SSL_get0_dane_tlsa(ssl, &usage, &selector, &matching, NULL, NULL) < 0)
        return TLSA_MISMATCH;
    explain(result, "%u %u %u", usage, selector, matching);
    if (usage == TLSA_DANE_EE || X509_check_host(leaf, set->base, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1)
        return TLSA_MATCH;
    explain(result, "%u %u %u, but the certificate is not named for %s", usage, selector, matching, set->base);
    return TLSA_OTHER_NAME;
}

/* The records that are usable stand in ssl. */
static enum tlsa_verdict judge_chain(const struct dane *dane, SSL *ssl, const struct dane_set *set, struct reader der,
                                     struct reader behind, int64_t now, struct dane_result *result) {
    ERR_clear_error();
    X509 *leaf = cert_list_read(dane->openssl.library, der);
    if (leaf == NULL) {
        explain(result, "the certificate cannot be read: %s", cert_list_read_error());
        return TLSA_MISMATCH;
    }
    enum tlsa_verdict verdict = judge_leaf(dane, ssl, set, leaf, behind, now, result);
    X509_free(leaf);
    return verdict;
}

struct dane_result dane_judge(const struct dane *dane, const struct dane_set *set, const uint8_t *list, size_t len,
                              int64_t now) {
    struct dane_result result = {.verdict = TLSA_NOT_ASKED};
    struct reader rest = reader_of(list, len), der;
    if (!cert_list_open(&rest) || !cert_list_next(&rest, &der))
        return result;
    SSL *ssl = SSL_new(dane->context);
    if (ssl == NULL || SSL_dane_enable(ssl, NULL) != 1)
        abort(); /* as mem.h */
    result.verdict = TLSA_UNUSABLE;
    if (lend_records(ssl, set, &result) > 0) {
        *result.why = '\0'; /* what is wrong with some other record does not count */
        result.verdict = judge_chain(dane, ssl, set, der, rest, now, &result);
    }
    SSL_free(ssl);
    ERR_clear_error();
    return result;
}
