/* plan_rules.c - the questions of the plan: see plan_rules.h.
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
#include "tls/offers.h"

#include <stdio.h>
#include <string.h>

#define FULL(offer) STEP_HANDSHAKE, HANDSHAKE_##offer
#define HELLO(offer) STEP_HELLO, OFFER_##offer

static const struct rule RULES[] = {
    /* The full handshake first: some servers stop offering STARTTLS to a client that failed one. A full handshake
     * brings the chain and, by the group of a HelloRetryRequest, post-quantum key exchange. */
    {"handshake", FULL(FIRST), AT_TLS1_3, .open = BIT(TLS1_3), .refusal = BIT(TLS1_3) | BIT(PQ_HYBRID), .most = 1,
     .role = ROLE_FIRST},
    /* It was refused: for the name in it? What follows is asked as the answer was had. */
    {"tls1.2-nameless", HELLO(ALL), AT_TLS1_2, .now = NOW_NAME_DOUBTED, .most = 1, .role = ROLE_NAMELESS},
    {"tls1.2-small", HELLO(ALL), AT_TLS1_2, .now = NOW_SWALLOWED, .most = 1, .role = ROLE_SMALL},
    /* A server that took a hybrid has to complete another version. */
    {"handshake-below", FULL(LEGACY), AT_TLS1_2, .open = BIT(TLS_ENABLED) | BIT(TLS1_2), .yes = BIT(TLS1_3), .most = 1},
    /* The descent. Below TLS 1.3 only suites that settle something are offered first: servers that follow their own
     * order would else show one more ECDHE suite. */
    {"tls1.2-open", HELLO(OPEN), AT_TLS1_2, .open = BIT(TLS1_2), .some = SUITE_CLASSES, .yes = BIT(TLS1_3),
     .now = NOW_HANDSHAKE_DONE, .most = 1},
    {"tls1.2", HELLO(ALL), AT_TLS1_2, .open = BIT(TLS1_2), .now = NOW_UNREFUSED, .most = 1},
    /* Below, a hello holds all that there is; here it takes a second one until a refusal is one of the version. */
    {"tls1.2-rest", HELLO(REGISTRY), AT_TLS1_2, .open = BIT(TLS1_2), .refusal = LEGACY_VERSIONS, .most = 1,
     .role = ROLE_REST},
    /* The first handshake stumbled, perhaps over hybrids: once more without. Before TLS 1.3 is believed to be off, all
     * that it can have is offered. */
    {"handshake-classical", FULL(ANY), AT_TLS1_3, .open = BIT(TLS1_3) | BIT(TLS_ENABLED), .now = NOW_STUMBLED,
     .most = 1},
    {"tls1.3-nameless", HELLO(TLS13_ALL), AT_TLS1_3, .open = BIT(TLS1_3), .now = NOW_NAME_DOUBTED, .most = 1,
     .role = ROLE_NAMELESS},
    {"tls1.3-rest", HELLO(TLS13_ALL), AT_TLS1_3, .open = BIT(TLS1_3), .refusal = BIT(TLS1_3), .most = 1,
     .role = ROLE_REST},
    {"tls1.1", HELLO(ALL), AT_TLS1_1, .open = BIT(TLS1_1), .refusal = LEGACY_VERSIONS & ~BIT(TLS1_2), .most = 1},
    /* An old server that speaks 1.2 and 1.1 speaks 1.0 too, and is the likely one to have weak suites. */
    {"tls1.0-open", HELLO(OPEN), AT_TLS1_0, .open = BIT(TLS1_0) | BIT(WEAK_CIPHERS), .yes = BIT(TLS1_2) | BIT(TLS1_1),
     .now = NOW_NO_TLS13, .most = 1},
    {"tls1.0", HELLO(ALL), AT_TLS1_0, .open = BIT(TLS1_0), .refusal = BIT(TLS1_0) | BIT(SSLV3), .most = 1},
    {"sslv3", HELLO(ALL), AT_SSLV3, .open = BIT(SSLV3), .refusal = BIT(SSLV3), .most = 1},
    {"plain", HELLO(ALL), AT_TLS1_0, .now = NOW_SETTLED | NOW_NOTHING_SELECTED, .most = 1, .role = ROLE_PLAIN},
    /* Before weak suites: SSL 2.0 has no others. */
    {"sslv2", HELLO(ALL), AT_SSLV2, .open = BIT(SSLV2), .refusal = BIT(SSLV2), .most = 1, .role = ROLE_SSLV2},
    {"tls1.3-r2", HELLO(TLS13_R2), AT_TLS1_3, .open = BIT(NIST_R2), .yes = BIT(TLS1_3), .most = 1,
     .role = ROLE_R2_AT_13},
    /* What is still open, in as few answers as there are suites to see, and one refusal. */
    {"open-both-nist", HELLO(BOTH_NIST), AT_HIGHEST, .open = BIT(NIST_R1) | BIT(NIST_R2),
     .now = NOW_LEGACY | NOW_COMPLETABLE, .most = 1},
    {"open", HELLO(CLASSES), AT_HIGHEST, .some = SUITE_CLASSES, .now = NOW_LEGACY | NOW_CLASS_OPEN, .most = 5,
     .role = ROLE_OPEN},
    {"other-certificate", HELLO(CLASSES), AT_HIGHEST, .now = NOW_LEGACY | NOW_KEY_OPEN, .most = 1, .role = ROLE_OPEN},
    {"weak-lowest", HELLO(WEAK), AT_LOWEST, .now = NOW_WEAK_OPEN_LOWEST, .most = 1},
    {"weak-each", HELLO(WEAK), AT_WEAK_UNREFUSED, .now = NOW_WEAK_OPEN_EACH, .most = 4},
    {"hybrid", HELLO(TLS13), AT_TLS1_3, .open = BIT(PQ_HYBRID), .yes = BIT(TLS1_3), .refusal = BIT(PQ_HYBRID),
     .most = 1},
    /* No handshake completed yet: again without hybrids, again below TLS 1.3, again after a failure. */
    {"handshake-no-hybrid", FULL(ANY), AT_TLS1_3, .open = BIT(TLS_ENABLED), .yes = BIT(TLS1_3), .most = 1},
    {"handshake-legacy", FULL(LEGACY), AT_TLS1_2, .open = BIT(TLS_ENABLED), .now = NOW_COMPLETABLE, .most = 1},
    {"handshake-small", FULL(SMALL), AT_TLS1_2, .open = BIT(TLS_ENABLED), .now = NOW_COMPLETABLE, .most = 2},
    {"handshake-again", FULL(ANY), AT_TLS1_3, .open = BIT(TLS_ENABLED), .now = NOW_BROKEN_ONCE, .most = 1},
    /* Only if something rests on a close: was the server still there for us? */
    {"control", HELLO(ALL), AT_TLS1_2, .now = NOW_SOFT, .most = 3, .role = ROLE_CONTROL},
};
enum { RULE_COUNT = sizeof RULES / sizeof *RULES };
_Static_assert((int)RULE_COUNT <= UINT8_MAX, "a note holds the place of its rule in an octet");

