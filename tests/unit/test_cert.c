// link: mxg_cert PkgConfig::OPENSSL
/* test_cert.c - chains made here with OpenSSL, good ones and those that hostile servers send. */
#include "cert.h"
#include "mem.h"
#include "text.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static EVP_PKEY *ca_key, *intermediate_key, *leaf_key;
static X509 *ca, *intermediate;
static struct trust *trust;
static char ca_path[] = "/tmp/mxgrade-test-ca-XXXXXX";

/* What a certificate is to say; zero values are a good leaf. */
struct wish {
    const char *cn;
    const void *cn_octets;
    int cn_len;
    const char *extensions[6]; /* "NID-name=value" pairs for X509V3, NULL-terminated */
    const char *from, *until;  /* GeneralizedTime; NULL = a day ago, a year ahead */
    const EVP_MD *digest;
};

static X509_NAME *name_of(const struct wish *wish) {
    X509_NAME *name = X509_NAME_new();
    if (wish->cn_octets)
        X509_NAME_add_entry_by_txt(name, "CN", V_ASN1_UTF8STRING, wish->cn_octets, wish->cn_len, -1, 0);
    else if (wish->cn)
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)wish->cn, -1, -1, 0);
    return name;
}

static void add_extension(X509 *certificate, X509 *issuer, const char *text) {
    char key[64];
    X509V3_CTX context;
    const char *equals = strchr(text, '=');
    snprintf(key, sizeof key, "%.*s", (int)(equals - text), text);
    X509V3_set_ctx(&context, issuer ? issuer : certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf(NULL, &context, key, equals + 1);
    assert_non_null(extension);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

static X509 *make(const struct wish *wish, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key) {
    static long serial = 1;
    X509 *certificate = X509_new();
    X509_NAME *name = name_of(wish);
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    X509_set_subject_name(certificate, name);
    X509_set_issuer_name(certificate, issuer ? X509_get_subject_name(issuer) : name);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -86400L);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 365 * 86400L);
    if (wish->from)
        assert_true(ASN1_TIME_set_string(X509_getm_notBefore(certificate), wish->from));
    if (wish->until)
        assert_true(ASN1_TIME_set_string(X509_getm_notAfter(certificate), wish->until));
    X509_set_pubkey(certificate, key);
    for (size_t i = 0; wish->extensions[i]; i++)
        add_extension(certificate, issuer, wish->extensions[i]);
    assert_true(X509_sign(certificate, issuer_key, wish->digest ? wish->digest : EVP_sha256()) > 0);
    X509_NAME_free(name);
    return certificate;
}

static X509 *leaf_of(const struct wish *wish) { return make(wish, leaf_key, intermediate, intermediate_key); }

static void add_der(uint8_t **list, size_t *len, X509 *certificate) {
    unsigned char *der = NULL;
    int der_len = i2d_X509(certificate, &der);
    *list = mem_realloc(*list, *len + 3 + (size_t)der_len);
    uint8_t *at = *list + *len;
    at[0] = (uint8_t)(der_len >> 16), at[1] = (uint8_t)(der_len >> 8), at[2] = (uint8_t)der_len;
    memcpy(at + 3, der, (size_t)der_len);
    *len += 3 + (size_t)der_len;
    OPENSSL_free(der);
}

/* Parses leaf and what is sent behind it; frees the leaf. */
static struct cert_chain *chain_of(X509 *leaf, X509 *behind) {
    const char *error;
    uint8_t *list = mem_alloc(3);
    size_t len = 3;
    add_der(&list, &len, leaf);
    if (behind)
        add_der(&list, &len, behind);
    struct cert_chain *chain = cert_chain_parse(trust, list, len, &error);
    assert_non_null(chain);
    free(list);
    X509_free(leaf);
    return chain;
}

static int64_t now(void) { return (int64_t)time(NULL); }

#define SAN(names) "subjectAltName=" names

