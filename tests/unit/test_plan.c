// link: mxg_plan
/* test_plan.c - what single answers mean to the plan, and how it is saved. Whole servers are in test_simulator.c. */
#include "model/suites.h"
#include "plan/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct plan_policy DEFAULT = {.per_version = false};
static const struct answer SPOKEN = {.greeted = true, .starttls = true};

static struct answer selected(const struct step *step, uint16_t version, uint16_t suite) {
    struct answer answer = SPOKEN;
    answer.kind = ANSWER_SELECTED;
    answer.version = version;
    answer.suite = suite;
    answer.whole = true;
    answer.completed = step->kind == STEP_HANDSHAKE;
    return answer;
}

static struct answer of_kind(enum answer_kind kind) {
    struct answer answer = SPOKEN;
    answer.kind = kind;
    return answer;
}

static bool is_control(const struct step *step) { return strcmp(step->name, "control") == 0; }

/* A server is a function from what it is asked, and of how many connections it has seen, to its answer. */
typedef struct answer server_fn(const struct step *step, unsigned seen);

static struct plan plan_of(server_fn *server) {
    struct plan plan;
    plan_init(&plan, &DEFAULT);
    for (const struct step *step; (step = plan_next(&plan)) != NULL;) {
        struct answer answer = server(step, plan.connections);
        plan_answer(&plan, &answer);
    }
    plan_finish(&plan);
    return plan;
}

static void answer_with(struct plan *plan, struct answer answer) {
    plan_init(plan, &DEFAULT);
    while (plan_next(plan))
        plan_answer(plan, &answer);
    plan_finish(plan);
}

static void silence_is_unknown_not_no(void **state) {
    (void)state;
    struct plan plan;
    answer_with(&plan, (struct answer){.kind = ANSWER_SILENT, .greeted = true, .starttls = true});
    assert_int_equal(plan.connections, 2);
    assert_int_equal(plan.fact[FACT_REACHABLE].value, TRI_YES);
    for (unsigned id = FACT_TLS_ENABLED; id < FACT_ENDPOINT_COUNT; id++)
        assert_int_equal(plan.fact[id].value, TRI_UNKNOWN);
    assert_int_equal(plan.reason, REASON_TIMEOUT);
}

static void closing_on_every_hello_proves_nothing(void **state) {
    (void)state;
    struct plan plan;
    answer_with(&plan, (struct answer){.kind = ANSWER_CLOSED, .greeted = true, .starttls = true});
    for (unsigned id = FACT_TLS_ENABLED; id < FACT_ENDPOINT_COUNT; id++)
        assert_int_equal(plan.fact[id].value, TRI_UNKNOWN);
}

/* What fails every time has to be seen to fail in each attempt (aggregator/sql/judge_broken.sql). */
static void what_is_broken_is_asked_for_anew_in_every_attempt(void **state) {
    (void)state;
    struct answer failures[] = {of_kind(ANSWER_CLOSED), of_kind(ANSWER_RESET), of_kind(ANSWER_MALFORMED),
                                of_kind(ANSWER_REFUSED), of_kind(ANSWER_STOPPED)};
    failures[3].alerted = true;
    failures[3].alert = 80;
    failures[4].reason = REASON_STARTTLS_REFUSED;
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        struct plan plan;
        uint8_t saved[PLAN_SAVED_MAX];
        plan_init(&plan, &DEFAULT);
        for (unsigned attempt = 0; attempt < 3; attempt++) {
            while (plan_next(&plan))
                plan_answer(&plan, &failures[i]);
            plan_finish(&plan);
            assert_true(plan.connections > 0);
            assert_int_equal(plan.fact[FACT_TLS_ENABLED].value, TRI_UNKNOWN);
            assert_true(reason_retry(plan.reason));
            size_t len = plan_save(&plan, saved);
            plan_init(&plan, &DEFAULT);
            assert_true(plan_resume(&plan, saved, len));
        }
    }
}

