/* dns_pace.h - how many questions may go out now. Inside the room only; no I/O, and times are the caller's.
 *
 * Tokens bound how fast questions go out: as fast as a resolver's socket buffer takes them without loss, and as fast as
 * answers come. A window bounds how many first tries are under way at once: it widens while answers come without a
 * second try, and narrows when they do not.
 */
#ifndef MXG_DNS_PACE_H
#define MXG_DNS_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dns_pace {
    unsigned tokens;    /* questions that may be sent now */
    uint64_t tokens_ms; /* when tokens were added last */
    size_t fresh;       /* first tries under way */
    size_t window;      /* how many of these there may be */
    size_t round_good;  /* answers to first tries since the window was looked at */
    size_t round_late;  /* answers to later tries since then */
    bool round_full;    /* the window was what kept questions waiting */
};

struct dns_pace dns_pace_start(void);
/* The resolver may have lost its cache: the window is as at the start. */
void dns_pace_restart(struct dns_pace *pace);

/* Adds the tokens of the time gone by. */
void dns_pace_refill(struct dns_pace *pace, uint64_t now_ms);
/* May a question go out? */
bool dns_pace_permits(struct dns_pace *pace, bool first_try);
/* It goes out; and its try is over, however it ended. */
void dns_pace_began(struct dns_pace *pace, bool first_try);
void dns_pace_ended(struct dns_pace *pace, bool first_try);

/* A resolver said something. */
void dns_pace_heard(struct dns_pace *pace);
/* It answered a question; late: not the first try of it. */
void dns_pace_answered(struct dns_pace *pace, bool late);

#endif