static void a_good_chain_is_trusted_in_date_and_named(void **state) {
    const struct wish wish = {.cn = "mx.example", .extensions = {SAN("DNS:mx.example,DNS:*.mail.example")}};
    (void)state;
    struct cert_chain *chain = chain_of(leaf_of(&wish), intermediate);
    assert_true(chain->trusted);
    assert_string_equal(chain->trust_error, "");
    assert_true(cert_chain_in_date(chain, now()));
    assert_true(cert_chain_match(chain, "mx.example").matched);
    assert_int_equal(chain->san_count, 2);
    assert_int_equal(chain->chain_count, 1);
    assert_string_equal(chain->key_type, "RSA");
    assert_int_equal(chain->key_bits, 2048);
    assert_false(chain->weak_key || chain->sha1_signature || chain->self_signed);
    assert_string_equal(chain->subject_cn, "mx.example");
    cert_chain_free(&chain);
}

static void trust_and_dates_are_judged_apart(void **state) {
    const struct wish old = {.cn = "a.example", .extensions = {SAN("DNS:a.example")}, .until = "20200101000000Z"};
    const struct wish young = {
        .cn = "a.example", .extensions = {SAN("DNS:a.example")}, .from = "21000101000000Z", .until = "21010101000000Z"};
    (void)state;
    struct cert_chain *chain = chain_of(leaf_of(&old), intermediate);
    assert_true(chain->trusted);
    assert_false(cert_chain_in_date(chain, now()));
    cert_chain_free(&chain);
    chain = chain_of(leaf_of(&young), intermediate);
    assert_true(chain->trusted);
    assert_false(cert_chain_in_date(chain, now()));
    cert_chain_free(&chain);
}

static void an_expired_intermediate_makes_the_chain_out_of_date(void **state) {
    const struct wish old = {
        .cn = "old intermediate", .extensions = {"basicConstraints=critical,CA:TRUE"}, .until = "20200101000000Z"};
    const struct wish wish = {.cn = "a.example", .extensions = {SAN("DNS:a.example")}};
    (void)state;
    X509 *expired = make(&old, intermediate_key, ca, ca_key);
    struct cert_chain *chain = chain_of(make(&wish, leaf_key, expired, intermediate_key), expired);
    assert_true(chain->trusted);
    assert_false(cert_chain_in_date(chain, now()));
    cert_chain_free(&chain);
    X509_free(expired);
}

static void what_does_not_lead_to_a_root_is_untrusted_with_a_reason(void **state) {
    const struct wish wish = {.cn = "a.example", .extensions = {SAN("DNS:a.example")}};
    const struct wish client = {.cn = "a.example", .extensions = {"extendedKeyUsage=clientAuth", SAN("DNS:a.example")}};
    (void)state;
    struct cert_chain *chain = chain_of(leaf_of(&wish), NULL); /* missing intermediate */
    assert_false(chain->trusted);
    assert_true(strlen(chain->trust_error) > 0);
    cert_chain_free(&chain);
    chain = chain_of(make(&wish, leaf_key, NULL, leaf_key), NULL);
    assert_false(chain->trusted);
    assert_true(chain->self_signed);
    cert_chain_free(&chain);
    chain = chain_of(leaf_of(&client), intermediate); /* wrong purpose */
    assert_false(chain->trusted);
    cert_chain_free(&chain);
}

