// link: mxg_cert
/* test_extensions.c - what certificates say beside names, dates and key, and what of a chain is kept behind its leaf.
 */
#include "base/text.h"
#include "cert/cert_list.h"
#include "cert/chain_parse.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "issue.h"

enum { NOW = 1800000000 };

static struct identity root;
static struct trust *trust;

static struct cert_chain *judge(X509 *const *certificates, size_t count) {
    size_t len;
    const char *error = "";
    uint8_t *list = list_of(certificates, count, &len);
    struct cert_chain *chain = cert_chain_parse(trust, list, len, NOW, &error);
    free(list);
    assert_non_null(chain);
    return chain;
}

static struct cert_chain *judge_with(const struct extra *extra, size_t count) {
    struct identity leaf = make(&(struct wanted){.cn = TEXT("mx"), .extra = extra, .extra_count = count}, &root);
    struct cert_chain *chain = judge(&leaf.certificate, 1);
    X509_free(leaf.certificate);
    return chain;
}

#define ZEROS_40 "00000000000000000000000000000000000000000000000000000000000000000000000000000000" /* log, time */
#define SCT "003300" ZEROS_40 "000004030004deadbeef"

static void extensions_are_read(void **state) {
    (void)state;
    static const struct extra extra[] = {
        {NID_ct_precert_scts, "DER:046c006a" SCT SCT},
        {NID_tlsfeature, "status_request"},
        {NID_info_access, "OCSP;URI:http://ocsp.example/,caIssuers;URI:http://ca.example/,OCSP;email:a@b.example"},
        {NID_crl_distribution_points, "URI:http://a.example/1.crl,URI:http://b.example/2.crl"},
        {NID_certificate_policies, "2.23.140.1.2.1,1.3.6.1.4.1.44947.1.1.1"},
    };
    struct cert_chain *chain = judge_with(extra, sizeof extra / sizeof *extra);
    const struct cert_extensions *got = &chain->extensions;
    assert_int_equal(got->unread, 0);
    assert_int_equal(got->sct_count, 2);
    assert_true(got->must_staple && !got->is_ca);
    assert_int_equal(got->ocsp.count, 1);
    assert_string_equal(got->ocsp.text[0], "http://ocsp.example/");
    assert_int_equal(got->crl.count, 2);
    assert_string_equal(got->crl.text[1], "http://b.example/2.crl");
    assert_int_equal(got->policies.count, 2);
    assert_string_equal(got->policies.text[0], "2.23.140.1.2.1");
    cert_chain_free(&chain);
    chain = judge_with(NULL, 0);
    assert_int_equal(chain->extensions.unread, 0);
    assert_int_equal(chain->extensions.sct_count + chain->extensions.ocsp.count + chain->extensions.crl.count, 0);
    assert_false(chain->extensions.must_staple);
    cert_chain_free(&chain);
}

/* Of what cannot be read nothing is known. */
static void what_cannot_be_read_is_unread(void **state) {
    (void)state;
    static const struct {
        struct extra extra[2];
        unsigned unread;
    } cases[] = {{{{NID_ct_precert_scts, "DER:046c006a"}}, CERT_EXTENSION_SCTS},
                 {{{NID_ct_precert_scts, "DER:0405ffff000000"}}, CERT_EXTENSION_SCTS},
                 {{{NID_tlsfeature, "DER:30"}}, CERT_EXTENSION_FEATURES},
                 {{{NID_info_access, "DER:0400"}}, CERT_EXTENSION_OCSP},
                 {{{NID_crl_distribution_points, "DER:300530030201ff"}}, CERT_EXTENSION_CRL},
                 {{{NID_certificate_policies, "DER:3003020100"}}, CERT_EXTENSION_POLICIES},
                 {{{NID_tlsfeature, "status_request"}, {NID_tlsfeature, "status_request"}}, CERT_EXTENSION_FEATURES}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cert_chain *chain = judge_with(cases[i].extra, cases[i].extra[1].value ? 2 : 1);
        if (chain->extensions.unread != cases[i].unread || chain->extensions.must_staple)
            fail_msg("case %zu: %x", i, chain->extensions.unread);
        cert_chain_free(&chain);
    }
}

