// link: mxg_published
/* test_tlsa.c - TLSA records: RDATA, text, and which of them SMTP can use. */
#include "published/tlsa.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SHA256_OCTETS = 32, SHA512_OCTETS = 64, CERTIFICATE_OCTETS = 900 };

static const char *why_of(uint8_t usage, uint8_t selector, uint8_t matching, size_t len) {
    static const uint8_t data[CERTIFICATE_OCTETS];
    return tlsa_unusable(
        &(struct tlsa){.usage = usage, .selector = selector, .matching = matching, .data = data, .len = len});
}

/* ---- RDATA (RFC 6698 section 2.1) ---- */

static void rdata_is_taken_apart(void **state) {
    (void)state;
    static const uint8_t rdata[] = {3, 1, 2, 0xAA, 0x00, 0xFF};
    struct tlsa tlsa;
    assert_true(tlsa_parse(&tlsa, rdata, sizeof rdata));
    assert_int_equal(tlsa.usage, TLSA_DANE_EE);
    assert_int_equal(tlsa.selector, TLSA_PUBLIC_KEY);
    assert_int_equal(tlsa.matching, TLSA_SHA512);
    assert_int_equal(tlsa.len, 3);
    assert_ptr_equal(tlsa.data, rdata + 3);
}

static void rdata_has_three_octets_and_at_most_four_thousand_and_ninety_six(void **state) {
    (void)state;
    static const uint8_t rdata[TLSA_RDATA_MAX + 1] = {2};
    struct tlsa tlsa;
    for (size_t len = 0; len < 3; len++)
        assert_false(tlsa_parse(&tlsa, rdata, len));
    assert_true(tlsa_parse(&tlsa, rdata, 3));
    assert_int_equal(tlsa.len, 0);
    assert_true(tlsa_parse(&tlsa, rdata, TLSA_RDATA_MAX));
    assert_int_equal(tlsa.len, TLSA_RDATA_MAX - 3);
    assert_false(tlsa_parse(&tlsa, rdata, TLSA_RDATA_MAX + 1));
}

/* ---- what SMTP can use (RFC 7672 section 3.1) ---- */

static void usages_2_and_3_with_their_selectors_and_digests_are_usable(void **state) {
    (void)state;
    static const size_t octets[] = {CERTIFICATE_OCTETS, SHA256_OCTETS, SHA512_OCTETS};
    for (unsigned usage = 0; usage <= UINT8_MAX; usage++)
        for (unsigned selector = 0; selector <= UINT8_MAX; selector++)
            for (unsigned matching = 0; matching <= UINT8_MAX; matching++) {
                bool usable = (usage == 2 || usage == 3) && selector <= 1 && matching <= 2;
                const char *why =
                    why_of((uint8_t)usage, (uint8_t)selector, (uint8_t)matching, octets[matching <= 2 ? matching : 1]);
                if (usable != (why == NULL))
                    fail_msg("%u %u %u: %s", usage, selector, matching, why ? why : "usable");
            }
}

static void usages_0_and_1_do_not_apply_to_smtp(void **state) {
    (void)state;
    assert_non_null(strstr(why_of(0, 1, 1, SHA256_OCTETS), "PKIX-TA"));
    assert_non_null(strstr(why_of(1, 1, 1, SHA256_OCTETS), "PKIX-EE"));
    assert_string_equal(why_of(255, 0, 1, SHA256_OCTETS), "unknown usage"); /* PrivCert */
    assert_string_equal(why_of(3, 255, 1, SHA256_OCTETS), "unknown selector");
    assert_string_equal(why_of(3, 1, 255, SHA256_OCTETS), "unknown matching type");
}

static void a_digest_of_another_length_is_unusable(void **state) {
    (void)state;
    for (size_t len = 0; len <= CERTIFICATE_OCTETS; len++) {
        assert_int_equal(why_of(3, 1, 1, len) == NULL, len == SHA256_OCTETS);
        assert_int_equal(why_of(2, 0, 2, len) == NULL, len == SHA512_OCTETS);
        assert_int_equal(why_of(3, 0, 0, len) == NULL, len > 0);
    }
    assert_string_equal(why_of(3, 1, 1, 0), "no association data");
    assert_non_null(strstr(why_of(3, 1, 1, SHA512_OCTETS), "32 octets"));
}

