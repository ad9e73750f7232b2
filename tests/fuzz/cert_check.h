/* cert_check.h - the properties of cert/cert_chain.h, for the two targets that differ in where certificates come from.
 */
#ifndef MXG_CERT_CHECK_H
#define MXG_CERT_CHECK_H

#include "base/text.h"
#include "cert/cert_list.h"
#include "cert/chain_parse.h"
#include "cert/match.h"
#include "fuzz.h"

#include <string.h>

enum { SAN_TRIED = 16, NOW = 1800000000 };
static const int64_t YEAR_1 = INT64_C(-62135596800), YEAR_9999_END = INT64_C(253402300799);
static inline void check_text(const char *text, size_t most) {
    CHECK(text != NULL);
    size_t len = strlen(text);
    CHECK(len <= most && text_is_clean(text, len));
}

static inline void check_texts(const struct cert_chain *chain) {
    const char *texts[] = {chain->subject_cn,  chain->subject,   chain->issuer,
                           chain->serial,      chain->key_type,  chain->signature,
                           chain->trust_error, chain->weak_keys, chain->weak_signatures};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_text(texts[i], CERT_TEXT_MAX);
    for (size_t i = 0; i < chain->san_count; i++)
        check_text(chain->san[i], CERT_TEXT_MAX);
}

static inline void check_list(const struct cert_texts *texts, size_t most) {
    CHECK(texts->count <= most);
    for (size_t i = 0; i < texts->count; i++)
        check_text(texts->text[i], CERT_URL_OCTETS_MAX);
}

static inline void check_extensions(const struct cert_extensions *extensions) {
    check_list(&extensions->ocsp, CERT_URLS_MAX);
    check_list(&extensions->crl, CERT_URLS_MAX);
    check_list(&extensions->policies, CERT_POLICIES_MAX);
    CHECK((extensions->unread & ~(unsigned)CERT_EXTENSION_ALL) == 0);
}

/* What is kept of the certificates behind the leaf is whole, and each can be read or says why not. */
static inline void check_sent(const struct cert_chain *chain) {
    struct reader sent = reader_of(chain->sent, chain->sent_len), der;
    size_t count = 0;
    CHECK(chain->sent_len <= CERT_SENT_OCTETS_MAX);
    while (sent.left > 0) {
        CHECK(cert_list_next(&sent, &der) && ++count <= chain->chain_count);
        struct cert_chain *alone = cert_chain_read_behind(der);
        check_extensions(&alone->extensions);
        check_text(alone->subject, CERT_TEXT_MAX);
        cert_chain_free(&alone);
    }
}

static inline void check_bounds(const struct cert_chain *chain, size_t size) {
    CHECK(chain->der_len > 0 && chain->der_len <= CERT_DER_MAX && chain->der_len <= size);
    CHECK(chain->san_count <= CERT_SAN_MAX && chain->san_count <= chain->san_total);
    CHECK(chain->chain_count <= CERT_CHAIN_MAX);
    CHECK(chain->not_before >= YEAR_1 && chain->not_before <= YEAR_9999_END);
    CHECK(chain->not_after >= YEAR_1 && chain->not_after <= YEAR_9999_END);
    CHECK(chain->trusted == (*chain->trust_error == '\0'));
}

static inline void check_dates(const struct cert_chain *chain) {
    CHECK(chain->valid_from >= chain->not_before && chain->valid_until <= chain->not_after);
    bool ever = chain->valid_from <= chain->valid_until;
    CHECK(cert_chain_in_date(chain, chain->valid_from) == ever &&
          cert_chain_in_date(chain, chain->valid_until) == ever);
    CHECK(!cert_chain_in_date(chain, chain->valid_from - 1) && !cert_chain_in_date(chain, chain->valid_until + 1));
}

static inline bool cn_stands_in(const struct cert_chain *chain) {
    return chain->san_total == 0 && !chain->san_broken && chain->cn_usable;
}

/* What matched is the name itself, or a star for the name's first label with two or more behind it. */
static inline bool match(const struct cert_chain *chain, const char *name) {
    struct cert_match found = cert_chain_match(chain, name);
    check_text(found.identity, NAME_MAX_OCTETS);
    CHECK(found.matched == (*found.identity != '\0'));
    CHECK(!found.by_cn || (found.matched && cn_stands_in(chain)));
    const char *dot = strchr(name, '.');
    if (found.matched && strcmp(found.identity, name) != 0)
        CHECK(dot && dot > name && found.identity[0] == '*' && strcmp(found.identity + 1, dot) == 0 &&
              strchr(dot + 1, '.'));
    return found.matched;
}

/* Beside a star OpenSSL takes neither underscores nor labels with a hyphen at an end. */
static inline bool star_is_void(const char *host) {
    return strchr(host, '_') || *host == '-' || strstr(host, ".-") || strstr(host, "-.") ||
           (*host && host[strlen(host) - 1] == '-');
}

/* A host name in a certificate matches itself; behind a star, one label does. */
static inline void check_identity(const struct cert_chain *chain, const char *identity) {
    char name[NAME_CAP], under[CERT_TEXT_MAX + 2];
    bool star = strncmp(identity, "*.", 2) == 0;
    snprintf(under, sizeof under, star ? "a%s" : "%s", identity + star);
    bool matched = match(chain, under);
    const char *host = star ? identity + 2 : identity;
    if (name_from_dns(name, host) == NAME_OK && strcmp(name, host) == 0) /* no trailing dot */
        CHECK(matched || strlen(identity) > NAME_MAX_OCTETS || (star && star_is_void(host)));
}

static inline void check_names(const struct cert_chain *chain) {
    for (size_t i = 0; i < chain->san_count && i < SAN_TRIED; i++)
        check_identity(chain, chain->san[i]);
    if (cn_stands_in(chain))
        check_identity(chain, chain->subject_cn);
    CHECK(!match(chain, ""));
    match(chain, "ngx-modern.mx.test");
    match(chain, "a.wild.mx.test");
}

/* Trusted is the lab's root alone, so that captured chains verify. */
static inline struct trust *lab_trust(void) {
    char error[256];
    struct trust *trust = trust_open(MXG_FUZZ_CA, error, sizeof error);
    CHECK(trust != NULL);
    return trust;
}

static inline void check_chain(const struct cert_chain *chain, size_t size) {
    check_bounds(chain, size);
    check_texts(chain);
    check_dates(chain);
    check_names(chain);
    check_extensions(&chain->extensions);
    check_sent(chain);
}

#endif
