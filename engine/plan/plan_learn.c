/* plan_learn.c - what answers mean: plan_answer() and plan_finish() of plan.h.
 *
 * All facts are made anew from the notes after each answer, so that an answer whose standing changes takes with it what
 * rested on it and nothing else. A selection always means the same (learn_selection()): "yes" for the version, the
 * suite's classes and the group; and "no" for the versions between the selected one and the highest offered, because
 * TLS negotiates the highest version that both know. What a refusal means stands in the rule (plan_rules.c). While the
 * plan goes on, soft refusals count, so that it asks on as if they were true; in the end only firm ones do.
 */
#include "plan/plan_complete.h"
#include "plan/plan_known.h"
#include "plan/plan_note.h"
#include "plan/plan_order.h"
#include "plan/plan_rules.h"
#include "tls/offers.h"
#include "tls/tls_names.h"

#include <string.h>

enum { SILENCES_MAX = 2, BROKEN_MAX = 2 };

/* Ends of a handshake that are no fault of the server's: a line that breaks is no answer. */
#define NO_FAULT (TRAIT_INCOMPLETABLE | TRAIT_UNREADABLE | TRAIT_CUT)

#define TLS_FACTS (BIT(SSLV2) | LEGACY_VERSIONS | BIT(TLS1_3) | SUITE_CLASSES | BIT(PQ_HYBRID))

/* ---- single facts ---- */

/* A server said so: a yes stands against every no. */
static void affirm(struct plan *plan, enum fact_id id, enum evidence evidence, unsigned connection) {
    struct fact *fact = &plan->fact[id];
    if (fact->value != TRI_YES)
        *fact = (struct fact){.value = TRI_YES, .evidence = evidence, .connection = connection};
}

static void deny(struct plan *plan, uint32_t facts, enum evidence evidence, unsigned connection) {
    for (unsigned id = 0; id < FACT_ENDPOINT_COUNT; id++)
        if ((facts & UINT32_C(1) << id) && plan->fact[id].value == TRI_UNKNOWN)
            plan->fact[id] = (struct fact){.value = TRI_NO, .evidence = evidence, .connection = connection};
}

static bool has(const struct plan_note *note, enum trait trait) { return note->traits & trait; }

/* ---- selections ---- */

static void remember_suite(struct plan *plan, uint16_t suite) {
    if (suite && plan->suites_seen_count < PLAN_SUITES_SEEN_MAX &&
        !suite_is_listed(plan->suites_seen, plan->suites_seen_count, suite))
        plan->suites_seen[plan->suites_seen_count++] = suite;
}

static void learn_suite(struct plan *plan, const struct plan_note *note) {
    const struct suite *suite = suite_find(note->suite);
    remember_suite(plan, note->suite);
    for (size_t i = 0; suite && i < CLASS_COUNT; i++)
        if (suite->flags & CLASSES[i].flag)
            affirm(plan, CLASSES[i].fact, EVIDENCE_OBSERVED, note->connection);
}

/* X25519, X448 and ChaCha20 came to TLS libraries after SSL 2.0 had left them (OpenSSL 1.1.0, SChannel of 2016, NSS
 * 3.28, LibreSSL 2.5; the others never had it). */
static bool is_modern(const struct plan_note *note) {
    enum { X25519 = 0x001D, X448 = 0x001E, CHACHA20_FIRST = 0xCCA8, CHACHA20_LAST = 0xCCAE };
    return note->version == VERSION_TLS1_3 || note->group == X25519 || note->group == X448 ||
           (note->suite >= CHACHA20_FIRST && note->suite <= CHACHA20_LAST);
}

/* The kind of key that authenticated the server. What names no host may show another host's certificate. */
static unsigned keys_of(const struct plan_note *note) {
    const struct suite *suite = suite_find(note->suite);
    if (note->max <= VERSION_SSLV3 || plan_rule_of(note)->role == ROLE_PLAIN)
        return 0;
    unsigned told = (has(note, TRAIT_BY_RSA) ? SUITE_BY_RSA : 0u) | (has(note, TRAIT_BY_ECDSA) ? SUITE_BY_ECDSA : 0u);
    return told | (suite ? suite->flags & (SUITE_BY_RSA | SUITE_BY_ECDSA) : 0u);
}