/* ---- text (RFC 6698 section 2.2) ---- */

static void text_is_read_as_zone_files_have_it(void **state) {
    (void)state;
    static const struct {
        const char *text, *again; /* again: NULL if it is none */
    } rows[] = {
        {"3 1 1 AbCd09", "3 1 1 abcd09"},
        {"  3\t1  1   ab cd\t09 ", "3 1 1 abcd09"},
        {"3 1 1 a b c d", "3 1 1 abcd"},
        {"255 254 253 00", "255 254 253 00"},
        {"003 01 1 00", "3 1 1 00"},
        {"3 1 1", "3 1 1"}, /* there, but of no use */
        {"3 1 1 ", "3 1 1"},
        {"3 1 1 abc", NULL},
        {"3 1 1 abxx", NULL},
        {"3 1 1 ab,cd", NULL},
        {"3 1 1 ab\ncd", NULL},
        {"3 1 1 0xab", NULL},
        {"3 1 1 \xc3\xa4", NULL},
        {"3 1 1abcd", NULL},
        {"3 1 256 abcd", NULL},
        {"3 1 4294967297 abcd", NULL},
        {"-3 1 1 abcd", NULL},
        {"+3 1 1 abcd", NULL},
        {"3 1 abcd", NULL},
        {"3 1", NULL},
        {"3.1.1 abcd", NULL},
        {"TLSA 3 1 1 abcd", NULL},
        {"", NULL},
        {" ", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t rdata[TLSA_RDATA_MAX];
        char text[TLSA_TEXT_CAP];
        struct tlsa tlsa;
        size_t len = 0;
        bool good = tlsa_from_text(rdata, &len, rows[i].text);
        if (good != (rows[i].again != NULL))
            fail_msg("'%s' %s", rows[i].text, good ? "was taken" : "was not taken");
        if (!good)
            continue;
        assert_true(tlsa_parse(&tlsa, rdata, len));
        tlsa_text(text, &tlsa);
        assert_string_equal(text, rows[i].again);
    }
}

static void the_longest_record_has_text_and_one_octet_more_has_none(void **state) {
    (void)state;
    uint8_t rdata[TLSA_RDATA_MAX], back[TLSA_RDATA_MAX];
    char text[TLSA_TEXT_CAP + 2];
    struct tlsa tlsa;
    size_t len;
    memset(rdata, 0xFF, sizeof rdata);
    assert_true(tlsa_parse(&tlsa, rdata, sizeof rdata));
    tlsa_text(text, &tlsa);
    assert_int_equal(strlen(text), TLSA_TEXT_CAP - 1);
    assert_true(tlsa_from_text(back, &len, text));
    assert_int_equal(len, sizeof rdata);
    assert_memory_equal(back, rdata, sizeof rdata);
    memcpy(text + TLSA_TEXT_CAP - 1, "ab", sizeof "ab");
    assert_false(tlsa_from_text(back, &len, text));
}

static void verdicts_have_keys_and_sentences(void **state) {
    (void)state;
    assert_string_equal(tlsa_verdict_key(TLSA_MATCH), "match");
    assert_string_equal(tlsa_verdict_key(TLSA_OTHER_NAME), "other_name");
    assert_string_equal(tlsa_verdict_key(TLSA_VERDICT_COUNT), "");
    assert_string_equal(tlsa_verdict_text((enum tlsa_verdict) - 1), "");
    for (unsigned i = 0; i < TLSA_VERDICT_COUNT; i++)
        assert_true(*tlsa_verdict_text((enum tlsa_verdict)i) != '\0');
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rdata_is_taken_apart),
        cmocka_unit_test(rdata_has_three_octets_and_at_most_four_thousand_and_ninety_six),
        cmocka_unit_test(usages_2_and_3_with_their_selectors_and_digests_are_usable),
        cmocka_unit_test(usages_0_and_1_do_not_apply_to_smtp),
        cmocka_unit_test(a_digest_of_another_length_is_unusable),
        cmocka_unit_test(text_is_read_as_zone_files_have_it),
        cmocka_unit_test(the_longest_record_has_text_and_one_octet_more_has_none),
        cmocka_unit_test(verdicts_have_keys_and_sentences),
    };
    return cmocka_run_group_tests_name("tlsa", tests, NULL, NULL);
}
