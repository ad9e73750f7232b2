/* plan_rules.c - what to ask next: plan_next() of plan.h.
 *
 * RULES is the plan: its rows are tried in order, and the first one whose conditions hold and which was not asked as
 * often as it may be is next. A row says what to offer and which facts a refusal settles; what a selection means is
 * the same for all (plan_learn.c).
 *
 * The rows and their order come from counting (docs/probe-plan.md; tests/unit/test_simulator.c prints the table): each
 * version spoken costs a connection, each thing absent a refusal, and everything else should ride along.
 */
#include "plan/plan_rules.h"

#include "plan/plan_known.h"
#include "plan/plan_note.h"
#include "tls/offers.h"

#include <stdio.h>
#include <string.h>

/* What a rule may wait for besides facts. */
enum now {
    NOW_LEGACY = 1 << 0,           /* some version below TLS 1.3 is on */
    NOW_SETTLED = 1 << 1,          /* no version from SSL 3.0 to TLS 1.2 is unknown */
    NOW_CLASS_OPEN = 1 << 2,       /* a class of suites was neither seen nor refused at the highest version */
    NOW_WEAK_OPEN_LOWEST = 1 << 3, /* settled, and weak suites were not yet refused at the lowest version that is on */
    NOW_WEAK_OPEN_EACH = 1 << 4, /* settled, and weak suites were not yet refused at a version that the policy names */
    NOW_NOTHING_SELECTED = 1 << 5, /* no hello was answered with a selection */
    NOW_COMPLETABLE = 1 << 6,      /* a suite was selected that OpenSSL could complete */
    NOW_BROKEN_ONCE = 1 << 7,      /* one full handshake was selected and then failed */
    NOW_SOFT = 1 << 8,             /* some "no" rests on a close, and there is a hello known to work */
    NOW_STUMBLED = 1 << 9,         /* the first handshake was neither answered nor refused by a verdict */
    NOW_HANDSHAKE_DONE = 1 << 10,  /* a full handshake completed */
    NOW_NO_TLS13 = 1 << 11,        /* TLS 1.3 is off */
};

#define FULL(offer) STEP_HANDSHAKE, HANDSHAKE_##offer
#define HELLO(offer) STEP_HELLO, OFFER_##offer