static void learn_selection(struct plan *plan, const struct plan_note *note) {
    plan->selected = true;
    plan->keys |= keys_of(note);
    plan->modern = plan->modern || is_modern(note);
    plan->whole_flight = plan->whole_flight || has(note, TRAIT_WHOLE);
    plan->completable = plan->completable || plan_could_complete(note);
    for (unsigned i = 0; i < VERSION_COUNT; i++)
        if (VERSIONS[i].version == (enum tls_version)note->version)
            affirm(plan, VERSIONS[i].fact, EVIDENCE_OBSERVED, note->connection);
    if (note->version == VERSION_SSLV2) /* all kinds of SSL 2.0 are weak */
        affirm(plan, FACT_WEAK_CIPHERS, EVIDENCE_OBSERVED, note->connection);
    else
        learn_suite(plan, note);
    if (note->version == VERSION_TLS1_3 && tls_group_is_hybrid(note->group)) {
        plan->pq_group = note->group;
        affirm(plan, FACT_PQ_HYBRID, EVIDENCE_OBSERVED, note->connection);
    }
    if (has(note, TRAIT_COMPLETED))
        affirm(plan, FACT_TLS_ENABLED, EVIDENCE_OBSERVED, note->connection);
    else if (plan_rule_of(note)->kind == STEP_HANDSHAKE && !(note->traits & NO_FAULT))
        plan->broken++;
    if (has(note, TRAIT_SILENT_INSIDE))
        plan->flags |= FLAG_SILENT_INSIDE_TLS;
}

/* It speaks TLS 1.3, and no ServerHello was needed to see it (RFC 8446 section 4.1.3). */
static void learn_sentinel(struct plan *plan, const struct plan_note *note) {
    if (has(note, TRAIT_SENTINEL) && !plan_is_yes(plan, FACT_TLS1_3)) {
        plan->flags |= FLAG_DOWNGRADE_SENTINEL;
        affirm(plan, FACT_TLS1_3, EVIDENCE_INFERRED, note->connection);
    }
}

static bool offers_hybrids(const struct rule *rule) {
    return rule->kind == STEP_HANDSHAKE && handshake_terms((enum handshake_offer)rule->offer)->hybrids;
}

/* What a selection passes over: higher versions, and hybrids, which stand first. */
static void learn_passed_over(struct plan *plan, const struct plan_note *note) {
    const struct rule *rule = plan_rule_of(note);
    enum offer offer = plan_rule_offer(rule);
    bool every_kind = offer == OFFER_COUNT || offer == OFFER_ALL || offer == OFFER_OPEN || offer == OFFER_REGISTRY;
    for (unsigned i = SSLV2_INDEX + 1; every_kind && i < VERSION_COUNT; i++)
        if (VERSIONS[i].version > note->version && VERSIONS[i].version <= note->max)
            deny(plan, UINT32_C(1) << VERSIONS[i].fact, EVIDENCE_INFERRED, note->connection);
    bool hybrids = offers_hybrids(rule);
    bool classical = note->version == VERSION_TLS1_3 && note->group && !tls_group_is_hybrid(note->group);
    if (hybrids && classical && !plan->policy.pq_strict)
        deny(plan, BIT(PQ_HYBRID), EVIDENCE_INFERRED, note->connection);
}

/* ---- refusals ---- */

/* A server of TLS 1.3 that speaks no version as low as was offered has to say protocol_version (RFC 8446 appendix D.2),
 * and handshake_failure if it is the suites (section 4.1.1). Older servers do not keep these apart; there it means
 * nothing. */
