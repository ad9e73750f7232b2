/* plan_learn.c - what an answer means: plan_answer() and plan_finish() of plan.h.
 *
 * A selection always means the same (learn_selection()): "yes" for the version, the suite's classes and the group; and
 * "no" for the versions between the selected one and the highest offered, because TLS negotiates the highest version
 * that both know. What a refusal means stands in the rule (plan_rules.c).
 */
#include "plan/plan_known.h"
#include "plan/plan_rules.h"
#include "tls/offers.h"
#include "tls/tls_names.h"

#include <string.h>

enum { SILENCES_MAX = 2, BROKEN_MAX = 2 };

#define TLS_FACTS (BIT(SSLV2) | LEGACY_VERSIONS | BIT(TLS1_3) | SUITE_CLASSES | BIT(PQ_HYBRID))

static void learn(struct plan *plan, enum fact_id id, enum tri tri, enum evidence evidence) {
    struct fact *fact = &plan->fact[id];
    if (fact->value == TRI_YES || fact->value == tri)
        return;
    /* A server said so: believe the yes. Classes of suites were refused at one version only, so nothing contradicts. */
    if (fact->value == TRI_NO && ((SUITE_CLASSES | plan->soft) & (UINT32_C(1) << id)) == 0)
        plan->flags |= plan_rule(plan)->role == ROLE_PLAIN ? FLAG_INTOLERANT : FLAG_INCONSISTENT;
    *fact = (struct fact){.value = tri, .evidence = evidence, .connection = plan->connections};
    plan->soft &= ~(UINT32_C(1) << id);
}

static void learn_all(struct plan *plan, uint32_t facts, enum tri tri, enum evidence evidence) {
    for (unsigned id = 0; id < FACT_ENDPOINT_COUNT; id++)
        if (facts & UINT32_C(1) << id)
            learn(plan, (enum fact_id)id, tri, evidence);
}

static void remember_suite(struct plan *plan, uint16_t suite) {
    if (suite && plan->suites_seen_count < PLAN_SUITES_SEEN_MAX &&
        !suite_is_listed(plan->suites_seen, plan->suites_seen_count, suite))
        plan->suites_seen[plan->suites_seen_count++] = suite;
}

/* Could OpenSSL complete what was selected? Not SSL 3.0, RC4 and the like, nor a group that we only offer. */
static bool is_completable(const struct answer *answer) {
    uint16_t suites[HELLO_SUITES_MAX];
    size_t count = offer_suites(OFFER_COMPLETABLE, 0, suites);
    return suite_is_listed(suites, count, answer->suite) && answer->version >= VERSION_TLS1_0 &&
           !tls_group_is_hybrid(answer->group);
}

static void learn_suite(struct plan *plan, uint16_t id) {
    const struct suite *suite = suite_find(id);
    remember_suite(plan, id);
    for (size_t i = 0; suite && i < CLASS_COUNT; i++)
        if (suite->flags & CLASSES[i].flag)
            learn(plan, CLASSES[i].fact, TRI_YES, EVIDENCE_OBSERVED);
}

/* X25519, X448 and ChaCha20 came to TLS libraries after SSL 2.0 had left them (OpenSSL 1.1.0, SChannel of 2016, NSS
 * 3.28, LibreSSL 2.5; the others never had it). */
static bool is_modern(const struct answer *answer) {
    enum { X25519 = 0x001D, X448 = 0x001E, CHACHA20_FIRST = 0xCCA8, CHACHA20_LAST = 0xCCAE };
    return answer->version == VERSION_TLS1_3 || answer->group == X25519 || answer->group == X448 ||
           (answer->suite >= CHACHA20_FIRST && answer->suite <= CHACHA20_LAST);
}

static void learn_versions(struct plan *plan, uint16_t selected) {
    enum offer offer = plan_rule_offer(plan_rule(plan));
    bool every_kind = offer == OFFER_COUNT || offer == OFFER_ALL || offer == OFFER_OPEN;
    for (unsigned i = 0; i < VERSION_COUNT; i++) {
        enum tls_version version = VERSIONS[i].version;
        if (version == selected)
            learn(plan, VERSIONS[i].fact, TRI_YES, EVIDENCE_OBSERVED);
        else if (every_kind && version > selected && version <= plan->step.max && version != VERSION_SSLV2)
            learn(plan, VERSIONS[i].fact, TRI_NO, EVIDENCE_INFERRED);
    }
}

