/* plan.c - see plan.h.
 *
 * STEPS is the plan: its rows are tried in order, and the first row that is wanted and was not yet asked is next. A row
 * says what to offer and which facts a refusal settles. A selection always means the same (learn_selection()): "yes"
 * for the version, the suite's classes and the group; and, where every suite was offered, "no" for the versions
 * between the selected one and the highest offered, because TLS negotiates the highest version both know.
 */
#include "plan.h"

#include "server_flight.h"
#include "suites.h"

#include <string.h>

enum { SILENCES_MAX = 2, BROKEN_MAX = 2 };

#define BIT(fact) (UINT32_C(1) << (fact))
#define LEGACY_VERSIONS (BIT(FACT_SSLV3) | BIT(FACT_TLS1_0) | BIT(FACT_TLS1_1) | BIT(FACT_TLS1_2))
#define TLS_FACTS                                                                                                      \
    (BIT(FACT_SSLV2) | LEGACY_VERSIONS | BIT(FACT_TLS1_3) | BIT(FACT_WEAK_CIPHERS) | BIT(FACT_ANON_SUITES) |           \
     BIT(FACT_NIST_R1) | BIT(FACT_NIST_R2) | BIT(FACT_FORWARD_SECRECY) | BIT(FACT_PQ_HYBRID))

const char *plan_flag_name(unsigned bit_index) {
    static const char *const names[FLAG_COUNT] = {"starttls_stripped", "early_bytes", "no_esmtp",
                                                  "inconsistent",      "not_offered", "downgrade_sentinel"};
    return bit_index < FLAG_COUNT ? names[bit_index] : "";
}

const char *answer_kind_name(enum answer_kind kind) {
    static const char *const names[] = {"selected", "refused",   "closed",      "reset",
                                        "silent",   "malformed", "no_starttls", "stopped"};
    return (unsigned)kind < sizeof names / sizeof *names ? names[kind] : "";
}

/* Versions in ascending order, beside the facts that they are. */
static const struct {
    enum tls_version version;
    enum fact_id fact;
} VERSIONS[] = {
    {VERSION_SSLV2, FACT_SSLV2},   {VERSION_SSLV3, FACT_SSLV3},   {VERSION_TLS1_0, FACT_TLS1_0},
    {VERSION_TLS1_1, FACT_TLS1_1}, {VERSION_TLS1_2, FACT_TLS1_2}, {VERSION_TLS1_3, FACT_TLS1_3},
};
enum { VERSION_COUNT = sizeof VERSIONS / sizeof *VERSIONS, FIRST_LEGACY = 1, LAST_LEGACY = 4 };

static enum tri value(const struct plan *plan, enum fact_id fact) { return plan->fact[fact].value; }
static bool open_fact(const struct plan *plan, enum fact_id fact) { return value(plan, fact) == TRI_UNKNOWN; }

/* Every legacy version is settled, so the highest and the lowest are known. */
static bool versions_settled(const struct plan *plan) {
    for (unsigned i = FIRST_LEGACY; i <= LAST_LEGACY; i++)
        if (open_fact(plan, VERSIONS[i].fact))
            return false;
    return true;
}

static enum tls_version highest_legacy(const struct plan *plan) {
    for (unsigned i = LAST_LEGACY; i >= FIRST_LEGACY; i--)
        if (value(plan, VERSIONS[i].fact) == TRI_YES)
            return VERSIONS[i].version;
    return VERSION_NONE;
}

static enum tls_version lowest_legacy(const struct plan *plan) {
    for (unsigned i = FIRST_LEGACY; i <= LAST_LEGACY; i++)
        if (value(plan, VERSIONS[i].fact) == TRI_YES)
            return VERSIONS[i].version;
    return VERSION_NONE;
}

static unsigned version_bit(enum tls_version version) { return 1u << (version & 7); } /* 0x0300 … 0x0303 */

/* ---- what each step waits for ---- */

