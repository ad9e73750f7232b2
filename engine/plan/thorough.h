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
    THOROUGH_SEEN_MAX = 512,
    THOROUGH_SUITES_MAX = 512,
};

struct thorough_seen {
    uint16_t version, suite;
};

struct thorough {
    struct step control; /* a hello known to work; checked after refusals that were only closes */
    bool has_control;
    uint16_t suites[THOROUGH_SUITES_MAX]; /* all that are asked below TLS 1.3, deployed ones first */
    size_t suite_count;
    int version;                      /* index of the version being asked */
    size_t next;                      /* the first suite or group not yet in a chunk */
    bool asking_groups, checking;     /* in TLS 1.3, after the suites; the control is under way */
    uint16_t chunk[HELLO_SUITES_MAX]; /* what is left of the list on offer */
    size_t chunk_count;
    bool unsure[VERSION_COUNT]; /* by version: silence, or closes that no control confirmed */
    bool closed;                /* some refusal of this version was only a close */
    bool stopped;
    enum reason reason; /* why it was stopped */
    unsigned silences, flags;
    struct thorough_seen seen[THOROUGH_SEEN_MAX];
    size_t seen_count;
    uint16_t group[HELLO_GROUPS_MAX]; /* accepted alone in TLS 1.3 */
    size_t group_count;
    struct step step;
};

/* control: a hello that the server is known to answer, or NULL. */
void thorough_init(struct thorough *thorough, const struct step *control);
const struct step *thorough_next(struct thorough *thorough); /* NULL when done */
void thorough_answer(struct thorough *thorough, const struct answer *answer);

/* Puts what was found in place of the facts on versions, suites and groups; the dialogue's facts, tls_enabled, and what
 * the enumeration did not find out stay.
 * Returns the facts, by bit, whose known value was another. */
uint32_t thorough_facts(const struct thorough *thorough, struct fact fact[static FACT_ENDPOINT_COUNT]);

#endif