static void learn_group(struct plan *plan, const struct answer *answer) {
    bool hybrid = tls_group_is_hybrid(answer->group), offered = tls_group_is_hybrid(plan->step.groups[0]);
    if (answer->version != VERSION_TLS1_3 || !offered)
        return;
    if (hybrid) {
        plan->pq_group = answer->group;
        learn(plan, FACT_PQ_HYBRID, TRI_YES, EVIDENCE_OBSERVED);
    } else if (!plan->policy.pq_strict && answer->group) { /* it has others and prefers them */
        learn(plan, FACT_PQ_HYBRID, TRI_NO, EVIDENCE_INFERRED);
    }
}

/* A server that needs a hello without extensions refused others for that: SSL 3.0 is to be asked again. */
static void forgive_refusals(struct plan *plan, uint16_t selected) {
    if (plan_rule(plan)->role == ROLE_PLAIN && selected > VERSION_SSLV3) {
        plan->fact[FACT_SSLV3] = (struct fact){.value = TRI_UNKNOWN};
        plan->flags |= FLAG_INTOLERANT;
    }
}

/* What the server selects now was in the first handshake's offer too. So the refusal of that handshake was no verdict
 * on TLS 1.3: the line broke, or the server stumbles over the hello's form. */
static void doubt_first_refusal(struct plan *plan, bool was_completable) {
    bool first_refused = plan_was_asked(plan, ROLE_FIRST) && plan->fact[FACT_TLS1_3].value == TRI_NO && !plan->broken;
    if (!first_refused || was_completable || !plan->completable || plan->step.kind != STEP_HELLO)
        return;
    plan->fact[FACT_TLS1_3] = plan->fact[FACT_PQ_HYBRID] = (struct fact){.value = TRI_UNKNOWN};
    plan->soft &= ~(BIT(TLS1_3) | BIT(PQ_HYBRID));
}

static void keep_control(struct plan *plan, const struct answer *answer) {
    bool cheaper = plan->has_control && plan->control.kind == STEP_HANDSHAKE && plan->step.kind == STEP_HELLO;
    if (answer->whole && plan->step.max != VERSION_SSLV2 && (!plan->has_control || cheaper)) {
        plan->has_control = true;
        plan->control = plan->step;
    }
}

static void learn_selection(struct plan *plan, const struct answer *answer) {
    bool was_completable = plan->completable;
    plan->soft = 0; /* whatever was closed before, the server still talks to us */
    plan->selected = true;
    plan->modern = plan->modern || is_modern(answer);
    plan->whole_flight = plan->whole_flight || answer->whole;
    forgive_refusals(plan, answer->version);
    learn_versions(plan, answer->version);
    if (answer->version == VERSION_SSLV2) /* all kinds of SSL 2.0 are weak */
        learn(plan, FACT_WEAK_CIPHERS, TRI_YES, EVIDENCE_OBSERVED);
    else
        learn_suite(plan, answer->suite);
    plan->completable = plan->completable || is_completable(answer);
    doubt_first_refusal(plan, was_completable);
    learn_group(plan, answer);
    if (answer->sentinel && !plan_is_yes(plan, FACT_TLS1_3)) {
        plan->flags |= FLAG_DOWNGRADE_SENTINEL;
        learn(plan, FACT_TLS1_3, TRI_YES, EVIDENCE_INFERRED);
    }
    keep_control(plan, answer);
}

/* A server of TLS 1.3 that speaks no version as low as was offered has to say protocol_version (RFC 8446 appendix D.2),
 * and handshake_failure if it is for the suites (section 4.1.1). Older servers do not keep these alerts apart: theirs
 * say nothing on versions. */
static bool is_verdict_on_versions(const struct plan *plan, const struct answer *answer) {
    enum { PROTOCOL_VERSION = 70 };
    return answer->alerted && answer->alert == PROTOCOL_VERSION && plan_is_yes(plan, FACT_TLS1_3) &&
           plan->step.max == VERSION_TLS1_2;
}

