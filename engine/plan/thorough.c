/* thorough.c - see thorough.h. PARTS are asked one after the other; within one, chunks of suites, or one group at a
 * time. A chunk is offered again, without what was selected, until it is refused or used up. */
#include "plan/thorough.h"

#include "model/suites.h"
#include "plan/plan_known.h"
#include "tls/tls_names.h"

#include <stdio.h>
#include <string.h>

enum { SILENCES_MAX = 2 };
static const struct offer_scope TLS13_SCOPE = {.max = VERSION_TLS1_3};

/* What the enumeration consists of, in order. */
enum part_kind { PART_SUITES, PART_GROUPS, PART_SSLV2 };
static const struct {
    enum part_kind kind;
    unsigned version; /* index in VERSIONS */
} PARTS[] = {
    {PART_SUITES, TLS13_INDEX},     {PART_GROUPS, TLS13_INDEX},     {PART_SUITES, LAST_LEGACY},
    {PART_SUITES, LAST_LEGACY - 1}, {PART_SUITES, LAST_LEGACY - 2}, {PART_SUITES, FIRST_LEGACY},
    {PART_SSLV2, SSLV2_INDEX}, /* one hello with every kind */
};
enum { PART_COUNT = sizeof PARTS / sizeof *PARTS };
_Static_assert(LAST_LEGACY - FIRST_LEGACY == 3, "PARTS has a row for each version between SSL 2.0 and TLS 1.3");

const char *thorough_state_name(enum thorough_state state) {
    static const char *const names[THOROUGH_STATE_COUNT] = {[THOROUGH_ASKING] = "asking",
                                                            [THOROUGH_DOUBTING] = "doubting",
                                                            [THOROUGH_CHECKING] = "checking",
                                                            [THOROUGH_DONE] = "done",
                                                            [THOROUGH_STOPPED] = "stopped"};
    return names[state];
}

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
    size_t count = offer_suites(OFFER_ALL, (struct offer_scope){.max = VERSION_TLS1_2}, deployed);
    add_suites(thorough, deployed, count);
    for (size_t i = 0; i < SUITE_COUNT; i++)
        if ((SUITES[i].flags & SUITE_TLS13) == 0)
            add_suites(thorough, &SUITES[i].id, 1);
}

/* ---- where it stands ---- */

static enum part_kind kind_of(const struct thorough *t) { return PARTS[t->part].kind; }
static enum tls_version version_of(const struct thorough *t) { return VERSIONS[PARTS[t->part].version].version; }
static void leave_unsure(struct thorough *t) { t->unsure[PARTS[t->part].version] = true; }

static bool seen_version(const struct thorough *t, unsigned version) {
    for (size_t i = 0; i < t->seen_count; i++)
        if (t->seen[i].version == version)
            return true;
    return false;
}

/* Groups are asked of those alone that speak TLS 1.3. */
static void next_part(struct thorough *t) {
    t->part++;
    if (t->part < PART_COUNT && kind_of(t) == PART_GROUPS && !seen_version(t, VERSION_TLS1_3))
        t->part++;
    t->chunk_count = t->next = 0;
    t->silences = 0;
    if (t->part == PART_COUNT)
        t->state = THOROUGH_DONE;
}

/* Refusals that were only closes are believed if the server still answers. */
static void end_part(struct thorough *t) {
    if (t->state == THOROUGH_DOUBTING && t->has_control) {
        t->state = THOROUGH_CHECKING;
        return;
    }
    if (t->state == THOROUGH_DOUBTING)
        leave_unsure(t);
    t->state = THOROUGH_ASKING;
    next_part(t);
}

/* ---- what to ask ---- */

/* The next of all that the part asks; none is left if the chunk stays empty. */
static void fill_chunk(struct thorough *t) {
    uint16_t tls13[HELLO_SUITES_MAX];
    const uint16_t *list = t->suites;
    size_t count = t->suite_count, most = OFFER_USUAL_MAX;
    if (kind_of(t) == PART_GROUPS) {
        list = offer_groups(GROUPS_TLS13_EVERY, &count);
        most = 1;
    } else if (version_of(t) == VERSION_TLS1_3) {
        count = offer_suites(OFFER_TLS13, TLS13_SCOPE, tls13);
        list = tls13;
    }
    size_t left = count - t->next;
    t->chunk_count = left < most ? left : most;
    memcpy(t->chunk, list + t->next, t->chunk_count * sizeof *list);
    t->next += t->chunk_count;
}

