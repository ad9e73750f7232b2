// link: mxg_probe
/* test_plan.c - the plan against simulated servers: every combination of versions, suite sets, choice of order and
 * post-quantum support; plus servers that close instead of sending alerts, fall silent or turn away.
 */
#include "plan.h"
#include "suites.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A server: which versions it speaks and which suites it has below TLS 1.3. */
struct server {
    unsigned versions; /* bit n: 0x0300 + n */
    const uint16_t *suites;
    size_t suite_count;
    bool own_order; /* picks by its own order */
    bool hybrid;    /* has X25519MLKEM768 */
    bool closes;    /* refuses by EOF */
    unsigned limit; /* turns away with 421 after that many connections; 0 = never */
    unsigned made;
};

static const uint16_t MODERN[] = {0xC030, 0xC02F};
static const uint16_t AES_RSA[] = {0x002F, 0x0035};
static const uint16_t R2_ONLY[] = {0xC030};
static const uint16_t POSTFIX[] = {0xC030, 0xC02F, 0xC014, 0xC013, 0x0035, 0x002F, 0xC019, 0x003A};
static const uint16_t WITH_3DES[] = {0xC02F, 0xC013, 0x002F, 0x000A};
static const uint16_t RC4_ONLY[] = {0x0004};
static const uint16_t OLD_ALL[] = {0x0035, 0x0039, 0x000A, 0x0005, 0x0009, 0x0003, 0x0034, 0x0018};
static const struct {
    const uint16_t *suites;
    size_t count;
} SETS[] = {{MODERN, 2}, {AES_RSA, 2}, {R2_ONLY, 1}, {POSTFIX, 8}, {WITH_3DES, 4}, {RC4_ONLY, 1}, {OLD_ALL, 8}};

static bool contains(const uint16_t *list, size_t count, uint16_t suite) {
    for (size_t i = 0; i < count; i++)
        if (list[i] == suite)
            return true;
    return false;
}

/* OpenSSL offers neither weak nor anonymous suites in a full handshake. */
static bool openssl_has(uint16_t suite) {
    const struct suite *found = suite_find(suite);
    return found && (found->flags & (SUITE_WEAK | SUITE_ANON)) == 0;
}

static bool offers(const struct step *step, uint16_t suite) {
    size_t count;
    const uint16_t *list = offer_suites(step->offer, &count);
    if (step->kind == STEP_HELLO)
        return contains(list, count, suite);
    const struct suite *found = suite_find(suite);
    unsigned both = SUITE_R1 | SUITE_R2;
    return openssl_has(suite) && (step->handshake == HANDSHAKE_EVERYTHING || (found->flags & both) == both);
}

static uint16_t choose(const struct server *server, const struct step *step) {
    if (server->own_order || step->kind == STEP_HANDSHAKE) {
        for (size_t i = 0; i < server->suite_count; i++)
            if (offers(step, server->suites[i]))
                return server->suites[i];
        return 0;
    }
    size_t count;
    const uint16_t *list = offer_suites(step->offer, &count);
    for (size_t i = 0; i < count; i++)
        if (contains(server->suites, server->suite_count, list[i]))
            return list[i];
    return 0;
}

static struct answer selected(const struct step *step, uint16_t version, uint16_t suite, uint16_t group) {
    return (struct answer){.kind = ANSWER_SELECTED,
                           .greeted = true,
                           .starttls = true,
                           .version = version,
                           .suite = suite,
                           .group = group,
                           .whole = true,
                           .completed = step->kind == STEP_HANDSHAKE};
}

static struct answer reply(struct server *server, const struct step *step) {
    struct answer refusal = {
        .kind = server->closes ? ANSWER_CLOSED : ANSWER_REFUSED, .greeted = true, .starttls = true};
    server->made++;
    if (server->limit && server->made > server->limit)
        return (struct answer){.kind = ANSWER_STOPPED, .reason = REASON_RATE_LIMITED};
    if (step->kind == STEP_HELLO && step->max == VERSION_SSLV2)
        return refusal;
    bool has_13 = server->versions & 1u << 4;
    bool offers_13 = step->max == VERSION_TLS1_3;
    if (offers_13 && has_13)
        return selected(step, VERSION_TLS1_3, 0x1301, server->hybrid && step->kind == STEP_HELLO ? 0x11EC : 0x001D);
    if (offers_13 && step->kind == STEP_HELLO)
        return refusal;
    unsigned lowest = step->kind == STEP_HANDSHAKE ? VERSION_TLS1_0 : VERSION_SSLV3;
    unsigned top = step->max < VERSION_TLS1_2 ? step->max : VERSION_TLS1_2;
    for (unsigned version = top; version >= lowest; version--) {
        if ((server->versions & 1u << (version & 7)) == 0)
            continue;
        uint16_t suite = choose(server, step);
        return suite ? selected(step, (uint16_t)version, suite, 0) : refusal;
    }
    return refusal;
}