/* The facts that a refusal of the step under way makes "no", weak suites apart. */
static uint32_t refused_facts(const struct plan *plan, const struct answer *answer) {
    enum offer offer = plan_rule_offer(plan_rule(plan));
    uint32_t facts = plan_rule(plan)->refusal;
    unsigned covered = 0;
    if (offer == OFFER_CLASSES)
        covered = plan_classes_to_ask(plan);
    else if (offer == OFFER_BOTH_NIST)
        covered = plan_classes_to_ask(plan) & (SUITE_WEAK | SUITE_ANON);
    for (size_t i = 0; i < CLASS_COUNT; i++)
        if ((covered & CLASSES[i].flag) && CLASSES[i].fact != FACT_WEAK_CIPHERS)
            facts |= UINT32_C(1) << CLASSES[i].fact;
    if (is_verdict_on_versions(plan, answer))
        facts |= LEGACY_VERSIONS;
    return facts & plan_facts_with(plan, TRI_UNKNOWN);
}

/* Were weak suites offered, all that servers deploy? */
static bool offers_weak(const struct plan *plan) {
    enum offer offer = plan_rule_offer(plan_rule(plan));
    if (offer == OFFER_COUNT || offer == OFFER_ALL)
        return false;
    return offer == OFFER_WEAK || (plan_classes_to_ask(plan) & SUITE_WEAK);
}

static void learn_refusal(struct plan *plan, const struct answer *answer) {
    uint32_t facts = refused_facts(plan, answer);
    bool several_versions = facts & (LEGACY_VERSIONS | BIT(TLS1_3)) && (facts & (facts - 1));
    if (offers_weak(plan))
        plan->weak_refused |= plan_version_bit(plan->step.max);
    learn_all(plan, facts, TRI_NO, several_versions ? EVIDENCE_INFERRED : EVIDENCE_OBSERVED);
}

/* What follows without asking. */
static void infer(struct plan *plan) {
    struct legacy legacy = plan_legacy(plan);
    bool tls13_off = plan->fact[FACT_TLS1_3].value == TRI_NO, sslv2_off = plan->fact[FACT_SSLV2].value == TRI_NO;
    unsigned wanted = plan_weak_wanted(plan, &legacy);
    if (tls13_off)
        learn(plan, FACT_PQ_HYBRID, TRI_NO, EVIDENCE_INFERRED);
    if (plan->modern && !sslv2_off)
        learn(plan, FACT_SSLV2, TRI_NO, EVIDENCE_INFERRED);
    if (plan_facts_with(plan, TRI_UNKNOWN) & LEGACY_VERSIONS)
        return;
    bool sslv2_asked = !plan_is_open(plan, FACT_SSLV2) || plan_was_asked(plan, ROLE_SSLV2);
    if (legacy.spoken && (plan->weak_refused & wanted) == wanted && plan_is_open(plan, FACT_WEAK_CIPHERS) &&
        sslv2_asked)
        learn(plan, FACT_WEAK_CIPHERS, TRI_NO, EVIDENCE_OBSERVED);
    if (legacy.spoken)
        return;
    uint32_t open = plan_facts_with(plan, TRI_UNKNOWN);
    if (plan_is_yes(plan, FACT_TLS1_3)) /* no TLS 1.3 suite is weak, anonymous or in r1 */
        learn_all(plan, open & (BIT(WEAK_CIPHERS) | BIT(ANON_SUITES) | BIT(NIST_R1)), TRI_NO, EVIDENCE_INFERRED);
    if (!tls13_off)
        return;
    learn_all(plan, open & (STRONG_CLASSES | BIT(ANON_SUITES)), TRI_NO, EVIDENCE_INFERRED);
    if (sslv2_off)
        learn_all(plan, open & BIT(WEAK_CIPHERS), TRI_NO, EVIDENCE_INFERRED);
}

static void learn_dialogue(struct plan *plan, const struct answer *answer) {
    plan->flags |= answer->flags;
    if (answer->greeted)
        learn(plan, FACT_REACHABLE, TRI_YES, EVIDENCE_OBSERVED);
    if (answer->starttls)
        learn(plan, FACT_STARTTLS_ADVERTISED, TRI_YES, EVIDENCE_OBSERVED);
}

