// link: mxg_model
/* The worked cases of docs/grading.md section 6 under both policies, and what unknown facts do. */
#include "model/grade.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define BIT(finding) (UINT64_C(1) << (finding))
#define TEST(sentence) static void sentence(void **state __attribute__((unused)))

/* Everything known: TLS 1.2 and 1.3, AEAD suites of both NIST revisions, a certificate that verifies. */
static struct grade_input modern(void) {
    struct grade_input input = {.now = 1700000000, .not_before = 1690000000, .not_after = 1800000000};
    static const enum fact_id yes[] = {FACT_REACHABLE,      FACT_STARTTLS_ADVERTISED,
                                       FACT_TLS_ENABLED,    FACT_TLS1_2,
                                       FACT_TLS1_3,         FACT_NIST_R1,
                                       FACT_NIST_R2,        FACT_FORWARD_SECRECY,
                                       FACT_PQ_HYBRID,      FACT_CERT_TRUSTED,
                                       FACT_CERT_IN_DATE,   FACT_CERT_NAME_MATCH,
                                       FACT_CERT_VERIFIABLE};
    for (unsigned i = 0; i < FACT_COUNT; i++)
        input.fact[i] = TRI_NO;
    for (unsigned i = 0; i < sizeof yes / sizeof *yes; i++)
        input.fact[yes[i]] = TRI_YES;
    return input;
}

static struct grade_input without_tls(void) {
    struct grade_input input = {.fact = {0}};
    input.fact[FACT_REACHABLE] = TRI_YES;
    input.fact[FACT_STARTTLS_ADVERTISED] = TRI_NO;
    input.fact[FACT_TLS_ENABLED] = TRI_NO;
    return input;
}

static uint64_t weighty(uint64_t findings) {
    for (unsigned i = 0; i < FINDING_COUNT; i++)
        if (FINDING_INFO[i].weight == WEIGHT_ADVICE)
            findings &= ~BIT(i);
    return findings;
}

static void assert_grade(const struct grade_input *input, enum policy policy, int score, const char *grade) {
    struct grade_result result = grade_endpoint(input, policy);
    assert_true(result.graded);
    assert_int_equal(result.score, score);
    assert_string_equal(result.grade, grade);
}

static void assert_both(const struct grade_input *input, int score, const char *grade, uint64_t findings) {
    for (unsigned policy = 0; policy < POLICY_COUNT; policy++) {
        assert_grade(input, (enum policy)policy, score, grade);
        assert_int_equal(weighty(grade_endpoint(input, (enum policy)policy).findings), findings);
    }
}

static bool raised(const struct grade_input *input, enum finding finding) {
    return grade_endpoint(input, POLICY_1).findings & BIT(finding);
}

static bool missing(const struct grade_input *input, enum policy policy, enum fact_id id) {
    struct grade_result result = grade_endpoint(input, policy);
    assert_int_equal(result.provisional, result.missing != 0);
    return result.missing & BIT(id);
}

TEST(modern_trusted_server_is_a_plus_without_findings) {
    struct grade_input input = modern();
    assert_both(&input, 100, "A+", 0);
    assert_int_equal(grade_endpoint(&input, POLICY_1).findings, 0);
    assert_false(grade_endpoint(&input, POLICY_1).provisional);
}

TEST(wrong_name_is_a) {
    struct grade_input input = modern();
    input.fact[FACT_CERT_NAME_MATCH] = TRI_NO;
    assert_both(&input, 95, "A", BIT(FINDING_CERT_NAME_MISMATCH));
}

TEST(wrong_name_and_3des_is_a_minus) {
    struct grade_input input = modern();
    input.fact[FACT_CERT_NAME_MATCH] = TRI_NO;
    input.fact[FACT_WEAK_CIPHERS] = TRI_YES;
    assert_both(&input, 90, "A-", BIT(FINDING_CERT_NAME_MISMATCH) | BIT(FINDING_WEAK_CIPHERS));
}

TEST(self_signed_with_wrong_name_and_old_tls_is_c) {
    struct grade_input input = modern();
    input.fact[FACT_TLS1_3] = TRI_NO;
    input.fact[FACT_TLS1_0] = input.fact[FACT_TLS1_1] = TRI_YES;
    input.fact[FACT_CERT_TRUSTED] = input.fact[FACT_CERT_NAME_MATCH] = TRI_NO;
    assert_both(&input, 65, "C", BIT(FINDING_CERT_UNTRUSTED) | BIT(FINDING_CERT_NAME_MISMATCH));
    assert_true(raised(&input, FINDING_TLS10_ENABLED) && raised(&input, FINDING_TLS11_ENABLED));
    assert_true(raised(&input, FINDING_NO_TLS13));
}

