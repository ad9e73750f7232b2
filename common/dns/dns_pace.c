/* dns_pace.c - see dns_pace.h. A round ends after as many answers as the window is wide. */
#include "dns/dns_pace.h"

enum {
    /* What a resolver's socket buffer of Linux's default size (some 270 datagrams) takes without loss. */
    BURST = 128,
    PER_MS = 16,
    PER_ANSWER = 2,
    WINDOW_START = 256,
    WINDOW_LEAST = 64,
    LATE_ONE_IN = 10, /* a round is a bad one if more of its answers took a second try */
};

struct dns_pace dns_pace_start(void) {
    return (struct dns_pace){.tokens = BURST, .window = WINDOW_START};
}

void dns_pace_restart(struct dns_pace *pace) {
    pace->window = WINDOW_START;
    pace->round_good = pace->round_late = 0;
}

void dns_pace_refill(struct dns_pace *pace, uint64_t now_ms) {
    uint64_t more = pace->tokens + (now_ms - pace->tokens_ms) * PER_MS;
    pace->tokens = more < BURST ? (unsigned)more : BURST;
    pace->tokens_ms = now_ms;
}

bool dns_pace_permits(struct dns_pace *pace, bool first_try) {
    bool windowed = first_try && pace->fresh >= pace->window;
    pace->round_full = pace->round_full || windowed;
    return !windowed && pace->tokens > 0;
}

void dns_pace_began(struct dns_pace *pace, bool first_try) {
    pace->tokens--;
    pace->fresh += first_try;
}

void dns_pace_ended(struct dns_pace *pace, bool first_try) { pace->fresh -= first_try; }

void dns_pace_heard(struct dns_pace *pace) {
    if (pace->tokens < BURST)
        pace->tokens += PER_ANSWER;
}

static void end_round(struct dns_pace *pace) {
    size_t answers = pace->round_good + pace->round_late, narrower = pace->window * 3 / 4;
    if (pace->round_late * LATE_ONE_IN > answers)
        pace->window = narrower > WINDOW_LEAST ? narrower : WINDOW_LEAST;
    else if (pace->round_full)
        pace->window += pace->window / 4;
    pace->round_good = pace->round_late = 0;
    pace->round_full = false;
}

void dns_pace_answered(struct dns_pace *pace, bool late) {
    pace->round_late += late;
    pace->round_good += !late;
    if (pace->round_good + pace->round_late >= pace->window)
        end_round(pace);
}
