// link: mxg_plan
/* fuzz_plan.c - the input is a saved plan, as a coordinator might send it, and then answers. Whatever comes back, the
 * plan comes to an end, every fact is known or has a reason, and what it saves is taken up again.
 */
#include "fuzz.h"
#include "plan/plan.h"

#include <stdbool.h>

enum { STEPS_MOST = 64, SAVED_MOST = PLAN_SAVED_MAX };

static struct answer take_answer(struct supply *supply, const struct step *step) {
    static const uint16_t versions[] = {0, 0x0002, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304};
    struct answer answer = {.kind = (enum answer_kind)supply_number(supply, ANSWER_STOPPED),
                            .reason = (enum reason)supply_number(supply, REASON_COUNT - 1),
                            .greeted = supply_number(supply, 1),
                            .starttls = supply_number(supply, 1),
                            .front = supply_number(supply, 1),
                            .flags = supply_number(supply, (1u << FLAG_COUNT) - 1),
                            .version = versions[supply_number(supply, 6)],
                            .group = (uint16_t)supply_number(supply, UINT16_MAX),
                            .alert = (uint8_t)supply_number(supply, UINT8_MAX),
                            .alerted = supply_number(supply, 1),
                            .completed = supply_number(supply, 1),
                            .whole = supply_number(supply, 1),
                            .incompletable = supply_number(supply, 1),
                            .cut = supply_number(supply, 1),
                            .sentinel = supply_number(supply, 1)};
    if (step->suite_count)
        answer.suite = step->suites[supply_number(supply, (uint32_t)step->suite_count - 1)];
    return answer;
}

static void check_step(const struct step *step) {
    CHECK(step->suite_count <= HELLO_SUITES_MAX && step->group_count <= HELLO_GROUPS_MAX);
    CHECK(step->suite_count > 0 || step->max == VERSION_SSLV2);
    CHECK(step->max != VERSION_NONE && step->offered[0] != '\0');
}

static void check_end(const struct plan *plan) {
    for (unsigned id = 0; id < FACT_ENDPOINT_COUNT; id++)
        CHECK(plan->fact[id].value != TRI_UNKNOWN || plan->fact[id].reason != REASON_NONE);
}

/* Taken up again and brought to its end at once, with nothing more asked. */
static struct plan resumed(const struct plan *plan) {
    struct plan next;
    uint8_t saved[PLAN_SAVED_MAX];
    size_t len = plan_save(plan, saved);
    plan_init(&next, &plan->policy);
    CHECK(len > 0 && plan_resume(&next, saved, len));
    plan_finish(&next);
    return next;
}

/* What answers to hellos made known is known again; and what was taken up once is the same when it is taken up twice.
 */
static void check_saved(const struct plan *plan) {
    bool from_hellos =
        plan->fact[FACT_STARTTLS_ADVERTISED].value != TRI_NO && plan->fact[FACT_REACHABLE].value != TRI_NO;
    struct plan once = resumed(plan), twice = resumed(&once);
    for (unsigned id = 0; id < FACT_ENDPOINT_COUNT; id++) {
        CHECK(twice.fact[id].value == once.fact[id].value);
        if (from_hellos && id > FACT_TLS_ENABLED)
            CHECK(once.fact[id].value == plan->fact[id].value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct supply supply = {data, size};
    struct plan plan;
    struct plan_policy policy = {.per_version = supply_number(&supply, 1), .pq_strict = supply_number(&supply, 1)};
    size_t len = supply_number(&supply, SAVED_MOST);
    const uint8_t *resume = supply_octets(&supply, &len);
    plan_init(&plan, &policy);
    (void)plan_resume(&plan, resume, len);
    unsigned steps = 0;
    for (const struct step *step; (step = plan_next(&plan)) != NULL; steps++) {
        check_step(step);
        CHECK(steps < STEPS_MOST);
        struct answer answer = take_answer(&supply, step);
        plan_answer(&plan, &answer);
    }
    plan_finish(&plan);
    check_end(&plan);
    check_saved(&plan);
    return 0;
}