TEST(sslv3_with_rc4_and_3des_but_trusted_is_c) {
    struct grade_input input = modern();
    input.fact[FACT_TLS1_3] = TRI_NO;
    input.fact[FACT_SSLV3] = input.fact[FACT_TLS1_0] = input.fact[FACT_TLS1_1] = TRI_YES;
    input.fact[FACT_WEAK_CIPHERS] = TRI_YES;
    assert_both(&input, 65, "C", BIT(FINDING_SSLV3_ENABLED) | BIT(FINDING_WEAK_CIPHERS));
}

TEST(sslv3_and_tls10_with_rc4_md5_and_expired_is_f_and_never_below_zero) {
    struct grade_input input = modern();
    static const enum fact_id no[] = {FACT_TLS1_2,  FACT_TLS1_3,       FACT_NIST_R1,
                                      FACT_NIST_R2, FACT_CERT_IN_DATE, FACT_FORWARD_SECRECY};
    for (unsigned i = 0; i < sizeof no / sizeof *no; i++)
        input.fact[no[i]] = TRI_NO;
    input.fact[FACT_SSLV3] = input.fact[FACT_TLS1_0] = input.fact[FACT_WEAK_CIPHERS] = TRI_YES;
    assert_both(&input, 0, "F",
                BIT(FINDING_SSLV3_ENABLED) | BIT(FINDING_NO_TLS12) | BIT(FINDING_CERT_EXPIRED) |
                    BIT(FINDING_NO_NIST_R1) | BIT(FINDING_WEAK_CIPHERS) | BIT(FINDING_NO_NIST_R2));
}

TEST(tls13_only_is_a_plus_and_d_to_the_letter) {
    struct grade_input input = modern();
    input.fact[FACT_TLS1_2] = input.fact[FACT_NIST_R1] = TRI_NO;
    assert_grade(&input, POLICY_1, 100, "A+");
    assert_int_equal(grade_endpoint(&input, POLICY_1).findings, BIT(FINDING_NIST_R1_SUPERSEDED));
    assert_grade(&input, POLICY_1_LITERAL, 40, "D");
    assert_int_equal(grade_endpoint(&input, POLICY_1_LITERAL).findings,
                     BIT(FINDING_NO_TLS12) | BIT(FINDING_NO_NIST_R1));
}

TEST(postfix_defaults_with_a_good_certificate_are_a_plus) {
    struct grade_input input = modern();
    input.fact[FACT_TLS1_0] = input.fact[FACT_TLS1_1] = input.fact[FACT_ANON_SUITES] = TRI_YES;
    assert_both(&input, 100, "A+", 0);
    assert_int_equal(grade_endpoint(&input, POLICY_1).findings,
                     BIT(FINDING_TLS10_ENABLED) | BIT(FINDING_TLS11_ENABLED) | BIT(FINDING_ANON_SUITES));
}

TEST(no_starttls_is_f_and_nothing_else_is_said) {
    struct grade_input input = without_tls();
    assert_both(&input, 0, "F", BIT(FINDING_NO_TLS));
    assert_int_equal(grade_endpoint(&input, POLICY_1).missing, 0);
    for (unsigned i = 0; i < FACT_COUNT; i++)
        if (i != FACT_REACHABLE && i != FACT_TLS_ENABLED)
            input.fact[i] = TRI_NO;
    assert_int_equal(grade_endpoint(&input, POLICY_1).findings, BIT(FINDING_NO_TLS));
}

TEST(masked_starttls_is_told_beside_no_tls) {
    struct grade_input input = without_tls();
    input.starttls_stripped = true;
    assert_int_equal(grade_endpoint(&input, POLICY_1).findings, BIT(FINDING_NO_TLS) | BIT(FINDING_STARTTLS_STRIPPED));
}

TEST(tls_that_is_broken_in_every_attempt_is_f_and_fails_forced_tls) {
    struct grade_input input = {
        .fact = {[FACT_REACHABLE] = TRI_YES, [FACT_STARTTLS_ADVERTISED] = TRI_YES, [FACT_TLS_BROKEN] = TRI_YES},
        .reason = REASON_TLS_BROKEN};
    assert_both(&input, 0, "F", BIT(FINDING_TLS_BROKEN));
    struct grade_result result = grade_endpoint(&input, POLICY_1);
    assert_int_equal(result.missing, 0);
    assert_int_equal(result.forced_tls, TRI_NO);
    assert_string_equal(result.forced_tls_why, "tls_broken");
}

