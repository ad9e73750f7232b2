// link: mxg_mx
/* test_mx_set.c - from MX records to canonical sets. */
#include "mx_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct mx_set set_of(struct dns_mx *mx, size_t count) {
    struct mx_set set;
    mx_set_from_records(&set, mx, count);
    return set;
}

static void equal_sets_have_equal_keys_whatever_the_order(void **state) {
    struct dns_mx a[] = {{10, "mx1.example"}, {20, "MX2.example"}}, b[] = {{20, "mx2.example"}, {10, "mx1.Example"}};
    (void)state;
    assert_string_equal(set_of(a, 2).key, set_of(b, 2).key);
    assert_int_equal(strlen(set_of(a, 2).key), 36);
}

static void case_makes_no_other_set_even_where_the_target_is_no_host(void **state) {
    struct dns_mx a[] = {{10, "A\\046b.example"}, {10, "a\\046b.example"}};
    struct dns_mx b[] = {{10, "a\\046b.example"}, {10, "A\\046b.example"}};
    (void)state;
    assert_string_equal(set_of(a, 2).key, set_of(b, 2).key);
    assert_int_equal(set_of(a, 2).count, 1);
}

static void preferences_make_another_set(void **state) {
    struct dns_mx a[] = {{10, "mx1.example"}, {20, "mx2.example"}}, b[] = {{10, "mx1.example"}, {10, "mx2.example"}};
    (void)state;
    assert_string_not_equal(set_of(a, 2).key, set_of(b, 2).key);
}

static void null_mx_is_exactly_one_root(void **state) {
    struct dns_mx alone[] = {{0, "."}}, beside[] = {{0, "."}, {10, "mx.example"}};
    (void)state;
    assert_true(set_of(alone, 1).null_mx);
    struct mx_set set = set_of(beside, 2);
    assert_false(set.null_mx);
    assert_int_equal(set.count, 1);
    assert_true(set.flags & MX_FLAG_NULL_WITH_OTHERS);
}

static void an_exchange_listed_twice_counts_once_with_its_lowest_preference(void **state) {
    struct dns_mx mx[] = {{30, "mx.example"}, {10, "MX.example"}, {20, "other.example"}};
    (void)state;
    struct mx_set set = set_of(mx, 3);
    assert_int_equal(set.count, 2);
    assert_int_equal(set.member[0].preference, 10);
    assert_string_equal(set.member[0].exchange, "mx.example");
    assert_true(set.flags & MX_FLAG_DUPLICATE);
}

static void a_thousand_records_are_capped_and_flagged(void **state) {
    static struct dns_mx mx[1000];
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        mx[i].preference = (uint16_t)(1000 - i);
        snprintf(mx[i].exchange, sizeof mx[i].exchange, "mx%u.example", i);
    }
    struct mx_set set = set_of(mx, 1000);
    assert_int_equal(set.count, MX_SET_MAX);
    assert_int_equal(set.member[0].preference, 1);
    assert_true(set.flags & MX_FLAG_CAPPED);
}

static void targets_that_are_no_host_names_are_marked(void **state) {
    struct dns_mx mx[] = {{1, "127.0.0.1"}, {2, "mail"}, {3, "a\\046b.example"}, {4, "good.example"}};
    (void)state;
    struct mx_set set = set_of(mx, 4);
    assert_int_equal(set.count, 4);
    for (unsigned i = 0; i < 3; i++)
        assert_true(set.member[i].invalid);
    assert_false(set.member[3].invalid);
}

static void an_implicit_mx_is_the_domain_itself(void **state) {
    struct mx_set set;
    (void)state;
    mx_set_implicit(&set, "example.org");
    assert_int_equal(set.count, 1);
    assert_int_equal(set.member[0].preference, 0);
    assert_string_equal(set.member[0].exchange, "example.org");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_sets_have_equal_keys_whatever_the_order),
        cmocka_unit_test(case_makes_no_other_set_even_where_the_target_is_no_host),
        cmocka_unit_test(preferences_make_another_set),
        cmocka_unit_test(null_mx_is_exactly_one_root),
        cmocka_unit_test(an_exchange_listed_twice_counts_once_with_its_lowest_preference),
        cmocka_unit_test(a_thousand_records_are_capped_and_flagged),
        cmocka_unit_test(targets_that_are_no_host_names_are_marked),
        cmocka_unit_test(an_implicit_mx_is_the_domain_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