static void hostile_extensions_are_clean_and_bounded(void **state) {
    (void)state;
    enum { MANY = 100 };
    static char points[MANY * 40], policies[MANY * 16];
    for (size_t i = 0; i < MANY; i++) {
        snprintf(points + strlen(points), 40, "%sURI:http://\x1b[31m\xff/%zu", i ? "," : "", i);
        snprintf(policies + strlen(policies), 16, "%s1.2.3.%zu", i ? "," : "", i + 1);
    }
    const struct extra extra[] = {{NID_crl_distribution_points, points}, {NID_certificate_policies, policies}};
    struct cert_chain *chain = judge_with(extra, 2);
    assert_int_equal(chain->extensions.unread, 0);
    assert_int_equal(chain->extensions.crl.count, CERT_URLS_MAX);
    assert_int_equal(chain->extensions.policies.count, CERT_POLICIES_MAX);
    assert_string_equal(chain->extensions.crl.text[0], "http://\\x1b[31m\\xff/0");
    cert_chain_free(&chain);
}

/* ---- behind the leaf ---- */

static void check_kept(const struct cert_chain *chain, size_t count) {
    struct reader sent = reader_of(chain->sent, chain->sent_len), der;
    uint8_t sha256[32];
    for (size_t i = 0; i < count; i++) {
        assert_true(cert_list_next(&sent, &der));
        EVP_Digest(der.at, der.left, sha256, NULL, EVP_sha256(), NULL);
        assert_memory_equal(sha256, chain->chain_sha256[i], sizeof sha256);
    }
    assert_int_equal(sent.left, 0);
    assert_true(chain->sent_len <= CERT_SENT_OCTETS_MAX);
}

static void what_fits_behind_a_leaf_is_kept(void **state) {
    (void)state;
    enum { NAMES = 700 };
    static char text[NAMES][40];
    static struct octets san[NAMES];
    for (size_t i = 0; i < NAMES; i++)
        san[i] = (struct octets){text[i], (size_t)snprintf(text[i], 40, "a-long-name-of-host-%zu.example.org", i)};
    struct identity leaf = make(&(struct wanted){.cn = TEXT("mx")}, &root);
    struct identity large = make(&(struct wanted){.cn = TEXT("large"), .san = san, .san_count = NAMES}, &root);
    assert_true(i2d_X509(large.certificate, NULL) > CERT_SENT_OCTETS_MAX / 2);
    X509 *sent[] = {leaf.certificate, root.certificate, large.certificate, large.certificate, root.certificate};
    static const size_t kept[] = {0, 0, 1, 2, 2, 2}; /* by how many are sent */
    for (size_t count = 1; count <= 5; count++) {
        struct cert_chain *chain = judge(sent, count);
        assert_int_equal(chain->chain_count, count - 1);
        check_kept(chain, kept[count]);
        cert_chain_free(&chain);
    }
    X509_free(large.certificate);
    X509_free(leaf.certificate);
}

static void one_behind_a_leaf_says_what_it_is(void **state) {
    (void)state;
    uint8_t *der = NULL;
    int len = i2d_X509(root.certificate, &der);
    struct cert_chain *alone = cert_chain_read_behind(reader_of(der, (size_t)len));
    assert_string_equal(alone->subject, "CN=root");
    assert_true(alone->extensions.is_ca && alone->self_signed && !alone->trusted);
    assert_int_equal(alone->key_bits, 256);
    assert_int_equal(alone->der_len, len);
    cert_chain_free(&alone);
    alone = cert_chain_read_behind(reader_of(der, (size_t)len - 1));
    assert_non_null(alone->parse_error);
    assert_false(alone->self_signed);
    cert_chain_free(&alone);
    OPENSSL_free(der);
}

/* ---- set-up ---- */

static int set_up(void **state) {
    (void)state;
    ec_key = EVP_EC_gen("P-256");
    root = make(&(struct wanted){.cn = TEXT("root"), .ca = true}, NULL);
    trust = store_of(&root.certificate, 1);
    return trust ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    X509_free(root.certificate);
    EVP_PKEY_free(ec_key);
    trust_close(&trust);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(extensions_are_read),
        cmocka_unit_test(what_cannot_be_read_is_unread),
        cmocka_unit_test(hostile_extensions_are_clean_and_bounded),
        cmocka_unit_test(what_fits_behind_a_leaf_is_kept),
        cmocka_unit_test(one_behind_a_leaf_says_what_it_is),
    };
    return cmocka_run_group_tests_name("extensions", tests, set_up, tear_down);
}