static bool is_for_version(const struct plan_note *note) {
    enum { PROTOCOL_VERSION = 70 };
    return has(note, TRAIT_ALERTED) && note->alert == PROTOCOL_VERSION;
}
static bool is_verdict_on_versions(const struct plan *plan, const struct plan_note *note) {
    return is_for_version(note) && plan_is_yes(plan, FACT_TLS1_3) && note->max == VERSION_TLS1_2;
}

/* A server that needs a hello without extensions refuses others for that, whatever the version. */
static bool is_intolerant(const struct plan *plan) {
    for (size_t i = 0; i < plan->note_count; i++)
        if (plan->note[i].kind == ANSWER_SELECTED && plan_rule_of(&plan->note[i])->role == ROLE_PLAIN &&
            plan->note[i].version > VERSION_SSLV3)
            return true;
    return false;
}

/* The facts that a refusal makes "no", weak suites apart. */
static uint32_t refused_facts(const struct plan *plan, const struct plan_note *note) {
    const struct rule *rule = plan_rule_of(note);
    struct legacy legacy = plan_legacy(plan);
    uint32_t facts = rule->refusal;
    unsigned covered = note->max >= legacy.highest ? plan_classes_covered(note) : 0;
    if (rule->role == ROLE_FIRST && (!is_for_version(note) || plan_first_stumbled(plan)))
        return 0;
    for (size_t i = 0; i < CLASS_COUNT; i++)
        if ((covered & CLASSES[i].flag) && CLASSES[i].fact != FACT_WEAK_CIPHERS)
            facts |= UINT32_C(1) << CLASSES[i].fact;
    if (is_verdict_on_versions(plan, note))
        facts |= LEGACY_VERSIONS;
    if (is_intolerant(plan) && note->max > VERSION_SSLV3)
        facts &= ~BIT(SSLV3);
    if (plan->pq_group && !offers_hybrids(rule)) /* it may have been for the groups */
        facts &= ~BIT(TLS1_3);
    return facts;
}

/* Were weak suites offered, all that servers deploy? */
static bool offers_weak(const struct plan_note *note) {
    enum offer offer = plan_rule_offer(plan_rule_of(note));
    if (note->form & FORM_SMALL)
        return false;
    return offer == OFFER_WEAK || (offer != OFFER_COUNT && offer != OFFER_ALL && (note->open & SUITE_WEAK));
}

/* Up to the same version the server took a suite that this hello had offered too: it was no verdict on the suites. */
static bool is_disproved(const struct plan *plan, const struct plan_note *note) {
    for (size_t i = 0; i < plan->note_count; i++) {
        const struct plan_note *other = &plan->note[i];
        if (other->kind != ANSWER_SELECTED || other->max != note->max || plan_rule_of(other)->kind != STEP_HELLO ||
            plan_rule_of(other)->role == ROLE_CONTROL)
            continue;
        struct step step = plan_step_of(note);
        if (suite_is_listed(step.suites, step.suite_count, other->suite))
            return true;
    }
    return false;
}

static void learn_refusal(struct plan *plan, const struct plan_note *note) {
    uint32_t facts = refused_facts(plan, note) & plan_facts_with(plan, TRI_UNKNOWN);
    bool several_versions = facts & (LEGACY_VERSIONS | BIT(TLS1_3)) && (facts & (facts - 1));
    if (plan_rule_of(note)->role == ROLE_R2_AT_13)
        plan->r2_refused_at_13 = true;
    if (note->max >= plan_legacy(plan).highest)
        plan->keys_refused |= plan_classes_covered(note) & (SUITE_BY_RSA | SUITE_BY_ECDSA) & ~plan->keys;
    if (offers_weak(note) && !is_disproved(plan, note))
        plan->weak_refused |= plan_version_bit((enum tls_version)note->max);
    deny(plan, facts, several_versions ? EVIDENCE_INFERRED : EVIDENCE_OBSERVED, note->connection);
}

