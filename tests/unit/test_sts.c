// link: mxg_published
/* test_sts.c - MTA-STS (RFC 8461): which TXT records and policies are valid, and what is wrong with the others. */
#include "published/sts.h"

#include "base/mem.h"
#include "names/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RECORDS_MAX = 4 };

#define HEAD "version: STSv1\nmode: enforce\nmax_age: 604800\n"
#define GOOD HEAD "mx: mail.example.com\n"

/* ---- the record ---- */

struct record_row {
    const char *records[RECORDS_MAX]; /* NULL ends them */
    enum sts_status status;
    enum sts_why why;
    const char *id;
};

static void check_records(const struct record_row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct txt records[RECORDS_MAX];
        size_t n = 0;
        for (; n < RECORDS_MAX && rows[i].records[n]; n++)
            records[n] = (struct txt){(const uint8_t *)rows[i].records[n], strlen(rows[i].records[n])};
        struct sts_record got = sts_record_parse(records, n);
        if (got.status != rows[i].status || got.why != rows[i].why || strcmp(got.id, rows[i].id) != 0)
            fail_msg("row %zu '%s': status %d, '%s', id '%s'", i, n ? rows[i].records[0] : "", (int)got.status,
                     sts_why_key(got.why), got.id);
    }
}
#define CHECK_RECORDS(...)                                                                                             \
    do {                                                                                                               \
        static const struct record_row rows[] = {__VA_ARGS__};                                                         \
        check_records(rows, sizeof rows / sizeof *rows);                                                               \
    } while (0)

static void only_records_that_begin_v_stsv1_count(void **state) {
    (void)state;
    CHECK_RECORDS({{NULL}, STS_NONE, STS_WHY_NONE, ""}, {{""}, STS_NONE, STS_WHY_NONE, ""},
                  {{"v=spf1 -all", "id=1"}, STS_NONE, STS_WHY_NONE, ""},
                  {{"v=STSv1"}, STS_NONE, STS_WHY_NONE, ""},        /* no ";" */
                  {{" v=STSv1; id=1"}, STS_NONE, STS_WHY_NONE, ""}, /* nothing may stand before it */
                  {{"v=STSv1 "}, STS_NONE, STS_WHY_NONE, ""},       /* no ";" behind the blank either */
                  {{"v=STSv1 id=1;"}, STS_NONE, STS_WHY_NONE, ""},  /* something stands between */
                  {{"v=STSv10; id=1"}, STS_NONE, STS_WHY_NONE, ""}, /* a longer word */
                  {{"V=STSv1; id=1"}, STS_NONE, STS_WHY_NONE, ""},  /* case counts */
                  {{"v=STSv2; id=1"}, STS_NONE, STS_WHY_NONE, ""},  /* another version */
                  {{"v=STSv1; id=20160831085700Z;"}, STS_VALID, STS_WHY_NONE, "20160831085700Z"},
                  {{"v=spf1 -all", "v=STSv1; id=a1;", "v=STSv2; id=b"}, STS_VALID, STS_WHY_NONE, "a1"});
}

/* sts-field-delim = *WSP ";" *WSP */
static void blanks_may_stand_before_the_first_semicolon(void **state) {
    (void)state;
    CHECK_RECORDS(
        {{"v=STSv1 ; id=1;"}, STS_VALID, STS_WHY_NONE, "1"}, {{"v=STSv1 \t ;\tid=1 ;"}, STS_VALID, STS_WHY_NONE, "1"},
        {{"v=STSv1\t;id=1"}, STS_VALID, STS_WHY_NONE, "1"},
        {{"v=STSv1 ;; id=1"}, STS_INVALID, STS_WHY_RECORD_SYNTAX, ""}, {{"v=STSv1 ;"}, STS_INVALID, STS_WHY_NO_ID, ""},
        {{"v=STSv1\n; id=1"}, STS_NONE, STS_WHY_NONE, ""}, /* an end of line is no WSP */
        {{"v=STSv1 ; id=1;", "v=STSv1; id=1;"}, STS_INVALID, STS_WHY_SEVERAL_RECORDS, ""});
}

static void exactly_one_record_must_remain(void **state) {
    (void)state;
    CHECK_RECORDS({{"v=STSv1; id=1;", "v=STSv1; id=1;"}, STS_INVALID, STS_WHY_SEVERAL_RECORDS, ""},
                  {{"v=STSv1; id=1;", "other", "v=STSv1;"}, STS_INVALID, STS_WHY_SEVERAL_RECORDS, ""});
}

