// link: mxg_published
/* test_tlsrpt.c - TLS-RPT (RFC 8460 section 3): which TXT records say where reports go. */
#include "published/tlsrpt.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define V "v=TLSRPTv1;"

struct row {
    const char *record;
    enum tlsrpt_why why; /* TLSRPT_WHY_NONE: valid */
};

static struct tlsrpt_record parse(const char *text) {
    struct txt record = {(const uint8_t *)text, strlen(text)};
    return tlsrpt_record_parse(&record, 1);
}

static void check_rows(const struct row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct tlsrpt_record got = parse(rows[i].record);
        enum tlsrpt_status status = rows[i].why == TLSRPT_WHY_NONE ? TLSRPT_VALID : TLSRPT_INVALID;
        if (got.status != status || got.why != rows[i].why || (got.rua_count > 0) != (status == TLSRPT_VALID))
            fail_msg("row %zu '%s': status %d, '%s'", i, rows[i].record, (int)got.status, tlsrpt_why_key(got.why));
        tlsrpt_record_free(&got);
    }
}
#define CHECK(...)                                                                                                     \
    do {                                                                                                               \
        static const struct row rows[] = {__VA_ARGS__};                                                                \
        check_rows(rows, sizeof rows / sizeof *rows);                                                                  \
    } while (0)

static void only_records_that_begin_v_tlsrptv1_count(void **state) {
    (void)state;
    static const char *const others[] = {"",
                                         "v=spf1 -all",
                                         "v=TLSRPTv1",
                                         "v=TLSRPTv1 rua=mailto:a@example.com;",
                                         "v=TLSRPTv1 ",
                                         " v=TLSRPTv1; rua=mailto:a@example.com",
                                         "v=tlsrptv1; rua=mailto:a@example.com",
                                         "v=TLSRPTv2; rua=mailto:a@example.com"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct tlsrpt_record got = parse(others[i]);
        if (got.status != TLSRPT_NONE || got.why != TLSRPT_WHY_NONE)
            fail_msg("'%s': status %d", others[i], (int)got.status);
    }
    assert_int_equal(tlsrpt_record_parse(NULL, 0).status, TLSRPT_NONE);
}

/* field-delim = *WSP ";" *WSP */
static void blanks_may_stand_before_the_first_semicolon(void **state) {
    (void)state;
    CHECK({"v=TLSRPTv1 ; rua=mailto:a@example.com", TLSRPT_WHY_NONE},
          {"v=TLSRPTv1 \t;\trua=mailto:a@example.com ;", TLSRPT_WHY_NONE}, {"v=TLSRPTv1 ;", TLSRPT_WHY_NO_RUA},
          {"v=TLSRPTv1 ;; rua=mailto:a@example.com", TLSRPT_WHY_RECORD_SYNTAX});
}

static void exactly_one_record_must_remain(void **state) {
    (void)state;
    static const char good[] = V " rua=mailto:a@example.com", other[] = "v=spf1 -all";
    struct txt records[] = {{(const uint8_t *)other, sizeof other - 1},
                            {(const uint8_t *)good, sizeof good - 1},
                            {(const uint8_t *)good, sizeof good - 1}};
    struct tlsrpt_record got = tlsrpt_record_parse(records, 3);
    assert_int_equal(got.status, TLSRPT_INVALID);
    assert_int_equal(got.why, TLSRPT_WHY_SEVERAL_RECORDS);
    assert_int_equal(got.rua_count, 0);
    got = tlsrpt_record_parse(records, 2);
    assert_int_equal(got.status, TLSRPT_VALID);
    tlsrpt_record_free(&got);
}

static void a_rua_is_mailto_or_https(void **state) {
    (void)state;
    CHECK({V "rua=mailto:reports@example.com", TLSRPT_WHY_NONE},
          {V " rua=https://reporting.example.com/v1/tlsrpt;", TLSRPT_WHY_NONE},
          {V "rua=MailTo:a@example.com", TLSRPT_WHY_NONE}, {V "rua=http://example.com/", TLSRPT_WHY_BAD_SCHEME},
          {V "rua=ftp://example.com/", TLSRPT_WHY_BAD_SCHEME}, {V "rua=a@example.com", TLSRPT_WHY_BAD_SCHEME},
          {V "rua=mailto:a@example.com,tel:12", TLSRPT_WHY_BAD_SCHEME}, {V "rua=", TLSRPT_WHY_BAD_URI});
}

static void a_rua_is_needed(void **state) {
    (void)state;
    CHECK({V, TLSRPT_WHY_NO_RUA}, {V " ", TLSRPT_WHY_NO_RUA}, {V " ruf=mailto:a@example.com", TLSRPT_WHY_NO_RUA},
          {V " RUA=mailto:a@example.com", TLSRPT_WHY_NO_RUA});
}