TEST(where_tls_is_known_to_work_or_not_nothing_is_broken) {
    struct grade_input works = modern(), none = without_tls();
    works.fact[FACT_TLS_BROKEN] = none.fact[FACT_TLS_BROKEN] = TRI_YES;
    assert_both(&works, 100, "A+", 0);
    assert_both(&none, 0, "F", BIT(FINDING_NO_TLS));
    works.fact[FACT_TLS_BROKEN] = TRI_UNKNOWN;
    assert_false(grade_endpoint(&works, POLICY_1).provisional);
}

TEST(auth_before_tls_is_advice_also_without_tls) {
    struct grade_input works = modern(), none = without_tls();
    works.fact[FACT_AUTH_BEFORE_TLS] = none.fact[FACT_AUTH_BEFORE_TLS] = TRI_YES;
    assert_both(&works, 100, "A+", 0);
    assert_true(raised(&works, FINDING_AUTH_BEFORE_TLS));
    assert_true(raised(&none, FINDING_AUTH_BEFORE_TLS));
    works.fact[FACT_AUTH_BEFORE_TLS] = TRI_UNKNOWN;
    assert_false(raised(&works, FINDING_AUTH_BEFORE_TLS));
    assert_false(grade_endpoint(&works, POLICY_1).provisional);
}

TEST(expired_and_untrusted_are_one_deduction) {
    struct grade_input input = modern();
    input.fact[FACT_CERT_TRUSTED] = TRI_NO;
    assert_both(&input, 70, "C+", BIT(FINDING_CERT_UNTRUSTED));
    input.fact[FACT_CERT_IN_DATE] = TRI_NO;
    assert_both(&input, 70, "C+", BIT(FINDING_CERT_UNTRUSTED) | BIT(FINDING_CERT_EXPIRED));
    input.fact[FACT_CERT_TRUSTED] = TRI_YES;
    assert_both(&input, 70, "C+", BIT(FINDING_CERT_EXPIRED));
}

TEST(sslv2_weighs_as_sslv3_does) {
    struct grade_input input = modern();
    input.fact[FACT_SSLV2] = TRI_YES;
    assert_both(&input, 70, "C+", BIT(FINDING_SSLV2_ENABLED));
}

TEST(unknown_tls_is_ungraded_with_the_reason) {
    struct grade_input input = modern();
    input.fact[FACT_TLS_ENABLED] = TRI_UNKNOWN;
    input.reason = REASON_RATE_LIMITED;
    struct grade_result result = grade_endpoint(&input, POLICY_1);
    assert_false(result.graded || result.provisional);
    assert_null(result.grade);
    assert_int_equal(result.reason, REASON_RATE_LIMITED);
    assert_int_equal(result.findings, 0);
    assert_int_equal(result.forced_tls, TRI_UNKNOWN);
    assert_string_equal(result.forced_tls_why, "tls_enabled");
    input.reason = REASON_NONE;
    assert_int_equal(grade_endpoint(&input, POLICY_1).reason, REASON_NOT_ASKED);
}

TEST(unknown_facts_raise_nothing_and_make_the_grade_provisional) {
    struct grade_input input = {.fact = {0}};
    input.fact[FACT_REACHABLE] = input.fact[FACT_TLS_ENABLED] = TRI_YES;
    assert_both(&input, 100, "A+", 0);
    static const enum fact_id wanted[] = {FACT_SSLV2,        FACT_SSLV3,          FACT_TLS1_2,  FACT_TLS1_3,
                                          FACT_WEAK_CIPHERS, FACT_NIST_R1,        FACT_NIST_R2, FACT_CERT_TRUSTED,
                                          FACT_CERT_IN_DATE, FACT_CERT_NAME_MATCH};
    uint64_t expected = 0;
    for (unsigned i = 0; i < sizeof wanted / sizeof *wanted; i++)
        expected |= BIT(wanted[i]);
    assert_int_equal(grade_endpoint(&input, POLICY_1).missing, expected);
    assert_int_equal(grade_endpoint(&input, POLICY_1_LITERAL).missing, expected & ~BIT(FACT_TLS1_3));
    assert_true(grade_endpoint(&input, POLICY_1).provisional);
}