static const struct rule RULES[] = {
    /* The full handshake first: some servers stop offering STARTTLS to a client that failed one. A full handshake
     * brings the chain and, by the group of a HelloRetryRequest, post-quantum key exchange. */
    {"handshake", FULL(FIRST), AT_TLS1_3, .open = BIT(TLS1_3), .refusal = BIT(TLS1_3) | BIT(PQ_HYBRID), .most = 1,
     .role = ROLE_FIRST},
    /* A server that took a hybrid has to complete another version. */
    {"handshake-below", FULL(LEGACY), AT_TLS1_2, .open = BIT(TLS_ENABLED) | BIT(TLS1_2), .yes = BIT(TLS1_3), .most = 1},
    /* The descent. Below TLS 1.3 only suites that settle something are offered first: servers that follow their own
     * order would else show one more ECDHE suite. */
    {"tls1.2-open", HELLO(OPEN), AT_TLS1_2, .open = BIT(TLS1_2), .some = SUITE_CLASSES, .yes = BIT(TLS1_3),
     .now = NOW_HANDSHAKE_DONE, .most = 1},
    {"tls1.2", HELLO(ALL), AT_TLS1_2, .open = BIT(TLS1_2), .refusal = LEGACY_VERSIONS, .most = 1},
    /* The first handshake stumbled, perhaps over hybrids: once more without, before TLS 1.3 is believed to be off. */
    {"handshake-classical", FULL(ANY), AT_TLS1_3, .open = BIT(TLS1_3) | BIT(TLS_ENABLED), .now = NOW_STUMBLED,
     .refusal = BIT(TLS1_3), .most = 1},
    {"tls1.1", HELLO(ALL), AT_TLS1_1, .open = BIT(TLS1_1), .refusal = LEGACY_VERSIONS & ~BIT(TLS1_2), .most = 1},
    /* An old server that speaks 1.2 and 1.1 speaks 1.0 too, and is the likely one to have weak suites. */
    {"tls1.0-open", HELLO(OPEN), AT_TLS1_0, .open = BIT(TLS1_0) | BIT(WEAK_CIPHERS), .yes = BIT(TLS1_2) | BIT(TLS1_1),
     .now = NOW_NO_TLS13, .most = 1},
    {"tls1.0", HELLO(ALL), AT_TLS1_0, .open = BIT(TLS1_0), .refusal = BIT(TLS1_0) | BIT(SSLV3), .most = 1},
    {"sslv3", HELLO(ALL), AT_SSLV3, .open = BIT(SSLV3), .refusal = BIT(SSLV3), .most = 1},
    {"plain", HELLO(ALL), AT_TLS1_0, .now = NOW_SETTLED | NOW_NOTHING_SELECTED, .most = 1, .role = ROLE_PLAIN},
    /* Before weak suites: SSL 2.0 has no others. */
    {"sslv2", HELLO(ALL), AT_SSLV2, .open = BIT(SSLV2), .refusal = BIT(SSLV2), .most = 1, .role = ROLE_SSLV2},
    /* What is still open, in as few answers as there are suites to see, and one refusal. */
    {"open-both-nist", HELLO(BOTH_NIST), AT_HIGHEST, .open = BIT(NIST_R1) | BIT(NIST_R2),
     .now = NOW_LEGACY | NOW_COMPLETABLE, .most = 1},
    {"open", HELLO(CLASSES), AT_HIGHEST, .some = SUITE_CLASSES, .now = NOW_LEGACY | NOW_CLASS_OPEN, .most = 5,
     .role = ROLE_OPEN},
    {"weak-lowest", HELLO(WEAK), AT_LOWEST, .now = NOW_WEAK_OPEN_LOWEST, .most = 1},
    {"weak-each", HELLO(WEAK), AT_WEAK_UNREFUSED, .now = NOW_WEAK_OPEN_EACH, .most = 4},
    {"hybrid", HELLO(TLS13), AT_TLS1_3, .open = BIT(PQ_HYBRID), .yes = BIT(TLS1_3), .refusal = BIT(PQ_HYBRID),
     .most = 1},
    /* No handshake completed yet: again without hybrids, again below TLS 1.3, again after a failure. */
    {"handshake-no-hybrid", FULL(ANY), AT_TLS1_3, .open = BIT(TLS_ENABLED), .yes = BIT(TLS1_3), .most = 1},
    {"handshake-legacy", FULL(LEGACY), AT_TLS1_2, .open = BIT(TLS_ENABLED), .now = NOW_COMPLETABLE, .most = 1},
    {"handshake-again", FULL(ANY), AT_TLS1_3, .open = BIT(TLS_ENABLED), .now = NOW_BROKEN_ONCE, .most = 1},
    /* Only if something rests on a close: was the server still there for us? */
    {"control", HELLO(ALL), AT_TLS1_2, .now = NOW_SOFT, .most = 3, .role = ROLE_CONTROL},
};
enum { RULE_COUNT = sizeof RULES / sizeof *RULES };
_Static_assert((int)RULE_COUNT <= UINT8_MAX, "a note holds the place of its rule in an octet");

const struct rule *plan_rule_of(const struct plan_note *note) { return &RULES[note->rule]; }
unsigned plan_rule_count(void) { return RULE_COUNT; }

enum offer plan_rule_offer(const struct rule *rule) {
    return rule->kind == STEP_HELLO ? (enum offer)rule->offer : OFFER_COUNT;
}

unsigned plan_classes_covered(const struct plan_note *note) {
    switch (plan_rule_offer(plan_rule_of(note))) {
    case OFFER_CLASSES:
        return note->open;
    case OFFER_BOTH_NIST:
        return note->open & (SUITE_WEAK | SUITE_ANON);
    default:
        return 0;
    }
}

bool plan_was_asked(const struct plan *plan, enum rule_role role) {
    for (size_t i = 0; i < plan->note_count; i++)
        if (plan->note[i].standing != STANDING_VOID && plan_rule_of(&plan->note[i])->role == role)
            return true;
    return false;
}