static void an_alert_to_every_hello_is_a_no(void **state) {
    (void)state;
    struct plan plan;
    answer_with(&plan, (struct answer){.kind = ANSWER_REFUSED, .greeted = true, .starttls = true});
    for (unsigned id = FACT_TLS_ENABLED; id < FACT_ENDPOINT_COUNT; id++)
        assert_int_equal(plan.fact[id].value, TRI_NO);
}

static void a_server_without_starttls_is_asked_twice(void **state) {
    (void)state;
    struct plan plan;
    answer_with(&plan, (struct answer){.kind = ANSWER_NO_STARTTLS, .greeted = true});
    assert_int_equal(plan.connections, 2);
    assert_int_equal(plan.fact[FACT_STARTTLS_ADVERTISED].value, TRI_NO);
    assert_int_equal(plan.fact[FACT_TLS_ENABLED].value, TRI_NO);
    assert_int_equal(plan.fact[FACT_TLS1_2].value, TRI_NO);
    struct plan next; /* what was saved says the same */
    uint8_t saved[PLAN_SAVED_MAX];
    plan_init(&next, &DEFAULT);
    assert_true(plan_resume(&next, saved, plan_save(&plan, saved)));
    assert_int_equal(next.fact[FACT_STARTTLS_ADVERTISED].value, TRI_NO);
    assert_int_equal(next.fact[FACT_TLS_ENABLED].value, TRI_NO);
    (void)plan_next(&next); /* and when it is asked again, too */
    plan_answer(&next, &(struct answer){.kind = ANSWER_NO_STARTTLS, .greeted = true});
    plan_finish(&next);
    assert_int_equal(next.fact[FACT_STARTTLS_ADVERTISED].value, TRI_NO);
    assert_true(plan_save(&next, saved) > 0);
}

/* Some servers stop offering it to an address after a failed handshake. */
static void starttls_that_was_seen_and_is_gone_changes_no_fact(void **state) {
    (void)state;
    struct plan plan;
    plan_init(&plan, &DEFAULT);
    struct answer answer = selected(plan_next(&plan), VERSION_TLS1_2, 0xC02F);
    plan_answer(&plan, &answer);
    assert_non_null(plan_next(&plan));
    plan_answer(&plan, &(struct answer){.kind = ANSWER_NO_STARTTLS, .greeted = true});
    assert_null(plan_next(&plan));
    plan_finish(&plan);
    assert_int_equal(plan.fact[FACT_STARTTLS_ADVERTISED].value, TRI_YES);
    assert_int_equal(plan.fact[FACT_TLS_ENABLED].value, TRI_YES);
    assert_int_equal(plan.fact[FACT_TLS1_1].value, TRI_UNKNOWN);
    assert_int_equal(plan.reason, REASON_STARTTLS_REFUSED);
}

static const struct answer FRONT = {.kind = ANSWER_NO_STARTTLS, .greeted = true, .front = true};

/* One visit: a single connection, and nothing is a verdict. */
static struct plan after_a_visit_to_a_front(void) {
    struct plan plan, next;
    uint8_t saved[PLAN_SAVED_MAX];
    answer_with(&plan, FRONT);
    assert_int_equal(plan.connections, 1);
    assert_int_equal(plan.fact[FACT_REACHABLE].value, TRI_YES);
    assert_int_equal(plan.fact[FACT_STARTTLS_ADVERTISED].value, TRI_UNKNOWN);
    assert_int_equal(plan.fact[FACT_TLS_ENABLED].value, TRI_UNKNOWN);
    assert_true(reason_retry(plan.reason));
    plan_init(&next, &DEFAULT);
    assert_true(plan_resume(&next, saved, plan_save(&plan, saved)));
    return next;
}

static void a_greylisting_front_is_believed_on_the_second_visit(void **state) {
    (void)state;
    struct plan plan = after_a_visit_to_a_front();
    assert_non_null(plan_next(&plan));
    plan_answer(&plan, &FRONT);
    assert_null(plan_next(&plan));
    plan_finish(&plan);
    assert_int_equal(plan.fact[FACT_STARTTLS_ADVERTISED].value, TRI_NO);
    assert_int_equal(plan.fact[FACT_TLS_ENABLED].value, TRI_NO);
}

