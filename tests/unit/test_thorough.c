// link: mxg_plan
/* test_thorough.c - the enumeration against a server of a few suites, and against one that has had enough. */
#include "model/suites.h"
#include "plan/thorough.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { CONNECTIONS_MOST = 400 };

/* TLS 1.2 with two suites, one of them weak, and TLS 1.0 with the weak one. */
static struct answer answer_of(const struct step *step) {
    struct answer answer = {.kind = ANSWER_REFUSED, .greeted = true, .starttls = true, .alerted = true, .alert = 40};
    if (step->max != VERSION_TLS1_2 && step->max != VERSION_TLS1_1 && step->max != VERSION_TLS1_0)
        return answer;
    for (size_t i = 0; i < step->suite_count; i++)
        if (step->suites[i] == 0x000A || (step->suites[i] == 0xC02F && step->max == VERSION_TLS1_2)) {
            answer.kind = ANSWER_SELECTED;
            answer.version = step->max == VERSION_TLS1_2 ? VERSION_TLS1_2 : VERSION_TLS1_0;
            answer.suite = step->suites[i];
            return answer;
        }
    return answer;
}

/* Returns the connections made; the server answers 421 after limit of them. */
static unsigned enumerate(struct thorough *thorough, unsigned limit) {
    unsigned made = 0;
    thorough_init(thorough, NULL);
    for (const struct step *step; made < CONNECTIONS_MOST && (step = thorough_next(thorough)) != NULL; made++) {
        struct answer answer = answer_of(step);
        if (made >= limit)
            answer = (struct answer){.kind = ANSWER_STOPPED, .reason = REASON_RATE_LIMITED};
        thorough_answer(thorough, &answer);
    }
    return made;
}

static void every_suite_of_every_version_is_found(void **state) {
    (void)state;
    struct thorough thorough;
    struct fact fact[FACT_ENDPOINT_COUNT] = {{.value = TRI_UNKNOWN}};
    assert_true(enumerate(&thorough, CONNECTIONS_MOST) < CONNECTIONS_MOST);
    assert_int_equal(thorough.seen_count, 3);
    assert_int_equal(thorough_facts(&thorough, fact), 0);
    assert_int_equal(fact[FACT_TLS1_3].value, TRI_NO);
    assert_int_equal(fact[FACT_TLS1_2].value, TRI_YES);
    assert_int_equal(fact[FACT_TLS1_1].value, TRI_NO);
    assert_int_equal(fact[FACT_TLS1_0].value, TRI_YES);
    assert_int_equal(fact[FACT_SSLV3].value, TRI_NO);
    assert_int_equal(fact[FACT_WEAK_CIPHERS].value, TRI_YES);
    assert_int_equal(fact[FACT_ANON_SUITES].value, TRI_NO);
}

/* The enumeration's hellos lack something that the server wants; then their refusals say nothing of suites either. */
static void a_yes_that_was_seen_is_never_denied(void **state) {
    (void)state;
    struct thorough thorough;
    struct fact fact[FACT_ENDPOINT_COUNT] = {[FACT_TLS1_3] = {.value = TRI_YES, .evidence = EVIDENCE_OBSERVED},
                                             [FACT_NIST_R1] = {.value = TRI_YES, .evidence = EVIDENCE_OBSERVED},
                                             [FACT_PQ_HYBRID] = {.value = TRI_UNKNOWN}};
    thorough_init(&thorough, NULL);
    while (thorough_next(&thorough) != NULL)
        thorough_answer(&thorough, &(struct answer){.kind = ANSWER_REFUSED, .alerted = true, .alert = 40});
    uint32_t other = thorough_facts(&thorough, fact);
    assert_int_equal(other, UINT32_C(1) << FACT_TLS1_3 | UINT32_C(1) << FACT_NIST_R1);
    assert_int_equal(fact[FACT_TLS1_3].value, TRI_YES);
    assert_int_equal(fact[FACT_NIST_R1].value, TRI_YES);
    assert_int_equal(fact[FACT_TLS1_2].value, TRI_NO);
    assert_int_equal(fact[FACT_NIST_R2].value, TRI_UNKNOWN);
    assert_int_equal(fact[FACT_FORWARD_SECRECY].value, TRI_UNKNOWN);
    assert_int_equal(fact[FACT_PQ_HYBRID].value, TRI_UNKNOWN);
    assert_int_equal(fact[FACT_ANON_SUITES].value, TRI_NO);
}

