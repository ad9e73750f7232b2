/* thorough.c - see thorough.h. Versions are asked one after the other; within one, chunks of suites; within TLS 1.3,
 * then groups. next_chunk() moves on when a chunk is refused or used up. */
#include "plan/thorough.h"

#include "model/suites.h"
#include "plan/plan_known.h"
#include "tls/tls_names.h"

#include <stdio.h>
#include <string.h>

enum { SILENCES_MAX = 2 };

static void add_suites(struct thorough *t, const uint16_t *suites, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!suite_is_listed(t->suites, t->suite_count, suites[i]) && t->suite_count < THOROUGH_SUITES_MAX)
            t->suites[t->suite_count++] = suites[i];
}

void thorough_init(struct thorough *thorough, const struct step *control) {
    uint16_t deployed[HELLO_SUITES_MAX];
    memset(thorough, 0, sizeof *thorough);
    thorough->has_control = control != NULL;
    if (control)
        thorough->control = *control;
    size_t count = offer_suites(OFFER_ALL, 0, deployed);
    add_suites(thorough, deployed, count);
    for (size_t i = 0; i < SUITE_COUNT; i++)
        if ((SUITES[i].flags & SUITE_TLS13) == 0)
            add_suites(thorough, &SUITES[i].id, 1);
    thorough->version = TLS13_INDEX;
}

/* ---- what to ask ---- */

static size_t fill_chunk(struct thorough *t) {
    uint16_t tls13[HELLO_SUITES_MAX];
    const uint16_t *list = t->suites;
    size_t count = t->suite_count, groups;
    if (t->version == TLS13_INDEX && t->asking_groups) {
        list = offer_groups(GROUPS_HYBRID_FIRST, &groups);
        t->chunk_count = t->next < groups ? 1 : 0; /* one at a time */
        memcpy(t->chunk, list + t->next, t->chunk_count * sizeof *list);
        return t->next += t->chunk_count;
    }
    if (t->version == TLS13_INDEX) {
        count = offer_suites(OFFER_TLS13, 0, tls13);
        list = tls13;
    }
    size_t left = count - t->next;
    t->chunk_count = left < HELLO_SUITES_MAX ? left : HELLO_SUITES_MAX;
    memcpy(t->chunk, list + t->next, t->chunk_count * sizeof *list);
    return t->next += t->chunk_count;
}

static bool seen_version(const struct thorough *t, unsigned version) {
    for (size_t i = 0; i < t->seen_count; i++)
        if (t->seen[i].version == version)
            return true;
    return false;
}

static void next_version(struct thorough *t) {
    bool groups_next = t->version == TLS13_INDEX && !t->asking_groups && seen_version(t, VERSION_TLS1_3);
    t->asking_groups = groups_next;
    t->chunk_count = t->next = 0;
    t->silences = 0;
    if (!groups_next)
        t->version--;
}

/* Refusals that were only closes are believed if the server still answers. */
static void end_version(struct thorough *t) {
    if (!t->closed) {
        next_version(t);
    } else if (t->has_control) {
        t->checking = true;
    } else {
        t->unsure[t->version] = true;
        t->closed = false;
        next_version(t);
    }
}

static void fill_step(struct thorough *t) {
    struct step *step = &t->step;
    bool tls13 = t->version == TLS13_INDEX;
    *step = (struct step){.name = "thorough", .kind = STEP_HELLO, .max = VERSIONS[t->version].version};
    const uint16_t *groups = offer_groups(tls13 ? GROUPS_HYBRID_FIRST : GROUPS_CLASSICAL, &step->group_count);
    memcpy(step->groups, groups, step->group_count * sizeof *groups);
    if (tls13 && t->asking_groups) {
        step->group_count = 1;
        step->groups[0] = t->chunk[0];
        step->suite_count = offer_suites(OFFER_TLS13, 0, step->suites);
        snprintf(step->offered, sizeof step->offered, "only TLS 1.3: group %s alone", tls_group_name(t->chunk[0]));
        return;
    }
    step->suite_count = t->chunk_count;
    memcpy(step->suites, t->chunk, t->chunk_count * sizeof *t->chunk);
    snprintf(step->offered, sizeof step->offered, "up to %s: %zu suites", tls_version_name(step->max), t->chunk_count);
}

const struct step *thorough_next(struct thorough *thorough) {
    struct thorough *t = thorough;
    while (!t->stopped && t->version >= 0) {
        if (t->checking) {
            t->step = t->control;
            t->step.name = "control";
            return &t->step;
        }
        if (t->version == SSLV2_INDEX && t->next++ == 0) {
            t->chunk_count = 0;
            fill_step(t);
            return &t->step;
        }
        if (t->version != SSLV2_INDEX && t->chunk_count == 0)
            fill_chunk(t);
        if (t->version != SSLV2_INDEX && t->chunk_count > 0) {
            fill_step(t);
            return &t->step;
        }
        end_version(t);
    }
    return NULL;
}

/* ---- what came back ---- */