const struct rule *plan_rule_of(const struct plan_note *note) { return &RULES[note->rule]; }
unsigned plan_rule_count(void) { return RULE_COUNT; }
const struct rule *plan_rule_at(unsigned place) { return &RULES[place]; }

enum offer plan_rule_offer(const struct rule *rule) {
    return rule->kind == STEP_HELLO ? (enum offer)rule->offer : OFFER_COUNT;
}

unsigned plan_classes_covered(const struct plan_note *note) {
    if (note->form & FORM_SMALL)
        return 0;
    switch (plan_rule_offer(plan_rule_of(note))) {
    case OFFER_CLASSES:
        return note->open;
    case OFFER_BOTH_NIST:
        return note->open & (SUITE_WEAK | SUITE_ANON);
    default:
        return 0;
    }
}

unsigned plan_form_of(const struct rule *rule) {
    return rule->role == ROLE_NAMELESS ? FORM_NAMELESS : rule->role == ROLE_SMALL ? FORM_SMALL : 0;
}

bool plan_was_asked(const struct plan *plan, enum rule_role role) {
    for (size_t i = 0; i < plan->note_count; i++)
        if (plan->note[i].standing != STANDING_VOID && plan_rule_of(&plan->note[i])->role == role)
            return true;
    return false;
}