/* The server takes all that is offered, the first first. */
static void every_suite_of_a_server_that_has_all_is_kept(void **state) {
    (void)state;
    static struct thorough thorough;
    struct fact fact[FACT_ENDPOINT_COUNT] = {{.value = TRI_UNKNOWN}};
    thorough_init(&thorough, NULL);
    for (const struct step *step; (step = thorough_next(&thorough)) != NULL;) {
        struct answer answer = {.kind = ANSWER_REFUSED, .alerted = true, .alert = 40};
        if (step->suite_count > 0 && step->max >= VERSION_SSLV3)
            answer = (struct answer){.kind = ANSWER_SELECTED, .version = step->max, .suite = step->suites[0]};
        thorough_answer(&thorough, &answer);
    }
    assert_true(thorough.seen_count > 4 * thorough.suite_count);
    assert_int_equal(thorough_facts(&thorough, fact), 0);
    assert_int_equal(fact[FACT_SSLV3].value, TRI_YES);
    assert_int_equal(fact[FACT_ANON_SUITES].value, TRI_YES);
}

static void what_could_not_be_recorded_is_unknown(void **state) {
    (void)state;
    static struct thorough thorough;
    struct fact fact[FACT_ENDPOINT_COUNT] = {{.value = TRI_UNKNOWN}};
    thorough_init(&thorough, NULL);
    while (thorough.seen_count < THOROUGH_SEEN_MAX) /* of no version at all, and not weak */
        thorough.seen[thorough.seen_count++] = (struct thorough_seen){.suite = 0xC02F};
    for (const struct step *step; (step = thorough_next(&thorough)) != NULL;) {
        struct answer answer = answer_of(step);
        thorough_answer(&thorough, &answer);
    }
    assert_int_equal(thorough_facts(&thorough, fact), 0);
    assert_int_equal(fact[FACT_TLS1_2].value, TRI_UNKNOWN);
    assert_int_equal(fact[FACT_WEAK_CIPHERS].value, TRI_UNKNOWN);
    assert_int_equal(fact[FACT_SSLV3].value, TRI_NO);
}

static void a_no_gives_way_to_what_the_enumeration_sees(void **state) {
    (void)state;
    struct thorough thorough;
    struct fact fact[FACT_ENDPOINT_COUNT] = {[FACT_TLS1_0] = {.value = TRI_NO}, [FACT_TLS1_2] = {.value = TRI_YES}};
    enumerate(&thorough, CONNECTIONS_MOST);
    assert_int_equal(thorough_facts(&thorough, fact), UINT32_C(1) << FACT_TLS1_0);
    assert_int_equal(fact[FACT_TLS1_0].value, TRI_YES);
}

static void what_the_plan_saw_outlives_an_enumeration_that_was_turned_away(void **state) {
    (void)state;
    struct thorough thorough;
    struct fact fact[FACT_ENDPOINT_COUNT] = {
        [FACT_TLS1_0] = {.value = TRI_YES}, [FACT_ANON_SUITES] = {.value = TRI_NO}};
    enumerate(&thorough, 2);
    assert_int_equal(thorough.state, THOROUGH_STOPPED);
    assert_int_equal(thorough_facts(&thorough, fact), 0);
    assert_int_equal(fact[FACT_TLS1_0].value, TRI_YES);
    assert_int_equal(fact[FACT_ANON_SUITES].value, TRI_NO);
    assert_int_equal(fact[FACT_SSLV3].value, TRI_UNKNOWN);
    assert_int_equal(fact[FACT_SSLV3].reason, REASON_RATE_LIMITED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_suite_of_every_version_is_found),
        cmocka_unit_test(a_yes_that_was_seen_is_never_denied),
        cmocka_unit_test(every_suite_of_a_server_that_has_all_is_kept),
        cmocka_unit_test(what_could_not_be_recorded_is_unknown),
        cmocka_unit_test(a_no_gives_way_to_what_the_enumeration_sees),
        cmocka_unit_test(what_the_plan_saw_outlives_an_enumeration_that_was_turned_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