static void what_stands_behind_a_greylisting_front_is_no_contradiction(void **state) {
    (void)state;
    struct plan plan = after_a_visit_to_a_front();
    struct answer answer = selected(plan_next(&plan), VERSION_TLS1_2, 0xC02F);
    plan_answer(&plan, &answer);
    assert_int_equal(plan.fact[FACT_STARTTLS_ADVERTISED].value, TRI_YES);
    assert_int_equal(plan.fact[FACT_TLS_ENABLED].value, TRI_YES);
    assert_int_equal(plan.flags, 0);
}

static void a_refused_connection_is_no_and_the_rest_unknown(void **state) {
    (void)state;
    struct plan plan;
    answer_with(&plan, (struct answer){.kind = ANSWER_STOPPED, .reason = REASON_UNREACHABLE});
    assert_int_equal(plan.fact[FACT_REACHABLE].value, TRI_NO);
    assert_int_equal(plan.fact[FACT_TLS_ENABLED].value, TRI_UNKNOWN);
    assert_int_equal(plan.fact[FACT_TLS_ENABLED].reason, REASON_UNREACHABLE);
}

static struct answer always_fails(const struct step *step, unsigned seen) {
    (void)seen;
    enum tls_version version = step->max < VERSION_TLS1_2 ? step->max : VERSION_TLS1_2;
    struct answer answer = selected(step, (uint16_t)version, 0xC02F);
    answer.completed = false;
    return answer;
}

/* OpenSMTPD 6.8 with OpenSSL 3: ServerHello, then an alert, every time. */
static void a_server_that_selects_and_always_fails_has_no_tls(void **state) {
    (void)state;
    struct plan plan = plan_of(always_fails);
    assert_int_equal(plan.fact[FACT_TLS_ENABLED].value, TRI_NO);
}

static struct answer cuts_handshakes_off(const struct step *step, unsigned seen) {
    struct answer answer = always_fails(step, seen);
    answer.cut = step->kind == STEP_HANDSHAKE;
    return answer;
}

/* The line breaks in the middle of every full handshake: an overloaded server, a middlebox, a path that loses packets.
 */
static void handshakes_that_are_cut_off_prove_nothing(void **state) {
    (void)state;
    struct plan plan = plan_of(cuts_handshakes_off);
    assert_int_equal(plan.fact[FACT_TLS1_2].value, TRI_YES);
    assert_int_equal(plan.fact[FACT_TLS_ENABLED].value, TRI_UNKNOWN);
    assert_int_equal(plan.reason, REASON_NOT_COMPLETED);
}

/* A server of TLS 1.2 alone that refuses everything else by closing. */
static struct answer tls12_that_closes(const struct step *step, unsigned seen) {
    (void)seen;
    bool offered = step->max >= VERSION_TLS1_2 && step->max != VERSION_NONE && step->suites[0] != 0x1301;
    bool strong = false;
    for (size_t i = 0; i < step->suite_count; i++)
        strong = strong || step->suites[i] == 0xC02F;
    return offered && strong ? selected(step, VERSION_TLS1_2, 0xC02F) : of_kind(ANSWER_CLOSED);
}

/* Several machines share the address, and the first connections met one without. */
static struct answer missing_at_first(const struct step *step, unsigned seen) {
    return seen == 0 ? (struct answer){.kind = ANSWER_NO_STARTTLS, .greeted = true} : tls12_that_closes(step, seen);
}

static void starttls_that_was_missing_and_is_there_is_inconsistent(void **state) {
    (void)state;
    struct plan plan = plan_of(missing_at_first), next;
    uint8_t saved[PLAN_SAVED_MAX];
    assert_int_equal(plan.fact[FACT_STARTTLS_ADVERTISED].value, TRI_UNKNOWN);
    assert_int_equal(plan.fact[FACT_STARTTLS_ADVERTISED].reason, REASON_INCONSISTENT);
    assert_true(plan.flags & FLAG_INCONSISTENT);
    assert_int_equal(plan.fact[FACT_TLS_ENABLED].value, TRI_YES); /* the rest is what was seen */
    assert_int_equal(plan.fact[FACT_TLS1_2].value, TRI_YES);
    assert_int_equal(plan.fact[FACT_TLS1_1].value, TRI_NO);
    assert_int_equal(plan.reason, REASON_NONE);
    plan_init(&next, &DEFAULT);
    assert_true(plan_resume(&next, saved, plan_save(&plan, saved)));
    assert_int_equal(next.fact[FACT_STARTTLS_ADVERTISED].value, TRI_UNKNOWN);
    assert_true(next.flags & FLAG_INCONSISTENT);
}