/* A version that was firmly refused, and then selected. */
static void look_for_contradictions(struct plan *plan) {
    uint32_t versions = LEGACY_VERSIONS | BIT(TLS1_3) | BIT(SSLV2), refused = 0;
    for (size_t i = 0; i < plan->note_count; i++) {
        const struct plan_note *note = &plan->note[i];
        for (unsigned k = 0; note->kind == ANSWER_SELECTED && k < VERSION_COUNT; k++)
            if (VERSIONS[k].version == (enum tls_version)note->version && (refused & UINT32_C(1) << VERSIONS[k].fact))
                plan->flags |= plan_rule_of(note)->role == ROLE_PLAIN ? FLAG_INTOLERANT : FLAG_INCONSISTENT;
        if (plan_note_refuses(note) && note->standing == STANDING_FIRM)
            refused |= refused_facts(plan, note) & versions;
    }
}

/* ---- all of it ---- */

/* What follows without asking. */
static void infer(struct plan *plan) {
    struct legacy legacy = plan_legacy(plan);
    bool tls13_off = plan->fact[FACT_TLS1_3].value == TRI_NO, sslv2_off = plan->fact[FACT_SSLV2].value == TRI_NO;
    unsigned wanted = plan_weak_wanted(plan, &legacy);
    if (tls13_off)
        deny(plan, BIT(PQ_HYBRID), EVIDENCE_INFERRED, plan->fact[FACT_TLS1_3].connection);
    if (plan->modern && !sslv2_off) {
        deny(plan, BIT(SSLV2), EVIDENCE_INFERRED, 0);
        sslv2_off = plan->fact[FACT_SSLV2].value == TRI_NO;
    }
    if (plan_facts_with(plan, TRI_UNKNOWN) & LEGACY_VERSIONS)
        return;
    if (legacy.spoken && plan_is_open(plan, FACT_WEAK_CIPHERS)) /* at the highest the whole registry is asked for */
        plan->weak_refused |= plan_weak_passed_over(plan) & ~plan_version_bit(legacy.highest);
    if (legacy.spoken && (plan->weak_refused & wanted) == wanted && sslv2_off)
        deny(plan, BIT(WEAK_CIPHERS), EVIDENCE_OBSERVED, plan->connections);
    if (legacy.spoken)
        return;
    if (plan_is_yes(plan, FACT_TLS1_3)) /* no TLS 1.3 suite is weak, anonymous or in r1 */
        deny(plan,
             BIT(ANON_SUITES) | BIT(NIST_R1) | (sslv2_off ? BIT(WEAK_CIPHERS) : 0) |
                 (plan->r2_refused_at_13 ? BIT(NIST_R2) : 0),
             EVIDENCE_INFERRED, 0);
    if (!tls13_off)
        return;
    deny(plan, STRONG_CLASSES | BIT(ANON_SUITES), EVIDENCE_INFERRED, 0);
    if (sslv2_off)
        deny(plan, BIT(WEAK_CIPHERS), EVIDENCE_INFERRED, 0);
}

static unsigned connection_of(unsigned at) { return at == PLAN_EARLIER ? 0 : at; }

/* Some EHLO replies list it and some do not, as where several machines share an address. */
static bool starttls_differs(const struct plan *plan) { return plan->starttls_at && plan->starttls_missing; }

static bool lacks_starttls(const struct plan *plan) {
    return !plan->starttls_at && plan->starttls_missing >= PLAN_MISSING_ENOUGH;
}

static void learn_dialogue(struct plan *plan) {
    if (plan->greeted_at)
        affirm(plan, FACT_REACHABLE, EVIDENCE_OBSERVED, connection_of(plan->greeted_at));
    if (starttls_differs(plan))
        plan->flags |= FLAG_INCONSISTENT;
    else if (plan->starttls_at)
        affirm(plan, FACT_STARTTLS_ADVERTISED, EVIDENCE_OBSERVED, connection_of(plan->starttls_at));
}

