/* plan.h - what to ask next, and what an answer means: the probe plan of shared/probe-plan.md.
 *
 * Pure: facts so far in, next step out; an answer in, facts out. No socket, no clock. The steps are a table in
 * plan.c; the same code runs in the worker, in `mxgrade probe` and in tests.
 */
#ifndef MXG_PLAN_H
#define MXG_PLAN_H

#include "facts.h"
#include "handshake.h"
#include "hello.h"
#include "offers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PLAN_SUITES_SEEN_MAX = 32 };

enum plan_flag {
    FLAG_STARTTLS_STRIPPED = 1 << 0,  /* the EHLO reply masks the keyword */
    FLAG_EARLY_BYTES = 1 << 1,        /* bytes between the 220 to STARTTLS and our hello */
    FLAG_NO_ESMTP = 1 << 2,           /* EHLO refused, HELO tried */
    FLAG_INCONSISTENT = 1 << 3,       /* the control failed, or answers contradict each other */
    FLAG_NOT_OFFERED = 1 << 4,        /* the server selected what was not offered */
    FLAG_DOWNGRADE_SENTINEL = 1 << 5, /* a 1.2 answer proves that 1.3 exists (RFC 8446 section 4.1.3) */
    FLAG_COUNT = 6
};
const char *plan_flag_name(unsigned bit_index); /* "starttls_stripped" … */

/* How one connection ended, from the plan's view. */
enum answer_kind {
    ANSWER_SELECTED, /* a ServerHello, SSLv2 SERVER-HELLO or HelloRetryRequest */
    ANSWER_REFUSED,  /* an alert or close_notify: positive evidence */
    ANSWER_CLOSED,   /* EOF right after the hello: soft evidence, needs a control */
    ANSWER_RESET,    /* likewise */
    ANSWER_SILENT,
    ANSWER_MALFORMED,   /* not TLS, or selected what was not offered */
    ANSWER_NO_STARTTLS, /* EHLO does not list it */
    ANSWER_STOPPED,     /* the dialogue never got to the hello: see reason */
};
const char *answer_kind_name(enum answer_kind kind);

struct answer {
    enum answer_kind kind;
    enum reason reason; /* ANSWER_STOPPED, and why the rest stays unknown */
    bool greeted;       /* a 220 greeting arrived */
    bool starttls;      /* EHLO listed STARTTLS */
    unsigned flags;     /* FLAG_… seen on this connection */
    uint16_t version, suite, group;
    uint8_t alert;
    bool alerted;
    bool completed; /* a full handshake succeeded */
    bool whole;     /* the server's flight arrived up to its end, so it went along with the selection */
};

enum step_kind { STEP_HANDSHAKE, STEP_HELLO };

struct step {
    const char *name;
    enum step_kind kind;
    enum handshake_offer handshake; /* STEP_HANDSHAKE */
    enum offer offer;               /* STEP_HELLO */
    enum tls_version max;           /* STEP_HELLO: highest version offered */
};

struct plan {
    struct fact fact[FACT_ENDPOINT_COUNT];
    unsigned flags;        /* FLAG_… */
    uint32_t asked;        /* steps done, by bit */
    uint32_t soft;         /* facts whose "no" rests on a close or a reset, by bit */
    unsigned weak_refused; /* versions at which weak suites were refused, by bit (see plan.c) */
    unsigned connections;  /* made so far */
    unsigned silences;     /* in a row */
    unsigned broken;       /* handshakes that the server selected and then failed */
    bool whole_flight;     /* some hello was answered with a whole flight */
    bool stopped;          /* no further connection is wanted */
    enum reason reason;    /* why, when stopped early */
    int current, control;  /* step under way; a step known to succeed; -1 = none */
    struct step step;      /* what plan_next() returned */
    uint16_t suites_seen[PLAN_SUITES_SEEN_MAX];
    size_t suites_seen_count;
    uint16_t pq_group;
};

void plan_init(struct plan *plan);

/* The next connection to make, or NULL when the plan is done. Borrowed until the next call. */
const struct step *plan_next(struct plan *plan);

/* The answer to the step that plan_next() returned last. */
void plan_answer(struct plan *plan, const struct answer *answer);

/* Ends the plan early: every fact still unknown stays so for this reason. */
void plan_stop(struct plan *plan, enum reason reason);

/* Draws the last conclusions and gives every unknown fact its reason. */
void plan_finish(struct plan *plan);

/* Weak classes of the suites seen, as a bit set over weak_class_name(). */
unsigned plan_weak_classes(const struct plan *plan);
const char *weak_class_name(unsigned bit_index); /* NULL past the end */

#endif