static struct answer closes_on_the_control(const struct step *step, unsigned seen) {
    struct answer answer = tls12_that_closes(step, seen);
    return is_control(step) ? of_kind(ANSWER_CLOSED) : answer;
}

static void a_failed_control_turns_soft_no_into_unknown(void **state) {
    (void)state;
    struct plan plan = plan_of(closes_on_the_control);
    assert_int_equal(plan.fact[FACT_TLS1_2].value, TRI_YES);
    assert_int_equal(plan.fact[FACT_TLS1_3].value, TRI_NO); /* the server picked 1.2 where 1.3 was offered */
    assert_int_equal(plan.fact[FACT_TLS1_1].value, TRI_UNKNOWN);
    assert_int_equal(plan.fact[FACT_TLS1_1].reason, REASON_INCONSISTENT);
    assert_int_equal(plan.fact[FACT_WEAK_CIPHERS].value, TRI_UNKNOWN);
    assert_true(plan.flags & FLAG_INCONSISTENT);
    assert_int_equal(plan.reason, REASON_INCONSISTENT);
}

static void a_control_that_works_confirms_soft_no(void **state) {
    (void)state;
    struct plan plan = plan_of(tls12_that_closes);
    assert_int_equal(plan.fact[FACT_TLS1_1].value, TRI_NO);
    assert_int_equal(plan.fact[FACT_WEAK_CIPHERS].value, TRI_NO);
    assert_int_equal(plan.flags, 0);
}

static bool offers(const struct step *step, uint16_t suite) {
    for (size_t i = 0; i < step->suite_count; i++)
        if (step->suites[i] == suite)
            return true;
    return false;
}

/* TLS 1.2 and 1.0, with every class but weak suites, of which 1.0 says that it has none; at 1.2 the line breaks. */
static struct answer weak_hello_is_cut(const struct step *step, unsigned seen) {
    (void)seen;
    uint16_t version = step->max >= VERSION_TLS1_2 ? VERSION_TLS1_2 : VERSION_TLS1_0;
    uint16_t suite = version == VERSION_TLS1_2 ? 0xC02F : 0xC014;
    if (step->max < VERSION_TLS1_0)
        return of_kind(ANSWER_REFUSED);
    if (offers(step, suite))
        return selected(step, version, suite);
    if (offers(step, 0xC018))
        return selected(step, version, 0xC018);
    return of_kind(version == VERSION_TLS1_2 ? ANSWER_RESET : ANSWER_REFUSED);
}

static struct answer resets_the_control(const struct step *step, unsigned seen) {
    struct answer answer = weak_hello_is_cut(step, seen);
    return is_control(step) ? of_kind(ANSWER_RESET) : answer;
}

static void weak_suites_refused_by_a_close_at_one_version_need_the_control(void **state) {
    (void)state;
    struct plan plan = plan_of(resets_the_control);
    assert_int_equal(plan.fact[FACT_TLS1_0].value, TRI_YES);
    assert_int_equal(plan.fact[FACT_ANON_SUITES].value, TRI_YES);
    assert_int_equal(plan.fact[FACT_WEAK_CIPHERS].value, TRI_UNKNOWN);
    assert_true(plan.flags & FLAG_INCONSISTENT); /* the control was asked */
}

