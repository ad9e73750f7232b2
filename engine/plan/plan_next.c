/* plan_next.c - what to ask next: plan_next() of plan.h.
 *
 * Questions that wait for a second answer go first; then the first rule (plan_rules.c) whose conditions hold and which
 * was not asked as often as it may be.
 */
#include "plan/plan_complete.h"
#include "plan/plan_known.h"
#include "plan/plan_note.h"
#include "plan/plan_rules.h"

#include <string.h>

/* May the first handshake have been refused for the name in it? */
static bool first_refused(const struct plan *plan) {
    for (size_t i = 0; i < plan->note_count; i++)
        if (plan_rule_of(&plan->note[i])->role == ROLE_FIRST && plan_note_refuses(&plan->note[i]))
            return true;
    return false;
}

static bool refused_at_tls12(const struct plan *plan) {
    for (size_t i = 0; i < plan->note_count; i++)
        if (plan->note[i].max == VERSION_TLS1_2 && plan_note_refuses(&plan->note[i]))
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
        {NOW_KEY_OPEN, plan_open_keys(plan) != 0},
        {NOW_WEAK_OPEN_LOWEST, weak_open && settled && (unrefused & plan_version_bit(legacy.lowest))},
        {NOW_WEAK_OPEN_EACH, settled && unrefused},
        {NOW_NOTHING_SELECTED, !plan->selected},
        {NOW_COMPLETABLE, plan->completable},
        {NOW_BROKEN_ONCE, plan->broken == 1},
        {NOW_SOFT, plan_note_waits(plan) && plan_control(plan, &control)},
        {NOW_STUMBLED, plan_first_stumbled(plan) && plan_is_open(plan, FACT_TLS1_3)},
        {NOW_NAME_DOUBTED, plan->policy.named && !plan->selected && first_refused(plan)},
        {NOW_UNREFUSED, !refused_at_tls12(plan)},
        {NOW_SWALLOWED, !plan->selected && plan->silences == 1},
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

/* A full handshake in a long hello is for servers that read one, and one in a short hello for others. */
static bool suits_form(const struct plan *plan, const struct rule *rule) {
    bool small = plan->form & FORM_SMALL;
    return rule->kind != STEP_HANDSHAKE || handshake_terms((enum handshake_offer)rule->offer)->small == small;
}

static bool is_due(const struct plan *plan, unsigned place, unsigned now) {
    const struct rule *rule = plan_rule_at(place);
    if (!suits_form(plan, rule))
        return false;
    uint32_t unknown = plan_facts_with(plan, TRI_UNKNOWN), yes = plan_facts_with(plan, TRI_YES);
    return plan_note_times_asked(plan, place) < rule->most && (rule->open & ~unknown) == 0 && (rule->yes & ~yes) == 0 &&
           (rule->some == 0 || (rule->some & unknown)) && (rule->now & ~now) == 0;
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

/* The classes of suites that a question is about. */
static unsigned classes_for(const struct plan *plan, const struct rule *rule) {
    enum offer offer = plan_rule_offer(rule);
    bool exact = offer == OFFER_CLASSES || offer == OFFER_BOTH_NIST;
    return exact ? plan_classes_to_ask(plan) : plan_open_classes(plan) | plan_open_keys(plan);
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

static void ask(struct plan *plan, int place) {
    const struct rule *rule = plan_rule_at((unsigned)place);
    plan->asking = (struct plan_note){
        .rule = (uint8_t)place, .open = (uint16_t)classes_for(plan, rule), .max = (uint16_t)version_at(plan, rule->at)};
    plan->asking.form = (uint8_t)(plan->form | plan_form_of(rule));
    plan->repeating = -1;
    if (rule->role != ROLE_CONTROL || !plan_control(plan, &plan->step))
        plan->step = plan_step_of(&plan->asking);
    plan->step.name = rule->name;
}

static void ask_again(struct plan *plan, int repeating) {
    const struct plan_note *note = &plan->note[repeating];
    plan->asking = (struct plan_note){.rule = note->rule, .form = note->form, .open = note->open, .max = note->max};
    plan->repeating = repeating;
    plan->step = plan_step_of(&plan->asking);
}

/* The place of the first rule that is due; -1 if none is. */
static int due_rule(const struct plan *plan) {
    unsigned now = conditions_now(plan);
    for (unsigned i = 0; i < plan_rule_count(); i++)
        if (is_due(plan, i, now))
            return (int)i;
    return -1;
}

const struct step *plan_next(struct plan *plan) {
    int due = due_rule(plan);
    bool nothing_new = due < 0 || plan_rule_at((unsigned)due)->role == ROLE_CONTROL;
    int again = plan_note_to_repeat(plan, true);
    if (again < 0 && nothing_new)
        again = plan_note_to_repeat(plan, false);
    if (plan->stopped || (again < 0 && due < 0))
        return NULL;
    if (again >= 0)
        ask_again(plan, again);
    else
        ask(plan, due);
    return &plan->step;
}
