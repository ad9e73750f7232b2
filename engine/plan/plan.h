/* plan.h - what to ask next, and what an answer means: the probe plan of docs/probe-plan.md.
 *
 * Pure: facts so far in, next step out; an answer in, facts out. No socket, no clock. What to ask is a table in
 * plan_rules.c, which answers count stands in plan_note.c, what they mean in plan_learn.c; the same code runs in the
 * worker, in `mxgrade probe` and, against thousands of hypothetical servers, in tests/unit/test_simulator.c.
 */
#ifndef MXG_PLAN_H
#define MXG_PLAN_H

#include "plan/step.h"

enum {
    PLAN_SUITES_SEEN_MAX = 32,
    PLAN_NOTES_MAX = 48,
    PLAN_SAVED_MAX = 1024, /* octets of plan_save() */
};

/* What is asked beyond the default. */
struct plan_policy {
    bool per_version;     /* weak suites at every version spoken, not only the highest and the lowest */
    bool pq_strict;       /* hybrids alone, where a server picked a classical group although hybrids stood first */
    bool named;           /* hellos name a host (SNI), unless a step says otherwise */
    bool one_certificate; /* does not ask whether there is another certificate, of the other kind of key */
};

/* How much an answer counts. */
enum standing {
    STANDING_FIRM, /* for what is asked next, and for what is believed in the end */
    STANDING_SOFT, /* a refusal that may be an accident: for what is asked next; the same question is asked again */
    STANDING_MUTE, /* asked, and nothing learnt: silence, nonsense */
    STANDING_VOID, /* as if never asked: another answer to the same question stands in its place */
};

/* In what form a question is asked. */
enum plan_form {
    FORM_NAMELESS = 1 << 0, /* without SNI, since the server breaks off for the name */
    FORM_SMALL = 1 << 1,    /* in short hellos, since the server swallows longer ones */
};

/* Whose order of suites a server goes by (plan_order.h). */
enum cipher_order { CIPHER_ORDER_UNKNOWN, CIPHER_ORDER_CLIENT, CIPHER_ORDER_SERVER };

/* A question and its answer. All facts are made from these notes (plan_learn.c), so that doubt about one answer is
 * doubt about just what rests on it. */
struct plan_note {
    uint8_t rule, form;     /* the question: its rule, FORM_…, … */
    uint16_t open, max;     /* … the SUITE_… classes that were open, and the highest version offered */
    uint8_t kind, standing; /* enum answer_kind, enum standing */
    uint8_t alert;
    uint16_t traits; /* TRAIT_… (plan_note.h) */
    uint16_t version, suite, group;
    uint8_t repeats;    /* how often the question was asked again in vain */
    uint8_t connection; /* 0: in an earlier attempt */
};

struct plan {
    struct plan_policy policy;
    struct plan_note note[PLAN_NOTES_MAX];
    size_t note_count;
    unsigned dialogue_flags;  /* FLAG_… that connections brought */
    uint8_t greeted_at;       /* the first connection with a greeting; 0: none; PLAN_EARLIER: in an earlier attempt */
    uint8_t starttls_at;      /* the first connection whose EHLO reply has STARTTLS; likewise */
    uint8_t starttls_missing; /* EHLO replies without STARTTLS; PLAN_MISSING_ENOUGH: that is a no */
    uint8_t front_seen;       /* a visit ended at what may be a greylisting front */

    /* Made from the notes after each answer. */
    struct fact fact[FACT_ENDPOINT_COUNT];
    unsigned flags;        /* FLAG_… */
    unsigned weak_refused; /* versions at which weak suites were refused, by plan_version_bit() */
    unsigned broken;       /* handshakes that the server selected and then failed */
    bool selected;         /* some hello was answered with a selection */
    bool completable;      /* OpenSSL could complete some suite that was selected */
    bool whole_flight;     /* some hello was answered with a whole flight */
    bool modern;           /* showed a group or suite that no library with SSL 2.0 ever had */
    bool r2_refused_at_13; /* has TLS 1.3, and none of its suites of NIST r2 */
    unsigned form;         /* FORM_… that the server wants */
    uint16_t suites_seen[PLAN_SUITES_SEEN_MAX];
    size_t suites_seen_count;
    uint16_t pq_group;
    unsigned keys;         /* SUITE_BY_…: the kinds of certificate that authenticated it */
    unsigned keys_refused; /* … and those that it does not have */

    /* Of this attempt. */
    unsigned connections;    /* made so far */
    unsigned silences;       /* in a row */
    bool stopped;            /* no further connection is wanted */
    enum reason reason;      /* why, when stopped early */
    struct plan_note asking; /* the question under way, as a note without its answer */
    int repeating;           /* the note whose question that is; -1 = a new one */
    struct step step;        /* what plan_next() returned */
};
enum { PLAN_EARLIER = UINT8_MAX, PLAN_MISSING_ENOUGH = 2 };

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

/* A hello that the server is known to answer; false if there is none. */
bool plan_control(const struct plan *plan, struct step *control);

/* Weak classes of the suites seen, as a bit set over weak_class_name() (suites.h). */
unsigned plan_weak_classes(const struct plan *plan);

#endif
