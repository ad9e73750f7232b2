// link: mxg_plan
/* test_faults.c - one fault is not an answer. Each hypothetical server is probed once for each connection of its plan
 * and each kind of fault that may meet that connection; whatever the plan then believes is true, or it says unknown. A
 * plan that was stopped is taken up by a second attempt, for which the same holds.
 */
#include "simulated.h"

enum fault {
    FAULT_CLOSE,
    FAULT_RESET,
    FAULT_SILENCE,
    FAULT_INTERNAL_ERROR,    /* alert 80 */
    FAULT_HANDSHAKE_FAILURE, /* alert 40, where the server would have selected */
    FAULT_TURNED_AWAY,       /* 421 */
    FAULT_COUNT
};

static const char *const FAULT_NAMES[FAULT_COUNT] = {"close", "reset", "silence", "alert 80", "alert 40", "421"};

/* The answer that the fault makes of the true one. */
static struct answer faulty(enum fault fault, struct answer truth) {
    struct answer answer = NOT_YET;
    bool selected = truth.kind == ANSWER_SELECTED;
    switch (fault) {
    case FAULT_CLOSE:
        answer.kind = ANSWER_CLOSED;
        break;
    case FAULT_RESET:
        answer.kind = ANSWER_RESET;
        break;
    case FAULT_SILENCE:
        answer.kind = ANSWER_SILENT;
        break;
    case FAULT_INTERNAL_ERROR:
    case FAULT_HANDSHAKE_FAILURE:
        if (fault == FAULT_HANDSHAKE_FAILURE && !selected)
            return truth;
        answer.kind = ANSWER_REFUSED;
        answer.alerted = true;
        answer.alert = fault == FAULT_INTERNAL_ERROR ? 80 : 40;
        break;
    case FAULT_TURNED_AWAY:
    case FAULT_COUNT:
        answer = (struct answer){.kind = ANSWER_STOPPED, .reason = REASON_RATE_LIMITED, .greeted = false};
        break;
    }
    return answer;
}

/* Goes through the plan; connection at (from 1) meets the fault, none if 0. */
static void probe_with_fault(struct plan *plan, struct server *server, unsigned at, enum fault fault) {
    for (const struct step *step; (step = plan_next(plan)) != NULL;) {
        struct answer answer = answer_of(server, step);
        if (plan->connections + 1 == at)
            answer = faulty(fault, answer);
        plan_answer(plan, &answer);
    }
    plan_finish(plan);
}

/* A refusal of suites alone, once: modern servers would cost five connections instead of four if it was asked twice,
 * and no plan of four can tell it from the truth (docs/probe-plan.md section 8). */
static bool is_refusal_of_suites(enum fault fault, unsigned id, bool closes) {
    bool suites = id == FACT_WEAK_CIPHERS || id == FACT_ANON_SUITES || id == FACT_NIST_R1;
    bool looks_like_one = fault == FAULT_HANDSHAKE_FAILURE ||
                          (closes && (fault == FAULT_CLOSE || fault == FAULT_RESET || fault == FAULT_INTERNAL_ERROR));
    return suites && looks_like_one;
}

struct tally {
    struct plan_policy policy;
    bool closes;
    unsigned up_to; /* faults at the first so many connections; 0: at each */
    unsigned servers, faults, wrong, undetectable, unknown, extra_most, wrong_of[FAULT_COUNT],
        wrong_fact[FACT_ENDPOINT_COUNT];
    unsigned shown;
};

static void count_wrong(struct tally *tally, const struct plan *plan, const struct server *server, unsigned at,
                        enum fault fault) {
    enum tri truth[FACT_ENDPOINT_COUNT];
    bool wrong = false, unknown = false, undetectable = false;
    truth_of(server, &plan->policy, truth);
    for (unsigned id = 0; id < FACT_ENDPOINT_COUNT; id++) {
        bool differs = plan->fact[id].value != TRI_UNKNOWN && plan->fact[id].value != truth[id];
        if (id == FACT_PQ_HYBRID && plan->fact[id].value == TRI_YES) /* asked for hybrids alone, it has them */
            differs = server->pq == PQ_NONE;
        if (differs && is_refusal_of_suites(fault, id, tally->closes)) {
            undetectable = true;
            differs = false;
        }
        tally->wrong_fact[id] += differs;
        if (differs && tally->shown < 10) {
            tally->shown++;
            print_message("%s at connection %u: %s is %s, and %s in truth; ", FAULT_NAMES[fault], at,
                          fact_key((enum fact_id)id), tri_name(plan->fact[id].value), tri_name(truth[id]));
            show(server);
        }
        wrong = wrong || differs;
        unknown = unknown || plan->fact[id].value == TRI_UNKNOWN;
    }
    tally->wrong += wrong;
    tally->undetectable += undetectable;
    tally->wrong_of[fault] += wrong;
    tally->unknown += unknown;
}

