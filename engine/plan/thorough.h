/* thorough.h - the oracle: every version by itself, every suite of the registry at each, every group.
 *
 * Iterative removal: offer a list, take away what was selected, offer the rest, until the list is refused. It makes
 * hundreds of connections where the plan makes five; it is for operators who want to see everything of a server of
 * their own, and for tests, which compare its facts with the plan's. Pure, like plan.h.
 */
#ifndef MXG_THOROUGH_H
#define MXG_THOROUGH_H

#include "plan/plan_known.h"

enum {
    THOROUGH_SUITES_MAX = 512,
    THOROUGH_SEEN_MAX = 4 * THOROUGH_SUITES_MAX + 64, /* all of them at each version below TLS 1.3, and those of 1.3 */
};

struct thorough_seen {
    uint16_t version, suite;
};

/* Where the enumeration stands. */
enum thorough_state {
    THOROUGH_ASKING,
    THOROUGH_DOUBTING, /* asking; a refusal since the last control was only a close */
    THOROUGH_CHECKING, /* the control is under way: does the server still answer? */
    THOROUGH_DONE,
    THOROUGH_STOPPED, /* broken off: reason says why */
    THOROUGH_STATE_COUNT
};
const char *thorough_state_name(enum thorough_state state); /* "asking" … */

struct thorough {
    enum thorough_state state;
    enum reason reason;                   /* THOROUGH_STOPPED */
    struct step control;                  /* a hello known to work … */
    bool has_control;                     /* … if there is one */
    uint16_t suites[THOROUGH_SUITES_MAX]; /* all that are asked below TLS 1.3, deployed ones first */
    size_t suite_count;
    size_t part;                      /* of the enumeration: a version's suites, or the groups */
    size_t next;                      /* the first suite or group of the part not yet in a chunk */
    uint16_t chunk[HELLO_SUITES_MAX]; /* what is left of the list on offer */
    size_t chunk_count;
    unsigned silences;          /* in this part */
    bool unsure[VERSION_COUNT]; /* by version: silence, or closes that no control confirmed */
    unsigned flags;             /* FLAG_… seen */
    struct thorough_seen seen[THOROUGH_SEEN_MAX];
    size_t seen_count;
    uint16_t group[HELLO_GROUPS_MAX]; /* accepted alone in TLS 1.3 */
    size_t group_count;
    struct step step; /* what thorough_next() returned */
};

/* control: a hello that the server is known to answer, copied; NULL: none is known. */
void thorough_init(struct thorough *thorough, const struct step *control);
/* The next connection to make; NULL when done or stopped. Borrowed until the next call. */
const struct step *thorough_next(struct thorough *thorough);
/* The answer to the step that thorough_next() returned last. ANSWER_STOPPED and ANSWER_NO_STARTTLS may come at any time
 * and stop the enumeration. */
void thorough_answer(struct thorough *thorough, const struct answer *answer);

/* Puts what was found in place of the facts on versions, suites and groups. The dialogue's facts, tls_enabled, and what
 * the enumeration did not find out stay; so does every yes: it was seen, and a refusal may have reasons of its own.
 * Returns the facts, by bit, where plan and enumeration differ. */
uint32_t thorough_facts(const struct thorough *thorough, struct fact fact[static FACT_ENDPOINT_COUNT]);

#endif
