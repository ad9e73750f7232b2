// link: mxg_cert
/* test_chain_cache.c - chains parsed once, forgotten in order, alive while somebody holds them. */
#include "cert/chain_cache.h"
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
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { LISTS = 6, LIST_MAX = 1 << 16, MANY_NAMES = 900, SMALL = 3 };

struct list {
    uint8_t *octets;
    size_t len;
};

static EVP_PKEY *key;
static int64_t now; /* all certificates are in date */
static struct trust *trust;
static struct list lists[LISTS];

/* Self-signed, with so many names. */
static X509 *make(unsigned number, size_t names) {
    static char san[MANY_NAMES * 40] = "";
    char cn[32];
    X509 *made = X509_new();
    snprintf(cn, sizeof cn, "mx%u.example.org", number);
    X509_set_version(made, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made), number);
    X509_gmtime_adj(X509_getm_notBefore(made), 0);
    X509_gmtime_adj(X509_getm_notAfter(made), 86400);
    X509_NAME_add_entry_by_NID(X509_get_subject_name(made), NID_commonName, MBSTRING_ASC, (unsigned char *)cn, -1, -1,
                               0);
    X509_set_issuer_name(made, X509_get_subject_name(made));
    X509_set_pubkey(made, key);
    size_t used = 0;
    for (size_t i = 0; i < names; i++)
        used += (size_t)snprintf(san + used, sizeof san - used, "%sDNS:a-name-of-the-host-%zu.test", i ? "," : "", i);
    X509_EXTENSION *extension = names ? X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san) : NULL;
    if (extension)
        assert_int_equal(X509_add_ext(made, extension, -1), 1);
    X509_EXTENSION_free(extension);
    assert_true(X509_sign(made, key, EVP_sha256()) > 0);
    return made;
}

static void put_length(uint8_t *out, size_t len) {
    out[0] = (uint8_t)(len >> 16);
    out[1] = (uint8_t)(len >> 8);
    out[2] = (uint8_t)len;
}

static struct list list_of(X509 *const *certificates, size_t count) {
    struct list list = {malloc(LIST_MAX), 3};
    for (size_t i = 0; i < count; i++) {
        unsigned char *at = list.octets + list.len + 3;
        size_t der = (size_t)i2d_X509(certificates[i], NULL);
        assert_true(list.len + 3 + der < LIST_MAX);
        i2d_X509(certificates[i], &at);
        put_length(list.octets + list.len, der);
        list.len += 3 + der;
    }
    put_length(list.octets, list.len - 3);
    return list;
}

/* Asks and lets go at once. */
static void touch(struct chain_cache *cache, const struct list *list) {
    const char *error = "";
    const struct cert_chain *chain = chain_cache_get(cache, list->octets, list->len, now, &error);
    assert_non_null(chain);
    assert_null(error);
    cert_chain_release(&chain);
    assert_null(chain);
}

static void a_chain_seen_before_is_not_parsed_again(void **state) {
    (void)state;
    const char *error;
    struct chain_cache *cache = chain_cache_new(trust, 0);
    const struct cert_chain *first = chain_cache_get(cache, lists[0].octets, lists[0].len, now, &error);
    const struct cert_chain *second = chain_cache_get(cache, lists[0].octets, lists[0].len, now, &error);
    assert_ptr_equal(first, second);
    assert_string_equal(first->subject_cn, "mx0.example.org");
    touch(cache, &lists[1]);
    struct chain_cache_stats stats = chain_cache_stats(cache);
    assert_int_equal(stats.parsed, 2);
    assert_int_equal(stats.hits, 1);
    assert_int_equal(stats.entries, 2);
    cert_chain_release(&first);
    cert_chain_release(&second);
    chain_cache_free(&cache);
    assert_null(cache);
}

static void the_same_leaf_with_other_certificates_behind_it_is_another_chain(void **state) {
    (void)state;
    X509 *pair[] = {make(100, 0), make(101, 0)};
    struct list alone = list_of(pair, 1), both = list_of(pair, 2);
    struct chain_cache *cache = chain_cache_new(trust, 0);
    const char *error;
    const struct cert_chain *one = chain_cache_get(cache, alone.octets, alone.len, now, &error);
    const struct cert_chain *two = chain_cache_get(cache, both.octets, both.len, now, &error);
    assert_ptr_not_equal(one, two);
    assert_memory_equal(one->leaf_sha256, two->leaf_sha256, sizeof one->leaf_sha256);
    assert_int_equal(one->chain_count, 0);
    assert_int_equal(two->chain_count, 1);
    assert_int_equal(chain_cache_stats(cache).parsed, 2);
    cert_chain_release(&one);
    cert_chain_release(&two);
    chain_cache_free(&cache);
    X509_free(pair[0]);
    X509_free(pair[1]);
    free(alone.octets);
    free(both.octets);
}

static void what_was_unused_for_longest_goes_first(void **state) {
    (void)state;
    struct chain_cache *cache = chain_cache_new(trust, SMALL);
    for (size_t i = 0; i < SMALL; i++)
        touch(cache, &lists[i]);
    touch(cache, &lists[0]);     /* now 1 is the oldest */
    touch(cache, &lists[SMALL]); /* and goes */
    assert_int_equal(chain_cache_stats(cache).evicted, 1);
    assert_int_equal(chain_cache_stats(cache).entries, SMALL);
    touch(cache, &lists[0]);
    touch(cache, &lists[2]);
    assert_int_equal(chain_cache_stats(cache).parsed, SMALL + 1);
    touch(cache, &lists[1]);
    assert_int_equal(chain_cache_stats(cache).parsed, SMALL + 2);
    chain_cache_free(&cache);
}