static void probe_again(struct tally *tally, const struct plan *plan, struct server *server, unsigned at,
                        enum fault fault) {
    struct plan next;
    uint8_t saved[PLAN_SAVED_MAX];
    size_t len = plan_save(plan, saved);
    plan_init(&next, &tally->policy);
    assert_true(plan_resume(&next, saved, len));
    probe_with_fault(&next, server, 0, fault);
    count_wrong(tally, &next, server, at, fault);
}

static void probe_each_fault(struct server *server, void *context) {
    struct tally *tally = context;
    struct plan plan;
    server->closes = tally->closes;
    unsigned without = run(&plan, &tally->policy, server);
    unsigned last = tally->up_to && tally->up_to < without ? tally->up_to : without;
    for (unsigned at = 1; at <= last; at++)
        for (enum fault fault = 0; fault < FAULT_COUNT; fault++) {
            plan_init(&plan, &tally->policy);
            probe_with_fault(&plan, server, at, fault);
            count_wrong(tally, &plan, server, at, fault);
            unsigned extra = plan.connections > without ? plan.connections - without : 0;
            tally->extra_most = extra > tally->extra_most ? extra : tally->extra_most;
            tally->faults++;
            if (plan.reason != REASON_NONE)
                probe_again(tally, &plan, server, at, fault);
        }
    server->closes = false;
    tally->servers++;
}

static void print_tally(const char *name, const struct tally *tally) {
    print_message("%-34s %u servers, %u faults: %u wrong, %u refusals of suites that nobody can tell from true ones, "
                  "%u with something unknown, at most %u connections more\n",
                  name, tally->servers, tally->faults, tally->wrong, tally->undetectable, tally->unknown,
                  tally->extra_most);
    for (unsigned i = 0; i < FAULT_COUNT; i++)
        if (tally->wrong_of[i])
            print_message("    %-10s %u wrong\n", FAULT_NAMES[i], tally->wrong_of[i]);
    for (unsigned i = 0; i < FACT_ENDPOINT_COUNT; i++)
        if (tally->wrong_fact[i])
            print_message("    %-22s %u wrong\n", fact_key((enum fact_id)i), tally->wrong_fact[i]);
}

static void one_fault_leaves_no_wrong_fact(void **state) {
    struct tally tally = {.closes = false};
    (void)state;
    visit_all(ONE_CERTIFICATE, probe_each_fault, &tally);
    print_tally("refuses by alerts", &tally);
    assert_true(tally.servers >= 4998);
    assert_int_equal(tally.wrong, 0);
    assert_true(tally.undetectable <= tally.faults / 100);
}

static void nor_at_a_server_that_refuses_by_closing(void **state) {
    struct tally tally = {.closes = true};
    (void)state;
    visit_all(ONE_CERTIFICATE, probe_each_fault, &tally);
    print_tally("refuses by EOF", &tally);
    assert_true(tally.servers >= 4998);
    assert_int_equal(tally.wrong, 0);
    assert_true(tally.undetectable <= tally.faults / 50);
}

/* ---- servers that the simulator does not have ---- */

enum { HANDSHAKE_FAILURE = 40, PROTOCOL_VERSION = 70, INTERNAL_ERROR = 80, X25519MLKEM768 = 0x11EC };

static struct answer ended(enum answer_kind kind, uint8_t alert) {
    struct answer answer = NOT_YET;
    answer.kind = kind;
    answer.alerted = kind == ANSWER_REFUSED;
    answer.alert = alert;
    return answer;
}

/* A server is a function from what it is asked, and of how many connections it has seen, to its answer. */
typedef struct answer server_fn(const struct step *step, unsigned seen);

static struct plan plan_of(server_fn *server) {
    static const struct plan_policy policy = {.per_version = false};
    struct plan plan;
    plan_init(&plan, &policy);
    for (const struct step *step; (step = plan_next(&plan)) != NULL;) {
        struct answer answer = server(step, plan.connections);
        plan_answer(&plan, &answer);
    }
    plan_finish(&plan);
    return plan;
}