TEST(a_fact_that_cannot_change_the_score_is_not_missing) {
    struct grade_input input = modern();
    input.fact[FACT_TLS1_2] = input.fact[FACT_NIST_R1] = TRI_UNKNOWN; /* TLS 1.3 and r2 settle both */
    assert_int_equal(grade_endpoint(&input, POLICY_1).missing, 0);
    assert_true(missing(&input, POLICY_1_LITERAL, FACT_TLS1_2) && missing(&input, POLICY_1_LITERAL, FACT_NIST_R1));
    input = modern();
    input.fact[FACT_NIST_R2] = TRI_UNKNOWN; /* r1 settles NO_NIST_R1; NO_NIST_R2 stays open */
    assert_true(missing(&input, POLICY_1, FACT_NIST_R2));
    input = modern();
    input.fact[FACT_CERT_TRUSTED] = TRI_NO; /* the one deduction is already made */
    input.fact[FACT_CERT_IN_DATE] = TRI_UNKNOWN;
    assert_int_equal(grade_endpoint(&input, POLICY_1).missing, 0);
}

TEST(a_fact_that_only_decides_together_with_another_is_missing) {
    struct grade_input input = modern();
    input.fact[FACT_TLS1_2] = input.fact[FACT_TLS1_3] = TRI_UNKNOWN;
    assert_true(missing(&input, POLICY_1, FACT_TLS1_2) && missing(&input, POLICY_1, FACT_TLS1_3));
    assert_false(raised(&input, FINDING_NO_TLS12));
    input.fact[FACT_TLS1_2] = TRI_NO;
    assert_true(missing(&input, POLICY_1, FACT_TLS1_3));
    assert_false(raised(&input, FINDING_NO_TLS12));
}

TEST(missing_advice_facts_do_not_make_a_grade_provisional) {
    struct grade_input input = modern();
    static const enum fact_id advice[] = {FACT_STARTTLS_ADVERTISED, FACT_TLS1_0,          FACT_TLS1_1,
                                          FACT_ANON_SUITES,         FACT_FORWARD_SECRECY, FACT_CERT_VERIFIABLE,
                                          FACT_PQ_HYBRID,           FACT_REACHABLE};
    for (unsigned i = 0; i < sizeof advice / sizeof *advice; i++)
        input.fact[advice[i]] = TRI_UNKNOWN;
    struct grade_result result = grade_endpoint(&input, POLICY_1);
    assert_false(result.provisional);
    assert_int_equal(result.findings, 0);
}

TEST(no_single_unknown_fact_ever_worsens_a_score) {
    for (unsigned id = 0; id < FACT_COUNT; id++)
        for (unsigned policy = 0; policy < POLICY_COUNT; policy++) {
            struct grade_input input = modern();
            input.fact[id] = TRI_UNKNOWN;
            struct grade_result result = grade_endpoint(&input, (enum policy)policy);
            if (id != FACT_TLS_ENABLED)
                assert_int_equal(result.score, 100);
        }
}

TEST(advice_never_changes_the_score) {
    struct grade_input input = modern();
    input.inconsistent = input.weak_key = input.sha1_signature = true;
    input.not_after = input.now + 86400;
    input.fact[FACT_PQ_HYBRID] = input.fact[FACT_FORWARD_SECRECY] = TRI_NO;
    assert_both(&input, 100, "A+", 0);
    assert_int_equal(grade_endpoint(&input, POLICY_1).findings,
                     BIT(FINDING_INCONSISTENT) | BIT(FINDING_WEAK_KEY) | BIT(FINDING_SHA1_SIGNATURE) |
                         BIT(FINDING_EXPIRES_SOON) | BIT(FINDING_NO_PQ) | BIT(FINDING_NO_FORWARD_SECRECY));
}

TEST(a_certificate_expires_soon_only_while_it_is_valid) {
    struct grade_input input = modern();
    input.not_after = input.now + 31 * 86400;
    assert_false(raised(&input, FINDING_EXPIRES_SOON));
    input.not_after = input.now - 1;
    assert_false(raised(&input, FINDING_EXPIRES_SOON));
    input.not_after = 0;
    assert_false(raised(&input, FINDING_EXPIRES_SOON));
    input.not_after = INT64_MAX;
    assert_false(raised(&input, FINDING_EXPIRES_SOON));
    input.not_before = INT64_MIN;
    assert_false(raised(&input, FINDING_EXPIRES_SOON));
    input.not_before = input.now + 1; /* not yet valid */
    input.not_after = input.now + 86400;
    assert_false(raised(&input, FINDING_EXPIRES_SOON));
}