/* The form in which the server answers, where it did not in the usual one: one silence may be an accident. */
static unsigned wanted_form(const struct plan *plan) {
    enum { SWALLOWED = 2 };
    unsigned form = 0, swallowed = 0;
    for (size_t i = 0; i < plan->note_count; i++) {
        const struct plan_note *note = &plan->note[i];
        bool selected = note->kind == ANSWER_SELECTED;
        if (selected && note->form == 0)
            return 0;
        swallowed += note->kind == ANSWER_SILENT && !(note->form & FORM_SMALL) && note->max >= VERSION_TLS1_2;
        form |= selected ? note->form : 0;
    }
    return swallowed < SWALLOWED ? form & ~(unsigned)FORM_SMALL : form;
}

static bool counts(const struct plan_note *note, bool soft_too) {
    return note->standing == STANDING_FIRM || (soft_too && note->standing == STANDING_SOFT);
}

static void forget_conclusions(struct plan *plan) {
    memset(plan->fact, 0, sizeof plan->fact);
    plan->flags = plan->dialogue_flags;
    plan->weak_refused = plan->broken = plan->keys = plan->keys_refused = 0;
    plan->selected = plan->completable = plan->whole_flight = plan->modern = plan->r2_refused_at_13 = false;
    plan->form = 0;
    plan->suites_seen_count = 0;
    plan->pq_group = 0;
}

/* Every selection first: it stands against what refusals say. */
static void draw_conclusions(struct plan *plan, bool soft_too) {
    forget_conclusions(plan);
    learn_dialogue(plan);
    for (size_t i = 0; i < plan->note_count; i++)
        if (plan->note[i].kind == ANSWER_SELECTED && counts(&plan->note[i], soft_too) &&
            plan_rule_of(&plan->note[i])->role != ROLE_CONTROL)
            learn_selection(plan, &plan->note[i]);
    for (size_t i = 0; i < plan->note_count; i++)
        if (plan->note[i].kind == ANSWER_SELECTED)
            learn_sentinel(plan, &plan->note[i]);
    for (size_t i = 0; i < plan->note_count; i++)
        if (plan->note[i].kind == ANSWER_SELECTED && plan_rule_of(&plan->note[i])->role != ROLE_CONTROL)
            learn_passed_over(plan, &plan->note[i]);
        else if (plan_note_refuses(&plan->note[i]) && counts(&plan->note[i], soft_too))
            learn_refusal(plan, &plan->note[i]);
    look_for_contradictions(plan);
    if (is_intolerant(plan))
        plan->flags |= FLAG_INTOLERANT;
    plan->form = wanted_form(plan);
    infer(plan);
    if (lacks_starttls(plan)) {
        deny(plan, BIT(STARTTLS_ADVERTISED), EVIDENCE_OBSERVED, plan->connections);
        deny(plan, TLS_FACTS | BIT(TLS_ENABLED), EVIDENCE_INFERRED, plan->connections);
    }
}

void plan_conclude(struct plan *plan) { draw_conclusions(plan, true); }

/* ---- one answer ---- */

static void note_dialogue(struct plan *plan, const struct answer *answer) {
    uint8_t connection = (uint8_t)(plan->connections < PLAN_EARLIER ? plan->connections : PLAN_EARLIER);
    plan->dialogue_flags |= answer->flags;
    if (answer->greeted && !plan->greeted_at)
        plan->greeted_at = connection;
    if (answer->starttls && !plan->starttls_at)
        plan->starttls_at = connection;
}

/* Asked for twice, since it costs the whole grade; and what may be a greylisting front, which shows the same face for
 * minutes, once in each of two visits. */
static void note_no_starttls(struct plan *plan, const struct answer *answer) {
    if (plan->starttls_at) { /* some servers stop offering it after a failed handshake */
        plan_stop(plan, REASON_STARTTLS_REFUSED);
        return;
    }
    if (answer->front && !plan->front_seen) {
        plan->front_seen = 1;
        plan_stop(plan, REASON_REFUSED_SERVICE);
        return;
    }
    bool enough = plan->front_seen || plan->starttls_missing + 1 >= PLAN_MISSING_ENOUGH;
    plan->starttls_missing = enough ? PLAN_MISSING_ENOUGH : 1;
    plan->stopped = lacks_starttls(plan);
    draw_conclusions(plan, !plan->stopped);
}

