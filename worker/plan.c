/* plan.c - see plan.h.
 *
 * RULES is the plan: its rows are tried in order, and the first one whose conditions hold and which was not asked as
 * often as it may be is next. A row says what to offer and which facts a refusal settles. A selection always means the
 * same (learn_selection()): "yes" for the version, the suite's classes and the group; and "no" for the versions between
 * the selected one and the highest offered, because TLS negotiates the highest version that both know.
 *
 * The rows and their order come from counting (tests/unit/test_simulator.c prints the table): each version spoken
 * costs a connection, each thing absent a refusal, and everything else should ride along.
 */
#include "plan.h"

#include "offers.h"
#include "server_flight.h"
#include "suites.h"

#include <stdio.h>
#include <string.h>

enum { SILENCES_MAX = 2, BROKEN_MAX = 2 };

/* Places in RULES of those that are more than their row says. */
enum { FIRST_RULE = 0, PLAIN_RULE = 10, SSLV2_RULE = 11, OPEN_RULE = 13, CONTROL_RULE = 21, RULE_COUNT };

#define BIT(fact) (UINT32_C(1) << FACT_##fact)
#define LEGACY_VERSIONS (BIT(SSLV3) | BIT(TLS1_0) | BIT(TLS1_1) | BIT(TLS1_2))
#define SUITE_CLASSES (BIT(WEAK_CIPHERS) | BIT(ANON_SUITES) | STRONG_CLASSES)
#define STRONG_CLASSES (BIT(NIST_R1) | BIT(NIST_R2) | BIT(FORWARD_SECRECY))
#define TLS_FACTS                                                                                                      \
    (BIT(SSLV2) | LEGACY_VERSIONS | BIT(TLS1_3) | BIT(WEAK_CIPHERS) | BIT(ANON_SUITES) | STRONG_CLASSES |              \
     BIT(PQ_HYBRID))