static void an_id_is_1_to_32_letters_and_digits(void **state) {
    (void)state;
    CHECK_RECORDS(
        {{"v=STSv1; id=a"}, STS_VALID, STS_WHY_NONE, "a"},
        {{"v=STSv1;id=12345678901234567890123456789012"}, STS_VALID, STS_WHY_NONE, "12345678901234567890123456789012"},
        {{"v=STSv1; id=123456789012345678901234567890123"}, STS_INVALID, STS_WHY_BAD_ID, ""},
        {{"v=STSv1; id="}, STS_INVALID, STS_WHY_BAD_ID, ""},
        {{"v=STSv1; id=2020-01-01"}, STS_INVALID, STS_WHY_BAD_ID, ""},
        {{"v=STSv1; id=a b"}, STS_INVALID, STS_WHY_BAD_ID, ""}, {{"v=STSv1; id=a=b"}, STS_INVALID, STS_WHY_BAD_ID, ""},
        {{"v=STSv1;"}, STS_INVALID, STS_WHY_NO_ID, ""}, {{"v=STSv1; "}, STS_INVALID, STS_WHY_NO_ID, ""},
        {{"v=STSv1; ID=1; policy=2"}, STS_INVALID, STS_WHY_NO_ID, ""},
        {{"v=STSv1; id=first; id=second!"}, STS_VALID, STS_WHY_NONE, "first"});
}

static void fields_of_a_record_are_separated_by_semicolons(void **state) {
    (void)state;
    CHECK_RECORDS({{"v=STSv1;id=1;x.y-z_1=some:thing;"}, STS_VALID, STS_WHY_NONE, "1"},
                  {{"v=STSv1; \t x=y \t ; id=1 ; "}, STS_VALID, STS_WHY_NONE, "1"},
                  {{"v=STSv1;; id=1"}, STS_INVALID, STS_WHY_RECORD_SYNTAX, ""},
                  {{"v=STSv1; id=1;;"}, STS_INVALID, STS_WHY_RECORD_SYNTAX, ""},
                  {{"v=STSv1; id=1; x"}, STS_INVALID, STS_WHY_RECORD_SYNTAX, ""},
                  {{"v=STSv1; id=1; x="}, STS_INVALID, STS_WHY_RECORD_SYNTAX, ""},
                  {{"v=STSv1; id=1; =y"}, STS_INVALID, STS_WHY_RECORD_SYNTAX, ""},
                  {{"v=STSv1; id=1; x=y z"}, STS_INVALID, STS_WHY_RECORD_SYNTAX, ""},
                  {{"v=STSv1; id=1; x=y=z"}, STS_INVALID, STS_WHY_RECORD_SYNTAX, ""},
                  {{"v=STSv1; id=1; x\xc3\xa9=y"}, STS_INVALID, STS_WHY_RECORD_SYNTAX, ""},
                  {{"v=STSv1; id=1; x=\xc3\xa9"}, STS_INVALID, STS_WHY_RECORD_SYNTAX, ""},
                  {{"v=STSv1; id=1; a23456789012345678901234567890123=y"}, STS_INVALID, STS_WHY_RECORD_SYNTAX, ""},
                  {{"v=STSv1; id=1\n"}, STS_INVALID, STS_WHY_RECORD_SYNTAX, ""});
}

static void nul_in_a_record_is_no_end_of_it(void **state) {
    (void)state;
    static const char nul[] = "v=STSv1; id=1;\0 x=y";
    struct txt record = {(const uint8_t *)nul, sizeof nul - 1};
    struct sts_record got = sts_record_parse(&record, 1);
    assert_int_equal(got.status, STS_INVALID);
    assert_int_equal(got.why, STS_WHY_RECORD_SYNTAX);
}

static void a_huge_record_is_read_to_its_end(void **state) {
    (void)state;
    enum { FIELDS = 10000 };
    char *text = mem_alloc(FIELDS * 4 + 32), *at = text + sprintf(text, "v=STSv1;");
    for (size_t i = 0; i < FIELDS; i++)
        at = stpcpy(at, "a=b;");
    at = stpcpy(at, "id=last");
    struct txt record = {(const uint8_t *)text, (size_t)(at - text)};
    struct sts_record got = sts_record_parse(&record, 1);
    assert_int_equal(got.status, STS_VALID);
    assert_string_equal(got.id, "last");
    free(text);
}

/* ---- the policy ---- */

struct policy_row {
    const char *body;
    enum sts_why why;
    unsigned line;
};