/* TLS 1.3 with a hybrid and no other group; the first connection breaks off. */
static struct answer hybrids_alone(const struct step *step, unsigned seen) {
    if (seen == 0)
        return ended(ANSWER_CLOSED, 0);
    if (step->max != VERSION_TLS1_3)
        return ended(ANSWER_REFUSED, PROTOCOL_VERSION);
    for (size_t i = 0; i < step->group_count; i++)
        if (step->groups[i] == X25519MLKEM768)
            return selection(step, VERSION_TLS1_3, 0x1301, X25519MLKEM768);
    return ended(ANSWER_REFUSED, HANDSHAKE_FAILURE);
}

static void hybrids_are_asked_for_again_after_an_accident(void **state) {
    (void)state;
    struct plan plan = plan_of(hybrids_alone);
    assert_int_equal(plan.fact[FACT_TLS_ENABLED].value, TRI_YES);
    assert_int_equal(plan.fact[FACT_TLS1_3].value, TRI_YES);
    assert_int_equal(plan.fact[FACT_PQ_HYBRID].value, TRI_YES);
    assert_int_equal(plan.fact[FACT_TLS1_2].value, TRI_NO);
    assert_false(plan.flags & FLAG_INCONSISTENT);
}

/* TLS 1.2 and 1.3, suites in the server's order, a weak one last; the second connection is refused for nothing. */
static struct answer refuses_once(const struct step *step, unsigned seen) {
    static const uint16_t order[] = {0xC02F, 0xC030, 0x0005};
    if (step->max == VERSION_TLS1_3)
        return selection(step, VERSION_TLS1_3, 0x1301, 0x001D);
    if (step->max != VERSION_TLS1_2)
        return ended(ANSWER_REFUSED, PROTOCOL_VERSION);
    for (size_t i = 0; seen != 1 && i < 3; i++)
        if (offers(step, order[i]))
            return selection(step, VERSION_TLS1_2, order[i], 0);
    return ended(ANSWER_REFUSED, HANDSHAKE_FAILURE);
}

static void a_refusal_that_a_selection_disproves_is_none(void **state) {
    (void)state;
    struct plan plan = plan_of(refuses_once);
    assert_int_equal(plan.fact[FACT_WEAK_CIPHERS].value, TRI_YES);
    assert_int_equal(plan.fact[FACT_NIST_R1].value, TRI_YES);
}

/* The same, but it refuses by internal_error; the first time that it would take the weak suite meets a close. */
static struct answer refuses_by_internal_error(const struct step *step, unsigned seen) {
    static unsigned closed_at; /* 0: not yet */
    struct answer answer = refuses_once(step, UINT8_MAX);
    closed_at = seen == 0 ? 0 : closed_at;
    if (answer.kind != ANSWER_SELECTED)
        return ended(ANSWER_REFUSED, INTERNAL_ERROR);
    if (answer.suite == 0x0005 && closed_at == 0) {
        closed_at = seen;
        return ended(ANSWER_CLOSED, 0);
    }
    return answer;
}

static void a_server_that_alerts_does_not_close_instead(void **state) {
    (void)state;
    struct plan plan = plan_of(refuses_by_internal_error);
    assert_int_not_equal(plan.fact[FACT_WEAK_CIPHERS].value, TRI_NO);
}

/* The same where hellos name a host: a fault at the first handshake makes the plan ask without, and from then on all is
 * as it was. */
static void nor_where_a_host_is_named(void **state) {
    struct tally tally = {.policy = {.named = true}, .up_to = 2};
    (void)state;
    visit_all(ONE_CERTIFICATE, probe_each_fault, &tally);
    print_tally("hellos name a host", &tally);
    assert_int_equal(tally.wrong, 0);
    assert_true(tally.undetectable <= tally.faults / 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_fault_leaves_no_wrong_fact),
        cmocka_unit_test(nor_at_a_server_that_refuses_by_closing),
        cmocka_unit_test(nor_where_a_host_is_named),
        cmocka_unit_test(hybrids_are_asked_for_again_after_an_accident),
        cmocka_unit_test(a_refusal_that_a_selection_disproves_is_none),
        cmocka_unit_test(a_server_that_alerts_does_not_close_instead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