static bool first_connection(const struct plan *plan) { return plan->connections == 0; }
static bool no_handshake_yet(const struct plan *plan) { return open_fact(plan, FACT_TLS_ENABLED); }
static bool broken_once(const struct plan *plan) { return no_handshake_yet(plan) && plan->broken == 1; }
static bool tls13_open(const struct plan *plan) {
    return open_fact(plan, FACT_TLS1_3) || open_fact(plan, FACT_PQ_HYBRID);
}
static bool tls12_open(const struct plan *plan) { return open_fact(plan, FACT_TLS1_2); }
static bool tls11_open(const struct plan *plan) { return open_fact(plan, FACT_TLS1_1); }
static bool tls10_open(const struct plan *plan) { return open_fact(plan, FACT_TLS1_0); }
static bool sslv3_open(const struct plan *plan) { return open_fact(plan, FACT_SSLV3); }
static bool sslv2_open(const struct plan *plan) { return open_fact(plan, FACT_SSLV2); }
static bool has_legacy(const struct plan *plan) { return highest_legacy(plan) != VERSION_NONE; }

static bool weak_and_anon_open(const struct plan *plan) {
    return has_legacy(plan) && open_fact(plan, FACT_WEAK_CIPHERS) && open_fact(plan, FACT_ANON_SUITES);
}
static bool weak_open_at_highest(const struct plan *plan) {
    return has_legacy(plan) && open_fact(plan, FACT_WEAK_CIPHERS) &&
           (plan->weak_refused & version_bit(highest_legacy(plan))) == 0;
}
static bool weak_open_at_lowest(const struct plan *plan) {
    return has_legacy(plan) && versions_settled(plan) && open_fact(plan, FACT_WEAK_CIPHERS) &&
           (plan->weak_refused & version_bit(lowest_legacy(plan))) == 0;
}
static bool anon_open(const struct plan *plan) { return has_legacy(plan) && open_fact(plan, FACT_ANON_SUITES); }
static bool fs_open(const struct plan *plan) { return has_legacy(plan) && open_fact(plan, FACT_FORWARD_SECRECY); }
static bool r1_open(const struct plan *plan) { return has_legacy(plan) && open_fact(plan, FACT_NIST_R1); }
static bool r2_open(const struct plan *plan) { return has_legacy(plan) && open_fact(plan, FACT_NIST_R2); }
static bool control_needed(const struct plan *plan) { return plan->soft != 0 && plan->control >= 0; }

/* ---- the plan ---- */

/* The highest version offered: the step's own, or one that plan_next() fills in. */
enum at { AT_STEP, AT_HIGHEST, AT_LOWEST };