static const struct step *offer_chunk(struct thorough *t) {
    struct step *step = &t->step;
    bool tls13 = version_of(t) == VERSION_TLS1_3;
    *step = (struct step){.name = "thorough", .kind = STEP_HELLO, .max = version_of(t)};
    enum offer_group which = step->max < VERSION_TLS1_2 ? GROUPS_CLASSICAL : GROUPS_EVERY;
    const uint16_t *groups = offer_groups(tls13 ? GROUPS_TLS13_EVERY : which, &step->group_count);
    memcpy(step->groups, groups, step->group_count * sizeof *groups);
    if (kind_of(t) == PART_GROUPS) {
        step->group_count = 1;
        step->groups[0] = t->chunk[0];
        step->suite_count = offer_suites(OFFER_TLS13, TLS13_SCOPE, step->suites);
        snprintf(step->offered, sizeof step->offered, "only TLS 1.3: group %s alone", tls_group_name(t->chunk[0]));
        return step;
    }
    step->suite_count = t->chunk_count;
    memcpy(step->suites, t->chunk, t->chunk_count * sizeof *t->chunk);
    snprintf(step->offered, sizeof step->offered, "up to %s: %zu suites", tls_version_name(step->max), t->chunk_count);
    return step;
}

static const struct step *ask_control(struct thorough *t) {
    t->step = t->control;
    t->step.name = "control";
    return &t->step;
}

const struct step *thorough_next(struct thorough *thorough) {
    struct thorough *t = thorough;
    while (t->state < THOROUGH_DONE) {
        if (t->state == THOROUGH_CHECKING)
            return ask_control(t);
        if (kind_of(t) == PART_SSLV2 && t->next++ == 0)
            return offer_chunk(t); /* a hello of SSL 2.0 has its own kinds */
        if (kind_of(t) != PART_SSLV2 && t->chunk_count == 0)
            fill_chunk(t);
        if (t->chunk_count > 0)
            return offer_chunk(t);
        end_part(t);
    }
    return NULL;
}

/* ---- what came back ---- */

static void note_seen(struct thorough *t, uint16_t version, uint16_t suite) {
    for (size_t i = 0; i < t->seen_count; i++)
        if (t->seen[i].version == version && t->seen[i].suite == suite)
            return;
    if (t->seen_count < THOROUGH_SEEN_MAX)
        t->seen[t->seen_count++] = (struct thorough_seen){version, suite};
    else /* what has no room may be what a fact rests on */
        leave_unsure(t);
}

static void remove_suite(struct thorough *t, uint16_t suite) {
    size_t kept = 0;
    for (size_t i = 0; i < t->chunk_count; i++)
        if (t->chunk[i] != suite)
            t->chunk[kept++] = t->chunk[i];
    t->chunk_count = kept;
}

static void note_selection(struct thorough *t, const struct answer *answer) {
    t->silences = 0;
    note_seen(t, answer->version, answer->suite);
    if (kind_of(t) == PART_SSLV2)
        return;
    if (answer->version != version_of(t)) { /* the server speaks only lower ones */
        next_part(t);
    } else if (kind_of(t) == PART_GROUPS) {
        t->group[t->group_count++] = t->chunk[0];
        t->chunk_count = 0;
    } else {
        remove_suite(t, answer->suite);
    }
}

static void note_control(struct thorough *t, const struct answer *answer) {
    if (answer->kind != ANSWER_SELECTED) {
        leave_unsure(t);
        t->flags |= FLAG_INCONSISTENT;
    }
    t->state = THOROUGH_ASKING;
    next_part(t);
}

static void note_silence(struct thorough *t) {
    if (kind_of(t) == PART_SSLV2) {
        leave_unsure(t);
    } else if (++t->silences == SILENCES_MAX) { /* before that: the same again */
        leave_unsure(t);
        next_part(t);
    }
}

static void note_refusal(struct thorough *t, const struct answer *answer) {
    if (answer->kind == ANSWER_CLOSED || answer->kind == ANSWER_RESET)
        t->state = THOROUGH_DOUBTING;
    if (answer->kind == ANSWER_MALFORMED && kind_of(t) != PART_GROUPS) /* a retry for no group is no group */
        leave_unsure(t);
    t->chunk_count = 0;
}