static bool is_without_hello(struct plan *plan, const struct answer *answer) {
    if (answer->kind == ANSWER_NO_STARTTLS)
        note_no_starttls(plan, answer);
    else if (answer->kind == ANSWER_STOPPED)
        plan_stop(plan, answer->reason);
    if (answer->kind == ANSWER_STOPPED && answer->reason == REASON_UNREACHABLE && plan->connections == 1)
        deny(plan, BIT(REACHABLE), EVIDENCE_OBSERVED, 1);
    return answer->kind == ANSWER_NO_STARTTLS || answer->kind == ANSWER_STOPPED;
}

static void count_silence(struct plan *plan, const struct answer *answer) {
    if (answer->kind != ANSWER_SILENT)
        plan->silences = 0;
    else if (plan->step.max >= VERSION_TLS1_0) /* many a filter swallows SSL hellos */
        plan->silences++;
    if (plan->silences >= SILENCES_MAX)
        plan_stop(plan, REASON_TIMEOUT);
}

void plan_answer(struct plan *plan, const struct answer *answer) {
    plan->connections++;
    note_dialogue(plan, answer);
    if (is_without_hello(plan, answer))
        return;
    bool control = plan->repeating < 0 && plan_rule_of(&plan->asking)->role == ROLE_CONTROL;
    plan_note_answer(plan, answer);
    draw_conclusions(plan, true);
    if (control &&
        answer->kind != ANSWER_SELECTED) { /* what worked once works no more: nothing is proved by refusals */
        plan->dialogue_flags |= FLAG_INCONSISTENT;
        plan_stop(plan, REASON_INCONSISTENT);
    }
    count_silence(plan, answer);
}

void plan_stop(struct plan *plan, enum reason reason) {
    plan->stopped = true;
    if (plan->reason == REASON_NONE)
        plan->reason = reason;
}

/* ---- the end ---- */

/* A group of TLS 1.3 that nobody offers by default is within nobody's reach: ML-KEM by itself. */
static bool is_within_reach(const struct plan *plan) {
    size_t count;
    const uint16_t *hybrids = offer_groups(GROUPS_HYBRID, &count);
    for (size_t i = 0; i < plan->note_count; i++) {
        const struct plan_note *note = &plan->note[i];
        bool beyond = note->version == VERSION_TLS1_3 && plan_rule_of(note)->role == ROLE_REST;
        if (note->kind == ANSWER_SELECTED && (!beyond || suite_is_listed(hybrids, count, note->group)))
            return true;
    }
    return false;
}

/* No handshake of ours completed. Did the server at least go all the way with something that OpenSSL does not have: a
 * whole flight with an old suite, or a HelloRetryRequest for a hybrid? Or does it really break, or refuse
 * everything? */
static void conclude_tls_enabled(struct plan *plan) {
    uint32_t every_version = LEGACY_VERSIONS | BIT(TLS1_3) | BIT(SSLV2);
    bool all_refused = (plan_facts_with(plan, TRI_NO) & every_version) == every_version;
    if (plan->broken >= BROKEN_MAX || (all_refused && plan->broken == 0))
        deny(plan, BIT(TLS_ENABLED), plan->broken ? EVIDENCE_OBSERVED : EVIDENCE_INFERRED, plan->connections);
    else if (plan->whole_flight && plan->broken == 0 && !plan->completable && is_within_reach(plan))
        affirm(plan, FACT_TLS_ENABLED, EVIDENCE_INFERRED, plan->connections);
}