static unsigned run(struct plan *plan, struct server *server) {
    plan_init(plan);
    for (const struct step *step; (step = plan_next(plan)) != NULL;) {
        struct answer answer = reply(server, step);
        plan_answer(plan, &answer);
    }
    plan_finish(plan);
    return plan->connections;
}

static enum tri expect_flag(const struct server *server, unsigned flag) {
    bool legacy = server->versions & 0x0f;
    for (size_t i = 0; legacy && i < server->suite_count; i++)
        if (suite_find(server->suites[i])->flags & flag)
            return TRI_YES;
    bool tls13 = server->versions & 1u << 4;
    return tls13 && (flag == SUITE_FS || flag == SUITE_R2) ? TRI_YES : TRI_NO;
}

static void assert_fact(const struct plan *plan, enum fact_id id, enum tri expected, const struct server *server) {
    if (plan->fact[id].value == expected)
        return;
    fail_msg("%s is %s, expected %s: versions %02x, %zu suites from %04x, own order %d, hybrid %d", fact_key(id),
             tri_name(plan->fact[id].value), tri_name(expected), server->versions, server->suite_count,
             server->suites[0], server->own_order, server->hybrid);
}

static void assert_all_facts(const struct plan *plan, const struct server *server) {
    static const enum fact_id versions[] = {FACT_SSLV3, FACT_TLS1_0, FACT_TLS1_1, FACT_TLS1_2, FACT_TLS1_3};
    for (unsigned i = 0; i < 5; i++)
        assert_fact(plan, versions[i], server->versions & 1u << i ? TRI_YES : TRI_NO, server);
    assert_fact(plan, FACT_SSLV2, TRI_NO, server);
    assert_fact(plan, FACT_WEAK_CIPHERS, expect_flag(server, SUITE_WEAK), server);
    assert_fact(plan, FACT_ANON_SUITES, expect_flag(server, SUITE_ANON), server);
    assert_fact(plan, FACT_NIST_R1, expect_flag(server, SUITE_R1), server);
    assert_fact(plan, FACT_NIST_R2, expect_flag(server, SUITE_R2), server);
    assert_fact(plan, FACT_FORWARD_SECRECY, expect_flag(server, SUITE_FS), server);
    assert_fact(plan, FACT_PQ_HYBRID, (server->versions & 1u << 4) && server->hybrid ? TRI_YES : TRI_NO, server);
    assert_fact(plan, FACT_TLS_ENABLED, TRI_YES, server);
}

static void every_hypothetical_server_is_told_truly(void **state) {
    (void)state;
    unsigned servers = 0, connections = 0, most = 0;
    for (unsigned versions = 1; versions < 32; versions++)
        for (unsigned set = 0; set < sizeof SETS / sizeof *SETS; set++)
            for (unsigned bits = 0; bits < 8; bits++) {
                struct server server = {.versions = versions,
                                        .suites = SETS[set].suites,
                                        .suite_count = SETS[set].count,
                                        .own_order = bits & 1,
                                        .hybrid = bits & 2,
                                        .closes = bits & 4};
                struct plan plan;
                unsigned made = run(&plan, &server);
                assert_all_facts(&plan, &server);
                servers++;
                connections += made;
                most = made > most ? made : most;
            }
    print_message("%u servers, %.2f connections on average, %u at most\n", servers, connections / (double)servers,
                  most);
    assert_true(most <= 14);
}

static void a_server_that_turns_away_leaves_unknown_not_no(void **state) {
    (void)state;
    for (unsigned limit = 1; limit <= 8; limit++) {
        struct server server = {.versions = 0x1f, .suites = POSTFIX, .suite_count = 8, .limit = limit};
        struct server unlimited = server;
        struct plan plan, truth;
        unlimited.limit = 0;
        unsigned needed = run(&truth, &unlimited);
        unsigned made = run(&plan, &server);
        assert_true(made <= limit + 1);
        for (unsigned id = 0; id < FACT_ENDPOINT_COUNT; id++) {
            if (plan.fact[id].value != TRI_UNKNOWN)
                assert_int_equal(plan.fact[id].value, truth.fact[id].value);
            else
                assert_int_equal(plan.fact[id].reason, REASON_RATE_LIMITED);
        }
        assert_int_equal(plan.reason, needed > limit ? REASON_RATE_LIMITED : REASON_NONE);
    }
}

