// link: mxg_tls
/* test_hello.c - the hellos that go out: layout and the size rules of docs/probe-plan.md section 4. */
#include "tls/hello.h"
#include "tls/offers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static uint16_t suites[HELLO_SUITES_MAX];
static const uint16_t groups[] = {0x11EC, 0x001D, 0x0017};
static const uint8_t random_octets[HELLO_RANDOM_OCTETS] = {1, 2, 3};

static unsigned at16(const uint8_t *at) { return (unsigned)at[0] << 8 | at[1]; }

static struct hello_spec spec_of(enum tls_version max, size_t count, const char *name) {
    return (struct hello_spec){
        .max = max, .suites = suites, .suite_count = count, .groups = groups, .group_count = 3, .server_name = name};
}

/* The extensions' block: offset of its length field, behind the fixed parts. */
static size_t extensions_at(const uint8_t *hello) {
    size_t at = 5 + 4 + 2 + 32;
    at += 1u + hello[at];
    at += 2 + at16(hello + at);
    return at + 1 + hello[at];
}

static const uint8_t *extension(const uint8_t *hello, size_t len, unsigned type, unsigned *extension_len) {
    for (size_t at = extensions_at(hello) + 2; at + 4 <= len; at += 4 + at16(hello + at + 2))
        if (at16(hello + at) == type) {
            *extension_len = at16(hello + at + 2);
            return hello + at + 4;
        }
    return NULL;
}

static void lengths_fit_and_size_rules_hold_for_every_hello(void **state) {
    char name[254];
    uint8_t hello[HELLO_MAX_OCTETS];
    (void)state;
    for (unsigned version = VERSION_TLS1_0; version <= VERSION_TLS1_3; version++)
        for (size_t count = 1; count <= HELLO_SUITES_MAX; count++)
            for (size_t len = 0; len < sizeof name; len++) {
                memset(name, 'a', len);
                name[len] = '\0';
                struct hello_spec spec = spec_of((enum tls_version)version, count, name);
                size_t total = hello_build(hello, &spec, random_octets), payload = total - 5;
                assert_true(total > 0);
                assert_int_equal(at16(hello + 3), payload);
                assert_int_equal((size_t)hello[6] << 16 | at16(hello + 7), payload - 4);
                size_t block = extensions_at(hello);
                assert_int_equal(at16(hello + block), total - block - 2);
                assert_false(payload > 255 && payload < 512);
                assert_false(payload % 256 == 10 || payload % 256 == 14);
                /* the last extension is not empty */
                size_t at = block + 2, last = 0;
                for (; at < total; at += 4 + at16(hello + at + 2))
                    last = at16(hello + at + 2);
                assert_int_equal(at, total);
                assert_true(last > 0);
            }
}

static void every_hello_ends_its_suites_with_the_scsv_and_has_no_fallback(void **state) {
    uint8_t hello[HELLO_MAX_OCTETS];
    (void)state;
    for (unsigned version = VERSION_SSLV3; version <= VERSION_TLS1_3; version++) {
        struct hello_spec spec = spec_of((enum tls_version)version, 5, "mx.example");
        assert_true(hello_build(hello, &spec, random_octets) > 0);
        size_t at = 43 + 1u + hello[43];
        assert_int_equal(at16(hello + at), 12);
        assert_int_equal(at16(hello + at + 2 + 10), 0x00FF);
    }
}

static void ssl3_has_no_extensions_and_its_own_record_version(void **state) {
    uint8_t hello[HELLO_MAX_OCTETS];
    struct hello_spec spec = spec_of(VERSION_SSLV3, OFFER_USUAL_MAX, "mx.example");
    (void)state;
    size_t len = hello_build(hello, &spec, random_octets);
    assert_int_equal(at16(hello + 1), 0x0300);
    assert_int_equal(at16(hello + 9), 0x0300);
    assert_int_equal(extensions_at(hello), len);
    assert_true(len - 5 <= 255);
}

static void tls13_is_offered_alone_with_an_empty_key_share(void **state) {
    uint8_t hello[HELLO_MAX_OCTETS];
    unsigned len;
    struct hello_spec spec = spec_of(VERSION_TLS1_3, 5, "mx.example");
    (void)state;
    size_t total = hello_build(hello, &spec, random_octets);
    assert_int_equal(at16(hello + 1), 0x0301);
    assert_int_equal(at16(hello + 9), 0x0303);
    assert_int_equal(hello[43], 32);
    assert_memory_equal(extension(hello, total, 43, &len), "\2\3\4", 3);
    assert_memory_equal(extension(hello, total, 51, &len), "\0\0", 2);
    assert_int_equal(at16(extension(hello, total, 10, &len) + 2), 0x11EC);
    assert_non_null(extension(hello, total, 13, &len));
    assert_memory_equal(extension(hello, total, 0, &len), "\0\15\0\0\12mx.example", 15);
}