/* The offer in words: "up to TLS 1.1: every suite". */
static void describe_offer(struct step *step, enum offer offer) {
    const char *how = step->kind == STEP_HANDSHAKE ? "full handshake up to" : "up to";
    if (step->kind == STEP_HELLO && (step->max == VERSION_TLS1_3 || step->max == VERSION_SSLV2))
        how = "only";
    const char *what = step->max == VERSION_SSLV2 ? "every kind" : offer_name(offer);
    if (step->kind == STEP_HANDSHAKE)
        what = handshake_terms(step->handshake)->name;
    snprintf(step->offered, sizeof step->offered, "%s %s: %s%s%s%s", how, tls_version_name(step->max), what,
             step->plain ? ", no extensions" : "", step->nameless ? ", no name" : "", step->small ? ", short" : "");
}

/* Hybrids stand first where the answer tells whether the server has them. All groups that there are stand where there
 * is room: in hellos of TLS 1.2, which are long anyway, and where few suites are offered. */
static enum offer_group groups_for(const struct step *step, enum offer offer) {
    if (step->kind == STEP_HANDSHAKE)
        return handshake_terms(step->handshake)->hybrids ? GROUPS_TLS13 : GROUPS_TLS13_CLASSICAL;
    if (step->max == VERSION_TLS1_3 && offer == OFFER_TLS13)
        return GROUPS_HYBRID;
    if (step->max == VERSION_TLS1_3)
        return step->small ? GROUPS_TLS13 : GROUPS_TLS13_EVERY;
    if (step->small)
        return GROUPS_SMALL;
    bool many_suites = offer == OFFER_ALL || offer == OFFER_OPEN;
    return step->max < VERSION_TLS1_2 && many_suites ? GROUPS_CLASSICAL : GROUPS_EVERY;
}

static void fill_step(struct step *step, enum offer offer, unsigned open) {
    struct offer_scope scope = {.open = open, .max = step->max, .small = step->small};
    const uint16_t *groups = offer_groups(groups_for(step, offer), &step->group_count);
    step->suite_count = offer_suites(offer, scope, step->suites);
    memcpy(step->groups, groups, step->group_count * sizeof *groups);
    describe_offer(step, offer);
}

struct step plan_step_of(const struct plan_note *note) {
    const struct rule *rule = plan_rule_of(note);
    struct step step = {.name = rule->name, .kind = rule->kind, .max = (enum tls_version)note->max};
    step.plain = rule->role == ROLE_PLAIN;
    step.nameless = note->form & FORM_NAMELESS;
    step.small = (note->form & FORM_SMALL) && note->max >= VERSION_TLS1_2; /* others are short anyway */
    enum offer offer = (enum offer)rule->offer;
    if (rule->kind == STEP_HANDSHAKE) {
        step.handshake = (enum handshake_offer)rule->offer;
        offer = handshake_terms(step.handshake)->suites;
    }
    fill_step(&step, offer, note->open);
    return step;
}

struct step plan_step_for_name(bool ask_staple) {
    struct step step = {.name = "name", .kind = STEP_HANDSHAKE, .max = VERSION_TLS1_3};
    step.handshake = ask_staple ? HANDSHAKE_STAPLE : HANDSHAKE_ANY;
    fill_step(&step, handshake_terms(step.handshake)->suites, 0);
    return step;
}