static void several_rua_stand_behind_commas(void **state) {
    (void)state;
    struct tlsrpt_record got = parse(V "rua=mailto:a@example.com , https://b.example/c?d=e#f,\tmailto:g@example.com ;");
    assert_int_equal(got.status, TLSRPT_VALID);
    assert_int_equal(got.rua_count, 3);
    assert_int_equal(got.rua_total, 3);
    assert_string_equal(got.rua[0], "mailto:a@example.com");
    assert_string_equal(got.rua[1], "https://b.example/c?d=e#f");
    assert_string_equal(got.rua[2], "mailto:g@example.com");
    tlsrpt_record_free(&got);
    CHECK({V "rua=mailto:a@example.com,", TLSRPT_WHY_BAD_URI}, {V "rua=,mailto:a@example.com", TLSRPT_WHY_BAD_URI},
          {V "rua=mailto:a@example.com,,mailto:b@example.com", TLSRPT_WHY_BAD_URI},
          {V "rua=mailto:a@example.com mailto:b@example.com", TLSRPT_WHY_BAD_URI});
}

static void several_rua_fields_count_all(void **state) {
    (void)state;
    struct tlsrpt_record got = parse(
        V "rua=mailto:a@example.com; x=y; rua=https://b.example/c, mailto:d@example.com; rua=mailto:e@example.com");
    static const char *const places[] = {"mailto:a@example.com", "https://b.example/c", "mailto:d@example.com",
                                         "mailto:e@example.com"};
    assert_int_equal(got.status, TLSRPT_VALID);
    assert_int_equal(got.rua_count, 4);
    assert_int_equal(got.rua_total, 4);
    for (size_t i = 0; i < got.rua_count; i++)
        assert_string_equal(got.rua[i], places[i]);
    tlsrpt_record_free(&got);
    CHECK({V "rua=mailto:a@example.com; rua=nonsense", TLSRPT_WHY_BAD_SCHEME},
          {V "rua=mailto:a@example.com; rua=", TLSRPT_WHY_BAD_URI});
}

static void comma_semicolon_and_exclamation_mark_are_encoded(void **state) {
    (void)state;
    CHECK({V "rua=mailto:a%2Cb%3bc%21@example.com", TLSRPT_WHY_NONE},
          {V "rua=mailto:a!b@example.com", TLSRPT_WHY_BAD_URI}, {V "rua=mailto:a@example.com!10m", TLSRPT_WHY_BAD_URI},
          {V "rua=mailto:a%2@example.com", TLSRPT_WHY_BAD_URI}, {V "rua=mailto:a@example.com?%4", TLSRPT_WHY_BAD_URI},
          {V "rua=mailto:a%zz@example.com", TLSRPT_WHY_BAD_URI},
          {V "rua=mailto:a;b@example.com", TLSRPT_WHY_BAD_MAILTO}, {V "rua=mailto:<a@example.com>", TLSRPT_WHY_BAD_URI},
          {V "rua=\"mailto:a@example.com\"", TLSRPT_WHY_BAD_URI},
          {V "rua=mailto:\xc3\xa9@example.com", TLSRPT_WHY_RECORD_SYNTAX});
}

static void a_mailto_names_a_mailbox_at_a_domain(void **state) {
    (void)state;
    CHECK({V "rua=mailto:a+b@xn--bcher-kva.example?subject=x", TLSRPT_WHY_NONE},
          {V "rua=mailto:", TLSRPT_WHY_BAD_MAILTO}, {V "rua=mailto:@example.com", TLSRPT_WHY_BAD_MAILTO},
          {V "rua=mailto:a", TLSRPT_WHY_BAD_MAILTO}, {V "rua=mailto:a@", TLSRPT_WHY_BAD_MAILTO},
          {V "rua=mailto:a@example", TLSRPT_WHY_BAD_MAILTO}, {V "rua=mailto:a@b@example.com", TLSRPT_WHY_BAD_MAILTO},
          {V "rua=mailto:a@192.0.2.1", TLSRPT_WHY_BAD_MAILTO}, {V "rua=mailto:a@b..example", TLSRPT_WHY_BAD_MAILTO});
}