static const struct row {
    struct step step;
    enum at at;
    bool (*wanted)(const struct plan *plan);
    uint32_t refusal; /* facts that a refusal of this offer makes "no" */
} STEPS[] = {
    {{"handshake-nist", STEP_HANDSHAKE, HANDSHAKE_LEGACY_NIST, OFFER_R2, VERSION_TLS1_2}, AT_STEP, first_connection, 0},
    {{"handshake-any", STEP_HANDSHAKE, HANDSHAKE_EVERYTHING, OFFER_ALL, VERSION_TLS1_3}, AT_STEP, no_handshake_yet, 0},
    {{"tls1.3", STEP_HELLO, 0, OFFER_TLS13, VERSION_TLS1_3},
     AT_STEP,
     tls13_open,
     BIT(FACT_TLS1_3) | BIT(FACT_PQ_HYBRID)},
    {{"up-to-tls1.2", STEP_HELLO, 0, OFFER_ALL, VERSION_TLS1_2}, AT_STEP, tls12_open, LEGACY_VERSIONS},
    {{"up-to-tls1.1", STEP_HELLO, 0, OFFER_ALL, VERSION_TLS1_1},
     AT_STEP,
     tls11_open,
     LEGACY_VERSIONS & ~BIT(FACT_TLS1_2)},
    {{"up-to-tls1.0", STEP_HELLO, 0, OFFER_ALL, VERSION_TLS1_0},
     AT_STEP,
     tls10_open,
     BIT(FACT_TLS1_0) | BIT(FACT_SSLV3)},
    {{"sslv3", STEP_HELLO, 0, OFFER_ALL, VERSION_SSLV3}, AT_STEP, sslv3_open, BIT(FACT_SSLV3)},
    {{"weak-or-anonymous", STEP_HELLO, 0, OFFER_WEAK_ANON, VERSION_NONE},
     AT_HIGHEST,
     weak_and_anon_open,
     BIT(FACT_ANON_SUITES)},
    {{"weak", STEP_HELLO, 0, OFFER_WEAK, VERSION_NONE}, AT_HIGHEST, weak_open_at_highest, 0},
    {{"weak-at-lowest", STEP_HELLO, 0, OFFER_WEAK, VERSION_NONE}, AT_LOWEST, weak_open_at_lowest, 0},
    {{"anonymous", STEP_HELLO, 0, OFFER_ANON, VERSION_NONE}, AT_HIGHEST, anon_open, BIT(FACT_ANON_SUITES)},
    {{"forward-secret", STEP_HELLO, 0, OFFER_FS, VERSION_NONE}, AT_HIGHEST, fs_open, BIT(FACT_FORWARD_SECRECY)},
    {{"nist-r1", STEP_HELLO, 0, OFFER_R1, VERSION_NONE}, AT_HIGHEST, r1_open, BIT(FACT_NIST_R1)},
    {{"nist-r2", STEP_HELLO, 0, OFFER_R2, VERSION_NONE}, AT_HIGHEST, r2_open, BIT(FACT_NIST_R2)},
    {{"sslv2", STEP_HELLO, 0, OFFER_ALL, VERSION_SSLV2}, AT_STEP, sslv2_open, BIT(FACT_SSLV2)},
    {{"handshake-again", STEP_HANDSHAKE, HANDSHAKE_EVERYTHING, OFFER_ALL, VERSION_TLS1_3}, AT_STEP, broken_once, 0},
    {{"control", STEP_HELLO, 0, OFFER_ALL, VERSION_NONE}, AT_STEP, control_needed, 0},
};
enum { STEP_COUNT = sizeof STEPS / sizeof *STEPS, CONTROL_STEP = STEP_COUNT - 1 };

void plan_init(struct plan *plan) {
    memset(plan, 0, sizeof *plan);
    plan->current = plan->control = -1;
}

static enum tls_version offered_version(const struct plan *plan, const struct row *row) {
    if (row->at == AT_STEP)
        return row->step.max;
    return row->at == AT_HIGHEST ? highest_legacy(plan) : lowest_legacy(plan);
}

const struct step *plan_next(struct plan *plan) {
    if (plan->stopped)
        return NULL;
    for (int i = 0; i < STEP_COUNT; i++) {
        if ((plan->asked & (1u << i)) || !STEPS[i].wanted(plan))
            continue;
        const struct row *row = &STEPS[i == CONTROL_STEP ? plan->control : i];
        plan->current = i;
        plan->step = row->step;
        plan->step.name = STEPS[i].step.name;
        plan->step.max = offered_version(plan, row);
        return &plan->step;
    }
    return NULL;
}

/* ---- learning ---- */

static void learn(struct plan *plan, enum fact_id id, enum tri tri, enum evidence evidence) {
    struct fact *fact = &plan->fact[id];
    if (fact->value == TRI_YES || tri == TRI_UNKNOWN)
        return;
    if (fact->value == TRI_NO && tri == TRI_YES && (plan->soft & BIT(id)) == 0)
        plan->flags |= FLAG_INCONSISTENT; /* a server said so: believe the yes */
    if (fact->value == TRI_NO && tri == TRI_NO)
        return;
    *fact = (struct fact){.value = tri, .evidence = evidence, .connection = plan->connections};
    plan->soft &= ~BIT(id);
}

static void learn_all(struct plan *plan, uint32_t facts, enum tri tri, enum evidence evidence) {
    for (unsigned id = 0; id < FACT_ENDPOINT_COUNT; id++)
        if (facts & BIT(id))
            learn(plan, (enum fact_id)id, tri, evidence);
}