static void learn_no_starttls(struct plan *plan) {
    if (plan_is_yes(plan, FACT_STARTTLS_ADVERTISED)) { /* some servers stop offering it after a failed handshake */
        plan_stop(plan, REASON_STARTTLS_REFUSED);
        return;
    }
    learn(plan, FACT_STARTTLS_ADVERTISED, TRI_NO, EVIDENCE_OBSERVED);
    learn_all(plan, TLS_FACTS | BIT(TLS_ENABLED), TRI_NO, EVIDENCE_INFERRED);
    plan->stopped = true;
}

/* A "no" that rests on a close is none if no hello works thereafter; the rules that asked may ask again. */
static void doubt_soft_facts(struct plan *plan) {
    for (unsigned id = 0; id < FACT_ENDPOINT_COUNT; id++)
        if ((plan->soft & UINT32_C(1) << id) && plan->fact[id].value == TRI_NO)
            plan->fact[id] = (struct fact){.value = TRI_UNKNOWN, .reason = REASON_INCONSISTENT};
    bool classes_too = plan->soft & SUITE_CLASSES;
    plan_ask_again(plan, classes_too ? ROLE_OPEN : ROLE_CONTROL, plan->soft);
    if (classes_too)
        plan->weak_refused = 0;
    plan->soft = 0;
}

static void learn_control(struct plan *plan, const struct answer *answer) {
    if (answer->kind == ANSWER_SELECTED) {
        plan->soft = 0;
        return;
    }
    plan->flags |= FLAG_INCONSISTENT;
    doubt_soft_facts(plan);
    plan_stop(plan, REASON_INCONSISTENT);
}

/* Is the refusal a verdict on what was offered? Other alerts may as well come from a server that is in trouble, or does
 * not like the name or the form of the hello: they are no better than a close. */
static bool is_verdict(const struct answer *answer) {
    static const uint8_t verdicts[] = {
        0,  /* close_notify */
        40, /* handshake_failure */
        47, /* illegal_parameter */
        70, /* protocol_version */
        71, /* insufficient_security */
        86, /* inappropriate_fallback */
    };
    for (size_t i = 0; i < sizeof verdicts; i++)
        if (answer->alert == verdicts[i])
            return true;
    return !answer->alerted;
}

static void learn_answer(struct plan *plan, const struct answer *answer) {
    bool soft = answer->kind == ANSWER_CLOSED || answer->kind == ANSWER_RESET ||
                (answer->kind == ANSWER_REFUSED && !is_verdict(answer));
    uint32_t before = plan_facts_with(plan, TRI_NO);
    bool weak_closed = soft && offers_weak(plan);
    if (answer->kind == ANSWER_SELECTED)
        learn_selection(plan, answer);
    else if ((answer->kind == ANSWER_REFUSED || soft) && !(soft && plan_rule(plan)->role == ROLE_FIRST))
        learn_refusal(plan, answer);
    if (weak_closed) /* half a "no": the refusal at another version completes it */
        plan->soft |= BIT(WEAK_CIPHERS);
    bool rests_on_close = soft || plan->soft;
    if (answer->completed)
        learn(plan, FACT_TLS_ENABLED, TRI_YES, EVIDENCE_OBSERVED);
    else if (plan->step.kind == STEP_HANDSHAKE && answer->kind == ANSWER_SELECTED && !answer->incompletable &&
             !answer->cut) /* a line that breaks is no answer */
        plan->broken++;
    infer(plan);
    /* What rests on a close, or was concluded with the help of one, needs the control. */
    if (rests_on_close)
        plan->soft |= plan_facts_with(plan, TRI_NO) & ~before;
}

/* The dialogue never got to the hello. */
static bool is_without_hello(const struct answer *answer) {
    return answer->kind == ANSWER_NO_STARTTLS || answer->kind == ANSWER_STOPPED;
}