static void an_https_uri_names_a_host(void **state) {
    (void)state;
    CHECK({V "rua=https://example.com", TLSRPT_WHY_NONE}, {V "rua=https://example.com:8443/x", TLSRPT_WHY_NONE},
          {V "rua=https://[2001:db8::1]/x", TLSRPT_WHY_NONE}, {V "rua=https://[2001:db8::1]:443/x", TLSRPT_WHY_NONE},
          {V "rua=https://192.0.2.1/x", TLSRPT_WHY_NONE}, {V "rua=https:", TLSRPT_WHY_BAD_HTTPS},
          {V "rua=https:example.com", TLSRPT_WHY_BAD_HTTPS}, {V "rua=https:///x", TLSRPT_WHY_BAD_HTTPS},
          {V "rua=https://localhost/x", TLSRPT_WHY_BAD_HTTPS}, {V "rua=https://example.com:x/", TLSRPT_WHY_BAD_HTTPS},
          {V "rua=https://:443/", TLSRPT_WHY_BAD_HTTPS}, {V "rua=https://[::1/x", TLSRPT_WHY_BAD_HTTPS},
          {V "rua=https://user@example.com/", TLSRPT_WHY_BAD_HTTPS});
}

static void unknown_fields_are_ignored(void **state) {
    (void)state;
    CHECK({V " x.y=z; rua=mailto:a@example.com; e=f;", TLSRPT_WHY_NONE},
          {V " rua=mailto:a@example.com; x", TLSRPT_WHY_RECORD_SYNTAX},
          {V " rua=mailto:a@example.com; x=y z", TLSRPT_WHY_RECORD_SYNTAX},
          {V "; rua=mailto:a@example.com", TLSRPT_WHY_RECORD_SYNTAX});
}

static void nul_in_a_record_is_no_end_of_it(void **state) {
    (void)state;
    static const char nul[] = V "rua=mailto:a@example.com\0";
    struct txt record = {(const uint8_t *)nul, sizeof nul - 1};
    assert_int_equal(tlsrpt_record_parse(&record, 1).why, TLSRPT_WHY_RECORD_SYNTAX);
}

static void a_long_list_is_counted_and_its_head_is_kept(void **state) {
    (void)state;
    enum { MANY = 3000, LONG = 5000 };
    char *text = mem_alloc(MANY * 32 + LONG), *at = stpcpy(text, V "rua=https://a.example/");
    memset(at, 'x', LONG);
    at += LONG;
    for (size_t i = 1; i < MANY; i++)
        at += sprintf(at, ",mailto:a%zu@example.com", i);
    struct tlsrpt_record got = parse(text);
    assert_int_equal(got.status, TLSRPT_VALID);
    assert_int_equal(got.rua_total, MANY);
    assert_int_equal(got.rua_count, TLSRPT_RUA_MAX);
    assert_int_equal(strlen(got.rua[0]), TLSRPT_RUA_MAX_OCTETS);
    assert_string_equal(got.rua[TLSRPT_RUA_MAX - 1], "mailto:a7@example.com");
    tlsrpt_record_free(&got);
    assert_int_equal(got.rua_count, 0);
    free(text);
}

static void every_why_has_a_key_of_its_own_and_a_sentence(void **state) {
    (void)state;
    for (unsigned i = 0; i < TLSRPT_WHY_COUNT; i++) {
        assert_int_equal(tlsrpt_why_from_key(tlsrpt_why_key((enum tlsrpt_why)i)), i);
        assert_int_equal(*tlsrpt_why_text((enum tlsrpt_why)i) != '\0', i != TLSRPT_WHY_NONE);
    }
    assert_int_equal(tlsrpt_why_from_key("no such key"), TLSRPT_WHY_COUNT);
    assert_string_equal(tlsrpt_why_key((enum tlsrpt_why)999), "unknown");
    assert_string_equal(tlsrpt_why_text(TLSRPT_WHY_COUNT), "unknown");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_records_that_begin_v_tlsrptv1_count),
        cmocka_unit_test(blanks_may_stand_before_the_first_semicolon),
        cmocka_unit_test(exactly_one_record_must_remain),
        cmocka_unit_test(a_rua_is_mailto_or_https),
        cmocka_unit_test(a_rua_is_needed),
        cmocka_unit_test(several_rua_stand_behind_commas),
        cmocka_unit_test(several_rua_fields_count_all),
        cmocka_unit_test(comma_semicolon_and_exclamation_mark_are_encoded),
        cmocka_unit_test(a_mailto_names_a_mailbox_at_a_domain),
        cmocka_unit_test(an_https_uri_names_a_host),
        cmocka_unit_test(unknown_fields_are_ignored),
        cmocka_unit_test(nul_in_a_record_is_no_end_of_it),
        cmocka_unit_test(a_long_list_is_counted_and_its_head_is_kept),
        cmocka_unit_test(every_why_has_a_key_of_its_own_and_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
