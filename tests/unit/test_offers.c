// link: mxg_tls
/* test_offers.c - what hellos offer: a refusal of a class of suites has to have been offered the class. */
#include "tls/offers.h"

#include "model/suites.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static uint16_t list[HELLO_SUITES_MAX];

static size_t offered(enum offer offer, unsigned open, enum tls_version max) {
    return offer_suites(offer, (struct offer_scope){.open = open, .max = max}, list);
}

/* Key exchange that a sender's TLS library has without keys or tickets of its own. */
static bool is_for_mail(const struct suite *suite) {
    static const char *const kx[] = {"RSA", "DHE", "ECDHE", "DH_anon", "ECDH_anon"};
    for (size_t i = 0; i < sizeof kx / sizeof *kx; i++)
        if (strcmp(suite->kx, kx[i]) == 0)
            return !(suite->flags & SUITE_TLS13);
    return false;
}

static void every_suite_of_a_class_is_offered_before_its_refusal_counts(void **state) {
    static const unsigned classes[] = {SUITE_WEAK, SUITE_ANON, SUITE_R1, SUITE_R2, SUITE_FS};
    (void)state;
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        size_t count = offered(OFFER_CLASSES, classes[i], VERSION_TLS1_2);
        for (size_t k = 0; k < SUITE_COUNT; k++)
            if (is_for_mail(&SUITES[k]) && (SUITES[k].flags & classes[i]) &&
                !suite_is_listed(list, count, SUITES[k].id))
                fail_msg("%s is not offered", SUITES[k].name);
    }
}

static void every_weak_suite_stands_in_the_weak_list(void **state) {
    (void)state;
    size_t count = offered(OFFER_WEAK, SUITE_WEAK, VERSION_TLS1_2);
    for (size_t k = 0; k < SUITE_COUNT; k++)
        if (is_for_mail(&SUITES[k]) && (SUITES[k].flags & SUITE_WEAK) && !suite_is_listed(list, count, SUITES[k].id))
            fail_msg("%s is not offered", SUITES[k].name);
}

/* Before a refusal is one of the version. */
static void every_suite_and_the_rest_of_the_registry_are_what_openssl_has_and_more(void **state) {
    (void)state;
    size_t count = offered(OFFER_REGISTRY, 0, VERSION_TLS1_2);
    for (size_t k = 0; k < SUITE_COUNT; k++) {
        bool strong = !(SUITES[k].flags & (SUITE_WEAK | SUITE_ANON));
        if (is_for_mail(&SUITES[k]) && strong && !suite_is_listed(list, count, SUITES[k].id))
            fail_msg("%s is not offered", SUITES[k].name);
    }
}

static void no_hello_of_an_old_version_holds_more_than_old_servers_read(void **state) {
    (void)state;
    for (unsigned offer = 0; offer < OFFER_COUNT; offer++)
        for (unsigned max = VERSION_SSLV3; max <= VERSION_TLS1_1; max++)
            assert_true(offered((enum offer)offer, SUITE_WEAK | SUITE_FS, (enum tls_version)max) <= OFFER_USUAL_MAX);
    assert_true(offered(OFFER_ALL, 0, VERSION_TLS1_2) <= OFFER_USUAL_MAX);
}

static void no_suite_stands_twice(void **state) {
    (void)state;
    for (unsigned offer = 0; offer < OFFER_COUNT; offer++) {
        size_t count = offered((enum offer)offer, SUITE_WEAK | SUITE_ANON | SUITE_R2, VERSION_TLS1_2);
        assert_true(count > 0);
        for (size_t i = 0; i < count; i++)
            assert_false(suite_is_listed(list, i, list[i]));
    }
}

/* RFC 7919: who lists some groups of finite fields, and not the server's, gets no DHE. */
static void groups_of_finite_fields_are_offered_all_or_not_at_all(void **state) {
    (void)state;
    for (unsigned which = 0; which <= GROUPS_HYBRID; which++) {
        size_t count, fields = 0;
        const uint16_t *groups = offer_groups((enum offer_group)which, &count);
        assert_true(count <= HELLO_GROUPS_MAX);
        for (size_t i = 0; i < count; i++)
            fields += groups[i] >= 0x0100 && groups[i] <= 0x0104;
        assert_true(fields == 0 || fields == 5 || which == GROUPS_SMALL);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_suite_of_a_class_is_offered_before_its_refusal_counts),
        cmocka_unit_test(every_weak_suite_stands_in_the_weak_list),
        cmocka_unit_test(every_suite_and_the_rest_of_the_registry_are_what_openssl_has_and_more),
        cmocka_unit_test(no_hello_of_an_old_version_holds_more_than_old_servers_read),
        cmocka_unit_test(no_suite_stands_twice),
        cmocka_unit_test(groups_of_finite_fields_are_offered_all_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