static void check_policies(const struct policy_row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct sts_policy policy;
        enum sts_why why = sts_policy_parse(&policy, (const uint8_t *)rows[i].body, strlen(rows[i].body));
        if (why != rows[i].why || policy.line != rows[i].line)
            fail_msg("row %zu '%s': '%s' in line %u", i, rows[i].body, sts_why_key(why), policy.line);
        sts_policy_free(&policy);
    }
}
#define CHECK_POLICIES(...)                                                                                            \
    do {                                                                                                               \
        static const struct policy_row rows[] = {__VA_ARGS__};                                                         \
        check_policies(rows, sizeof rows / sizeof *rows);                                                              \
    } while (0)

static struct sts_policy valid(const char *body) {
    struct sts_policy policy;
    enum sts_why why = sts_policy_parse(&policy, (const uint8_t *)body, strlen(body));
    if (why != STS_WHY_NONE)
        fail_msg("'%s': '%s' in line %u", body, sts_why_key(why), policy.line);
    return policy;
}

static void the_example_of_the_rfc_is_valid(void **state) {
    (void)state;
    struct sts_policy policy = valid("version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\n"
                                     "mx: backupmx.example.com\r\nmax_age: 604800\r\n");
    assert_int_equal(policy.mode, STS_MODE_ENFORCE);
    assert_string_equal(sts_mode_name(policy.mode), "enforce");
    assert_int_equal(policy.max_age, 604800);
    assert_int_equal(policy.mx_count, 3);
    assert_string_equal(policy.mx[0], "mail.example.com");
    assert_string_equal(policy.mx[1], "*.example.net");
    assert_string_equal(policy.mx[2], "backupmx.example.com");
    sts_policy_free(&policy);
    assert_null(policy.mx);
}

static void lines_end_in_crlf_or_lf(void **state) {
    (void)state;
    CHECK_POLICIES({GOOD, STS_WHY_NONE, 0}, {HEAD "mx: a.example", STS_WHY_NONE, 0},
                   {"version: STSv1\r\nmode: none\nmax_age: 0\r\n", STS_WHY_NONE, 0},
                   {GOOD "\n\r\n\n", STS_WHY_NONE, 0}, {"\r\n" GOOD, STS_WHY_NONE, 0},
                   {"version: STSv1\rmode: none\rmax_age: 0\r", STS_WHY_NOT_TEXT, 1},
                   {"version: STSv1\r\r\nmode: none\nmax_age: 0\n", STS_WHY_NOT_TEXT, 1});
}

static void white_space_round_a_value_is_let_pass(void **state) {
    (void)state;
    CHECK_POLICIES({"version:STSv1\nmode:none\nmax_age:0\n", STS_WHY_NONE, 0},
                   {"version: \t STSv1 \t\nmode:\tnone \nmax_age:  0\t\n", STS_WHY_NONE, 0},
                   {"version : STSv1\nmode: none\nmax_age: 0\n", STS_WHY_SYNTAX, 1},
                   {" version: STSv1\nmode: none\nmax_age: 0\n", STS_WHY_SYNTAX, 1});
}

static void the_version_is_stsv1(void **state) {
    (void)state;
    CHECK_POLICIES({"mode: none\nmax_age: 0\nversion: STSv1\n", STS_WHY_NONE, 0},
                   {"mode: none\nmax_age: 0\n", STS_WHY_NO_VERSION, 0},
                   {"Version: STSv1\nmode: none\nmax_age: 0\n", STS_WHY_NO_VERSION, 0},
                   {"version: STSv2\nmode: none\nmax_age: 0\n", STS_WHY_BAD_VERSION, 1},
                   {"version: stsv1\nmode: none\nmax_age: 0\n", STS_WHY_BAD_VERSION, 1},
                   {"version: STSv1;\nmode: none\nmax_age: 0\n", STS_WHY_BAD_VERSION, 1},
                   {"version:\nmode: none\nmax_age: 0\n", STS_WHY_BAD_VERSION, 1}, {"", STS_WHY_NO_VERSION, 0});
}