static void names_match_as_rfc_6125_says(void **state) {
    static const struct {
        const char *san, *name;
        bool matched;
    } table[] = {
        {SAN("DNS:mx.example"), "mx.example", true},        {SAN("DNS:MX.Example"), "mx.example", true},
        {SAN("DNS:*.mx.example"), "a.mx.example", true},    {SAN("DNS:*.mx.example"), "mx.example", false},
        {SAN("DNS:*.mx.example"), "a.b.mx.example", false}, {SAN("DNS:*.example"), "mx.example", false},
        {SAN("DNS:m*.mx.example"), "ma.mx.example", false}, {SAN("DNS:a.*.example"), "a.mx.example", false},
        {SAN("DNS:*.*.example"), "a.mx.example", false},    {SAN("DNS:mx.example.org"), "mx.example", false},
        {SAN("DNS:example"), "mx.example", false},          {SAN("IP:192.0.2.1"), "192.0.2.1", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct wish wish = {.cn = "other.example", .extensions = {table[i].san}};
        struct cert_chain *chain = chain_of(leaf_of(&wish), intermediate);
        if (cert_chain_match(chain, table[i].name).matched != table[i].matched)
            fail_msg("%s against %s", table[i].san, table[i].name);
        cert_chain_free(&chain);
    }
}

static void the_cn_counts_only_where_no_san_name_exists(void **state) {
    const struct wish alone = {.cn = "mx.example"},
                      beside = {.cn = "mx.example", .extensions = {SAN("DNS:other.example")}};
    (void)state;
    struct cert_chain *chain = chain_of(leaf_of(&alone), intermediate);
    struct cert_match match = cert_chain_match(chain, "mx.example");
    assert_true(match.matched && match.by_cn);
    cert_chain_free(&chain);
    chain = chain_of(leaf_of(&beside), intermediate);
    assert_false(cert_chain_match(chain, "mx.example").matched);
    cert_chain_free(&chain);
}

static void hostile_names_never_match_and_come_out_clean(void **state) {
    static const char nul[] = "mx.example\0.evil.example", odd[] = "a\x1b[31m\xff";
    const struct wish nul_cn = {.cn_octets = nul, .cn_len = sizeof nul - 1},
                      odd_cn = {.cn_octets = odd, .cn_len = sizeof odd - 1};
    (void)state;
    struct cert_chain *chain = chain_of(leaf_of(&nul_cn), intermediate);
    assert_false(cert_chain_match(chain, "mx.example").matched);
    assert_true(text_is_clean(chain->subject_cn, strlen(chain->subject_cn)));
    assert_true(text_is_clean(chain->subject, strlen(chain->subject)));
    cert_chain_free(&chain);
    chain = chain_of(leaf_of(&odd_cn), intermediate);
    assert_true(text_is_clean(chain->subject_cn, strlen(chain->subject_cn)));
    assert_true(text_is_clean(chain->subject, strlen(chain->subject)));
    cert_chain_free(&chain);
}

/* A SAN with a NUL inside, which X509V3_EXT_conf cannot make. */
static void a_nul_in_a_san_never_matches(void **state) {
    const struct wish wish = {.cn = "x.example"};
    static const char nul[] = "mx.example\0.evil.example";
    (void)state;
    X509 *leaf = leaf_of(&wish);
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *octets = ASN1_IA5STRING_new();
    ASN1_STRING_set(octets, nul, sizeof nul - 1);
    GENERAL_NAME_set0_value(name, GEN_DNS, octets);
    sk_GENERAL_NAME_push(names, name);
    X509_add1_ext_i2d(leaf, NID_subject_alt_name, names, 0, 0);
    GENERAL_NAMES_free(names);
    X509_sign(leaf, intermediate_key, EVP_sha256());
    struct cert_chain *chain = chain_of(leaf, intermediate);
    assert_int_equal(chain->san_count, 1);
    assert_false(cert_chain_match(chain, "mx.example").matched);
    assert_string_equal(chain->san[0], "mx.example\\x00.evil.example");
    cert_chain_free(&chain);
}

static void many_names_are_bounded_and_counted(void **state) {
    const struct wish wish = {.cn = "x.example"};
    (void)state;
    X509 *leaf = leaf_of(&wish);
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    for (unsigned i = 0; i < 1500; i++) {
        char text[32];
        GENERAL_NAME *name = GENERAL_NAME_new();
        ASN1_IA5STRING *octets = ASN1_IA5STRING_new();
        snprintf(text, sizeof text, "mx%u.example", i);
        ASN1_STRING_set(octets, text, -1);
        GENERAL_NAME_set0_value(name, GEN_DNS, octets);
        sk_GENERAL_NAME_push(names, name);
    }
    X509_add1_ext_i2d(leaf, NID_subject_alt_name, names, 0, 0);
    GENERAL_NAMES_free(names);
    X509_sign(leaf, intermediate_key, EVP_sha256());
    struct cert_chain *chain = chain_of(leaf, intermediate);
    assert_int_equal(chain->san_count, CERT_SAN_MAX);
    assert_int_equal(chain->san_total, 1500);
    cert_chain_free(&chain);
}

static void weak_keys_and_old_digests_are_seen(void **state) {
    const struct wish wish = {.cn = "x.example", .digest = EVP_sha1()};
    (void)state;
    EVP_PKEY *key = EVP_RSA_gen(512);
    assert_non_null(key);
    struct cert_chain *chain = chain_of(make(&wish, key, intermediate, intermediate_key), intermediate);
    assert_true(chain->weak_key);
    assert_int_equal(chain->key_bits, 512);
    assert_true(chain->sha1_signature);
    assert_true(chain->trusted); /* findings of their own */
    cert_chain_free(&chain);
    EVP_PKEY_free(key);
}

static void dates_at_the_edge_are_clamped(void **state) {
    const struct wish wish = {.cn = "x.example", .from = "00000101000000Z", .until = "99991231235959Z"};
    (void)state;
    struct cert_chain *chain = chain_of(leaf_of(&wish), intermediate);
    assert_int_equal(chain->not_before, INT64_C(-62135596800));
    assert_int_equal(chain->not_after, INT64_C(253402300799));
    assert_true(cert_chain_in_date(chain, now()));
    cert_chain_free(&chain);
}

static void cut_and_broken_lists_are_no_chain(void **state) {
    const struct wish wish = {.cn = "x.example"};
    const char *error;
    (void)state;
    X509 *leaf = leaf_of(&wish);
    uint8_t *list = mem_alloc(3);
    size_t len = 3;
    add_der(&list, &len, leaf);
    for (size_t cut = 0; cut < len; cut++) {
        assert_null(cert_chain_parse(trust, list, cut, &error));
        assert_non_null(error);
    }
    list[3] = 0xff; /* a length past the end */
    assert_null(cert_chain_parse(trust, list, len, &error));
    free(list);
    X509_free(leaf);
}

static void a_long_chain_is_bounded(void **state) {
    const struct wish wish = {.cn = "x.example", .extensions = {SAN("DNS:x.example")}};
    const char *error;
    (void)state;
    X509 *leaf = leaf_of(&wish);
    uint8_t *list = mem_alloc(3);
    size_t len = 3;
    add_der(&list, &len, leaf);
    for (unsigned i = 0; i < 100; i++)
        add_der(&list, &len, intermediate);
    struct cert_chain *chain = cert_chain_parse(trust, list, len, &error);
    assert_int_equal(chain->chain_count, CERT_CHAIN_MAX);
    assert_true(chain->trusted);
    cert_chain_free(&chain);
    free(list);
    X509_free(leaf);
}

static void a_trust_store_that_is_not_there_is_a_clear_error(void **state) {
    char error[256];
    (void)state;
    assert_null(trust_open("/no/such/file.pem", error, sizeof error));
    assert_non_null(strstr(error, "/no/such/file.pem"));
}

static int set_up(void **state) {
    const struct wish root = {.cn = "test root", .extensions = {"basicConstraints=critical,CA:TRUE"}};
    const struct wish middle = {.cn = "test intermediate", .extensions = {"basicConstraints=critical,CA:TRUE"}};
    char error[256];
    (void)state;
    ca_key = EVP_RSA_gen(2048);
    intermediate_key = EVP_RSA_gen(2048);
    leaf_key = EVP_RSA_gen(2048);
    ca = make(&root, ca_key, NULL, ca_key);
    intermediate = make(&middle, intermediate_key, ca, ca_key);
    int fd = mkstemp(ca_path);
    FILE *file = fdopen(fd, "w");
    PEM_write_X509(file, ca);
    fclose(file);
    trust = trust_open(ca_path, error, sizeof error);
    return trust ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    trust_close(&trust);
    unlink(ca_path);
    X509_free(ca);
    X509_free(intermediate);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(intermediate_key);
    EVP_PKEY_free(leaf_key);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_chain_is_trusted_in_date_and_named),
        cmocka_unit_test(trust_and_dates_are_judged_apart),
        cmocka_unit_test(an_expired_intermediate_makes_the_chain_out_of_date),
        cmocka_unit_test(what_does_not_lead_to_a_root_is_untrusted_with_a_reason),
        cmocka_unit_test(names_match_as_rfc_6125_says),
        cmocka_unit_test(the_cn_counts_only_where_no_san_name_exists),
        cmocka_unit_test(hostile_names_never_match_and_come_out_clean),
        cmocka_unit_test(a_nul_in_a_san_never_matches),
        cmocka_unit_test(many_names_are_bounded_and_counted),
        cmocka_unit_test(weak_keys_and_old_digests_are_seen),
        cmocka_unit_test(dates_at_the_edge_are_clamped),
        cmocka_unit_test(cut_and_broken_lists_are_no_chain),
        cmocka_unit_test(a_long_chain_is_bounded),
        cmocka_unit_test(a_trust_store_that_is_not_there_is_a_clear_error),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
