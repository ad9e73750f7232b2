// link: mxg_published
/* test_caa.c - CAA records: RDATA, text, issuers. */
#include "published/caa.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bool parse(struct caa *caa, const char *tag, const char *value) {
    static uint8_t rdata[1024];
    size_t tag_len = strlen(tag), value_len = strlen(value);
    rdata[0] = 0;
    rdata[1] = (uint8_t)tag_len;
    memcpy(rdata + 2, tag, tag_len);
    memcpy(rdata + 2 + tag_len, value, value_len);
    return caa_parse(caa, rdata, 2 + tag_len + value_len);
}

static void rdata_is_taken_apart(void **state) {
    (void)state;
    char text[CAA_TEXT_CAP];
    struct caa caa;
    assert_true(parse(&caa, "issue", "ca.example; account=7"));
    caa_text(text, &caa);
    assert_string_equal(text, "0 issue \"ca.example; account=7\"");
    assert_true(parse(&caa, "iodef", "mailto:\x1b[31m\xff"));
    caa_text(text, &caa);
    assert_string_equal(text, "0 iodef \"mailto:\\x1b[31m\\xff\"");
}

static void what_is_no_record_is_refused(void **state) {
    (void)state;
    struct caa caa;
    assert_false(caa_parse(&caa, (const uint8_t *)"", 0));
    assert_false(caa_parse(&caa, (const uint8_t[]){0}, 1));
    assert_false(caa_parse(&caa, (const uint8_t[]){0, 0, 'x'}, 3));
    assert_false(caa_parse(&caa, (const uint8_t[]){0, 2, 'x'}, 3));
    assert_true(caa_parse(&caa, (const uint8_t[]){128, 1, 'x'}, 3));
    assert_false(parse(&caa, "is sue", "ca.example"));
}

static void a_long_value_is_cut(void **state) {
    (void)state;
    char value[901], text[CAA_TEXT_CAP];
    struct caa caa;
    memset(value, 'x', 900);
    value[900] = '\0';
    assert_true(parse(&caa, "issue", value));
    caa_text(text, &caa);
    assert_int_equal(strlen(text), CAA_VALUE_MAX + sizeof "0 issue \"\"" - 1);
}

static void an_issuer_is_a_name_or_nobody(void **state) {
    static const struct {
        const char *tag, *value, *issuer; /* NULL: not that property */
    } cases[] = {
        {"issue", "ca.example", "ca.example"},
        {"ISSUE", " CA.Example\t", "ca.example"},
        {"issue", "ca.example;a=b", "ca.example"},
        {"issue", "ca.example ; a=b", "ca.example"},
        {"issue", ";", ""},
        {"issue", "", ""},
        {"issue", "ca example", ""},
        {"issue", "ca_example", ""},
        {"issuewild", "ca.example", NULL},
        {"iodef", "mailto:a@example.org", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char issuer[CAA_ISSUER_CAP];
        struct caa caa;
        assert_true(parse(&caa, cases[i].tag, cases[i].value));
        assert_int_equal(caa_issuer(issuer, &caa), cases[i].issuer != NULL);
        assert_string_equal(issuer, cases[i].issuer ? cases[i].issuer : "");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rdata_is_taken_apart),
        cmocka_unit_test(what_is_no_record_is_refused),
        cmocka_unit_test(a_long_value_is_cut),
        cmocka_unit_test(an_issuer_is_a_name_or_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