static void remember_suite(struct plan *plan, uint16_t suite) {
    for (size_t i = 0; i < plan->suites_seen_count; i++)
        if (plan->suites_seen[i] == suite)
            return;
    if (suite && plan->suites_seen_count < PLAN_SUITES_SEEN_MAX)
        plan->suites_seen[plan->suites_seen_count++] = suite;
}

static void learn_suite(struct plan *plan, uint16_t id) {
    static const struct {
        unsigned flag;
        enum fact_id fact;
    } classes[] = {{SUITE_WEAK, FACT_WEAK_CIPHERS},
                   {SUITE_ANON, FACT_ANON_SUITES},
                   {SUITE_R1, FACT_NIST_R1},
                   {SUITE_R2, FACT_NIST_R2},
                   {SUITE_FS, FACT_FORWARD_SECRECY}};
    const struct suite *suite = suite_find(id);
    remember_suite(plan, id);
    for (size_t i = 0; suite && i < sizeof classes / sizeof *classes; i++)
        if (suite->flags & classes[i].flag)
            learn(plan, classes[i].fact, TRI_YES, EVIDENCE_OBSERVED);
}

static void learn_selection(struct plan *plan, const struct answer *answer) {
    bool every_suite = plan->step.kind == STEP_HELLO && plan->step.offer == OFFER_ALL;
    for (unsigned i = 0; i < VERSION_COUNT; i++) {
        enum tls_version version = VERSIONS[i].version;
        if (version == answer->version)
            learn(plan, VERSIONS[i].fact, TRI_YES, EVIDENCE_OBSERVED);
        else if (every_suite && version > answer->version && version <= plan->step.max && version != VERSION_SSLV2)
            learn(plan, VERSIONS[i].fact, TRI_NO, EVIDENCE_INFERRED);
    }
    if (answer->version == VERSION_SSLV2) { /* all kinds of SSL 2.0 are weak */
        learn(plan, FACT_WEAK_CIPHERS, TRI_YES, EVIDENCE_OBSERVED);
    } else {
        learn_suite(plan, answer->suite);
    }
    if (answer->version == VERSION_TLS1_3) {
        bool hybrid = group_is_pq_hybrid(answer->group);
        if (hybrid)
            plan->pq_group = answer->group;
        if (hybrid || plan->step.kind == STEP_HELLO) /* OpenSSL 3.0 cannot offer hybrids: its handshake says nothing */
            learn(plan, FACT_PQ_HYBRID, hybrid ? TRI_YES : TRI_NO, EVIDENCE_OBSERVED);
    }
    plan->whole_flight = plan->whole_flight || answer->whole;
    bool cheaper =
        plan->control >= 0 && STEPS[plan->control].step.kind == STEP_HANDSHAKE && plan->step.kind == STEP_HELLO;
    if (answer->whole && STEPS[plan->current].at == AT_STEP && (plan->control < 0 || cheaper))
        plan->control = plan->current;
}

static bool offers_weak(const struct step *step) {
    return step->kind == STEP_HELLO && (step->offer == OFFER_WEAK || step->offer == OFFER_WEAK_ANON);
}

static void learn_refusal(struct plan *plan) {
    uint32_t facts = STEPS[plan->current].refusal;
    bool several = (facts & (facts - 1)) != 0;
    learn_all(plan, facts, TRI_NO, several ? EVIDENCE_INFERRED : EVIDENCE_OBSERVED);
    if (offers_weak(&plan->step))
        plan->weak_refused |= version_bit(plan->step.max);
}

static uint32_t refuted(const struct plan *plan) {
    uint32_t facts = 0;
    for (unsigned id = 0; id < FACT_ENDPOINT_COUNT; id++)
        if (value(plan, (enum fact_id)id) == TRI_NO)
            facts |= BIT(id);
    return facts;
}