static void the_mode_is_enforce_testing_or_none(void **state) {
    (void)state;
    static const char *const modes[] = {"enforce", "testing", "none"};
    for (unsigned i = 0; i < 3; i++) {
        char body[128];
        snprintf(body, sizeof body, "version: STSv1\nmode: %s\nmax_age: 1\nmx: a.example\n", modes[i]);
        struct sts_policy policy = valid(body);
        assert_string_equal(sts_mode_name(policy.mode), modes[i]);
        sts_policy_free(&policy);
    }
    CHECK_POLICIES({"version: STSv1\nmode: report\nmax_age: 0\nmx: a.example\n", STS_WHY_BAD_MODE, 2},
                   {"version: STSv1\nmode: Enforce\nmax_age: 0\nmx: a.example\n", STS_WHY_BAD_MODE, 2},
                   {"version: STSv1\nmode:\nmax_age: 0\nmx: a.example\n", STS_WHY_BAD_MODE, 2},
                   {"version: STSv1\nmax_age: 0\nmx: a.example\n", STS_WHY_NO_MODE, 0});
}

static void max_age_is_at_most_a_year(void **state) {
    (void)state;
#define AGE(age) "version: STSv1\nmode: none\nmax_age: " age "\n"
    struct sts_policy policy = valid(AGE("31557600"));
    assert_int_equal(policy.max_age, 31557600);
    CHECK_POLICIES({AGE("0"), STS_WHY_NONE, 0}, {AGE("0031557600"), STS_WHY_NONE, 0},
                   {AGE("31557601"), STS_WHY_BAD_MAX_AGE, 3}, {AGE("9999999999"), STS_WHY_BAD_MAX_AGE, 3},
                   {AGE("00000000001"), STS_WHY_BAD_MAX_AGE, 3}, {AGE("18446744073709551617"), STS_WHY_BAD_MAX_AGE, 3},
                   {AGE("-1"), STS_WHY_BAD_MAX_AGE, 3}, {AGE("+1"), STS_WHY_BAD_MAX_AGE, 3},
                   {AGE("1.5"), STS_WHY_BAD_MAX_AGE, 3}, {AGE("0x10"), STS_WHY_BAD_MAX_AGE, 3},
                   {AGE("1 day"), STS_WHY_BAD_MAX_AGE, 3}, {AGE(""), STS_WHY_BAD_MAX_AGE, 3},
                   {"version: STSv1\nmode: none\n", STS_WHY_NO_MAX_AGE, 0});
#undef AGE
}

static void an_mx_is_needed_unless_the_mode_is_none(void **state) {
    (void)state;
    CHECK_POLICIES({HEAD, STS_WHY_NO_MX, 0}, {"version: STSv1\nmode: testing\nmax_age: 0\n", STS_WHY_NO_MX, 0},
                   {"version: STSv1\nmode: none\nmax_age: 0\n", STS_WHY_NONE, 0});
}