static void no_server_name_means_no_extension(void **state) {
    uint8_t hello[HELLO_MAX_OCTETS];
    unsigned len;
    struct hello_spec spec = spec_of(VERSION_TLS1_2, 5, "");
    (void)state;
    size_t total = hello_build(hello, &spec, random_octets);
    assert_null(extension(hello, total, 0, &len));
    assert_null(extension(hello, total, 43, &len));
}

static void no_groups_mean_no_extension_for_an_empty_list_is_malformed(void **state) {
    uint8_t hello[HELLO_MAX_OCTETS];
    unsigned len;
    struct hello_spec spec = spec_of(VERSION_TLS1_2, 5, "mx.example");
    (void)state;
    spec.group_count = 0;
    size_t total = hello_build(hello, &spec, random_octets);
    assert_null(extension(hello, total, 10, &len));
    assert_non_null(extension(hello, total, 11, &len));
}

static void ssl2_offers_its_seven_kinds(void **state) {
    uint8_t hello[HELLO_MAX_OCTETS];
    struct hello_spec spec = {.max = VERSION_SSLV2};
    (void)state;
    size_t len = hello_build(hello, &spec, random_octets);
    assert_int_equal(at16(hello), 0x8000 | (len - 2));
    assert_memory_equal(hello + 2, "\1\0\2\0\25\0\0\0\20", 9);
    assert_int_equal(len, 2 + 9 + 21 + 16);
}

static void what_breaks_a_bound_is_not_built(void **state) {
    static uint16_t many[HELLO_SUITES_MAX + 1];
    char name[300];
    uint8_t hello[HELLO_MAX_OCTETS];
    (void)state;
    struct hello_spec spec = spec_of(VERSION_TLS1_2, HELLO_SUITES_MAX + 1, "");
    spec.suites = many;
    assert_int_equal(hello_build(hello, &spec, random_octets), 0);
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    spec = spec_of(VERSION_TLS1_2, 1, name);
    assert_int_equal(hello_build(hello, &spec, random_octets), 0);
    spec = spec_of(VERSION_TLS1_2, 0, "");
    assert_int_equal(hello_build(hello, &spec, random_octets), 0);
}

/* What refuses a hello without them is a server that is on (RFC 7627 section 5.3). */
static void current_extensions_stand_in_every_hello_from_tls1_0_up(void **state) {
    static const unsigned types[] = {22, 23, 35};
    uint8_t hello[HELLO_MAX_OCTETS];
    unsigned len;
    (void)state;
    for (unsigned version = VERSION_TLS1_0; version <= VERSION_TLS1_3; version++)
        for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
            struct hello_spec spec = spec_of((enum tls_version)version, 5, "mx.example");
            size_t total = hello_build(hello, &spec, random_octets);
            assert_non_null(extension(hello, total, types[i], &len));
            assert_int_equal(len, 0);
        }
}

static void a_small_hello_is_short(void **state) {
    uint8_t hello[HELLO_MAX_OCTETS];
    size_t group_count;
    const uint16_t *usual = offer_groups(GROUPS_SMALL, &group_count);
    struct hello_spec spec =
        spec_of(VERSION_TLS1_2, OFFER_SMALL_MAX, "a-name-of-fifty-octets-is-longer-than-most.example");
    (void)state;
    spec.groups = usual;
    spec.group_count = group_count;
    spec.small = true;
    size_t total = hello_build(hello, &spec, random_octets);
    assert_in_range(total, 100, HELLO_SHORT_MAX + 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_fit_and_size_rules_hold_for_every_hello),
        cmocka_unit_test(every_hello_ends_its_suites_with_the_scsv_and_has_no_fallback),
        cmocka_unit_test(ssl3_has_no_extensions_and_its_own_record_version),
        cmocka_unit_test(tls13_is_offered_alone_with_an_empty_key_share),
        cmocka_unit_test(no_server_name_means_no_extension),
        cmocka_unit_test(no_groups_mean_no_extension_for_an_empty_list_is_malformed),
        cmocka_unit_test(ssl2_offers_its_seven_kinds),
        cmocka_unit_test(what_breaks_a_bound_is_not_built),
        cmocka_unit_test(current_extensions_stand_in_every_hello_from_tls1_0_up),
        cmocka_unit_test(a_small_hello_is_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