/* Facts that questions met by silence would have settled. */
static uint32_t unanswered_facts(const struct plan *plan) {
    uint32_t facts = 0;
    for (size_t i = 0; i < plan->note_count; i++)
        if (plan->note[i].kind == ANSWER_SILENT)
            facts |= plan_rule_of(&plan->note[i])->refusal;
    return facts;
}

/* Was all that the server selected beyond us: only in hellos that offer more than OpenSSL can complete? */
static bool is_beyond_us(const struct plan *plan) {
    bool selected = false;
    for (size_t i = 0; i < plan->note_count; i++) {
        bool rest = plan_rule_of(&plan->note[i])->role == ROLE_REST || !plan_could_complete(&plan->note[i]);
        if (plan->note[i].kind == ANSWER_SELECTED && !rest)
            return false;
        selected = selected || plan->note[i].kind == ANSWER_SELECTED;
    }
    return selected;
}

/* Of what is unknown although nothing ended the plan. */
static enum reason reason_without_word(const struct plan *plan) {
    if (plan_is_open(plan, FACT_TLS_ENABLED))
        return plan->flags & FLAG_SILENT_INSIDE_TLS ? REASON_SILENT_INSIDE_TLS
               : is_beyond_us(plan)                 ? REASON_CANNOT_OFFER
                                                    : REASON_NOT_COMPLETED;
    for (size_t i = 0; i < plan->note_count; i++)
        if (plan->note[i].kind == ANSWER_MALFORMED)
            return REASON_PROTOCOL_ERROR;
    return plan->form & FORM_SMALL ? REASON_TIMEOUT : REASON_INCONSISTENT; /* a short hello holds no class whole */
}

/* Every unknown fact gets its reason, and the plan its own: what one hello's silence or nonsense left open may be told
 * another day. doubted: facts whose "no" nothing confirmed. */
static void give_reasons(struct plan *plan, uint32_t doubted) {
    enum reason fallback = plan->reason != REASON_NONE ? plan->reason : reason_without_word(plan);
    uint32_t silent = unanswered_facts(plan), open = plan_facts_with(plan, TRI_UNKNOWN);
    if (starttls_differs(plan)) { /* that is how the address is: to look again would show the same */
        plan->fact[FACT_STARTTLS_ADVERTISED].reason = REASON_INCONSISTENT;
        open &= ~BIT(STARTTLS_ADVERTISED);
    }
    for (unsigned id = 0; id < FACT_ENDPOINT_COUNT; id++) {
        struct fact *fact = &plan->fact[id];
        if (open & doubted & UINT32_C(1) << id)
            fact->reason =
                plan->reason == REASON_NONE || plan->reason == REASON_INCONSISTENT ? REASON_INCONSISTENT : plan->reason;
        else if (open & UINT32_C(1) << id)
            fact->reason = silent & UINT32_C(1) << id ? REASON_TIMEOUT : fallback;
    }
    if (plan->reason == REASON_NONE && plan_is_open(plan, FACT_TLS_ENABLED))
        plan->reason = plan->fact[FACT_TLS_ENABLED].reason;
    for (unsigned id = 0; id < FACT_ENDPOINT_COUNT && plan->reason == REASON_NONE; id++)
        if ((open & UINT32_C(1) << id) && reason_retry(plan->fact[id].reason))
            plan->reason = plan->fact[id].reason;
}

void plan_finish(struct plan *plan) {
    bool unreachable = plan->fact[FACT_REACHABLE].value == TRI_NO;
    uint32_t doubted = plan_facts_with(plan, TRI_NO);
    if (!unreachable)
        draw_conclusions(plan, false);
    doubted &= plan_facts_with(plan, TRI_UNKNOWN);
    if (!plan->stopped && plan_is_open(plan, FACT_TLS_ENABLED))
        conclude_tls_enabled(plan);
    give_reasons(plan, doubted);
}

unsigned plan_weak_classes(const struct plan *plan) {
    unsigned classes = 0;
    for (size_t i = 0; i < plan->suites_seen_count; i++)
        classes |= suite_weak_classes(plan->suites_seen[i]);
    return classes;
}
