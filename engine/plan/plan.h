/* plan.h - what to ask next, and what an answer means: the probe plan of docs/probe-plan.md.
 *
 * Pure: facts so far in, next step out; an answer in, facts out. No socket, no clock. What to ask is a table in
 * plan_rules.c, what an answer means stands in plan_learn.c; the same code runs in the worker, in `mxgrade probe` and,
 * against thousands of hypothetical servers, in tests/unit/test_simulator.c.
 */
#ifndef MXG_PLAN_H
#define MXG_PLAN_H

#include "plan/step.h"

enum {
    PLAN_SUITES_SEEN_MAX = 32,
    PLAN_RULES_MAX = 24,
    PLAN_SAVED_MAX = 512, /* octets of plan_save() */
};

/* What is asked beyond the default. */
struct plan_policy {
    bool per_version; /* weak suites at every version spoken, not only the highest and the lowest */
    bool pq_strict;   /* hybrids alone, where a server picked a classical group although hybrids stood first */
};

struct plan {
    struct plan_policy policy;
    struct fact fact[FACT_ENDPOINT_COUNT];
    unsigned flags;                /* FLAG_… */
    uint8_t asked[PLAN_RULES_MAX]; /* how often each rule was asked */
    uint32_t unanswered;           /* rules whose last answer was silence, by bit */
    uint32_t soft;                 /* facts whose "no" rests on a close or a reset, by bit */
    unsigned weak_refused;         /* versions at which weak suites were refused, by plan_version_bit() */
    unsigned connections;          /* made so far, in this attempt */
    unsigned silences;             /* hellos in a row that were met by silence */
    unsigned broken;               /* handshakes that the server selected and then failed */
    bool selected;                 /* some hello was answered with a selection */
    bool completable;              /* OpenSSL could complete some suite that was selected */
    bool whole_flight;             /* some hello was answered with a whole flight */
    bool modern;                   /* a group or suite was selected that no library with SSL 2.0 ever had */
    bool stopped;                  /* no further connection is wanted */
    enum reason reason;            /* why the plan was stopped early; REASON_NONE: it was not */
    int current;                   /* rule under way; -1 = none */
    struct step step;              /* what plan_next() returned */
    bool has_control;              /* some step was answered by a whole flight … */
    struct step control;           /* … and this is that step */
    uint16_t suites_seen[PLAN_SUITES_SEEN_MAX];
    size_t suites_seen_count;
    uint16_t pq_group; /* the post-quantum hybrid that was selected; 0 = none */
};

void plan_init(struct plan *plan, const struct plan_policy *policy);

/* The next connection to make, or NULL when the plan is done. Borrowed until the next call. */
const struct step *plan_next(struct plan *plan);

/* The full handshake for a name on the endpoint. It is no part of the plan: plan_answer() does not take the answer.
 * ask_staple: asks for an OCSP response too, which makes some servers fail. */
struct step plan_step_for_name(bool ask_staple);

/* The answer to the step that plan_next() returned last. */
void plan_answer(struct plan *plan, const struct answer *answer);

/* Ends the plan early: every fact still unknown stays so for this reason. */
void plan_stop(struct plan *plan, enum reason reason);

/* Draws the last conclusions and gives every unknown fact its reason. */
void plan_finish(struct plan *plan);

/* What was learnt, so that a later attempt goes on where this one stopped. Call after plan_finish(). Returns the octets
 * written. The format is plan_state.c's own; a plan of another format is taken for none. */
size_t plan_save(const struct plan *plan, uint8_t out[static PLAN_SAVED_MAX]);
/* Takes up what plan_save() wrote into a plan just initialised; false (and nothing taken) if that is not usable. Facts
 * taken up have no connection number: connections are counted anew. */
bool plan_resume(struct plan *plan, const uint8_t *saved, size_t len);

/* Weak classes of the suites seen, as a bit set over weak_class_name() (suites.h). */
unsigned plan_weak_classes(const struct plan *plan);

#endif
