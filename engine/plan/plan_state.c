/* plan_state.c - plan_save() and plan_resume() of plan.h.
 *
 * The bytes travel through the database and come back from a coordinator, so they are read as a stranger's: fixed
 * lengths, every value checked. A change of RULES or of struct plan_note changes FORMAT.
 */
#include "plan/plan_note.h"
#include "plan/plan_rules.h"

#include <string.h>

enum { FORMAT = 5, EVERY_FLAG = (1 << FLAG_COUNT) - 1 };

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

static uint8_t pass_octet(struct cursor *c, uint8_t value, unsigned most) {
    unsigned passed = pass(c, value, 1);
    if (passed > most)
        c->bad = true;
    return (uint8_t)passed;
}

static uint16_t pass_pair(struct cursor *c, uint16_t value) { return (uint16_t)pass(c, value, 2); }

static void pass_note(struct cursor *c, struct plan_note *note) {
    note->rule = pass_octet(c, note->rule, plan_rule_count() - 1);
    note->form = pass_octet(c, note->form, FORM_NAMELESS | FORM_SMALL);
    note->open = pass_pair(c, note->open);
    note->max = pass_pair(c, note->max);
    note->kind = pass_octet(c, note->kind, ANSWER_RESET);
    note->standing = pass_octet(c, note->standing, STANDING_SOFT);
    note->alert = pass_octet(c, note->alert, UINT8_MAX);
    note->traits = pass_pair(c, note->traits);
    note->version = pass_pair(c, note->version);
    note->suite = pass_pair(c, note->suite);
    note->group = pass_pair(c, note->group);
    note->connection = 0;
    note->repeats = 0;
    bool known = note->max == VERSION_SSLV2 || (note->max >= VERSION_SSLV3 && note->max <= VERSION_TLS1_3);
    if (!known || (note->kind == ANSWER_SELECTED && note->standing != STANDING_FIRM))
        c->bad = true;
}

static void pass_plan(struct cursor *c, struct plan *plan) {
    if (pass(c, FORMAT, 1) != FORMAT)
        c->bad = true;
    plan->dialogue_flags = pass(c, plan->dialogue_flags, 2) & EVERY_FLAG;
    plan->greeted_at = pass_octet(c, plan->greeted_at ? PLAN_EARLIER : 0, UINT8_MAX);
    plan->starttls_at = pass_octet(c, plan->starttls_at ? PLAN_EARLIER : 0, UINT8_MAX);
    plan->starttls_missing = pass_octet(c, plan->starttls_missing, PLAN_MISSING_ENOUGH);
    plan->front_seen = pass_octet(c, plan->front_seen, 1);
    plan->note_count = pass_octet(c, (uint8_t)plan->note_count, PLAN_NOTES_MAX);
    for (size_t i = 0; !c->bad && i < plan->note_count; i++)
        pass_note(c, &plan->note[i]);
}

/* What counts: silence today may be an answer tomorrow. So may the doubtful end of what offers TLS 1.3, the first
 * handshake above all, where nothing was ever selected: what is broken every time has to be seen so in each attempt. */
static bool note_counts(const struct plan *plan, const struct plan_note *note) {
    bool soft = note->standing == STANDING_SOFT;
    bool anew = soft && !plan->selected && plan_note_is_abrupt(note) && note->max == VERSION_TLS1_3;
    return note->standing == STANDING_FIRM || (soft && !anew);
}

static void keep_what_counts(struct plan *plan) {
    size_t kept = 0;
    for (size_t i = 0; i < plan->note_count; i++)
        if (note_counts(plan, &plan->note[i]))
            plan->note[kept++] = plan->note[i];
    plan->note_count = kept;
}

size_t plan_save(const struct plan *plan, uint8_t out[static PLAN_SAVED_MAX]) {
    struct plan copy = *plan;
    struct cursor cursor = {.out = out, .len = PLAN_SAVED_MAX};
    keep_what_counts(&copy);
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
    plan_conclude(plan);
    return true;
}