static void answer_with(struct plan *plan, struct answer answer) {
    plan_init(plan);
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

static void an_alert_to_every_hello_is_a_no(void **state) {
    (void)state;
    struct plan plan;
    answer_with(&plan, (struct answer){.kind = ANSWER_REFUSED, .greeted = true, .starttls = true});
    for (unsigned id = FACT_TLS_ENABLED; id < FACT_ENDPOINT_COUNT; id++)
        assert_int_equal(plan.fact[id].value, TRI_NO);
}

static void a_server_without_starttls_costs_one_connection(void **state) {
    (void)state;
    struct plan plan;
    answer_with(&plan, (struct answer){.kind = ANSWER_NO_STARTTLS, .greeted = true});
    assert_int_equal(plan.connections, 1);
    assert_int_equal(plan.fact[FACT_STARTTLS_ADVERTISED].value, TRI_NO);
    assert_int_equal(plan.fact[FACT_TLS_ENABLED].value, TRI_NO);
    assert_int_equal(plan.fact[FACT_TLS1_2].value, TRI_NO);
}

static void a_refused_connection_is_no_and_the_rest_unknown(void **state) {
    (void)state;
    struct plan plan;
    answer_with(&plan, (struct answer){.kind = ANSWER_STOPPED, .reason = REASON_UNREACHABLE});
    assert_int_equal(plan.fact[FACT_REACHABLE].value, TRI_NO);
    assert_int_equal(plan.fact[FACT_TLS_ENABLED].value, TRI_UNKNOWN);
    assert_int_equal(plan.fact[FACT_TLS_ENABLED].reason, REASON_UNREACHABLE);
}

/* OpenSMTPD 6.8 with OpenSSL 3: ServerHello, then an alert, every time. */
static void a_server_that_selects_and_always_fails_has_no_tls(void **state) {
    (void)state;
    struct plan plan;
    plan_init(&plan);
    for (const struct step *step; (step = plan_next(&plan)) != NULL;) {
        enum tls_version version = step->max < VERSION_TLS1_2 ? step->max : VERSION_TLS1_2;
        struct answer answer = selected(step, (uint16_t)version, 0xC02F, 0);
        answer.completed = false;
        plan_answer(&plan, &answer);
    }
    plan_finish(&plan);
    assert_int_equal(plan.fact[FACT_TLS_ENABLED].value, TRI_NO);
}

static void a_failed_control_turns_soft_no_into_unknown(void **state) {
    (void)state;
    struct server server = {.versions = 0x08, .suites = MODERN, .suite_count = 2, .closes = true};
    struct plan plan;
    plan_init(&plan);
    for (const struct step *step; (step = plan_next(&plan)) != NULL;) {
        struct answer answer = reply(&server, step);
        if (strcmp(step->name, "control") == 0)
            answer = (struct answer){.kind = ANSWER_CLOSED, .greeted = true, .starttls = true};
        plan_answer(&plan, &answer);
    }
    plan_finish(&plan);
    assert_int_equal(plan.fact[FACT_TLS1_2].value, TRI_YES);
    assert_int_equal(plan.fact[FACT_TLS1_3].value, TRI_UNKNOWN);
    assert_int_equal(plan.fact[FACT_TLS1_1].value, TRI_UNKNOWN);
    assert_int_equal(plan.fact[FACT_TLS1_1].reason, REASON_INCONSISTENT);
    assert_true(plan.flags & FLAG_INCONSISTENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_hypothetical_server_is_told_truly),
        cmocka_unit_test(a_server_that_turns_away_leaves_unknown_not_no),
        cmocka_unit_test(silence_is_unknown_not_no),
        cmocka_unit_test(closing_on_every_hello_proves_nothing),
        cmocka_unit_test(an_alert_to_every_hello_is_a_no),
        cmocka_unit_test(a_server_without_starttls_costs_one_connection),
        cmocka_unit_test(a_refused_connection_is_no_and_the_rest_unknown),
        cmocka_unit_test(a_server_that_selects_and_always_fails_has_no_tls),
        cmocka_unit_test(a_failed_control_turns_soft_no_into_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
