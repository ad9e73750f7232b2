// link: mxg_cert
/* test_cert.c - certificates made here and then: trust, dates and names apart, and what a hostile server could send. */
#include "base/text.h"
#include "cert/cert_list.h"
#include "cert/chain_parse.h"
#include "cert/match.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "issue.h"

enum { NOW = 1800000000, SAN_TOO_MANY = 1500, LONG_CHAIN = 100 }; /* NOW: 2027 */
static const int64_t YEAR_1 = INT64_C(-62135596800), YEAR_9999_END = INT64_C(253402300799);

static struct identity root, stranger, middle;
static struct trust *trust;

/* ---- judging certificates ---- */

static struct cert_chain *judge(X509 *const *certificates, size_t count) {
    size_t len;
    const char *error = "";
    uint8_t *list = list_of(certificates, count, &len);
    struct cert_chain *chain = cert_chain_parse(trust, list, len, NOW, &error);
    free(list);
    assert_non_null(chain);
    assert_null(error);
    return chain;
}

/* A leaf from the intermediate, sent with the intermediate. The caller frees the chain. */
static struct cert_chain *judge_leaf(const struct wanted *wanted) {
    struct identity leaf = make(wanted, &middle);
    struct cert_chain *chain = judge((X509 *[]){leaf.certificate, middle.certificate}, 2);
    X509_free(leaf.certificate);
    return chain;
}

static bool named(const struct wanted *wanted, const char *name) {
    struct cert_chain *chain = judge_leaf(wanted);
    bool matched = cert_chain_match(chain, name).matched;
    cert_chain_free(&chain);
    return matched;
}

