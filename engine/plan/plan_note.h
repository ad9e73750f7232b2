/* plan_note.h - the answers that a plan was given, and how much each of them counts.
 *
 * One fault is not an answer (docs/probe-plan.md). A close, a reset or an alert that is no verdict may be the server's
 * way to refuse, or an accident: it is believed when the same question was met so twice, with a selection in between.
 * An alert that refuses without saying that it is for the version is believed about versions, and about suites whose
 * lack costs the grade, when it came twice.
 */
#ifndef MXG_PLAN_NOTE_H
#define MXG_PLAN_NOTE_H

#include "plan/plan.h"

/* Of an answer, as struct answer has them; by bit. */
enum trait {
    TRAIT_ALERTED = 1 << 0,
    TRAIT_WHOLE = 1 << 1,
    TRAIT_COMPLETED = 1 << 2,
    TRAIT_INCOMPLETABLE = 1 << 3,
    TRAIT_CUT = 1 << 4,
    TRAIT_SENTINEL = 1 << 5,
    TRAIT_CONFIRMED = 1 << 6, /* a soft refusal that came twice */
    TRAIT_SILENT_INSIDE = 1 << 7,
    TRAIT_UNREADABLE = 1 << 8,
    TRAIT_BY_RSA = 1 << 9,
    TRAIT_BY_ECDSA = 1 << 10,
};

/* Notes the answer to the question under way, and what it does to the standing of others. */
void plan_note_answer(struct plan *plan, const struct answer *answer);

/* The note whose question can be asked again now; -1 if there is none. Those that are weighty go first: once one was
 * confirmed, others need no repetition. */
int plan_note_to_repeat(const struct plan *plan, bool weighty);
/* Does a refusal wait for a selection before its question can be asked again? */
bool plan_note_waits(const struct plan *plan);

/* Is it a refusal of any kind, an accident perhaps? */
bool plan_note_refuses(const struct plan_note *note);

/* Makes the plan's facts from its notes, soft ones too. */
void plan_conclude(struct plan *plan);

/* Is it a refusal that says nothing of why: a close, a reset, an alert that is no verdict? */
bool plan_note_is_abrupt(const struct plan_note *note);

/* How often the rule was asked. */
unsigned plan_note_times_asked(const struct plan *plan, unsigned rule);

#endif