static void note(struct thorough *t, uint16_t version, uint16_t suite) {
    for (size_t i = 0; i < t->seen_count; i++)
        if (t->seen[i].version == version && t->seen[i].suite == suite)
            return;
    if (t->seen_count < THOROUGH_SEEN_MAX)
        t->seen[t->seen_count++] = (struct thorough_seen){version, suite};
}

static void remove_suite(struct thorough *t, uint16_t suite) {
    size_t kept = 0;
    for (size_t i = 0; i < t->chunk_count; i++)
        if (t->chunk[i] != suite)
            t->chunk[kept++] = t->chunk[i];
    t->chunk_count = kept;
}

static void take_selection(struct thorough *t, const struct answer *answer) {
    note(t, answer->version, answer->suite);
    if (answer->version == VERSION_TLS1_3 && t->asking_groups) {
        t->group[t->group_count++] = t->chunk[0];
        t->chunk_count = 0;
    } else if (answer->version == VERSIONS[t->version].version && t->version != SSLV2_INDEX) {
        remove_suite(t, answer->suite);
    } else if (t->version != SSLV2_INDEX) { /* it speaks only lower ones */
        next_version(t);
    }
}

static void take_control(struct thorough *t, const struct answer *answer) {
    t->checking = t->closed = false;
    if (answer->kind != ANSWER_SELECTED) {
        t->unsure[t->version] = true;
        t->flags |= FLAG_INCONSISTENT;
    }
    next_version(t);
}

static void take_silence(struct thorough *t) {
    if (++t->silences < SILENCES_MAX)
        return; /* the same again */
    t->unsure[t->version] = true;
    next_version(t);
}

void thorough_answer(struct thorough *thorough, const struct answer *answer) {
    struct thorough *t = thorough;
    t->flags |= answer->flags;
    if (answer->kind == ANSWER_STOPPED || answer->kind == ANSWER_NO_STARTTLS) {
        t->stopped = true;
        t->reason = answer->reason;
        for (int i = t->version; i >= 0; i--)
            t->unsure[i] = true;
    } else if (t->checking) {
        take_control(t, answer);
    } else if (answer->kind == ANSWER_SELECTED) {
        t->silences = 0;
        take_selection(t, answer);
    } else if (answer->kind == ANSWER_SILENT) {
        if (t->version == SSLV2_INDEX)
            t->unsure[SSLV2_INDEX] = true;
        else
            take_silence(t);
    } else {
        t->closed = t->closed || answer->kind == ANSWER_CLOSED || answer->kind == ANSWER_RESET;
        if (answer->kind == ANSWER_MALFORMED && !t->asking_groups) /* a retry for no group is no group */
            t->unsure[t->version] = true;
        t->chunk_count = 0;
    }
}

/* ---- facts ---- */

static uint32_t put(struct fact *fact, enum fact_id id, bool yes, bool unsure, enum reason reason) {
    enum tri before = fact[id].value, now = yes ? TRI_YES : unsure ? TRI_UNKNOWN : TRI_NO;
    if (now == TRI_UNKNOWN && before != TRI_UNKNOWN)
        return 0; /* what the plan saw stands */
    fact[id] = (struct fact){.value = now, .evidence = EVIDENCE_OBSERVED};
    if (now == TRI_UNKNOWN)
        fact[id] = (struct fact){.value = now, .reason = reason == REASON_NONE ? REASON_TIMEOUT : reason};
    return before != TRI_UNKNOWN && now != TRI_UNKNOWN && before != now ? UINT32_C(1) << id : 0;
}

static bool any_suite(const struct thorough *t, unsigned flag) {
    for (size_t i = 0; i < t->seen_count; i++) {
        bool sslv2 = t->seen[i].version == VERSION_SSLV2; /* its kinds are no suites, and all weak */
        const struct suite *suite = sslv2 ? NULL : suite_find(t->seen[i].suite);
        if ((sslv2 && flag == SUITE_WEAK) || (suite && (suite->flags & flag)))
            return true;
    }
    return false;
}

uint32_t thorough_facts(const struct thorough *thorough, struct fact fact[static FACT_ENDPOINT_COUNT]) {
    const struct thorough *t = thorough;
    uint32_t other = 0;
    bool unsure = false, hybrid = false;
    for (unsigned i = 0; i < VERSION_COUNT; i++) {
        other |= put(fact, VERSIONS[i].fact, seen_version(t, VERSIONS[i].version), t->unsure[i], t->reason);
        unsure = unsure || (t->unsure[i] && i != SSLV2_INDEX && i != TLS13_INDEX); /* no suite of 1.3 is in doubt */
    }
    for (size_t i = 0; i < CLASS_COUNT; i++)
        other |= put(fact, CLASSES[i].fact, any_suite(t, CLASSES[i].flag), unsure, t->reason);
    for (size_t i = 0; i < t->group_count; i++)
        hybrid = hybrid || tls_group_is_hybrid(t->group[i]);
    return other | put(fact, FACT_PQ_HYBRID, hybrid, t->unsure[TLS13_INDEX], t->reason);
}