const char *flag_name(unsigned bit_index) {
    static const char *const names[FLAG_COUNT] = {"starttls_stripped", "early_bytes", "no_esmtp",
                                                  "inconsistent",      "not_offered", "downgrade_sentinel",
                                                  "intolerant",        "warned"};
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

/* Suite classes beside the facts that they show. */
static const struct {
    unsigned flag;
    enum fact_id fact;
} CLASSES[] = {{SUITE_WEAK, FACT_WEAK_CIPHERS},
               {SUITE_ANON, FACT_ANON_SUITES},
               {SUITE_R1, FACT_NIST_R1},
               {SUITE_R2, FACT_NIST_R2},
               {SUITE_FS, FACT_FORWARD_SECRECY}};
enum { CLASS_COUNT = sizeof CLASSES / sizeof *CLASSES };

/* ---- what is known ---- */

static uint32_t facts_with(const struct plan *plan, enum tri value) {
    uint32_t facts = 0;
    for (unsigned id = 0; id < FACT_ENDPOINT_COUNT; id++)
        if (plan->fact[id].value == value)
            facts |= UINT32_C(1) << id;
    return facts;
}

static bool is_yes(const struct plan *plan, enum fact_id fact) { return plan->fact[fact].value == TRI_YES; }
static bool is_open(const struct plan *plan, enum fact_id fact) { return plan->fact[fact].value == TRI_UNKNOWN; }

static unsigned version_bit(enum tls_version version) { return 1u << (version & 7); } /* 0x0300 … 0x0303 */

/* The highest and the lowest version below TLS 1.3 known to be on, and all of them as bits. */
struct legacy {
    enum tls_version highest, lowest;
    unsigned spoken;
};

static struct legacy legacy_of(const struct plan *plan) {
    struct legacy legacy = {VERSION_NONE, VERSION_NONE, 0};
    for (unsigned i = FIRST_LEGACY; i <= LAST_LEGACY; i++)
        if (is_yes(plan, VERSIONS[i].fact)) {
            legacy.highest = VERSIONS[i].version;
            legacy.lowest = legacy.lowest ? legacy.lowest : VERSIONS[i].version;
            legacy.spoken |= version_bit(VERSIONS[i].version);
        }
    return legacy;
}

/* Versions at which a refusal of weak suites is wanted before they are believed to be off: old stacks have some of them
 * on old versions only. */
static unsigned weak_wanted(const struct plan *plan, const struct legacy *legacy) {
    if (plan->policy.per_version)
        return legacy->spoken;
    return legacy->spoken ? version_bit(legacy->highest) | version_bit(legacy->lowest) : 0;
}

static unsigned open_classes(const struct plan *plan) {
    unsigned classes = 0;
    for (size_t i = 0; i < CLASS_COUNT; i++)
        if (is_open(plan, CLASSES[i].fact))
            classes |= CLASSES[i].flag;
    return classes;
}

/* Open classes that were not refused at the highest version below TLS 1.3. */
static unsigned classes_to_ask(const struct plan *plan) {
    struct legacy legacy = legacy_of(plan);
    unsigned open = open_classes(plan);
    bool weak_refused = legacy.spoken && (plan->weak_refused & version_bit(legacy.highest));
    return weak_refused ? open & ~(unsigned)SUITE_WEAK : open;
}

/* ---- the plan ---- */

/* What a rule may wait for besides facts. */
enum now {
    NOW_LEGACY = 1 << 0,           /* some version below TLS 1.3 is on */
    NOW_SETTLED = 1 << 1,          /* and which ones are is known */
    NOW_CLASS_OPEN = 1 << 2,       /* a class of suites was neither seen nor refused at the highest version */
    NOW_WEAK_OPEN_LOWEST = 1 << 3, /* weak suites were not yet refused at the lowest of them … */
    NOW_WEAK_OPEN_EACH = 1 << 4,   /* … or at one of them that the policy wants asked */
    NOW_NOTHING_SELECTED = 1 << 5,
    NOW_COMPLETABLE = 1 << 6, /* a suite was selected that OpenSSL could complete */
    NOW_BROKEN_ONCE = 1 << 7, /* one full handshake was selected and then failed */
    NOW_SOFT = 1 << 8,        /* some "no" rests on a close, and there is a hello known to work */
    NOW_STUMBLED = 1 << 9,    /* the first handshake was neither answered nor refused in earnest */
    NOW_HANDSHAKE_DONE = 1 << 10,
    NOW_NO_TLS13 = 1 << 11,
};

static unsigned conditions(const struct plan *plan) {
    struct legacy legacy = legacy_of(plan);
    bool settled = (facts_with(plan, TRI_UNKNOWN) & LEGACY_VERSIONS) == 0;
    bool weak_open = is_open(plan, FACT_WEAK_CIPHERS) && legacy.spoken;
    unsigned unrefused = weak_open ? weak_wanted(plan, &legacy) & ~plan->weak_refused : 0;
    const struct {
        unsigned now;
        bool holds;
    } table[] = {
        {NOW_LEGACY, legacy.spoken != 0},
        {NOW_SETTLED, settled},
        {NOW_CLASS_OPEN, classes_to_ask(plan) != 0},
        {NOW_WEAK_OPEN_LOWEST, weak_open && settled && (unrefused & version_bit(legacy.lowest))},
        {NOW_WEAK_OPEN_EACH, settled && unrefused},
        {NOW_NOTHING_SELECTED, !plan->selected},
        {NOW_COMPLETABLE, plan->completable},
        {NOW_BROKEN_ONCE, plan->broken == 1},
        {NOW_SOFT, plan->soft != 0 && plan->has_control},
        {NOW_STUMBLED, plan->asked[FIRST_RULE] && is_open(plan, FACT_TLS1_3)},
        {NOW_NO_TLS13, plan->fact[FACT_TLS1_3].value == TRI_NO},
        {NOW_HANDSHAKE_DONE, is_yes(plan, FACT_TLS_ENABLED)},
    };
    unsigned now = 0;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        now |= table[i].holds ? table[i].now : 0;
    return now;
}

/* The highest version offered. */
enum at { AT_TLS1_3, AT_TLS1_2, AT_TLS1_1, AT_TLS1_0, AT_SSLV3, AT_SSLV2, AT_HIGHEST, AT_LOWEST, AT_WEAK_UNREFUSED };

struct rule {
    const char *name;
    enum step_kind kind;
    int what; /* enum handshake_offer or enum offer */
    enum at at;
    uint32_t open;    /* all of these facts are unknown … */
    uint32_t some;    /* … and, if any is named, one of these … */
    uint32_t yes;     /* … and all of these are "yes" … */
    unsigned now;     /* … and all of these hold */
    uint32_t refusal; /* facts that a refusal makes "no" */
    unsigned most;    /* how often it may be asked */
};

#define FULL(offer) STEP_HANDSHAKE, HANDSHAKE_##offer
#define HELLO(offer) STEP_HELLO, OFFER_##offer

static const struct rule RULES[RULE_COUNT] = {
    /* The full handshake first: some servers stop offering STARTTLS to a client that failed one. It brings the chain
     * and, by the group of a HelloRetryRequest, post-quantum key exchange. */
    [FIRST_RULE] = {"handshake", FULL(FIRST), AT_TLS1_3, BIT(TLS1_3), 0, 0, 0, BIT(TLS1_3) | BIT(PQ_HYBRID), 1},
    /* A server that took a hybrid has to complete another version. */
    {"handshake-below", FULL(LEGACY), AT_TLS1_2, BIT(TLS_ENABLED) | BIT(TLS1_2), 0, BIT(TLS1_3), 0, 0, 1},
    /* The descent. Below TLS 1.3 only suites that settle something are offered first: servers that follow their own
     * order would else show one more ECDHE suite. */
    {"tls1.2-open", HELLO(OPEN), AT_TLS1_2, BIT(TLS1_2), SUITE_CLASSES, BIT(TLS1_3), NOW_HANDSHAKE_DONE, 0, 1},
    {"tls1.2", HELLO(ALL), AT_TLS1_2, BIT(TLS1_2), 0, 0, 0, LEGACY_VERSIONS, 1},
    /* The first handshake stumbled, perhaps over hybrids: once more without, before TLS 1.3 is believed to be off. */
    {"handshake-classical", FULL(ANY), AT_TLS1_3, BIT(TLS1_3) | BIT(TLS_ENABLED), 0, 0, NOW_STUMBLED, BIT(TLS1_3), 1},
    {"tls1.1", HELLO(ALL), AT_TLS1_1, BIT(TLS1_1), 0, 0, 0, LEGACY_VERSIONS & ~BIT(TLS1_2), 1},
    /* An old server that speaks 1.2 and 1.1 speaks 1.0 too, and is the likely one to have weak suites. */
    {"tls1.0-open", HELLO(OPEN), AT_TLS1_0, BIT(TLS1_0) | BIT(WEAK_CIPHERS), 0, BIT(TLS1_2) | BIT(TLS1_1), NOW_NO_TLS13,
     0, 1},
    {"tls1.0", HELLO(ALL), AT_TLS1_0, BIT(TLS1_0), 0, 0, 0, BIT(TLS1_0) | BIT(SSLV3), 1},
    {"sslv3", HELLO(ALL), AT_SSLV3, BIT(SSLV3), 0, 0, 0, BIT(SSLV3), 1},
    [PLAIN_RULE] = {"plain", HELLO(ALL), AT_TLS1_0, 0, 0, 0, NOW_SETTLED | NOW_NOTHING_SELECTED, 0, 1},
    /* Before weak suites: SSL 2.0 has no others. */
    [SSLV2_RULE] = {"sslv2", HELLO(ALL), AT_SSLV2, BIT(SSLV2), 0, 0, 0, BIT(SSLV2), 1},
    {"open-both-nist", HELLO(BOTH_NIST), AT_HIGHEST, BIT(NIST_R1) | BIT(NIST_R2), 0, 0, NOW_LEGACY | NOW_COMPLETABLE, 0,
     1},
    [OPEN_RULE] = {"open", HELLO(CLASSES), AT_HIGHEST, 0, SUITE_CLASSES, 0, NOW_LEGACY | NOW_CLASS_OPEN, 0, 5},
    {"weak-lowest", HELLO(WEAK), AT_LOWEST, 0, 0, 0, NOW_WEAK_OPEN_LOWEST, 0, 1},
    {"weak-each", HELLO(WEAK), AT_WEAK_UNREFUSED, 0, 0, 0, NOW_WEAK_OPEN_EACH, 0, 4},
    {"hybrid", HELLO(TLS13), AT_TLS1_3, BIT(PQ_HYBRID), 0, BIT(TLS1_3), 0, BIT(PQ_HYBRID), 1},
    /* No handshake completed yet: again without hybrids, again below TLS 1.3, again after a failure. */
    {"handshake-no-hybrid", FULL(ANY), AT_TLS1_3, BIT(TLS_ENABLED), 0, BIT(TLS1_3), 0, 0, 1},
    {"handshake-legacy", FULL(LEGACY), AT_TLS1_2, BIT(TLS_ENABLED), 0, 0, NOW_COMPLETABLE, 0, 1},
    {"handshake-again", FULL(ANY), AT_TLS1_3, BIT(TLS_ENABLED), 0, 0, NOW_BROKEN_ONCE, 0, 1},
    /* Only if something rests on a close: was the server still there for us? */
    [CONTROL_RULE] = {"control", HELLO(ALL), AT_TLS1_2, 0, 0, 0, NOW_SOFT, 0, 1},
};
_Static_assert((int)RULE_COUNT <= (int)PLAN_RULES_MAX, "asked[] and unanswered hold every rule");

void plan_init(struct plan *plan, const struct plan_policy *policy) {
    memset(plan, 0, sizeof *plan);
    plan->policy = *policy;
    plan->current = -1;
}

static bool is_due(const struct plan *plan, const struct rule *rule, unsigned now) {
    uint32_t unknown = facts_with(plan, TRI_UNKNOWN), yes = facts_with(plan, TRI_YES);
    return plan->asked[rule - RULES] < rule->most && (rule->open & ~unknown) == 0 && (rule->yes & ~yes) == 0 &&
           (rule->some == 0 || (rule->some & unknown)) && (rule->now & ~now) == 0;
}

static enum tls_version version_at(const struct plan *plan, enum at at) {
    static const enum tls_version fixed[] = {
        [AT_TLS1_3] = VERSION_TLS1_3, [AT_TLS1_2] = VERSION_TLS1_2, [AT_TLS1_1] = VERSION_TLS1_1,
        [AT_TLS1_0] = VERSION_TLS1_0, [AT_SSLV3] = VERSION_SSLV3,   [AT_SSLV2] = VERSION_SSLV2};
    struct legacy legacy = legacy_of(plan);
    if (at < sizeof fixed / sizeof *fixed)
        return fixed[at];
    unsigned unrefused = weak_wanted(plan, &legacy) & ~plan->weak_refused;
    if (at == AT_WEAK_UNREFUSED && unrefused)
        return VERSION_SSLV3 + (enum tls_version)__builtin_ctz(unrefused);
    return at == AT_LOWEST ? legacy.lowest : legacy.highest;
}

/* The offer in words: "up to TLS 1.1: every suite". */
static void describe(struct step *step, enum offer offer) {
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

static void fill_step(struct plan *plan, const struct rule *rule) {
    struct step *step = &plan->step;
    if (rule == &RULES[CONTROL_RULE]) {
        *step = plan->control;
        step->name = rule->name;
        return;
    }
    *step = (struct step){.name = rule->name, .kind = rule->kind, .max = version_at(plan, rule->at)};
    step->plain = rule == &RULES[PLAIN_RULE];
    step->ask_staple = rule->at == AT_TLS1_2 && rule->what == OFFER_OPEN; /* if it stumbles, the next rule asks again */
    enum offer offer = (enum offer)rule->what;
    if (rule->kind == STEP_HANDSHAKE) {
        step->handshake = (enum handshake_offer)rule->what;
        offer = handshake_terms(step->handshake)->suites;
    }
    bool exact = offer == OFFER_CLASSES || offer == OFFER_BOTH_NIST;
    unsigned open = exact ? classes_to_ask(plan) : open_classes(plan);
    step->suite_count = offer_suites(offer, open, step->suites);
    fill_groups(step);
    describe(step, offer);
}

const struct step *plan_next(struct plan *plan) {
    unsigned now = conditions(plan);
    if (plan->stopped)
        return NULL;
    for (int i = 0; i < RULE_COUNT; i++)
        if (is_due(plan, &RULES[i], now)) {
            plan->current = i;
            fill_step(plan, &RULES[i]);
            return &plan->step;
        }
    return NULL;
}

struct step plan_step_for_name(void) {
    struct step step = {.name = "name", .kind = STEP_HANDSHAKE, .handshake = HANDSHAKE_ANY, .max = VERSION_TLS1_3};
    step.suite_count = offer_suites(handshake_terms(step.handshake)->suites, 0, step.suites);
    fill_groups(&step);
    describe(&step, OFFER_COMPLETABLE);
    return step;
}

/* ---- learning ---- */

static void learn(struct plan *plan, enum fact_id id, enum tri tri, enum evidence evidence) {
    struct fact *fact = &plan->fact[id];
    if (fact->value == TRI_YES || fact->value == tri)
        return;
    /* A server said so: believe the yes. Classes of suites were refused at one version only, so nothing contradicts. */
    if (fact->value == TRI_NO && ((SUITE_CLASSES | plan->soft) & (UINT32_C(1) << id)) == 0)
        plan->flags |= plan->current == PLAIN_RULE ? FLAG_INTOLERANT : FLAG_INCONSISTENT;
    *fact = (struct fact){.value = tri, .evidence = evidence, .connection = plan->connections};
    plan->soft &= ~(UINT32_C(1) << id);
}

static void learn_all(struct plan *plan, uint32_t facts, enum tri tri, enum evidence evidence) {
    for (unsigned id = 0; id < FACT_ENDPOINT_COUNT; id++)
        if (facts & UINT32_C(1) << id)
            learn(plan, (enum fact_id)id, tri, evidence);
}

static void remember_suite(struct plan *plan, uint16_t suite) {
    for (size_t i = 0; i < plan->suites_seen_count; i++)
        if (plan->suites_seen[i] == suite)
            return;
    if (suite && plan->suites_seen_count < PLAN_SUITES_SEEN_MAX)
        plan->suites_seen[plan->suites_seen_count++] = suite;
}

/* Could OpenSSL complete what was selected? Not SSL 3.0, RC4 and the like, nor a group that we only offer. */
static bool is_completable(const struct answer *answer) {
    uint16_t suites[HELLO_SUITES_MAX];
    size_t count = offer_suites(OFFER_COMPLETABLE, 0, suites);
    bool known = false;
    for (size_t i = 0; i < count; i++)
        known = known || suites[i] == answer->suite;
    return known && answer->version >= VERSION_TLS1_0 && !group_is_pq_hybrid(answer->group);
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
    return answer->version == VERSION_TLS1_3 || answer->group == 0x001D || answer->group == 0x001E ||
           (answer->suite >= 0xCCA8 && answer->suite <= 0xCCAE);
}

static void learn_versions(struct plan *plan, uint16_t selected) {
    const struct rule *rule = &RULES[plan->current];
    bool every_kind = rule->kind == STEP_HANDSHAKE || rule->what == OFFER_ALL || rule->what == OFFER_OPEN;
    for (unsigned i = 0; i < VERSION_COUNT; i++) {
        enum tls_version version = VERSIONS[i].version;
        if (version == selected)
            learn(plan, VERSIONS[i].fact, TRI_YES, EVIDENCE_OBSERVED);
        else if (every_kind && version > selected && version <= plan->step.max && version != VERSION_SSLV2)
            learn(plan, VERSIONS[i].fact, TRI_NO, EVIDENCE_INFERRED);
    }
}

static void learn_group(struct plan *plan, const struct answer *answer) {
    bool hybrid = group_is_pq_hybrid(answer->group), offered = group_is_pq_hybrid(plan->step.groups[0]);
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
    if (plan->current == PLAIN_RULE && selected > VERSION_SSLV3) {
        plan->fact[FACT_SSLV3] = (struct fact){.value = TRI_UNKNOWN};
        plan->flags |= FLAG_INTOLERANT;
    }
}

/* What it selects now was in the first handshake's offer too, so that one's refusal was no verdict on TLS 1.3: the line
 * broke, or it stumbles over the hello's form. */
static void doubt_first_refusal(struct plan *plan, bool was_completable) {
    bool first_refused = plan->asked[FIRST_RULE] && plan->fact[FACT_TLS1_3].value == TRI_NO && !plan->broken;
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
    if (answer->sentinel && !is_yes(plan, FACT_TLS1_3)) {
        plan->flags |= FLAG_DOWNGRADE_SENTINEL;
        learn(plan, FACT_TLS1_3, TRI_YES, EVIDENCE_INFERRED);
    }
    keep_control(plan, answer);
}

/* A server of TLS 1.3 that speaks no version as low as was offered has to say protocol_version (RFC 8446 appendix D.2),
 * and handshake_failure if it is the suites (section 4.1.1). Older servers do not keep these apart; there it means
 * nothing. */
static bool is_verdict_on_versions(const struct plan *plan, const struct answer *answer) {
    enum { PROTOCOL_VERSION = 70 };
    return answer->alerted && answer->alert == PROTOCOL_VERSION && is_yes(plan, FACT_TLS1_3) &&
           plan->step.max == VERSION_TLS1_2;
}

/* The facts that a refusal of the step under way makes "no", weak suites apart. */
static uint32_t refused_facts(const struct plan *plan, const struct answer *answer) {
    const struct rule *rule = &RULES[plan->current];
    uint32_t facts = rule->refusal;
    unsigned covered = 0;
    if (rule->kind == STEP_HELLO && rule->what == OFFER_CLASSES)
        covered = classes_to_ask(plan);
    else if (rule->kind == STEP_HELLO && rule->what == OFFER_BOTH_NIST)
        covered = classes_to_ask(plan) & (SUITE_WEAK | SUITE_ANON);
    for (size_t i = 0; i < CLASS_COUNT; i++)
        if ((covered & CLASSES[i].flag) && CLASSES[i].fact != FACT_WEAK_CIPHERS)
            facts |= UINT32_C(1) << CLASSES[i].fact;
    if (is_verdict_on_versions(plan, answer))
        facts |= LEGACY_VERSIONS;
    return facts & facts_with(plan, TRI_UNKNOWN);
}

/* Were weak suites offered, all that servers deploy? */
static bool offers_weak(const struct plan *plan) {
    const struct rule *rule = &RULES[plan->current];
    if (rule->kind == STEP_HANDSHAKE || rule->what == OFFER_ALL)
        return false;
    return rule->what == OFFER_WEAK || (classes_to_ask(plan) & SUITE_WEAK);
}

static void learn_refusal(struct plan *plan, const struct answer *answer) {
    uint32_t facts = refused_facts(plan, answer);
    bool several_versions = facts & (LEGACY_VERSIONS | BIT(TLS1_3)) && (facts & (facts - 1));
    if (offers_weak(plan))
        plan->weak_refused |= version_bit(plan->step.max);
    learn_all(plan, facts, TRI_NO, several_versions ? EVIDENCE_INFERRED : EVIDENCE_OBSERVED);
}

/* What follows without asking. */
static void infer(struct plan *plan) {
    struct legacy legacy = legacy_of(plan);
    bool tls13_off = plan->fact[FACT_TLS1_3].value == TRI_NO, sslv2_off = plan->fact[FACT_SSLV2].value == TRI_NO;
    unsigned wanted = weak_wanted(plan, &legacy);
    if (tls13_off)
        learn(plan, FACT_PQ_HYBRID, TRI_NO, EVIDENCE_INFERRED);
    if (plan->modern && !sslv2_off)
        learn(plan, FACT_SSLV2, TRI_NO, EVIDENCE_INFERRED);
    if (facts_with(plan, TRI_UNKNOWN) & LEGACY_VERSIONS)
        return;
    bool sslv2_asked = !is_open(plan, FACT_SSLV2) || plan->asked[SSLV2_RULE];
    if (legacy.spoken && (plan->weak_refused & wanted) == wanted && is_open(plan, FACT_WEAK_CIPHERS) && sslv2_asked)
        learn(plan, FACT_WEAK_CIPHERS, TRI_NO, EVIDENCE_OBSERVED);
    if (legacy.spoken)
        return;
    uint32_t open = facts_with(plan, TRI_UNKNOWN);
    if (is_yes(plan, FACT_TLS1_3)) /* no TLS 1.3 suite is weak, anonymous or in r1 */
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
    if (is_yes(plan, FACT_STARTTLS_ADVERTISED)) { /* some servers stop offering it after a failed handshake */
        plan_stop(plan, REASON_STARTTLS_REFUSED);
        return;
    }
    learn(plan, FACT_STARTTLS_ADVERTISED, TRI_NO, EVIDENCE_OBSERVED);
    learn_all(plan, TLS_FACTS | BIT(TLS_ENABLED), TRI_NO, EVIDENCE_INFERRED);
    plan->stopped = true;
}

/* A "no" that rests on a close is none if no hello works after it; what asked for it may be asked again. */
static void unsettle(struct plan *plan) {
    for (unsigned id = 0; id < FACT_ENDPOINT_COUNT; id++)
        if ((plan->soft & UINT32_C(1) << id) && plan->fact[id].value == TRI_NO)
            plan->fact[id] = (struct fact){.value = TRI_UNKNOWN, .reason = REASON_INCONSISTENT};
    for (unsigned i = 0; i < RULE_COUNT; i++)
        if (RULES[i].refusal & plan->soft)
            plan->asked[i] = 0;
    if (plan->soft & SUITE_CLASSES)
        plan->weak_refused = plan->asked[OPEN_RULE] = 0;
    plan->soft = 0;
}

static void settle_control(struct plan *plan, const struct answer *answer) {
    if (answer->kind == ANSWER_SELECTED) {
        plan->soft = 0;
        return;
    }
    plan->flags |= FLAG_INCONSISTENT;
    unsettle(plan);
    plan_stop(plan, REASON_INCONSISTENT);
}

/* Is it a verdict on what was offered? Other alerts may as well come from a server that is in trouble, or does not like
 * the name or the form of the hello: they are no better than a close. */
static bool is_verdict(const struct answer *answer) {
    static const uint8_t verdicts[] = {0, 40, 47, 70, 71, 86}; /* close_notify, handshake_failure, illegal_parameter, */
    for (size_t i = 0; i < sizeof verdicts; i++)               /* protocol_version, insufficient_security, fallback */
        if (answer->alert == verdicts[i])
            return true;
    return !answer->alerted;
}

static void learn_answer(struct plan *plan, const struct answer *answer) {
    bool soft = answer->kind == ANSWER_CLOSED || answer->kind == ANSWER_RESET ||
                (answer->kind == ANSWER_REFUSED && !is_verdict(answer));
    uint32_t before = facts_with(plan, TRI_NO);
    bool half_a_no = soft && offers_weak(plan);
    if (answer->kind == ANSWER_SELECTED)
        learn_selection(plan, answer);
    else if ((answer->kind == ANSWER_REFUSED || soft) && !(soft && plan->current == FIRST_RULE))
        learn_refusal(plan, answer);
    if (half_a_no) /* another version's refusal completes it */
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
        plan->soft |= facts_with(plan, TRI_NO) & ~before;
}

static bool stops(struct plan *plan, const struct answer *answer) {
    if (answer->kind == ANSWER_NO_STARTTLS)
        learn_no_starttls(plan);
    else if (answer->kind == ANSWER_STOPPED && answer->reason == REASON_UNREACHABLE && plan->connections == 1)
        learn(plan, FACT_REACHABLE, TRI_NO, EVIDENCE_OBSERVED);
    if (answer->kind == ANSWER_STOPPED)
        plan_stop(plan, answer->reason);
    return answer->kind == ANSWER_NO_STARTTLS || answer->kind == ANSWER_STOPPED;
}

void plan_answer(struct plan *plan, const struct answer *answer) {
    bool silent = answer->kind == ANSWER_SILENT;
    plan->connections++;
    learn_dialogue(plan, answer);
    if (stops(plan, answer))
        return;
    plan->asked[plan->current]++;
    if (!silent)
        plan->silences = 0;
    else if (plan->step.max >= VERSION_TLS1_0) /* many a filter swallows SSL hellos */
        plan->silences++;
    if (silent)
        plan->unanswered |= UINT32_C(1) << plan->current;
    else
        plan->unanswered &= ~(UINT32_C(1) << plan->current);
    if (plan->current == CONTROL_RULE)
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

/* No handshake of ours completed. Did the server at least go all the way with something that OpenSSL does not have: a
 * whole flight with an old suite, or a HelloRetryRequest for a hybrid? Or does it really break, or refuse
 * everything? */
static void conclude_tls_enabled(struct plan *plan) {
    uint32_t every_version = LEGACY_VERSIONS | BIT(TLS1_3) | BIT(SSLV2);
    bool all_refused = (facts_with(plan, TRI_NO) & every_version) == every_version;
    if (plan->broken >= BROKEN_MAX || (all_refused && plan->soft == 0 && plan->broken == 0))
        learn(plan, FACT_TLS_ENABLED, TRI_NO, plan->broken ? EVIDENCE_OBSERVED : EVIDENCE_INFERRED);
    else if (plan->whole_flight && plan->broken == 0 && !plan->completable)
        learn(plan, FACT_TLS_ENABLED, TRI_YES, EVIDENCE_INFERRED);
}

void plan_finish(struct plan *plan) {
    if (plan->soft) /* no control could be had */
        unsettle(plan);
    if (!plan->stopped && is_open(plan, FACT_TLS_ENABLED))
        conclude_tls_enabled(plan);
    enum reason fallback = plan->reason != REASON_NONE ? plan->reason : REASON_NOT_COMPLETED;
    for (unsigned i = 0; i < RULE_COUNT; i++)
        for (unsigned id = 0; (plan->unanswered & UINT32_C(1) << i) && id < FACT_ENDPOINT_COUNT; id++)
            if ((RULES[i].refusal & UINT32_C(1) << id) && plan->fact[id].reason == REASON_NONE &&
                is_open(plan, (enum fact_id)id))
                plan->fact[id].reason = REASON_TIMEOUT;
    for (unsigned id = 0; id < FACT_ENDPOINT_COUNT; id++)
        if (is_open(plan, (enum fact_id)id) && plan->fact[id].reason == REASON_NONE)
            plan->fact[id].reason = fallback;
    if (plan->reason == REASON_NONE && is_open(plan, FACT_TLS_ENABLED))
        plan->reason = plan->fact[FACT_TLS_ENABLED].reason;
    /* What one hello's silence or nonsense left open may be told another day. */
    for (unsigned id = 0; id < FACT_ENDPOINT_COUNT && plan->reason == REASON_NONE; id++)
        if (is_open(plan, (enum fact_id)id) && reason_retry(plan->fact[id].reason))
            plan->reason = plan->fact[id].reason;
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