static void a_reference_outlives_eviction_and_cache(void **state) {
    (void)state;
    const char *error;
    struct chain_cache *cache = chain_cache_new(trust, 1);
    const struct cert_chain *held = chain_cache_get(cache, lists[0].octets, lists[0].len, now, &error);
    touch(cache, &lists[1]);
    assert_int_equal(chain_cache_stats(cache).evicted, 1);
    assert_string_equal(held->subject_cn, "mx0.example.org");
    const struct cert_chain *anew = chain_cache_get(cache, lists[0].octets, lists[0].len, now, &error);
    assert_ptr_not_equal(held, anew);
    chain_cache_free(&cache);
    assert_true(cert_chain_match(anew, "mx0.example.org").matched);
    assert_string_equal(held->subject_cn, anew->subject_cn);
    cert_chain_release(&held);
    cert_chain_release(&anew);
}

static void memory_is_bounded_too(void **state) {
    (void)state;
    enum { ENTRIES = 16 };
    struct chain_cache *cache = chain_cache_new(trust, ENTRIES);
    for (unsigned i = 0; i < ENTRIES; i++) {
        X509 *large = make(200 + i, MANY_NAMES);
        struct list list = list_of(&large, 1);
        touch(cache, &list);
        assert_true(chain_cache_stats(cache).octets <= (size_t)ENTRIES * CHAIN_CACHE_ENTRY_OCTETS);
        X509_free(large);
        free(list.octets);
    }
    assert_true(chain_cache_stats(cache).entries < ENTRIES);
    assert_true(chain_cache_stats(cache).entries > 0);
    chain_cache_free(&cache);
}

static void a_chain_larger_than_the_cache_is_given_and_not_kept(void **state) {
    (void)state;
    struct chain_cache *cache = chain_cache_new(trust, 1);
    X509 *large = make(300, MANY_NAMES);
    struct list list = list_of(&large, 1);
    touch(cache, &list);
    assert_int_equal(chain_cache_stats(cache).entries, 0);
    assert_int_equal(chain_cache_stats(cache).octets, 0);
    chain_cache_free(&cache);
    X509_free(large);
    free(list.octets);
}

static void failures_are_remembered(void **state) {
    (void)state;
    static const uint8_t empty[] = {0, 0, 0}, garbage[] = {0, 0, 5, 0, 0, 2, 0x30, 0x01};
    struct chain_cache *cache = chain_cache_new(trust, 0);
    for (unsigned i = 0; i < 2; i++) {
        const char *error = NULL;
        assert_null(chain_cache_get(cache, empty, sizeof empty, now, &error));
        assert_string_equal(error, "an empty certificate list");
        const struct cert_chain *chain = chain_cache_get(cache, garbage, sizeof garbage, now, &error);
        assert_non_null(chain->parse_error);
        cert_chain_release(&chain);
    }
    assert_int_equal(chain_cache_stats(cache).parsed, 2);
    assert_int_equal(chain_cache_stats(cache).hits, 2);
    chain_cache_free(&cache);
}

/* Another path may be found then. */
static void a_chain_is_judged_anew_when_a_certificate_begins_or_ends(void **state) {
    (void)state;
    const char *error;
    struct chain_cache *cache = chain_cache_new(trust, 0);
    const struct cert_chain *chain = chain_cache_get(cache, lists[0].octets, lists[0].len, now, &error);
    int64_t begins = chain->not_before, ends = chain->not_after;
    cert_chain_release(&chain);
    const struct {
        int64_t at;
        bool anew;
    } times[] = {{begins, false},           {ends - 1, false},  {ends, true}, {ends + 1, true},
                 {INT64_C(1) << 40, false}, {begins - 1, true}, {0, false},   {begins, true}};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        uint64_t parsed = chain_cache_stats(cache).parsed;
        chain = chain_cache_get(cache, lists[0].octets, lists[0].len, times[i].at, &error);
        if ((chain_cache_stats(cache).parsed > parsed) != times[i].anew)
            fail_msg("time %zu", i);
        cert_chain_release(&chain);
        assert_int_equal(chain_cache_stats(cache).entries, 1);
    }
    chain_cache_free(&cache);
}

static int set_up(void **state) {
    char path[] = "/tmp/test_chain_cache.XXXXXX", error[256];
    (void)state;
    key = EVP_EC_gen("P-256");
    now = (int64_t)time(NULL) + 60;
    X509 *root = make(1000, 0);
    int file = mkstemp(path);
    FILE *out = file < 0 ? NULL : fdopen(file, "w");
    if (out == NULL || PEM_write_X509(out, root) != 1 || fclose(out) != 0)
        return -1;
    trust = trust_open(path, error, sizeof error);
    unlink(path);
    X509_free(root);
    for (unsigned i = 0; i < LISTS; i++) {
        X509 *leaf = make(i, 0);
        lists[i] = list_of(&leaf, 1);
        X509_free(leaf);
    }
    return trust ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    for (unsigned i = 0; i < LISTS; i++)
        free(lists[i].octets);
    EVP_PKEY_free(key);
    trust_close(&trust);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_seen_before_is_not_parsed_again),
        cmocka_unit_test(the_same_leaf_with_other_certificates_behind_it_is_another_chain),
        cmocka_unit_test(what_was_unused_for_longest_goes_first),
        cmocka_unit_test(a_reference_outlives_eviction_and_cache),
        cmocka_unit_test(memory_is_bounded_too),
        cmocka_unit_test(a_chain_larger_than_the_cache_is_given_and_not_kept),
        cmocka_unit_test(failures_are_remembered),
        cmocka_unit_test(a_chain_is_judged_anew_when_a_certificate_begins_or_ends),
    };
    return cmocka_run_group_tests_name("chain_cache", tests, set_up, tear_down);
}
