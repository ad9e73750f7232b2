/* plan_complete.c - see plan_complete.h. */
#include "plan/plan_complete.h"

#include "model/suites.h"
#include "plan/plan_note.h"
#include "plan/plan_rules.h"
#include "tls/offers.h"

static bool is_group_of_openssl(uint16_t group) {
    size_t count;
    const uint16_t *groups = offer_groups(GROUPS_TLS13_CLASSICAL, &count);
    return group == 0 || suite_is_listed(groups, count, group);
}

bool plan_could_complete(const struct plan_note *note) {
    if (!offer_is_completable(note->suite) || note->version < VERSION_TLS1_0 || (note->traits & TRAIT_INCOMPLETABLE))
        return false;
    return note->version != VERSION_TLS1_3 || is_group_of_openssl(note->group);
}

/* What the server selected in some hello was in the first handshake's offer too, so that one's refusal was no verdict
 * on TLS 1.3. */
static bool selects_what_was_refused(const struct plan *plan) {
    for (size_t i = 0; plan->broken == 0 && i < plan->note_count; i++) {
        const struct rule *rule = plan_rule_of(&plan->note[i]);
        if (plan->note[i].kind == ANSWER_SELECTED && rule->kind == STEP_HELLO && rule->role != ROLE_REST &&
            plan_could_complete(&plan->note[i]))
            return true;
    }
    return false;
}

bool plan_first_stumbled(const struct plan *plan) {
    for (size_t i = 0; i < plan->note_count; i++) {
        const struct plan_note *note = &plan->note[i];
        if (plan_rule_of(note)->role == ROLE_FIRST && note->standing != STANDING_VOID && note->kind != ANSWER_SELECTED)
            return !plan_note_refuses(note) || selects_what_was_refused(plan);
    }
    return false;
}
