/* plan_state.c - plan_save() and plan_resume() of plan.h.
 *
 * The bytes travel through the database and come back from a coordinator, so they are read as a stranger's: fixed
 * lengths, every value checked. A change of RULES or of the facts changes FORMAT.
 */
#include "plan/plan.h"

#include <stdio.h>
#include <string.h>

enum { FORMAT = 2 };

struct cursor {
    uint8_t *out;      /* written to when saving, else NULL */
    const uint8_t *in; /* read from when resuming, else NULL */
    size_t at, len;
    bool bad; /* past the end, or a value that cannot be */
};

/* A number of width octets in either direction: saving and resuming can never disagree on the order. */
static unsigned pass(struct cursor *c, unsigned value, size_t width) {
    if (c->bad || width > c->len - c->at) {
        c->bad = true;
        return 0;
    }
    unsigned read = 0;
    for (size_t i = 0; i < width; i++, c->at++) {
        if (c->out)
            c->out[c->at] = (uint8_t)(value >> 8 * (width - 1 - i));
        else
            read = read << 8 | c->in[c->at];
    }
    return c->out ? value : read;
}

static void pass_fact(struct cursor *c, struct fact *fact) {
    unsigned value = pass(c, fact->value, 1), evidence = pass(c, fact->evidence, 1);
    if (value > TRI_YES || evidence > EVIDENCE_SHARED)
        c->bad = true;
    *fact = (struct fact){.value = (enum tri)value, .evidence = (enum evidence)evidence};
}

static void pass_bool(struct cursor *c, bool *value) { *value = pass(c, *value, 1) == 1; }

static void pass_list(struct cursor *c, uint16_t *list, size_t *count, size_t most) {
    *count = pass(c, (unsigned)*count, 1);
    if (*count > most)
        c->bad = true;
    for (size_t i = 0; !c->bad && i < *count; i++)
        list[i] = (uint16_t)pass(c, list[i], 2);
}

/* The hello known to work: a "no" that rests on a close needs it in every attempt. */
static void pass_control(struct cursor *c, struct step *control) {
    control->kind = (enum step_kind)pass(c, control->kind, 1);
    control->handshake = (enum handshake_offer)pass(c, control->handshake, 1);
    control->max = (enum tls_version)pass(c, control->max, 2);
    pass_bool(c, &control->plain);
    pass_list(c, control->suites, &control->suite_count, HELLO_SUITES_MAX);
    pass_list(c, control->groups, &control->group_count, HELLO_GROUPS_MAX);
    if (control->kind > STEP_HELLO || control->handshake >= HANDSHAKE_OFFER_COUNT || control->suite_count == 0 ||
        control->max < VERSION_SSLV3 || control->max > VERSION_TLS1_3)
        c->bad = true;
    if (c->in) {
        control->name = "control";
        snprintf(control->offered, sizeof control->offered, "up to %s: what worked in an earlier attempt",
                 tls_version_name(control->max));
    }
}

static void pass_plan(struct cursor *c, struct plan *plan) {
    if (pass(c, FORMAT, 1) != FORMAT || pass(c, FACT_ENDPOINT_COUNT, 1) != FACT_ENDPOINT_COUNT)
        c->bad = true;
    for (unsigned id = 0; id < FACT_ENDPOINT_COUNT; id++)
        pass_fact(c, &plan->fact[id]);
    for (unsigned i = 0; i < PLAN_RULES_MAX; i++)
        plan->asked[i] = (uint8_t)pass(c, plan->asked[i], 1);
    plan->flags = pass(c, plan->flags, 2) & ((1u << FLAG_COUNT) - 1);
    plan->weak_refused = pass(c, plan->weak_refused, 1);
    plan->broken = pass(c, plan->broken, 1);
    plan->pq_group = (uint16_t)pass(c, plan->pq_group, 2);
    pass_bool(c, &plan->selected);
    pass_bool(c, &plan->completable);
    pass_bool(c, &plan->whole_flight);
    pass_bool(c, &plan->modern);
    pass_list(c, plan->suites_seen, &plan->suites_seen_count, PLAN_SUITES_SEEN_MAX);
    pass_bool(c, &plan->has_control);
    if (plan->has_control)
        pass_control(c, &plan->control);
}

size_t plan_save(const struct plan *plan, uint8_t out[static PLAN_SAVED_MAX]) {
    struct plan copy = *plan;
    struct cursor cursor = {.out = out, .len = PLAN_SAVED_MAX};
    for (unsigned i = 0; i < PLAN_RULES_MAX; i++)
        if (plan->unanswered & UINT32_C(1) << i)
            copy.asked[i] = 0; /* silence today may be an answer tomorrow */
    pass_plan(&cursor, &copy);
    return cursor.bad ? 0 : cursor.at;
}

bool plan_resume(struct plan *plan, const uint8_t *saved, size_t len) {
    struct plan copy = *plan;
    struct cursor cursor = {.in = saved, .len = len};
    pass_plan(&cursor, &copy);
    if (cursor.bad || cursor.at != len)
        return false;
    *plan = copy;
    return true;
}