static void an_mx_is_a_host_name_perhaps_behind_a_star(void **state) {
    (void)state;
#define LONG "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    struct sts_policy policy = valid(HEAD "mx: MAIL.Example.COM\nmx: *.XN--BCHER-KVA.example\nmx: *.com\nmx: host\n");
    static const char *const mx[] = {"mail.example.com", "*.xn--bcher-kva.example", "*.com", "host"};
    assert_int_equal(policy.mx_count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(policy.mx[i], mx[i]);
    sts_policy_free(&policy);
    CHECK_POLICIES({HEAD "mx:\n", STS_WHY_BAD_MX, 4}, {HEAD "mx: *\n", STS_WHY_BAD_MX, 4},
                   {HEAD "mx: *.\n", STS_WHY_BAD_MX, 4}, {HEAD "mx: *.*.example\n", STS_WHY_BAD_MX, 4},
                   {HEAD "mx: a.*.example\n", STS_WHY_BAD_MX, 4}, {HEAD "mx: mx*.example\n", STS_WHY_BAD_MX, 4},
                   {HEAD "mx: .example\n", STS_WHY_BAD_MX, 4}, {HEAD "mx: a.example.\n", STS_WHY_BAD_MX, 4},
                   {HEAD "mx: *.example.\n", STS_WHY_BAD_MX, 4}, {HEAD "mx: a..example\n", STS_WHY_BAD_MX, 4},
                   {HEAD "mx: a.example b.example\n", STS_WHY_BAD_MX, 4}, {HEAD "mx: 192.0.2.1\n", STS_WHY_BAD_MX, 4},
                   {HEAD "mx: [192.0.2.1]\n", STS_WHY_BAD_MX, 4},
                   {HEAD "mx: b\xc3\xbc"
                         "cher.example\n",
                    STS_WHY_BAD_MX, 4},
                   {HEAD "mx: " LONG "a.example\n", STS_WHY_BAD_MX, 4},
                   {HEAD "mx: *." LONG "." LONG "." LONG "." LONG ".example\n", STS_WHY_BAD_MX, 4});
#undef LONG
}

static void unknown_keys_are_ignored(void **state) {
    (void)state;
    CHECK_POLICIES({GOOD "x-note: anything at all = \xc3\xa9; fine\nA.b_c: d\nempty:\n", STS_WHY_NONE, 0},
                   {GOOD "MX: not looked at!\n", STS_WHY_NONE, 0}, {GOOD "no colon\n", STS_WHY_SYNTAX, 5},
                   {GOOD ": no key\n", STS_WHY_SYNTAX, 5}, {GOOD "a b: c\n", STS_WHY_SYNTAX, 5},
                   {GOOD "_a: b\n", STS_WHY_SYNTAX, 5}, {GOOD "a2345678901234567890123456789012: b\n", STS_WHY_NONE, 0},
                   {GOOD "a23456789012345678901234567890123: b\n", STS_WHY_SYNTAX, 5},
                   {"<!DOCTYPE html>\n<html>\n", STS_WHY_SYNTAX, 1}, {"\xef\xbb\xbf" GOOD, STS_WHY_SYNTAX, 1});
}

static void of_a_key_that_comes_twice_the_first_counts_but_mx(void **state) {
    (void)state;
    struct sts_policy policy =
        valid("version: STSv1\nversion: STSv9\nmode: testing\nmode: bogus\nmx: a.example\nmax_age: 7\nmax_age: x\n"
              "mx: b.example\nmx: a.example\nmode: none\n");
    assert_int_equal(policy.mode, STS_MODE_TESTING);
    assert_int_equal(policy.max_age, 7);
    assert_int_equal(policy.mx_count, 3);
    assert_string_equal(policy.mx[1], "b.example");
    sts_policy_free(&policy);
    CHECK_POLICIES({"version: STSv2\nversion: STSv1\nmode: none\nmax_age: 0\n", STS_WHY_BAD_VERSION, 1});
}

static void bytes_that_are_no_text_are_named_with_their_line(void **state) {
    (void)state;
    static const char nul[] = "version: STSv1\nmode: none\0\nmax_age: 0\n";
    struct sts_policy policy;
    assert_int_equal(sts_policy_parse(&policy, (const uint8_t *)nul, sizeof nul - 1), STS_WHY_NOT_TEXT);
    assert_int_equal(policy.line, 2);
    sts_policy_free(&policy);
    CHECK_POLICIES({GOOD "x: \xff\n", STS_WHY_NOT_TEXT, 5}, {GOOD "x: \xc3\n", STS_WHY_NOT_TEXT, 5},
                   {GOOD "x: \x1b[31m\n", STS_WHY_NOT_TEXT, 5}, {GOOD "x: \x7f\n", STS_WHY_NOT_TEXT, 5},
                   {"\x1f\x8b\x08\n" GOOD, STS_WHY_NOT_TEXT, 1});
}

/* GOOD, filled up with lines to exactly so many octets. */
static char *filled(size_t octets) {
    char *body = mem_alloc(octets + 1);
    memset(body, 'x', octets);
    memcpy(body, GOOD "x:", sizeof GOOD + 1);
    return body;
}

static void a_policy_of_64_kib_is_read_and_one_octet_more_is_not(void **state) {
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        size_t len = 65536 + more;
        char *body = filled(len);
        struct sts_policy policy;
        assert_int_equal(sts_policy_parse(&policy, (const uint8_t *)body, len), more ? STS_WHY_TOO_LARGE : 0);
        assert_int_equal(policy.mx_count, more ? 0 : 1);
        sts_policy_free(&policy);
        free(body);
    }
}

static void a_thousand_mx_are_read_and_one_more_is_not(void **state) {
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        char *body = mem_alloc(65536), *at = stpcpy(body, HEAD);
        for (size_t i = 0; i < STS_MX_MAX + more; i++)
            at += sprintf(at, "mx: mx%zu.example\n", i);
        struct sts_policy policy;
        enum sts_why why = sts_policy_parse(&policy, (const uint8_t *)body, (size_t)(at - body));
        assert_int_equal(why, more ? STS_WHY_TOO_LARGE : STS_WHY_NONE);
        assert_int_equal(policy.line, more ? 3 + STS_MX_MAX + 1 : 0);
        if (!more)
            assert_string_equal(policy.mx[STS_MX_MAX - 1], "mx999.example");
        sts_policy_free(&policy);
        free(body);
    }
}