static unsigned conditions_now(const struct plan *plan) {
    struct step control;
    struct legacy legacy = plan_legacy(plan);
    bool settled = (plan_facts_with(plan, TRI_UNKNOWN) & LEGACY_VERSIONS) == 0;
    bool weak_open = plan_is_open(plan, FACT_WEAK_CIPHERS) && legacy.spoken;
    unsigned unrefused = weak_open ? plan_weak_wanted(plan, &legacy) & ~plan->weak_refused : 0;
    const struct {
        unsigned now;
        bool holds;
    } table[] = {
        {NOW_LEGACY, legacy.spoken != 0},
        {NOW_SETTLED, settled},
        {NOW_CLASS_OPEN, plan_classes_to_ask(plan) != 0},
        {NOW_WEAK_OPEN_LOWEST, weak_open && settled && (unrefused & plan_version_bit(legacy.lowest))},
        {NOW_WEAK_OPEN_EACH, settled && unrefused},
        {NOW_NOTHING_SELECTED, !plan->selected},
        {NOW_COMPLETABLE, plan->completable},
        {NOW_BROKEN_ONCE, plan->broken == 1},
        {NOW_SOFT, plan_note_waits(plan) && plan_control(plan, &control)},
        {NOW_STUMBLED, plan_was_asked(plan, ROLE_FIRST) && plan_is_open(plan, FACT_TLS1_3)},
        {NOW_NO_TLS13, plan->fact[FACT_TLS1_3].value == TRI_NO},
        {NOW_HANDSHAKE_DONE, plan_is_yes(plan, FACT_TLS_ENABLED)},
    };
    unsigned now = 0;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        now |= table[i].holds ? table[i].now : 0;
    return now;
}

void plan_init(struct plan *plan, const struct plan_policy *policy) {
    memset(plan, 0, sizeof *plan);
    plan->policy = *policy;
    plan->repeating = -1;
}

static bool is_due(const struct plan *plan, const struct rule *rule, unsigned now) {
    uint32_t unknown = plan_facts_with(plan, TRI_UNKNOWN), yes = plan_facts_with(plan, TRI_YES);
    return plan_note_times_asked(plan, (unsigned)(rule - RULES)) < rule->most && (rule->open & ~unknown) == 0 &&
           (rule->yes & ~yes) == 0 && (rule->some == 0 || (rule->some & unknown)) && (rule->now & ~now) == 0;
}

static enum tls_version version_at(const struct plan *plan, enum at at) {
    static const enum tls_version fixed[] = {
        [AT_TLS1_3] = VERSION_TLS1_3, [AT_TLS1_2] = VERSION_TLS1_2, [AT_TLS1_1] = VERSION_TLS1_1,
        [AT_TLS1_0] = VERSION_TLS1_0, [AT_SSLV3] = VERSION_SSLV3,   [AT_SSLV2] = VERSION_SSLV2};
    struct legacy legacy = plan_legacy(plan);
    if (at < sizeof fixed / sizeof *fixed)
        return fixed[at];
    unsigned unrefused = plan_weak_wanted(plan, &legacy) & ~plan->weak_refused;
    if (at == AT_WEAK_UNREFUSED && unrefused)
        return VERSION_SSLV3 + (enum tls_version)__builtin_ctz(unrefused);
    return at == AT_LOWEST ? legacy.lowest : legacy.highest;
}

/* The offer in words: "up to TLS 1.1: every suite". */
static void describe_offer(struct step *step, enum offer offer) {
    const char *how = step->kind == STEP_HANDSHAKE ? "full handshake up to" : "up to";
    if (step->kind == STEP_HELLO && (step->max == VERSION_TLS1_3 || step->max == VERSION_SSLV2))
        how = "only";
    const char *what = step->max == VERSION_SSLV2 ? "every kind" : offer_name(offer);
    if (step->kind == STEP_HANDSHAKE)
        what = handshake_terms(step->handshake)->name;
    snprintf(step->offered, sizeof step->offered, "%s %s: %s%s", how, tls_version_name(step->max), what,
             step->plain ? ", no extensions" : "");
}

