/* plan_note.c - see plan_note.h. */
#include "plan/plan_note.h"

#include "model/suites.h"
#include "plan/plan_known.h"
#include "plan/plan_rules.h"

enum {
    REPEATS_MAX = 2,       /* in vain, before a question is given up for this attempt */
    PROTOCOL_VERSION = 70, /* RFC 8446 section 6: the one alert that says what it is about */
};

/* Is it a verdict on what was offered? Other alerts may as well come from a server that is in trouble, or does not like
 * the name or the form of the hello: they are no better than a close. */
static bool is_verdict(const struct plan_note *note) {
    static const uint8_t verdicts[] = {
        0,  /* close_notify */
        40, /* handshake_failure */
        47, /* illegal_parameter */
        PROTOCOL_VERSION,
        71, /* insufficient_security */
        86, /* inappropriate_fallback */
    };
    for (size_t i = 0; i < sizeof verdicts; i++)
        if (note->alert == verdicts[i])
            return true;
    return !(note->traits & TRAIT_ALERTED);
}

bool plan_note_refuses(const struct plan_note *note) {
    return note->kind == ANSWER_REFUSED || note->kind == ANSWER_CLOSED || note->kind == ANSWER_RESET;
}

/* May it be an accident of the line or of the server? */
bool plan_note_is_abrupt(const struct plan_note *note) {
    return plan_note_refuses(note) && (note->kind != ANSWER_REFUSED || !is_verdict(note));
}

/* Facts that are worth a second question before a refusal makes them "no". A refusal of suites alone cannot be told
 * from a true one; those whose lack costs the grade are rare enough to ask twice. */
static bool is_weighty(const struct plan_note *note) {
    const struct rule *rule = plan_rule_of(note);
    uint32_t versions = LEGACY_VERSIONS | BIT(TLS1_3) | BIT(SSLV2);
    if (rule->role == ROLE_FIRST)
        return false;
    return (rule->refusal & versions) || rule->role == ROLE_R2_AT_13 ||
           (plan_classes_covered(note) & (SUITE_R2 | SUITE_FS));
}

/* Do both end by an alert, or both without? A server that says internal_error does not close instead. */
static bool end_alike(const struct plan_note *one, const struct plan_note *other) {
    return plan_note_is_abrupt(one) && plan_note_is_abrupt(other) &&
           (one->kind == ANSWER_REFUSED) == (other->kind == ANSWER_REFUSED);
}

/* Is that how the server refuses? */
static bool refuses_like(const struct plan *plan, const struct plan_note *note) {
    for (size_t i = 0; i < plan->note_count; i++)
        if ((plan->note[i].traits & TRAIT_CONFIRMED) && end_alike(&plan->note[i], note))
            return true;
    return false;
}

/* The first handshake is asked for again in another form; whether the name is at fault shows by a selection alone. */
static bool is_of_no_weight(const struct plan_note *note) {
    enum rule_role role = plan_rule_of(note)->role;
    return role == ROLE_NAMELESS || role == ROLE_SMALL || (role == ROLE_FIRST && plan_note_is_abrupt(note));
}

/* A version that was not offered says as much as the alert for it. */
static bool says_why(const struct plan_note *note) {
    return !(note->traits & TRAIT_ALERTED) || note->alert == PROTOCOL_VERSION;
}

static enum standing standing_of(const struct plan *plan, const struct plan_note *note) {
    if (note->kind == ANSWER_SELECTED)
        return STANDING_FIRM;
    if (!plan_note_refuses(note) || is_of_no_weight(note))
        return STANDING_MUTE;
    if (!plan_note_is_abrupt(note))
        return says_why(note) || !is_weighty(note) ? STANDING_FIRM : STANDING_SOFT;
    return is_weighty(note) || !refuses_like(plan, note) ? STANDING_SOFT : STANDING_FIRM;
}