TEST(soon_is_measured_by_the_lifetime) {
    enum { DAY = 86400 };
    static const struct {
        int64_t days, warned_below; /* in seconds left */
    } lifetimes[] = {{6, 2 * DAY},    {47, 47 * DAY / 3}, {90, 30 * DAY},  {100, 30 * DAY},
                     {200, 30 * DAY}, {398, 30 * DAY},    {3650, 30 * DAY}};
    for (size_t i = 0; i < sizeof lifetimes / sizeof *lifetimes; i++) {
        struct grade_input input = modern();
        input.not_after = input.now + lifetimes[i].warned_below;
        input.not_before = input.not_after - lifetimes[i].days * DAY;
        if (raised(&input, FINDING_EXPIRES_SOON))
            fail_msg("%d days: warned too early", (int)lifetimes[i].days);
        input.now += 1;
        if (!raised(&input, FINDING_EXPIRES_SOON))
            fail_msg("%d days: not warned", (int)lifetimes[i].days);
    }
}

/* CAs have ended OCSP, and with it must-staple: that a response is missing is nobody's fault. */
TEST(nothing_is_asked_for_that_cas_no_longer_offer) {
    static const char *const gone[] = {"OCSP", "stapl", "clientAuth", "client authentication"};
    for (unsigned i = 0; i < FINDING_COUNT; i++)
        for (size_t word = 0; word < sizeof gone / sizeof *gone; word++) {
            assert_null(strstr(FINDING_INFO[i].title, gone[word]));
            assert_null(strstr(FINDING_INFO[i].recommendation, gone[word]));
        }
}

static void assert_forced(const struct grade_input *input, enum policy policy, enum tri value, const char *why) {
    struct grade_result result = grade_endpoint(input, policy);
    assert_int_equal(result.forced_tls, value);
    if (why)
        assert_string_equal(result.forced_tls_why, why);
    else
        assert_null(result.forced_tls_why);
}

TEST(forced_tls_needs_tls_a_version_and_a_nist_suite) {
    struct grade_input input = modern();
    assert_forced(&input, POLICY_1, TRI_YES, NULL);
    assert_forced(&input, POLICY_1_LITERAL, TRI_YES, NULL);
    input.fact[FACT_NIST_R1] = input.fact[FACT_NIST_R2] = TRI_NO;
    assert_forced(&input, POLICY_1, TRI_NO, "nist_r2");
    assert_forced(&input, POLICY_1_LITERAL, TRI_NO, "nist_r1");
    input = without_tls();
    assert_forced(&input, POLICY_1, TRI_NO, "tls_enabled");
}

TEST(forced_tls_to_the_letter_does_not_know_tls13) {
    struct grade_input input = modern();
    input.fact[FACT_TLS1_2] = TRI_NO;
    assert_forced(&input, POLICY_1, TRI_YES, NULL);
    assert_forced(&input, POLICY_1_LITERAL, TRI_NO, "tls1_2");
}

TEST(forced_tls_with_tls11_alone_fails_on_the_version) {
    struct grade_input input = modern();
    input.fact[FACT_TLS1_2] = input.fact[FACT_TLS1_3] = TRI_NO;
    input.fact[FACT_TLS1_1] = TRI_YES;
    assert_forced(&input, POLICY_1, TRI_NO, "tls1_3");
}

TEST(forced_tls_is_unknown_while_an_unknown_fact_could_save_it) {
    struct grade_input input = modern();
    input.fact[FACT_NIST_R1] = TRI_NO;
    input.fact[FACT_NIST_R2] = TRI_UNKNOWN;
    assert_forced(&input, POLICY_1, TRI_UNKNOWN, "nist_r2");
    input.fact[FACT_NIST_R1] = TRI_YES;
    assert_forced(&input, POLICY_1, TRI_YES, NULL);
}

TEST(a_known_failure_outweighs_an_unknown_fact_in_forced_tls) {
    struct grade_input input = modern();
    input.fact[FACT_TLS1_0] = input.fact[FACT_TLS1_2] = input.fact[FACT_TLS1_3] = TRI_UNKNOWN;
    input.fact[FACT_NIST_R1] = input.fact[FACT_NIST_R2] = TRI_NO;
    assert_forced(&input, POLICY_1, TRI_NO, "nist_r2");
}