/* What follows without asking. */
static void infer(struct plan *plan) {
    if (value(plan, FACT_TLS1_3) == TRI_NO)
        learn(plan, FACT_PQ_HYBRID, TRI_NO, EVIDENCE_INFERRED);
    if (value(plan, FACT_TLS1_3) == TRI_YES) /* no TLS library ever had both; --thorough asks */
        learn(plan, FACT_SSLV2, TRI_NO, EVIDENCE_INFERRED);
    if (!versions_settled(plan))
        return;
    bool legacy = has_legacy(plan);
    unsigned both = legacy ? version_bit(highest_legacy(plan)) | version_bit(lowest_legacy(plan)) : 0;
    if (legacy && (plan->weak_refused & both) == both)
        learn(plan, FACT_WEAK_CIPHERS, TRI_NO, EVIDENCE_OBSERVED);
    if (!legacy && value(plan, FACT_TLS1_3) == TRI_YES) /* no TLS 1.3 suite is weak, anonymous or in r1 */
        learn_all(plan, BIT(FACT_WEAK_CIPHERS) | BIT(FACT_ANON_SUITES) | BIT(FACT_NIST_R1), TRI_NO, EVIDENCE_INFERRED);
    if (!legacy && value(plan, FACT_TLS1_3) == TRI_NO) {
        learn_all(plan, BIT(FACT_NIST_R1) | BIT(FACT_NIST_R2) | BIT(FACT_FORWARD_SECRECY) | BIT(FACT_ANON_SUITES),
                  TRI_NO, EVIDENCE_INFERRED);
        if (value(plan, FACT_SSLV2) == TRI_NO)
            learn(plan, FACT_WEAK_CIPHERS, TRI_NO, EVIDENCE_INFERRED);
    }
}

static void learn_dialogue(struct plan *plan, const struct answer *answer) {
    plan->flags |= answer->flags;
    if (answer->greeted)
        learn(plan, FACT_REACHABLE, TRI_YES, EVIDENCE_OBSERVED);
    if (answer->starttls)
        learn(plan, FACT_STARTTLS_ADVERTISED, TRI_YES, EVIDENCE_OBSERVED);
}

static void learn_no_starttls(struct plan *plan) {
    if (value(plan, FACT_STARTTLS_ADVERTISED) == TRI_YES) { /* some servers stop offering it after a failed handshake */
        plan_stop(plan, REASON_STARTTLS_REFUSED);
        return;
    }
    learn(plan, FACT_STARTTLS_ADVERTISED, TRI_NO, EVIDENCE_OBSERVED);
    learn_all(plan, TLS_FACTS | BIT(FACT_TLS_ENABLED), TRI_NO, EVIDENCE_INFERRED);
    plan->stopped = true;
}

static void settle_control(struct plan *plan, const struct answer *answer) {
    if (answer->kind != ANSWER_SELECTED) {
        plan->flags |= FLAG_INCONSISTENT;
        for (unsigned id = 0; id < FACT_ENDPOINT_COUNT; id++)
            if ((plan->soft & BIT(id)) && value(plan, (enum fact_id)id) == TRI_NO)
                plan->fact[id] = (struct fact){.value = TRI_UNKNOWN, .reason = REASON_INCONSISTENT};
    }
    plan->soft = 0;
}

static void learn_answer(struct plan *plan, const struct answer *answer) {
    bool soft = answer->kind == ANSWER_CLOSED || answer->kind == ANSWER_RESET;
    uint32_t before = refuted(plan);
    if (answer->kind == ANSWER_SELECTED)
        learn_selection(plan, answer);
    else if (answer->kind == ANSWER_REFUSED || soft)
        learn_refusal(plan);
    if (answer->completed)
        learn(plan, FACT_TLS_ENABLED, TRI_YES, EVIDENCE_OBSERVED);
    else if (plan->step.kind == STEP_HANDSHAKE && answer->kind == ANSWER_SELECTED)
        plan->broken++;
    infer(plan);
    /* What rests on a close, or was concluded with the help of one, needs the control. */
    if (soft || plan->soft)
        plan->soft |= refuted(plan) & ~before;
}