/* ---- patterns ---- */

static void a_pattern_is_the_host_or_a_star_for_exactly_one_label(void **state) {
    (void)state;
    static const struct {
        const char *pattern, *exchange;
        bool matches;
    } rows[] = {
        {"mail.example.com", "mail.example.com", true},
        {"mail.example.com", "mail2.example.com", false},
        {"example.com", "mail.example.com", false},
        {"mail.example.com", "example.com", false},
        {"*.example.com", "mail.example.com", true},
        {"*.example.com", "a.mail.example.com", false},
        {"*.example.com", "example.com", false},
        {"*.example.com", ".example.com", false},
        {"*.example.com", "mail.example.com.evil", false},
        {"*.example.com", "mailexample.com", false},
        {"*.com", "example.com", true},
        {"*.example.com", "", false},
        {"*.example.com", "com", false},
        {"host", "host", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (sts_mx_matches(rows[i].pattern, rows[i].exchange) != rows[i].matches)
            fail_msg("%s and %s", rows[i].pattern, rows[i].exchange);
}

static void every_why_has_a_key_of_its_own_and_a_sentence(void **state) {
    (void)state;
    for (unsigned i = 0; i < STS_WHY_COUNT; i++) {
        assert_int_equal(sts_why_from_key(sts_why_key((enum sts_why)i)), i);
        assert_int_equal(*sts_why_text((enum sts_why)i) != '\0', i != STS_WHY_NONE);
    }
    assert_int_equal(sts_why_from_key("no such key"), STS_WHY_COUNT);
    assert_string_equal(sts_why_key((enum sts_why)9999), "unknown");
    assert_string_equal(sts_why_text(STS_WHY_COUNT), "unknown");
    assert_false(sts_why_retry(STS_WHY_COUNT));
    assert_string_equal(sts_mode_name((enum sts_mode)77), "");
}

static void silence_is_unknown_and_an_answer_is_not(void **state) {
    (void)state;
    static const enum sts_why silent[] = {STS_WHY_DNS,     STS_WHY_CONNECT_TIMEOUT, STS_WHY_NO_ROUTE,
                                          STS_WHY_TIMEOUT, STS_WHY_CLOSED,          STS_WHY_LOCAL_RESOURCES};
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++) {
        assert_false(sts_why_answered(silent[i]));
        assert_true(sts_why_retry(silent[i]));
    }
    assert_false(sts_why_answered(STS_WHY_REFUSED_BY_POLICY));
    assert_true(sts_why_answered(STS_WHY_NO_HOST));
    assert_true(sts_why_answered(STS_WHY_CERTIFICATE));
    assert_true(sts_why_answered(STS_WHY_TOO_SLOW));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_records_that_begin_v_stsv1_count),
        cmocka_unit_test(blanks_may_stand_before_the_first_semicolon),
        cmocka_unit_test(exactly_one_record_must_remain),
        cmocka_unit_test(an_id_is_1_to_32_letters_and_digits),
        cmocka_unit_test(fields_of_a_record_are_separated_by_semicolons),
        cmocka_unit_test(nul_in_a_record_is_no_end_of_it),
        cmocka_unit_test(a_huge_record_is_read_to_its_end),
        cmocka_unit_test(the_example_of_the_rfc_is_valid),
        cmocka_unit_test(lines_end_in_crlf_or_lf),
        cmocka_unit_test(white_space_round_a_value_is_let_pass),
        cmocka_unit_test(the_version_is_stsv1),
        cmocka_unit_test(the_mode_is_enforce_testing_or_none),
        cmocka_unit_test(max_age_is_at_most_a_year),
        cmocka_unit_test(an_mx_is_needed_unless_the_mode_is_none),
        cmocka_unit_test(an_mx_is_a_host_name_perhaps_behind_a_star),
        cmocka_unit_test(unknown_keys_are_ignored),
        cmocka_unit_test(of_a_key_that_comes_twice_the_first_counts_but_mx),
        cmocka_unit_test(bytes_that_are_no_text_are_named_with_their_line),
        cmocka_unit_test(a_policy_of_64_kib_is_read_and_one_octet_more_is_not),
        cmocka_unit_test(a_thousand_mx_are_read_and_one_more_is_not),
        cmocka_unit_test(a_pattern_is_the_host_or_a_star_for_exactly_one_label),
        cmocka_unit_test(every_why_has_a_key_of_its_own_and_a_sentence),
        cmocka_unit_test(silence_is_unknown_and_an_answer_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