static bool openssl_names(const struct wanted *wanted, const char *name) {
    struct identity leaf = make(wanted, NULL);
    bool matched = *name && X509_check_host(leaf.certificate, name, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
    X509_free(leaf.certificate);
    return matched;
}

/* ---- trust ---- */

static void a_chain_to_a_trusted_root_is_trusted(void **state) {
    (void)state;
    struct octets san = TEXT("MX.example.org");
    struct cert_chain *chain = judge_leaf(&(struct wanted){.cn = TEXT("mx"), .san = &san, .san_count = 1});
    assert_true(chain->trusted);
    assert_string_equal(chain->trust_error, "");
    assert_string_equal(chain->subject, "CN=mx");
    assert_string_equal(chain->issuer, "CN=middle");
    assert_string_equal(chain->subject_cn, "mx");
    assert_string_equal(chain->san[0], "mx.example.org");
    assert_string_equal(chain->key_type, "EC");
    assert_int_equal(chain->key_bits, 256);
    assert_string_equal(chain->signature, "ecdsa-with-SHA256");
    assert_int_equal(chain->chain_count, 1);
    assert_false(chain->self_signed || chain->weak_key || chain->sha1_signature);
    assert_true(cert_chain_in_date(chain, NOW));
    cert_chain_free(&chain);
    assert_null(chain);
}

static void untrusted_chains_say_why(void **state) {
    (void)state;
    struct identity leaf = make(&(struct wanted){.cn = TEXT("mx")}, &middle);
    struct identity foreign = make(&(struct wanted){.cn = TEXT("mx")}, &stranger);
    struct identity own = make(&(struct wanted){.cn = TEXT("mx")}, NULL);
    struct identity client = make(&(struct wanted){.cn = TEXT("mx"), .usage = "clientAuth"}, &middle);
    struct identity by_leaf = make(&(struct wanted){.cn = TEXT("below")}, &leaf);
    const struct {
        X509 *sent[3];
        size_t count;
        bool self_signed;
    } cases[] = {{{leaf.certificate}, 1, false}, /* the intermediate is missing */
                 {{foreign.certificate, stranger.certificate}, 2, false},
                 {{own.certificate}, 1, true},
                 {{client.certificate, middle.certificate}, 2, false},
                 {{by_leaf.certificate, leaf.certificate, middle.certificate}, 3, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cert_chain *chain = judge(cases[i].sent, cases[i].count);
        if (chain->trusted || *chain->trust_error == '\0' || chain->self_signed != cases[i].self_signed)
            fail_msg("case %zu: trusted=%d self_signed=%d '%s'", i, chain->trusted, chain->self_signed,
                     chain->trust_error);
        assert_true(cert_chain_in_date(chain, NOW));
        cert_chain_free(&chain);
    }
    struct identity made[] = {leaf, foreign, own, client, by_leaf};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        X509_free(made[i].certificate);
}

static void an_issuer_equal_to_the_subject_is_no_self_signature(void **state) {
    (void)state;
    EVP_PKEY *other = EVP_EC_gen("P-256");
    struct identity impostor = {root.certificate, other}; /* the root's name, another key */
    struct identity leaf = make(&(struct wanted){.cn = TEXT("root")}, &impostor);
    struct cert_chain *chain = judge(&leaf.certificate, 1);
    assert_false(chain->self_signed);
    assert_false(chain->trusted);
    cert_chain_free(&chain);
    X509_free(leaf.certificate);
    EVP_PKEY_free(other);
}

static void a_missing_trust_store_is_told(void **state) {
    (void)state;
    char error[256] = "";
    assert_null(trust_open("/nonexistent.pem", error, sizeof error));
    assert_non_null(strstr(error, "/nonexistent.pem"));
    assert_non_null(strstr(error, "--trust-store"));
}

/* ---- dates ---- */

static void dates_are_apart_from_trust(void **state) {
    (void)state;
    static const struct {
        const char *from, *until;
        bool in_date;
    } cases[] = {{PAST, FUTURE, true},
                 {PAST, "20210101000000Z", false},
                 {"20980101000000Z", FUTURE, false},
                 {"20270115080000Z", FUTURE, true}, /* NOW to the second */
                 {"20270115080001Z", FUTURE, false},
                 {PAST, "20270115080000Z", true},
                 {PAST, "20270115075959Z", false},
                 {"700101000000Z", "491231235959Z", true}, /* UTCTime: 1970 to 2049 */
                 {PAST, "99991231235959Z", true},
                 {"00000101000000Z", FUTURE, true},
                 {"00000101000000Z", "00000102000000Z", false},
                 {FUTURE, PAST, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cert_chain *chain =
            judge_leaf(&(struct wanted){.cn = TEXT("mx"), .from = cases[i].from, .until = cases[i].until});
        if (!chain->trusted || cert_chain_in_date(chain, NOW) != cases[i].in_date)
            fail_msg("%s to %s: '%s'", cases[i].from, cases[i].until, chain->trust_error);
        assert_in_range((uint64_t)(chain->not_before - YEAR_1), 0, (uint64_t)(YEAR_9999_END - YEAR_1));
        assert_in_range((uint64_t)(chain->not_after - YEAR_1), 0, (uint64_t)(YEAR_9999_END - YEAR_1));
        cert_chain_free(&chain);
    }
}

static void every_certificate_used_narrows_the_dates(void **state) {
    (void)state;
    struct wanted short_lived = {
        .cn = TEXT("short"), .ca = true, .from = "20220101000000Z", .until = "20260101000000Z"};
    struct identity issuer = make(&short_lived, &root);
    struct identity leaf = make(&(struct wanted){.cn = TEXT("mx")}, &issuer);
    struct cert_chain *chain = judge((X509 *[]){leaf.certificate, issuer.certificate, root.certificate}, 3);
    assert_true(chain->trusted);
    assert_int_equal(chain->valid_from, 1640995200);  /* 2022-01-01 */
    assert_int_equal(chain->valid_until, 1767225600); /* 2026-01-01 */
    assert_int_equal(chain->not_before, 1577836800);
    assert_false(cert_chain_in_date(chain, NOW));
    assert_true(cert_chain_in_date(chain, 1700000000));
    cert_chain_free(&chain);
    X509_free(leaf.certificate);
    X509_free(issuer.certificate);
}

static void a_broken_date_is_never_in_date(void **state) {
    (void)state;
    struct identity leaf = make(&(struct wanted){.cn = TEXT("mx"), .until = "99991231235959Z"}, &middle);
    ASN1_TIME *until = X509_getm_notAfter(leaf.certificate);
    assert_int_equal(ASN1_STRING_set(until, "99991331235959Z", 15), 1); /* month 13 */
    assert_true(X509_sign(leaf.certificate, middle.key, EVP_sha256()) > 0);
    struct cert_chain *chain = judge((X509 *[]){leaf.certificate, middle.certificate}, 2);
    assert_int_equal(chain->not_after, YEAR_1);
    assert_false(cert_chain_in_date(chain, NOW));
    cert_chain_free(&chain);
    X509_free(leaf.certificate);
}

/* ---- names ---- */

static void names_match_by_rfc_6125(void **state) {
    (void)state;
    static const struct {
        struct octets san;
        const char *name;
        bool matches;
    } cases[] = {{TEXT("mx.example.org"), "mx.example.org", true},
                 {TEXT("MX.Example.ORG"), "mx.example.org", true},
                 {TEXT("mx_1.example.org"), "mx_1.example.org", true},
                 {TEXT("mx2.example.org"), "mx.example.org", false},
                 {TEXT("*.example.org"), "mx.example.org", true},
                 {TEXT("*.EXAMPLE.org"), "xn--mx-xka.example.org", true},
                 {TEXT("*.example.org"), "example.org", false},
                 {TEXT("*.example.org"), "a.mx.example.org", false},
                 {TEXT("*.example.org"), "mx.example.net", false},
                 {TEXT("*.co.uk"), "mx.co.uk", true},
                 {TEXT("*.com"), "example.com", false},
                 {TEXT("*.example.org"), "a_b.example.org", false},
                 {TEXT("a_b.example.org"), "a_b.example.org", true},
                 {TEXT("*.a_b.example.org"), "mx.a_b.example.org", false},
                 {TEXT("*.-a.example.org"), "mx.-a.example.org", false},
                 {TEXT("*.a-.example.org"), "mx.a-.example.org", false},
                 {TEXT("*.a-b.example.org"), "m-x.a-b.example.org", true},
                 {TEXT("*..org"), "mx..org", false},
                 {TEXT("org"), "mx.example.org", false},
                 {TEXT("mx.example.org.uk"), "mx.example.org", false},
                 {TEXT("*"), "localhost", false},
                 {TEXT("*."), "mx.example.org", false},
                 {TEXT("m*.example.org"), "mx.example.org", false},
                 {TEXT("*x.example.org"), "mx.example.org", false},
                 {TEXT("mx.*.org"), "mx.example.org", false},
                 {TEXT("*.*.org"), "mx.example.org", false},
                 {TEXT("**.example.org"), "mx.example.org", false},
                 {TEXT("mx.example.org."), "mx.example.org", false},
                 {TEXT(".example.org"), "mx.example.org", false},
                 {TEXT(""), "mx.example.org", false},
                 {TEXT("mx.example.org\0"), "mx.example.org", false},
                 {TEXT("mx.example.org\0.evil.test"), "mx.example.org", false},
                 {TEXT("*.example.org\0.evil.test"), "mx.example.org", false},
                 {TEXT("\0mx.example.org"), "mx.example.org", false},
                 {TEXT("mx.example.org\n"), "mx.example.org", false},
                 {TEXT(" mx.example.org"), "mx.example.org", false},
                 {TEXT("mx\xff.example.org"), "mx.example.org", false},
                 {TEXT("mx.example.org"), "", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct wanted wanted = {.cn = TEXT("x"), .san = &cases[i].san, .san_count = 1};
        if (named(&wanted, cases[i].name) != cases[i].matches)
            fail_msg("case %zu: '%s' against '%s'", i, cases[i].san.at, cases[i].name);
        if (openssl_names(&wanted, cases[i].name) != cases[i].matches) /* as senders judge, and dane.c */
            fail_msg("case %zu: '%s' against '%s', for OpenSSL", i, cases[i].san.at, cases[i].name);
    }
}

static void hostile_names_are_stored_clean(void **state) {
    (void)state;
    static const struct octets san[] = {TEXT("a\0b"), TEXT("\x1b[31m"), TEXT("\xff\xfe"), TEXT("ok.example.org")};
    struct wanted wanted = {
        .cn = TEXT("bad\xc3\x28\x1b\0end"), .cn_type = V_ASN1_T61STRING, .san = san, .san_count = 4};
    struct cert_chain *chain = judge_leaf(&wanted);
    assert_int_equal(chain->san_count, 4);
    assert_string_equal(chain->san[0], "a\\x00b");
    for (size_t i = 0; i < chain->san_count; i++)
        assert_true(text_is_clean(chain->san[i], strlen(chain->san[i])));
    const char *texts[] = {chain->subject, chain->issuer, chain->subject_cn, chain->serial};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_true(text_is_clean(texts[i], strlen(texts[i])));
    struct cert_match match = cert_chain_match(chain, "ok.example.org");
    assert_true(match.matched);
    assert_false(match.by_cn);
    assert_string_equal(match.identity, "ok.example.org");
    cert_chain_free(&chain);
}

static void the_common_name_counts_only_without_dns_names(void **state) {
    (void)state;
    static const struct octets other = TEXT("other.example.org");
    static const struct {
        struct wanted wanted;
        bool matches;
    } cases[] = {
        {{.cn = TEXT("mx.example.org")}, true},
        {{.cn = TEXT("*.example.org")}, true},
        {{.cn = TEXT("mx.example.org\0.evil.test")}, false},
        {{.cn = TEXT("mx.example.org\0")}, false},
        {{.cn = TEXT("mx.example.org ")}, false},
        {{.cn = TEXT("mx.example.org"), .san = &other, .san_count = 1}, false},
        {{.cn = TEXT("mx.example.org"), .san = &other, .san_count = 1, .san_extensions = 1}, false}, /* twice */
        {{.cn = TEXT("mx.example.org"), .broken_san = true}, false},
        {{.cn = TEXT("mx.example.org"), .address_san = true}, true},
        {{.cn = TEXT("other.example.org"), .address_san = true}, false},
        {{.cn = {NULL, 0}}, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cert_chain *chain = judge_leaf(&cases[i].wanted);
        struct cert_match match = cert_chain_match(chain, "mx.example.org");
        if (match.matched != cases[i].matches || match.by_cn != cases[i].matches)
            fail_msg("case %zu: matched=%d by_cn=%d", i, match.matched, match.by_cn);
        cert_chain_free(&chain);
    }
}

static void names_beyond_the_limit_are_judged_and_not_stored(void **state) {
    (void)state;
    static char text[SAN_TOO_MANY][32];
    static struct octets san[SAN_TOO_MANY];
    for (size_t i = 0; i < SAN_TOO_MANY; i++)
        san[i] = (struct octets){text[i], (size_t)snprintf(text[i], sizeof text[i], "MX%zu.example.org", i)};
    san[1200] = (struct octets)TEXT("hidden.example.org\0.evil.test");
    san[1201] = (struct octets)TEXT("*.wild.example.org");
    san[1202] = (struct octets)TEXT("");
    struct cert_chain *chain =
        judge_leaf(&(struct wanted){.cn = TEXT("mx1400.example.org"), .san = san, .san_count = SAN_TOO_MANY});
    assert_int_equal(chain->san_count, CERT_SAN_MAX);
    assert_int_equal(chain->san_total, SAN_TOO_MANY);
    assert_true(cert_chain_match(chain, "mx999.example.org").matched);
    struct cert_match match = cert_chain_match(chain, "mx1499.example.org");
    assert_true(match.matched && match.san_match && !match.by_cn);
    assert_string_equal(match.identity, "mx1499.example.org");
    assert_true(cert_chain_match(chain, "a.wild.example.org").matched);
    assert_false(cert_chain_match(chain, "mx1500.example.org").matched);
    assert_false(cert_chain_match(chain, "hidden.example.org").matched);
    cert_chain_free(&chain);
}

/* ---- what d2i_X509() refuses ---- */

/* The certificate in DER with the string of a tag turned into one of another, and signed anew over that. */
static uint8_t *retagged_list(const struct identity *identity, struct octets text, uint8_t tag, size_t *len) {
    uint8_t *tbs = NULL, signature[256], algorithm[] = {0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2};
    size_t signature_len = sizeof signature;
    int tbs_len = i2d_re_X509_tbs(identity->certificate, &tbs);
    assert_true(tbs_len > 0);
    for (uint8_t *at = tbs; (at = memmem(at, (size_t)(tbs + tbs_len - at), text.at, text.len)) != NULL; at++)
        at[-2] = tag; /* subject and issuer */
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, identity->key), 1);
    assert_int_equal(EVP_DigestSign(context, signature, &signature_len, tbs, (size_t)tbs_len), 1);
    EVP_MD_CTX_free(context);
    size_t body = (size_t)tbs_len + sizeof algorithm + 3 + signature_len;
    uint8_t *list = malloc(10 + body), *at = list + 6;
    put_length(list, 4 + body + 3);
    put_length(list + 3, 4 + body);
    *at++ = 0x30; /* SEQUENCE, length in two octets */
    *at++ = 0x82;
    *at++ = (uint8_t)(body >> 8);
    *at++ = (uint8_t)body;
    memcpy(at, tbs, (size_t)tbs_len);
    memcpy(at += tbs_len, algorithm, sizeof algorithm);
    at += sizeof algorithm;
    *at++ = 3; /* BIT STRING, no unused bits */
    *at++ = (uint8_t)(signature_len + 1);
    *at++ = 0;
    memcpy(at, signature, signature_len);
    *len = 10 + body;
    OPENSSL_free(tbs);
    return list;
}

static void names_in_invalid_text_are_read_all_the_same(void **state) {
    (void)state;
    static const struct {
        struct octets text;
        uint8_t tag;
        const char *subject, *error;
    } cases[] = {{TEXT("\xff"
                       "appliance"),
                  V_ASN1_UTF8STRING,
                  "CN=\xc3\xbf"
                  "appliance",
                  "invalid utf8string"},
                 {TEXT("seven.."), V_ASN1_BMPSTRING, "CN=seven..", "bmpstring is wrong length"},
                 {TEXT("seven.."), V_ASN1_UNIVERSALSTRING, "CN=seven..", "universalstring is wrong length"}};
    static const struct octets san = TEXT("mx.example.org");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wanted wanted = {.cn = cases[i].text, .cn_type = V_ASN1_T61STRING, .san = &san, .san_count = 1};
        struct identity own = make(&wanted, NULL);
        size_t len;
        const char *error = "", *at;
        uint8_t *list = retagged_list(&own, cases[i].text, cases[i].tag, &len);
        const unsigned char *der = list + 6;
        assert_null(d2i_X509(NULL, &der, (long)len - 6));
        struct cert_chain *chain = cert_chain_parse(trust, list, len, NOW, &error);
        assert_non_null(chain);
        assert_null(error);
        assert_null(chain->parse_error);
        assert_string_equal(chain->subject, cases[i].subject);
        assert_true(chain->self_signed && cert_chain_match(chain, "mx.example.org").matched);
        assert_true(cert_chain_in_date(chain, NOW));
        assert_false(chain->trusted);
        assert_non_null(at = strstr(chain->trust_error, cases[i].error));
        assert_memory_equal(chain->der, list + 6, chain->der_len); /* as it came */
        cert_chain_free(&chain);
        list[len - 1] ^= 1; /* the signature */
        chain = cert_chain_parse(trust, list, len, NOW, &error);
        assert_false(chain->self_signed);
        cert_chain_free(&chain);
        X509_free(own.certificate);
        free(list);
    }
}

static void an_unreadable_certificate_is_kept_with_hash_and_error(void **state) {
    (void)state;
    size_t len;
    const char *error = "";
    uint8_t sha256[32];
    struct identity own = make(&(struct wanted){.cn = TEXT("mx")}, NULL);
    uint8_t *list = list_of((X509 *[]){own.certificate, middle.certificate}, 2, &len);
    uint8_t *date = memmem(list, len,
                           "\x18\x0f"
                           "2020",
                           6);
    assert_non_null(date);
    *date = V_ASN1_UTF8STRING; /* a time that is none */
    struct cert_chain *chain = cert_chain_parse(trust, list, len, NOW, &error);
    assert_non_null(chain);
    assert_null(error);
    assert_string_equal(chain->parse_error, "mstring wrong tag");
    assert_string_equal(chain->trust_error, "the certificate cannot be read: mstring wrong tag");
    assert_int_equal(chain->der_len, i2d_X509(own.certificate, NULL));
    EVP_Digest(list + 6, chain->der_len, sha256, NULL, EVP_sha256(), NULL);
    assert_memory_equal(chain->leaf_sha256, sha256, sizeof sha256);
    assert_int_equal(chain->chain_count, 1);
    assert_false(chain->trusted || cert_chain_in_date(chain, NOW) || cert_chain_match(chain, "mx").matched);
    assert_int_equal(cert_chain_flags(chain), CERT_UNREADABLE);
    assert_string_equal(chain->subject, "");
    cert_chain_free(&chain);
    X509_free(own.certificate);
    free(list);
}

/* ---- flags ---- */

static void every_flag_has_a_name(void **state) {
    (void)state;
    static const char *const names[] = {"missing_intermediate", "completed_by_store", "wrong_purpose",
                                        "self_signed",          "weak_key",           "sha1_signature",
                                        "ocsp_stapled",         "unreadable"};
    assert_int_equal(sizeof names / sizeof *names, CERT_FLAG_COUNT);
    for (unsigned bit = 0; bit < CERT_FLAG_COUNT; bit++)
        assert_string_equal(cert_chain_flag_name(bit), names[bit]);
    assert_string_equal(cert_chain_flag_name(CERT_FLAG_COUNT), "");
}

static unsigned flags_under(const struct trust *store, X509 *const *sent, size_t count, bool trusted) {
    size_t len;
    const char *error;
    uint8_t *list = list_of(sent, count, &len);
    struct cert_chain *chain = cert_chain_parse(store, list, len, NOW, &error);
    assert_non_null(chain);
    assert_int_equal(chain->trusted, trusted);
    unsigned flags = cert_chain_flags(chain);
    cert_chain_free(&chain);
    free(list);
    return flags;
}

static void a_missing_intermediate_is_told_even_if_the_store_completes_the_path(void **state) {
    (void)state;
    struct identity other_root = make(&(struct wanted){.cn = TEXT("private root"), .ca = true}, NULL);
    struct identity between = make(&(struct wanted){.cn = TEXT("private middle"), .ca = true}, &other_root);
    struct identity again = make(&(struct wanted){.cn = TEXT("middle"), .ca = true}, &root); /* same name and key */
    struct identity leaf = make(&(struct wanted){.cn = TEXT("mx")}, &middle);
    struct identity foreign = make(&(struct wanted){.cn = TEXT("mx")}, &between);
    struct identity own = make(&(struct wanted){.cn = TEXT("mx")}, NULL);
    struct trust *full = store_of((X509 *[]){root.certificate, middle.certificate}, 2);
    const struct {
        const struct trust *store;
        X509 *sent[3];
        size_t count;
        bool trusted;
        unsigned flags;
    } cases[] = {
        {trust, {leaf.certificate, middle.certificate}, 2, true, 0},
        {trust, {leaf.certificate}, 1, false, CERT_MISSING_INTERMEDIATE},
        {trust, {leaf.certificate, stranger.certificate}, 2, false, CERT_MISSING_INTERMEDIATE},
        {full, {leaf.certificate}, 1, true, CERT_MISSING_INTERMEDIATE | CERT_COMPLETED_BY_STORE},
        {full, {leaf.certificate, stranger.certificate}, 2, true, CERT_MISSING_INTERMEDIATE | CERT_COMPLETED_BY_STORE},
        {full, {leaf.certificate, middle.certificate}, 2, true, 0},
        {full, {leaf.certificate, again.certificate}, 2, true, 0},
        {trust, {foreign.certificate, between.certificate}, 2, false, 0}, /* a private root is rightly not sent */
        {trust, {foreign.certificate, between.certificate, other_root.certificate}, 3, false, 0},
        {full, {own.certificate}, 1, false, CERT_SELF_SIGNED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned flags = flags_under(cases[i].store, cases[i].sent, cases[i].count, cases[i].trusted);
        if (flags != cases[i].flags)
            fail_msg("case %zu: %x", i, flags);
    }
    X509 *made[] = {other_root.certificate, between.certificate, again.certificate,
                    leaf.certificate,       foreign.certificate, own.certificate};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        X509_free(made[i]);
    trust_close(&full);
}

static void a_certificate_for_something_else_is_of_the_wrong_purpose(void **state) {
    (void)state;
    struct identity mail_ca =
        make(&(struct wanted){.cn = TEXT("mail CA"), .ca = true, .usage = "emailProtection"}, &root);
    const struct {
        struct wanted wanted;
        const struct identity *issuer; /* NULL: signed by itself */
        bool sends_issuer, trusted;
        unsigned flags;
    } cases[] = {
        {{.cn = TEXT("mx"), .usage = "serverAuth,clientAuth"}, &middle, true, true, 0},
        {{.cn = TEXT("mx"), .key_usage = "digitalSignature"}, &middle, true, true, 0},
        {{.cn = TEXT("mx"), .usage = "clientAuth"}, &middle, true, false, CERT_WRONG_PURPOSE},
        {{.cn = TEXT("mx"), .key_usage = "critical,cRLSign"}, &middle, true, false, CERT_WRONG_PURPOSE},
        {{.cn = TEXT("mx")}, &mail_ca, true, false, CERT_WRONG_PURPOSE},
        {{.cn = TEXT("mx"), .usage = "clientAuth"}, &middle, false, false, CERT_MISSING_INTERMEDIATE},
        {{.cn = TEXT("mx"), .usage = "clientAuth"}, &stranger, true, false, 0}, /* no good path anyway */
        {{.cn = TEXT("mx"), .usage = "clientAuth"}, NULL, false, false, CERT_SELF_SIGNED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct identity leaf = make(&cases[i].wanted, cases[i].issuer);
        X509 *sent[] = {leaf.certificate, cases[i].issuer ? cases[i].issuer->certificate : NULL};
        unsigned flags = flags_under(trust, sent, cases[i].sends_issuer ? 2 : 1, cases[i].trusted);
        if (flags != cases[i].flags)
            fail_msg("case %zu: %x", i, flags);
        X509_free(leaf.certificate);
    }
    X509_free(mail_ca.certificate);
}

static void san_and_cn_are_told_apart(void **state) {
    (void)state;
    static const struct octets other = TEXT("other.example.org"), same = TEXT("mx.example.org");
    static const struct {
        struct wanted wanted;
        bool matched, by_cn, san_match, cn_match;
    } cases[] = {
        {{.cn = TEXT("mx.example.org"), .san = &same, .san_count = 1}, true, false, true, true},
        {{.cn = TEXT("x"), .san = &same, .san_count = 1}, true, false, true, false},
        {{.cn = TEXT("mx.example.org"), .san = &other, .san_count = 1}, false, false, false, true},
        {{.cn = TEXT("*.example.org"), .san = &other, .san_count = 1}, false, false, false, true},
        {{.cn = TEXT("mx.example.org"), .broken_san = true}, false, false, false, true},
        {{.cn = TEXT("mx.example.org")}, true, true, false, true},
        {{.cn = TEXT("mx.example.org\0.evil.test")}, false, false, false, false},
        {{.cn = TEXT("x")}, false, false, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cert_chain *chain = judge_leaf(&cases[i].wanted);
        struct cert_match match = cert_chain_match(chain, "mx.example.org");
        if (match.matched != cases[i].matched || match.by_cn != cases[i].by_cn ||
            match.san_match != cases[i].san_match || match.cn_match != cases[i].cn_match)
            fail_msg("case %zu: %d %d %d %d", i, match.matched, match.by_cn, match.san_match, match.cn_match);
        cert_chain_free(&chain);
    }
}

static void weak_key_and_digest_are_flags_too(void **state) {
    (void)state;
    EVP_PKEY *tiny = rsa_key(1024);
    struct identity own = make(&(struct wanted){.cn = TEXT("mx"), .key = tiny, .digest = EVP_sha1()}, NULL);
    assert_int_equal(flags_under(trust, &own.certificate, 1, false),
                     CERT_SELF_SIGNED | CERT_WEAK_KEY | CERT_SHA1_SIGNATURE);
    X509_free(own.certificate);
    EVP_PKEY_free(tiny);
}

/* ---- keys and signatures ---- */

static void weak_keys_and_digests_are_noted_and_do_not_untrust(void **state) {
    (void)state;
    EVP_PKEY *tiny = rsa_key(512), *rsa = rsa_key(2048), *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    EVP_PKEY *exchange = EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), *small = EVP_EC_gen("secp192k1");
    const struct {
        EVP_PKEY *key;
        const EVP_MD *digest;
        const char *type;
        unsigned bits;
        bool weak, sha1;
    } cases[] = {{tiny, EVP_sha256(), "RSA", 512, true, false},
                 {rsa, EVP_sha1(), "RSA", 2048, false, true},
                 {ed, EVP_sha256(), "Ed25519", 256, false, false},
                 {small, EVP_sha1(), "EC", 192, true, true},
                 {exchange, EVP_sha256(), "unknown", 253, false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cert_chain *chain =
            judge_leaf(&(struct wanted){.cn = TEXT("mx"), .key = cases[i].key, .digest = cases[i].digest});
        if (!chain->trusted)
            fail_msg("case %zu: %s", i, chain->trust_error);
        assert_string_equal(chain->key_type, cases[i].type);
        assert_int_equal(chain->key_bits, cases[i].bits);
        assert_int_equal(chain->weak_key, cases[i].weak);
        assert_int_equal(chain->sha1_signature, cases[i].sha1);
        cert_chain_free(&chain);
    }
    EVP_PKEY *keys[] = {tiny, rsa, ed, exchange, small};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        EVP_PKEY_free(keys[i]);
}

/* Who can forge an issuer can forge the leaf. */
static void weakness_counts_on_the_whole_path_but_in_the_roots_own_signature(void **state) {
    (void)state;
    EVP_PKEY *tiny = rsa_key(1024);
    struct identity old_root = make(&(struct wanted){.cn = TEXT("old"), .ca = true, .digest = EVP_sha1()}, NULL);
    struct identity short_root = make(&(struct wanted){.cn = TEXT("short root"), .ca = true, .key = tiny}, NULL);
    struct identity old = make(&(struct wanted){.cn = TEXT("sha1"), .ca = true, .digest = EVP_sha1()}, &root);
    struct identity older = make(&(struct wanted){.cn = TEXT("md5"), .ca = true, .digest = EVP_md5()}, &short_root);
    struct identity small = make(&(struct wanted){.cn = TEXT("short"), .ca = true, .key = tiny}, &root);
    struct identity below = make(&(struct wanted){.cn = TEXT("below old"), .ca = true}, &old_root);
    const struct {
        const struct identity *issuer, *root, *beside; /* beside: sent and of no use */
        unsigned flags;
    } cases[] = {
        {&middle, &root, &old, 0},
        {&old, &root, &middle, CERT_SHA1_SIGNATURE},
        {&older, &short_root, &middle, CERT_SHA1_SIGNATURE | CERT_WEAK_KEY},
        {&small, &root, &middle, CERT_WEAK_KEY},
        {&below, &old_root, &small, 0},
        {&short_root, &short_root, &middle, CERT_WEAK_KEY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct identity leaf = make(&(struct wanted){.cn = TEXT("mx")}, cases[i].issuer);
        struct trust *store = store_of(&cases[i].root->certificate, 1);
        X509 *const sent[] = {leaf.certificate, cases[i].issuer->certificate, cases[i].beside->certificate};
        unsigned flags = flags_under(store, sent, 3, true);
        if (flags != cases[i].flags)
            fail_msg("case %zu: flags %x", i, flags);
        trust_close(&store);
        X509_free(leaf.certificate);
    }
    struct identity made[] = {old_root, short_root, old, older, small, below};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        X509_free(made[i].certificate);
    EVP_PKEY_free(tiny);
}

static void the_weak_ones_of_a_path_are_named(void **state) {
    (void)state;
    EVP_PKEY *tiny = rsa_key(1024);
    struct wanted poor = {.cn = TEXT("po\x1b[31mor"), .cn_type = V_ASN1_T61STRING, .ca = true, .key = tiny};
    poor.digest = EVP_sha1();
    struct identity issuer = make(&poor, &root);
    struct identity leaf = make(&(struct wanted){.cn = TEXT("mx"), .key = tiny}, &issuer);
    struct identity own = make(&(struct wanted){.cn = TEXT("mx"), .digest = EVP_sha1()}, NULL);
    struct cert_chain *chain = judge((X509 *[]){leaf.certificate, issuer.certificate}, 2);
    assert_string_equal(chain->weak_keys,
                        "the certificate itself: RSA, 1024 bits; intermediate CN=po\\1B[31mor: RSA, 1024 bits");
    assert_string_equal(chain->weak_signatures, "intermediate CN=po\\1B[31mor: ecdsa-with-SHA1");
    cert_chain_free(&chain);
    chain = judge(&own.certificate, 1);
    assert_string_equal(chain->weak_keys, "");
    assert_string_equal(chain->weak_signatures, "the certificate itself: ecdsa-with-SHA1");
    cert_chain_free(&chain);
    X509_free(own.certificate);
    X509_free(leaf.certificate);
    X509_free(issuer.certificate);
    EVP_PKEY_free(tiny);
}

static void rsa_pss_tells_its_digest_in_parameters(void **state) {
    (void)state;
    EVP_PKEY *rsa = rsa_key(2048);
    const EVP_MD *digests[] = {EVP_sha1(), EVP_sha256()};
    for (size_t i = 0; i < 2; i++) {
        struct wanted wanted = {.cn = TEXT("mx"), .key = rsa, .digest = digests[i], .pss = true};
        struct identity own = make(&wanted, NULL);
        struct cert_chain *chain = judge(&own.certificate, 1);
        assert_string_equal(chain->signature, "rsassaPss");
        assert_true(chain->self_signed);
        assert_int_equal(chain->sha1_signature, i == 0);
        cert_chain_free(&chain);
        X509_free(own.certificate);
    }
    EVP_PKEY_free(rsa);
}

static void an_unreadable_key_is_unknown(void **state) {
    (void)state;
    size_t len;
    const char *error;
    static const uint8_t oid[] = {0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01}; /* id-ecPublicKey */
    struct identity own = make(&(struct wanted){.cn = TEXT("mx")}, NULL);
    uint8_t *list = list_of(&own.certificate, 1, &len);
    uint8_t *at = memmem(list, len, oid, sizeof oid);
    assert_non_null(at);
    at[sizeof oid - 1] = 0x7f; /* an algorithm that nobody knows */
    struct cert_chain *chain = cert_chain_parse(trust, list, len, NOW, &error);
    assert_non_null(chain);
    assert_string_equal(chain->key_type, "unknown");
    assert_int_equal(chain->key_bits, 0);
    assert_false(chain->trusted || chain->self_signed || chain->weak_key);
    cert_chain_free(&chain);
    X509_free(own.certificate);
    free(list);
}

/* ---- lists ---- */

static void a_path_is_found_wherever_its_certificates_stand(void **state) {
    (void)state;
    X509 *sent[LONG_CHAIN];
    struct identity leaf = make(&(struct wanted){.cn = TEXT("mx")}, &middle);
    sent[0] = leaf.certificate;
    static const size_t places[] = {1, CERT_CHAIN_MAX, CERT_CHAIN_MAX + 1, LONG_CHAIN - 1};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        for (size_t at = 1; at < LONG_CHAIN; at++)
            sent[at] = at == places[i] ? middle.certificate : stranger.certificate;
        struct cert_chain *chain = judge(sent, LONG_CHAIN);
        assert_true(chain->trusted && !chain->missing_intermediate);
        assert_int_equal(chain->chain_count, CERT_CHAIN_MAX);
        cert_chain_free(&chain);
    }
    X509_free(leaf.certificate);
}

static void lists_cut_or_altered_anywhere_are_survived(void **state) {
    (void)state;
    size_t len;
    const char *error;
    struct identity leaf = make(&(struct wanted){.cn = TEXT("mx")}, &middle);
    uint8_t *list = list_of((X509 *[]){leaf.certificate, middle.certificate}, 2, &len);
    size_t leaf_end = 6 + (size_t)i2d_X509(leaf.certificate, NULL);
    for (size_t cut = 0; cut <= len; cut++) {
        uint8_t *copy = malloc(cut ? cut : 1); /* of exactly that size: AddressSanitizer sees a read beyond */
        memcpy(copy, list, cut);
        struct cert_chain *chain = cert_chain_parse(trust, copy, cut, NOW, &error);
        assert_int_equal(chain != NULL, cut >= leaf_end);
        assert_int_equal(chain == NULL, error != NULL);
        assert_true(chain == NULL || chain->trusted == (cut == len));
        cert_chain_free(&chain);
        free(copy);
    }
    for (size_t at = 0; at < len; at++) {
        list[at] ^= 0x55;
        struct cert_chain *chain = cert_chain_parse(trust, list, len, NOW, &error);
        cert_chain_free(&chain);
        list[at] ^= 0x55;
    }
    put_length(list, 0); /* the announced total does not matter */
    struct cert_chain *chain = cert_chain_parse(trust, list, len, NOW, &error);
    assert_true(chain && chain->trusted);
    cert_chain_free(&chain);
    free(list);
    X509_free(leaf.certificate);
}

/* ---- set-up ---- */

static int set_up(void **state) {
    (void)state;
    ec_key = EVP_EC_gen("P-256");
    root = make(&(struct wanted){.cn = TEXT("root"), .ca = true}, NULL);
    stranger = make(&(struct wanted){.cn = TEXT("stranger"), .ca = true}, NULL);
    middle = make(&(struct wanted){.cn = TEXT("middle"), .ca = true}, &root);
    trust = store_of(&root.certificate, 1);
    return trust ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    X509_free(root.certificate);
    X509_free(stranger.certificate);
    X509_free(middle.certificate);
    EVP_PKEY_free(ec_key);
    trust_close(&trust);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_to_a_trusted_root_is_trusted),
        cmocka_unit_test(untrusted_chains_say_why),
        cmocka_unit_test(an_issuer_equal_to_the_subject_is_no_self_signature),
        cmocka_unit_test(a_missing_trust_store_is_told),
        cmocka_unit_test(dates_are_apart_from_trust),
        cmocka_unit_test(every_certificate_used_narrows_the_dates),
        cmocka_unit_test(a_broken_date_is_never_in_date),
        cmocka_unit_test(names_match_by_rfc_6125),
        cmocka_unit_test(hostile_names_are_stored_clean),
        cmocka_unit_test(names_in_invalid_text_are_read_all_the_same),
        cmocka_unit_test(an_unreadable_certificate_is_kept_with_hash_and_error),
        cmocka_unit_test(every_flag_has_a_name),
        cmocka_unit_test(a_missing_intermediate_is_told_even_if_the_store_completes_the_path),
        cmocka_unit_test(a_certificate_for_something_else_is_of_the_wrong_purpose),
        cmocka_unit_test(san_and_cn_are_told_apart),
        cmocka_unit_test(weak_key_and_digest_are_flags_too),
        cmocka_unit_test(the_common_name_counts_only_without_dns_names),
        cmocka_unit_test(names_beyond_the_limit_are_judged_and_not_stored),
        cmocka_unit_test(weak_keys_and_digests_are_noted_and_do_not_untrust),
        cmocka_unit_test(weakness_counts_on_the_whole_path_but_in_the_roots_own_signature),
        cmocka_unit_test(the_weak_ones_of_a_path_are_named),
        cmocka_unit_test(rsa_pss_tells_its_digest_in_parameters),
        cmocka_unit_test(an_unreadable_key_is_unknown),
        cmocka_unit_test(a_path_is_found_wherever_its_certificates_stand),
        cmocka_unit_test(lists_cut_or_altered_anywhere_are_survived),
    };
    return cmocka_run_group_tests_name("cert", tests, set_up, tear_down);
}