/* Once one abrupt refusal was confirmed, those of suites alone are believed as their alerts would be. */
static void confirm(struct plan *plan, struct plan_note *note) {
    note->standing = STANDING_FIRM;
    note->traits = (uint16_t)(note->traits | TRAIT_CONFIRMED);
    for (size_t i = 0; i < plan->note_count; i++)
        if (plan->note[i].standing == STANDING_SOFT && end_alike(&plan->note[i], note) && !is_weighty(&plan->note[i]))
            plan->note[i].standing = STANDING_FIRM;
}

/* The same question was answered before: which of the two answers counts? */
static void weigh(struct plan *plan, struct plan_note *earlier, struct plan_note *now) {
    bool learnt_nothing = now->standing == STANDING_MUTE, twice = now->standing == STANDING_SOFT;
    if (learnt_nothing)
        earlier->repeats++;
    if (learnt_nothing || twice)
        now->standing = STANDING_VOID;
    else
        earlier->standing = STANDING_VOID;
    if (twice)
        confirm(plan, earlier);
}

static struct plan_note note_of(const struct plan *plan, const struct answer *answer) {
    const struct {
        bool holds;
        enum trait trait;
    } traits[] = {{answer->alerted, TRAIT_ALERTED},
                  {answer->whole, TRAIT_WHOLE},
                  {answer->completed, TRAIT_COMPLETED},
                  {answer->incompletable, TRAIT_INCOMPLETABLE},
                  {answer->unreadable, TRAIT_UNREADABLE},
                  {answer->key & SUITE_BY_RSA, TRAIT_BY_RSA},
                  {answer->key & SUITE_BY_ECDSA, TRAIT_BY_ECDSA},
                  {answer->cut, TRAIT_CUT},
                  {answer->sentinel, TRAIT_SENTINEL},
                  {answer->silent_inside, TRAIT_SILENT_INSIDE}};
    struct plan_note note = plan->asking;
    note.kind = (uint8_t)answer->kind;
    note.alert = answer->alert;
    note.version = answer->version;
    note.suite = answer->suite;
    note.group = answer->group;
    note.connection = (uint8_t)(plan->connections < PLAN_EARLIER ? plan->connections : 0);
    for (size_t i = 0; i < sizeof traits / sizeof *traits; i++)
        note.traits = (uint16_t)(note.traits | (traits[i].holds ? traits[i].trait : 0));
    return note;
}

void plan_note_answer(struct plan *plan, const struct answer *answer) {
    if (plan->note_count == PLAN_NOTES_MAX) { /* no plan asks as much */
        plan_stop(plan, REASON_NOT_COMPLETED);
        return;
    }
    struct plan_note *note = &plan->note[plan->note_count];
    *note = note_of(plan, answer);
    note->standing = (uint8_t)standing_of(plan, note);
    plan->note_count++;
    if (plan->repeating >= 0)
        weigh(plan, &plan->note[plan->repeating], note);
}

static bool selected_since(const struct plan *plan, size_t at) {
    for (size_t i = at + 1; i < plan->note_count; i++)
        if (plan->note[i].kind == ANSWER_SELECTED)
            return true;
    return false;
}

static bool is_in_doubt(const struct plan_note *note) {
    return note->standing == STANDING_SOFT && note->repeats < REPEATS_MAX;
}

int plan_note_to_repeat(const struct plan *plan, bool weighty) {
    for (size_t i = 0; i < plan->note_count; i++)
        if (is_in_doubt(&plan->note[i]) && is_weighty(&plan->note[i]) == weighty &&
            (!plan_note_is_abrupt(&plan->note[i]) || selected_since(plan, i)))
            return (int)i;
    return -1;
}

bool plan_note_waits(const struct plan *plan) {
    for (size_t i = 0; i < plan->note_count; i++)
        if (is_in_doubt(&plan->note[i]) && plan_note_is_abrupt(&plan->note[i]) && !selected_since(plan, i))
            return true;
    return false;
}

unsigned plan_note_times_asked(const struct plan *plan, unsigned rule) {
    unsigned times = 0;
    for (size_t i = 0; i < plan->note_count; i++)
        times += plan->note[i].rule == rule && plan->note[i].standing != STANDING_VOID;
    return times;
}