TEST(letters_follow_the_table) {
    static const struct {
        int score;
        const char *letter;
    } table[] = {{100, "A+"}, {99, "A"}, {95, "A"},  {90, "A-"}, {85, "B+"}, {80, "B"}, {75, "B-"},
                 {70, "C+"},  {65, "C"}, {60, "C-"}, {59, "D"},  {40, "D"},  {39, "F"}, {0, "F"}};
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++)
        assert_string_equal(grade_letter(table[i].score), table[i].letter);
}

TEST(policies_are_found_by_name) {
    assert_int_equal(policy_from_name("1"), POLICY_1);
    assert_int_equal(policy_from_name("1-literal"), POLICY_1_LITERAL);
    assert_int_equal(policy_from_name("2"), POLICY_COUNT);
    assert_string_equal(policy_name(POLICY_1_LITERAL), "1-literal");
    assert_string_equal(weight_name(WEIGHT_SIGNIFICANT), "significant");
}

TEST(what_a_domain_publishes_is_advice_under_codes_of_its_own) {
    for (unsigned i = 0; i < DOMAIN_FINDING_COUNT; i++) {
        const struct finding_info *info = &DOMAIN_FINDING_INFO[i];
        assert_int_equal(info->weight, WEIGHT_ADVICE);
        assert_true(*info->title && *info->recommendation);
        assert_int_equal(info->recommendation[strlen(info->recommendation) - 1], '.');
        for (unsigned j = 0; j < FINDING_COUNT; j++)
            assert_string_not_equal(info->code, FINDING_INFO[j].code);
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(modern_trusted_server_is_a_plus_without_findings),
        cmocka_unit_test(wrong_name_is_a),
        cmocka_unit_test(wrong_name_and_3des_is_a_minus),
        cmocka_unit_test(self_signed_with_wrong_name_and_old_tls_is_c),
        cmocka_unit_test(sslv3_with_rc4_and_3des_but_trusted_is_c),
        cmocka_unit_test(sslv3_and_tls10_with_rc4_md5_and_expired_is_f_and_never_below_zero),
        cmocka_unit_test(tls13_only_is_a_plus_and_d_to_the_letter),
        cmocka_unit_test(postfix_defaults_with_a_good_certificate_are_a_plus),
        cmocka_unit_test(no_starttls_is_f_and_nothing_else_is_said),
        cmocka_unit_test(masked_starttls_is_told_beside_no_tls),
        cmocka_unit_test(tls_that_is_broken_in_every_attempt_is_f_and_fails_forced_tls),
        cmocka_unit_test(where_tls_is_known_to_work_or_not_nothing_is_broken),
        cmocka_unit_test(auth_before_tls_is_advice_also_without_tls),
        cmocka_unit_test(expired_and_untrusted_are_one_deduction),
        cmocka_unit_test(sslv2_weighs_as_sslv3_does),
        cmocka_unit_test(unknown_tls_is_ungraded_with_the_reason),
        cmocka_unit_test(unknown_facts_raise_nothing_and_make_the_grade_provisional),
        cmocka_unit_test(a_fact_that_cannot_change_the_score_is_not_missing),
        cmocka_unit_test(a_fact_that_only_decides_together_with_another_is_missing),
        cmocka_unit_test(missing_advice_facts_do_not_make_a_grade_provisional),
        cmocka_unit_test(no_single_unknown_fact_ever_worsens_a_score),
        cmocka_unit_test(advice_never_changes_the_score),
        cmocka_unit_test(a_certificate_expires_soon_only_while_it_is_valid),
        cmocka_unit_test(soon_is_measured_by_the_lifetime),
        cmocka_unit_test(nothing_is_asked_for_that_cas_no_longer_offer),
        cmocka_unit_test(forced_tls_needs_tls_a_version_and_a_nist_suite),
        cmocka_unit_test(forced_tls_to_the_letter_does_not_know_tls13),
        cmocka_unit_test(forced_tls_with_tls11_alone_fails_on_the_version),
        cmocka_unit_test(forced_tls_is_unknown_while_an_unknown_fact_could_save_it),
        cmocka_unit_test(a_known_failure_outweighs_an_unknown_fact_in_forced_tls),
        cmocka_unit_test(letters_follow_the_table),
        cmocka_unit_test(policies_are_found_by_name),
        cmocka_unit_test(what_a_domain_publishes_is_advice_under_codes_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