/* TLS 1.2 and 1.3, as a server without the downgrade sentinel; only the very first connection does not come through. */
static void check_first_answer(enum answer_kind kind, uint8_t alert) {
    struct plan plan;
    plan_init(&plan, &DEFAULT);
    for (const struct step *step; (step = plan_next(&plan)) != NULL;) {
        struct answer answer = of_kind(plan.connections == 0 ? kind : ANSWER_REFUSED);
        answer.alerted = answer.kind == ANSWER_REFUSED;
        answer.alert = plan.connections == 0 ? alert : 40;
        if (plan.connections > 0 && step->max == VERSION_TLS1_3)
            answer = selected(step, VERSION_TLS1_3, 0x1301);
        else if (plan.connections > 0 && step->max == VERSION_TLS1_2 && offers(step, 0xC02F))
            answer = selected(step, VERSION_TLS1_2, 0xC02F);
        plan_answer(&plan, &answer);
    }
    plan_finish(&plan);
    assert_int_equal(plan.fact[FACT_TLS_ENABLED].value, TRI_YES);
    assert_int_equal(plan.fact[FACT_TLS1_3].value, TRI_YES);
    assert_int_equal(plan.fact[FACT_TLS1_1].value, TRI_NO);
    assert_int_not_equal(plan.fact[FACT_PQ_HYBRID].value, TRI_YES);
    assert_false(plan.flags & FLAG_INCONSISTENT);
}

static void one_lost_first_handshake_does_not_make_tls13_a_no(void **state) {
    (void)state;
    check_first_answer(ANSWER_RESET, 0);
    check_first_answer(ANSWER_CLOSED, 0);
    check_first_answer(ANSWER_REFUSED, 80);
    check_first_answer(ANSWER_REFUSED, 47);
}

static struct answer swallows_ssl_hellos(const struct step *step, unsigned seen) {
    (void)seen;
    struct answer answer = of_kind(step->max < VERSION_TLS1_0 ? ANSWER_SILENT : ANSWER_REFUSED);
    if (step->max >= VERSION_TLS1_0 && offers(step, 0x002F))
        answer = selected(step, (uint16_t)(step->max < VERSION_TLS1_2 ? step->max : VERSION_TLS1_2), 0x002F);
    return answer;
}

/* TLS 1.0 to 1.2, behind a filter that swallows SSL hellos. */
static void ssl_hellos_that_vanish_do_not_end_the_plan(void **state) {
    (void)state;
    struct plan plan = plan_of(swallows_ssl_hellos);
    assert_int_equal(plan.fact[FACT_SSLV3].value, TRI_UNKNOWN);
    assert_int_equal(plan.fact[FACT_SSLV3].reason, REASON_TIMEOUT);
    assert_int_equal(plan.fact[FACT_SSLV2].reason, REASON_TIMEOUT);
    assert_int_equal(plan.fact[FACT_NIST_R2].value, TRI_NO);
    assert_int_equal(plan.fact[FACT_TLS_ENABLED].value, TRI_YES);
}

static struct answer chokes_on_extensions(const struct step *step, unsigned seen) {
    (void)seen;
    bool plain = step->plain || step->max == VERSION_SSLV3;
    struct answer answer =
        plain && step->kind == STEP_HELLO ? selected(step, step->max, 0x0005) : of_kind(ANSWER_REFUSED);
    return answer;
}

/* Its first answer is an alert to everything with extensions. */
static void a_server_that_chokes_on_extensions_is_asked_without(void **state) {
    (void)state;
    struct plan plan = plan_of(chokes_on_extensions);
    assert_int_equal(plan.fact[FACT_TLS1_0].value, TRI_YES);
    assert_int_equal(plan.fact[FACT_SSLV3].value, TRI_YES);
    assert_true(plan.flags & FLAG_INTOLERANT);
}

static struct answer takes_only_hybrids(const struct step *step, unsigned seen) {
    (void)seen;
    struct answer answer = of_kind(ANSWER_REFUSED);
    if (step->max == VERSION_TLS1_3 && step->groups[0] == 0x11EC) {
        answer = selected(step, VERSION_TLS1_3, 0x1302);
        answer.completed = false;
        answer.incompletable = true;
        answer.group = 0x11EC;
    }
    return answer;
}

static void a_server_that_takes_only_hybrids_has_tls(void **state) {
    (void)state;
    struct plan plan = plan_of(takes_only_hybrids);
    assert_int_equal(plan.fact[FACT_TLS1_3].value, TRI_YES);
    assert_int_equal(plan.fact[FACT_PQ_HYBRID].value, TRI_YES);
    assert_int_equal(plan.fact[FACT_TLS_ENABLED].value, TRI_YES);
    assert_int_equal(plan.fact[FACT_TLS_ENABLED].evidence, EVIDENCE_INFERRED);
}

