/* plan_rules.h - the rule under way, for those who judge its answer (plan_learn.c). */
#ifndef MXG_PLAN_RULES_H
#define MXG_PLAN_RULES_H

#include "plan/plan.h"

/* Rules that are more than their row says. */
enum rule_role {
    ROLE_ORDINARY,
    ROLE_FIRST, /* the first handshake: a close, or an alert that is no verdict, is no refusal of TLS 1.3 */
    ROLE_PLAIN, /* a hello without extensions: a selection forgives the refusals of earlier hellos */
    ROLE_SSLV2,
    ROLE_OPEN,    /* asked again for the classes of suites that are still open */
    ROLE_CONTROL, /* repeats a hello known to work */
};

/* The highest version offered. */
enum at { AT_TLS1_3, AT_TLS1_2, AT_TLS1_1, AT_TLS1_0, AT_SSLV3, AT_SSLV2, AT_HIGHEST, AT_LOWEST, AT_WEAK_UNREFUSED };

struct rule {
    const char *name;
    enum step_kind kind;
    int offer; /* STEP_HANDSHAKE: enum handshake_offer; STEP_HELLO: enum offer */
    enum at at;
    uint32_t open;    /* facts that have to be unknown, all of them */
    uint32_t some;    /* facts of which one has to be unknown; 0: no matter */
    uint32_t yes;     /* facts that have to be "yes", all of them */
    unsigned now;     /* conditions that have to hold, all of them: NOW_… of plan_rules.c */
    uint32_t refusal; /* facts that a refusal makes "no" */
    unsigned most;    /* how often the rule may be asked */
    enum rule_role role;
};

/* The rule of a note's question. */
const struct rule *plan_rule_of(const struct plan_note *note);
/* How many there are: a note of any other is none of ours. */
unsigned plan_rule_count(void);
/* What a rule offers: an OFFER_…, or OFFER_COUNT for a full handshake. */
enum offer plan_rule_offer(const struct rule *rule);
/* Classes of suites of which the question offered all that there are, so that a refusal settles them. */
unsigned plan_classes_covered(const struct plan_note *note);
/* The question once more, as it was. */
struct step plan_step_of(const struct plan_note *note);
/* Was the rule of that role asked, and answered or met by silence? */
bool plan_was_asked(const struct plan *plan, enum rule_role role);

#endif