void plan_answer(struct plan *plan, const struct answer *answer) {
    plan->asked |= 1u << plan->current;
    plan->connections++;
    learn_dialogue(plan, answer);
    if (answer->kind == ANSWER_NO_STARTTLS) {
        learn_no_starttls(plan);
        return;
    }
    if (answer->kind == ANSWER_STOPPED) {
        if (answer->reason == REASON_UNREACHABLE && plan->connections == 1)
            learn(plan, FACT_REACHABLE, TRI_NO, EVIDENCE_OBSERVED);
        plan_stop(plan, answer->reason);
        return;
    }
    plan->silences = answer->kind == ANSWER_SILENT ? plan->silences + 1 : 0;
    if (plan->current == CONTROL_STEP)
        settle_control(plan, answer);
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

/* No handshake of ours completed. Did the server at least go all the way with something that OpenSSL no longer
 * has? Or does it really break, or refuse everything? */
static void conclude_tls_enabled(struct plan *plan) {
    bool all_refused = !has_legacy(plan) && versions_settled(plan) && value(plan, FACT_TLS1_3) == TRI_NO;
    if (plan->broken >= BROKEN_MAX)
        learn(plan, FACT_TLS_ENABLED, TRI_NO, EVIDENCE_OBSERVED);
    else if (plan->whole_flight && plan->broken == 0)
        learn(plan, FACT_TLS_ENABLED, TRI_YES, EVIDENCE_INFERRED);
    else if (all_refused && value(plan, FACT_SSLV2) == TRI_NO && plan->soft == 0)
        learn(plan, FACT_TLS_ENABLED, TRI_NO, EVIDENCE_INFERRED);
}

void plan_finish(struct plan *plan) {
    /* A "no" on a close or a reset that no control could confirm is none. */
    if (plan->soft)
        settle_control(plan, &(struct answer){.kind = ANSWER_CLOSED});
    if (!plan->stopped && open_fact(plan, FACT_TLS_ENABLED))
        conclude_tls_enabled(plan);
    enum reason fallback = plan->reason != REASON_NONE ? plan->reason : REASON_NOT_COMPLETED;
    for (unsigned id = 0; id < FACT_ENDPOINT_COUNT; id++)
        if (open_fact(plan, (enum fact_id)id) && plan->fact[id].reason == REASON_NONE)
            plan->fact[id].reason = fallback;
    if (plan->reason == REASON_NONE && open_fact(plan, FACT_TLS_ENABLED))
        plan->reason = plan->fact[FACT_TLS_ENABLED].reason;
}

/* ---- weak classes ---- */

static const char *const WEAK_CLASSES[] = {"EXPORT", "LOW",  "MEDIUM", "NULL", "RC2",  "RC4",     "DES",
                                           "3DES",   "IDEA", "SEED",   "MD5",  "ANON", "SKIPJACK"};
enum { WEAK_CLASS_COUNT = sizeof WEAK_CLASSES / sizeof *WEAK_CLASSES };

const char *weak_class_name(unsigned bit_index) {
    return bit_index < WEAK_CLASS_COUNT ? WEAK_CLASSES[bit_index] : NULL;
}

/* Is token one of the '|'-separated words of list? */
static bool has_token(const char *list, const char *token) {
    size_t len = strlen(token);
    for (const char *at = list; at && *at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
        if (strncmp(at, token, len) == 0 && (at[len] == '|' || at[len] == '\0'))
            return true;
    return false;
}

unsigned plan_weak_classes(const struct plan *plan) {
    unsigned classes = 0;
    for (size_t i = 0; i < plan->suites_seen_count; i++) {
        const struct suite *suite = suite_find(plan->suites_seen[i]);
        for (unsigned bit = 0; suite && bit < WEAK_CLASS_COUNT; bit++)
            if (has_token(suite->weak_class, WEAK_CLASSES[bit]))
                classes |= 1u << bit;
    }
    return classes;
}