static void a_downgrade_sentinel_proves_tls13(void **state) {
    (void)state;
    struct plan plan;
    plan_init(&plan, &DEFAULT);
    const struct step *step = plan_next(&plan);
    struct answer answer = of_kind(ANSWER_MALFORMED); /* it stumbles over the first hello */
    plan_answer(&plan, &answer);
    step = plan_next(&plan);
    assert_non_null(step);
    answer = selected(step, VERSION_TLS1_2, 0xC02F);
    answer.sentinel = true;
    plan_answer(&plan, &answer);
    assert_int_equal(plan.fact[FACT_TLS1_3].value, TRI_YES);
    assert_int_equal(plan.fact[FACT_TLS1_3].evidence, EVIDENCE_INFERRED);
}

static void a_saved_plan_of_other_bytes_is_not_taken(void **state) {
    (void)state;
    struct plan plan, fresh;
    uint8_t saved[PLAN_SAVED_MAX + 1];
    plan_init(&plan, &DEFAULT);
    const struct step *step = plan_next(&plan);
    struct answer answer = selected(step, VERSION_TLS1_2, 0xC02F);
    plan_answer(&plan, &answer);
    size_t len = plan_save(&plan, saved);
    assert_true(len > 0 && len < PLAN_SAVED_MAX);
    plan_init(&fresh, &DEFAULT);
    for (size_t cut = 0; cut < len; cut++)
        assert_false(plan_resume(&fresh, saved, cut));
    assert_false(plan_resume(&fresh, saved, len + 1));
    uint8_t rule = saved[8]; /* of the first note */
    saved[8] = UINT8_MAX;
    assert_false(plan_resume(&fresh, saved, len));
    saved[8] = rule;
    saved[0]++;
    assert_false(plan_resume(&fresh, saved, len));
    assert_int_equal(fresh.fact[FACT_TLS1_2].value, TRI_UNKNOWN);
    saved[0]--;
    assert_true(plan_resume(&fresh, saved, len));
    assert_int_equal(fresh.fact[FACT_TLS1_2].value, TRI_YES);
    assert_int_equal(fresh.fact[FACT_TLS1_2].connection, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_is_unknown_not_no),
        cmocka_unit_test(closing_on_every_hello_proves_nothing),
        cmocka_unit_test(what_is_broken_is_asked_for_anew_in_every_attempt),
        cmocka_unit_test(an_alert_to_every_hello_is_a_no),
        cmocka_unit_test(a_server_without_starttls_is_asked_twice),
        cmocka_unit_test(starttls_that_was_seen_and_is_gone_changes_no_fact),
        cmocka_unit_test(starttls_that_was_missing_and_is_there_is_inconsistent),
        cmocka_unit_test(a_greylisting_front_is_believed_on_the_second_visit),
        cmocka_unit_test(what_stands_behind_a_greylisting_front_is_no_contradiction),
        cmocka_unit_test(a_refused_connection_is_no_and_the_rest_unknown),
        cmocka_unit_test(a_server_that_selects_and_always_fails_has_no_tls),
        cmocka_unit_test(handshakes_that_are_cut_off_prove_nothing),
        cmocka_unit_test(a_failed_control_turns_soft_no_into_unknown),
        cmocka_unit_test(a_control_that_works_confirms_soft_no),
        cmocka_unit_test(weak_suites_refused_by_a_close_at_one_version_need_the_control),
        cmocka_unit_test(one_lost_first_handshake_does_not_make_tls13_a_no),
        cmocka_unit_test(ssl_hellos_that_vanish_do_not_end_the_plan),
        cmocka_unit_test(a_server_that_chokes_on_extensions_is_asked_without),
        cmocka_unit_test(a_server_that_takes_only_hybrids_has_tls),
        cmocka_unit_test(a_downgrade_sentinel_proves_tls13),
        cmocka_unit_test(a_saved_plan_of_other_bytes_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