static void stop_asking(struct thorough *t, enum reason reason) {
    t->state = THOROUGH_STOPPED;
    t->reason = reason;
    for (; t->part < PART_COUNT; t->part++)
        leave_unsure(t);
}

void thorough_answer(struct thorough *thorough, const struct answer *answer) {
    struct thorough *t = thorough;
    t->flags |= answer->flags;
    if (answer->kind == ANSWER_STOPPED || answer->kind == ANSWER_NO_STARTTLS)
        stop_asking(t, answer->reason);
    else if (t->state == THOROUGH_CHECKING)
        note_control(t, answer);
    else if (answer->kind == ANSWER_SELECTED)
        note_selection(t, answer);
    else if (answer->kind == ANSWER_SILENT)
        note_silence(t);
    else
        note_refusal(t, answer);
}

/* ---- facts ---- */

/* Refusals here, against a yes of the plan's: the enumeration's hellos are others, and lack something that the server
 * wants. */
static bool denies(const struct fact *fact, bool yes, bool unsure) { return fact->value == TRI_YES && !yes && !unsure; }

/* A yes was seen, and no refusal undoes that; a no of the plan's gives way to what is seen here. Returns the fact's bit
 * if it was known otherwise. */
static uint32_t put_fact(struct fact *fact, enum fact_id id, bool yes, bool unsure, enum reason reason) {
    enum tri before = fact[id].value, now = yes ? TRI_YES : unsure ? TRI_UNKNOWN : TRI_NO;
    if (denies(&fact[id], yes, unsure))
        return UINT32_C(1) << id;
    if (now == TRI_UNKNOWN && before != TRI_UNKNOWN)
        return 0; /* what the plan saw stands */
    fact[id] = (struct fact){.value = now, .evidence = EVIDENCE_OBSERVED};
    if (now == TRI_UNKNOWN)
        fact[id] = (struct fact){.value = now, .reason = reason == REASON_NONE ? REASON_TIMEOUT : reason};
    return before == TRI_NO && now == TRI_YES ? UINT32_C(1) << id : 0;
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

/* Could a suite with the flag be one of the version's? Those of SSL 2.0 are no suites. */
static bool may_have(unsigned version, unsigned flag) {
    uint16_t tls13[HELLO_SUITES_MAX];
    if (version != TLS13_INDEX)
        return version != SSLV2_INDEX;
    for (size_t i = offer_suites(OFFER_TLS13, TLS13_SCOPE, tls13); i-- > 0;) {
        const struct suite *suite = suite_find(tls13[i]);
        if (suite && (suite->flags & flag))
            return true;
    }
    return false;
}

/* Is it open what suites with the flag the server has? */
static bool unsure_of_class(const bool unsure[static VERSION_COUNT], unsigned flag) {
    for (unsigned i = 0; i < VERSION_COUNT; i++)
        if (unsure[i] && may_have(i, flag))
            return true;
    return false;
}

/* Where a version is denied that was seen, the refusals of its suites and groups say nothing either. */
uint32_t thorough_facts(const struct thorough *thorough, struct fact fact[static FACT_ENDPOINT_COUNT]) {
    const struct thorough *t = thorough;
    bool unsure[VERSION_COUNT], hybrid = false;
    uint32_t other = 0;
    for (unsigned i = 0; i < VERSION_COUNT; i++) {
        bool seen = seen_version(t, VERSIONS[i].version);
        unsure[i] = t->unsure[i] || denies(&fact[VERSIONS[i].fact], seen, t->unsure[i]);
        other |= put_fact(fact, VERSIONS[i].fact, seen, t->unsure[i], t->reason);
    }
    for (size_t i = 0; i < CLASS_COUNT; i++)
        other |= put_fact(fact, CLASSES[i].fact, any_suite(t, CLASSES[i].flag),
                          unsure_of_class(unsure, CLASSES[i].flag), t->reason);
    for (size_t i = 0; i < t->group_count; i++)
        hybrid = hybrid || tls_group_is_hybrid(t->group[i]);
    return other | put_fact(fact, FACT_PQ_HYBRID, hybrid, unsure[TLS13_INDEX], t->reason);
}