static void learn_without_hello(struct plan *plan, const struct answer *answer) {
    if (answer->kind == ANSWER_NO_STARTTLS) {
        learn_no_starttls(plan);
        return;
    }
    if (answer->reason == REASON_UNREACHABLE && plan->connections == 1)
        learn(plan, FACT_REACHABLE, TRI_NO, EVIDENCE_OBSERVED);
    plan_stop(plan, answer->reason);
}

/* Two silences in a row are no accident; many a filter swallows SSL hellos, and those do not count. */
static void count_silence(struct plan *plan, bool silent) {
    uint32_t rule = UINT32_C(1) << plan->current;
    plan->unanswered = silent ? plan->unanswered | rule : plan->unanswered & ~rule;
    if (!silent)
        plan->silences = 0;
    else if (plan->step.max >= VERSION_TLS1_0)
        plan->silences++;
}

void plan_answer(struct plan *plan, const struct answer *answer) {
    plan->connections++;
    learn_dialogue(plan, answer);
    if (is_without_hello(answer)) {
        learn_without_hello(plan, answer);
        return;
    }
    plan->asked[plan->current]++;
    count_silence(plan, answer->kind == ANSWER_SILENT);
    if (plan_rule(plan)->role == ROLE_CONTROL)
        learn_control(plan, answer);
    else
        learn_answer(plan, answer);
    if (plan->silences >= SILENCES_MAX)
        plan_stop(plan, REASON_TIMEOUT);
}

void plan_stop(struct plan *plan, enum reason reason) {
    plan->stopped = true;
    if (plan->reason == REASON_NONE)
        plan->reason = reason;
}

/* No handshake of ours completed. Did the server at least go all the way with something that OpenSSL does not have: a
 * whole flight with an old suite, or a HelloRetryRequest for a hybrid? Or does the server really break, or refuse
 * everything? */
static void conclude_tls_enabled(struct plan *plan) {
    uint32_t every_version = LEGACY_VERSIONS | BIT(TLS1_3) | BIT(SSLV2);
    bool all_refused = (plan_facts_with(plan, TRI_NO) & every_version) == every_version;
    if (plan->broken >= BROKEN_MAX || (all_refused && plan->soft == 0 && plan->broken == 0))
        learn(plan, FACT_TLS_ENABLED, TRI_NO, plan->broken ? EVIDENCE_OBSERVED : EVIDENCE_INFERRED);
    else if (plan->whole_flight && plan->broken == 0 && !plan->completable)
        learn(plan, FACT_TLS_ENABLED, TRI_YES, EVIDENCE_INFERRED);
}

/* Every unknown fact gets its reason, and the plan its own: what one hello's silence or nonsense left open may be told
 * another day. */
static void give_reasons(struct plan *plan) {
    enum reason fallback = plan->reason != REASON_NONE ? plan->reason : REASON_NOT_COMPLETED;
    uint32_t silent = plan_unanswered_facts(plan), open = plan_facts_with(plan, TRI_UNKNOWN);
    for (unsigned id = 0; id < FACT_ENDPOINT_COUNT; id++) {
        struct fact *fact = &plan->fact[id];
        if ((open & UINT32_C(1) << id) && fact->reason == REASON_NONE)
            fact->reason = silent & UINT32_C(1) << id ? REASON_TIMEOUT : fallback;
    }
    if (plan->reason == REASON_NONE && plan_is_open(plan, FACT_TLS_ENABLED))
        plan->reason = plan->fact[FACT_TLS_ENABLED].reason;
    for (unsigned id = 0; id < FACT_ENDPOINT_COUNT && plan->reason == REASON_NONE; id++)
        if ((open & UINT32_C(1) << id) && reason_retry(plan->fact[id].reason))
            plan->reason = plan->fact[id].reason;
}

void plan_finish(struct plan *plan) {
    if (plan->soft) /* no control could be had */
        doubt_soft_facts(plan);
    if (!plan->stopped && plan_is_open(plan, FACT_TLS_ENABLED))
        conclude_tls_enabled(plan);
    give_reasons(plan);
}

unsigned plan_weak_classes(const struct plan *plan) {
    unsigned classes = 0;
    for (size_t i = 0; i < plan->suites_seen_count; i++)
        classes |= suite_weak_classes(plan->suites_seen[i]);
    return classes;
}