/* Hybrids stand first where the answer tells whether the server has them. */
static void fill_groups(struct step *step) {
    enum offer_group which = GROUPS_CLASSICAL;
    if (step->kind == STEP_HANDSHAKE && handshake_terms(step->handshake)->hybrids)
        which = GROUPS_HYBRID_FIRST;
    else if (step->kind == STEP_HELLO && step->max == VERSION_TLS1_3)
        which = GROUPS_HYBRID;
    const uint16_t *groups = offer_groups(which, &step->group_count);
    memcpy(step->groups, groups, step->group_count * sizeof *groups);
}

/* The classes of suites that a question is about. */
static unsigned classes_for(const struct plan *plan, const struct rule *rule) {
    enum offer offer = plan_rule_offer(rule);
    bool exact = offer == OFFER_CLASSES || offer == OFFER_BOTH_NIST;
    return exact ? plan_classes_to_ask(plan) : plan_open_classes(plan);
}

struct step plan_step_of(const struct plan_note *note) {
    const struct rule *rule = plan_rule_of(note);
    struct step step = {.name = rule->name, .kind = rule->kind, .max = (enum tls_version)note->max};
    step.plain = rule->role == ROLE_PLAIN;
    enum offer offer = (enum offer)rule->offer;
    if (rule->kind == STEP_HANDSHAKE) {
        step.handshake = (enum handshake_offer)rule->offer;
        offer = handshake_terms(step.handshake)->suites;
    }
    step.suite_count = offer_suites(offer, note->open, step.suites);
    fill_groups(&step);
    describe_offer(&step, offer);
    return step;
}

/* What worked once, the cheapest first. */
bool plan_control(const struct plan *plan, struct step *control) {
    const struct plan_note *best = NULL;
    for (size_t i = 0; i < plan->note_count; i++) {
        const struct plan_note *note = &plan->note[i];
        bool works =
            (note->traits & TRAIT_WHOLE) && note->max != VERSION_SSLV2 && plan_rule_of(note)->role != ROLE_CONTROL;
        if (works && (best == NULL || plan_rule_of(note)->kind > plan_rule_of(best)->kind))
            best = note;
    }
    if (best)
        *control = plan_step_of(best);
    return best != NULL;
}

static void ask(struct plan *plan, const struct rule *rule) {
    plan->asking = (struct plan_note){.rule = (uint8_t)(rule - RULES),
                                      .open = (uint8_t)classes_for(plan, rule),
                                      .max = (uint16_t)version_at(plan, rule->at)};
    plan->repeating = -1;
    if (rule->role != ROLE_CONTROL || !plan_control(plan, &plan->step))
        plan->step = plan_step_of(&plan->asking);
    plan->step.name = rule->name;
}

static void ask_again(struct plan *plan, int repeating) {
    const struct plan_note *note = &plan->note[repeating];
    plan->asking = (struct plan_note){.rule = note->rule, .open = note->open, .max = note->max};
    plan->repeating = repeating;
    plan->step = plan_step_of(&plan->asking);
}

static const struct rule *due_rule(const struct plan *plan) {
    unsigned now = conditions_now(plan);
    for (int i = 0; i < RULE_COUNT; i++)
        if (is_due(plan, &RULES[i], now))
            return &RULES[i];
    return NULL;
}

const struct step *plan_next(struct plan *plan) {
    const struct rule *rule = due_rule(plan);
    bool nothing_new = rule == NULL || rule->role == ROLE_CONTROL;
    int again = plan_note_to_repeat(plan, true);
    if (again < 0 && nothing_new)
        again = plan_note_to_repeat(plan, false);
    if (plan->stopped || (again < 0 && rule == NULL))
        return NULL;
    if (again >= 0)
        ask_again(plan, again);
    else
        ask(plan, rule);
    return &plan->step;
}

struct step plan_step_for_name(bool ask_staple) {
    struct step step = {.name = "name", .kind = STEP_HANDSHAKE, .max = VERSION_TLS1_3};
    step.handshake = ask_staple ? HANDSHAKE_STAPLE : HANDSHAKE_ANY;
    step.suite_count = offer_suites(handshake_terms(step.handshake)->suites, 0, step.suites);
    fill_groups(&step);
    describe_offer(&step, OFFER_COMPLETABLE);
    return step;
}
