/* plan_rules.h - the questions of the plan, as a table, for plan_next.c, and for those who judge an answer. */
#ifndef MXG_PLAN_RULES_H
#define MXG_PLAN_RULES_H

#include "plan/plan.h"

/* Rules that are more than their row says. */
enum rule_role {
    ROLE_ORDINARY,
    ROLE_FIRST,    /* the first handshake: only an alert for the version refuses TLS 1.3 */
    ROLE_NAMELESS, /* without SNI: is it the name that was refused? */
    ROLE_SMALL,    /* in a short hello: was the long one swallowed? */
    ROLE_REST,     /* what no other question offers: who selects it, selects what we cannot complete */
    ROLE_R2_AT_13, /* for NIST r2 in TLS 1.3 */
    ROLE_PLAIN,    /* a hello without extensions: a selection forgives the refusals of earlier hellos */
    ROLE_SSLV2,
    ROLE_OPEN,    /* asked again for the classes of suites that are still open */
    ROLE_CONTROL, /* repeats a hello known to work */
};

/* The highest version offered. */
enum at { AT_TLS1_3, AT_TLS1_2, AT_TLS1_1, AT_TLS1_0, AT_SSLV3, AT_SSLV2, AT_HIGHEST, AT_LOWEST, AT_WEAK_UNREFUSED };

/* What a rule may wait for besides facts. */
enum now {
    NOW_LEGACY = 1 << 0,           /* some version below TLS 1.3 is on */
    NOW_SETTLED = 1 << 1,          /* no version from SSL 3.0 to TLS 1.2 is unknown */
    NOW_CLASS_OPEN = 1 << 2,       /* a class of suites was neither seen nor refused at the highest version */
    NOW_KEY_OPEN = 1 << 15,        /* there may be a certificate of another kind than the one seen */
    NOW_WEAK_OPEN_LOWEST = 1 << 3, /* settled, and weak suites were not yet refused at the lowest version that is on */
    NOW_WEAK_OPEN_EACH = 1 << 4, /* settled, and weak suites were not yet refused at a version that the policy names */
    NOW_NOTHING_SELECTED = 1 << 5, /* no hello was answered with a selection */
    NOW_COMPLETABLE = 1 << 6,      /* a suite was selected that OpenSSL could complete */
    NOW_BROKEN_ONCE = 1 << 7,      /* one full handshake was selected and then failed */
    NOW_SOFT = 1 << 8,             /* some "no" rests on a close, and there is a hello known to work */
    NOW_STUMBLED = 1 << 9,         /* the first handshake failed for its form, not for what it offered */
    NOW_HANDSHAKE_DONE = 1 << 10,  /* a full handshake completed */
    NOW_NO_TLS13 = 1 << 11,        /* TLS 1.3 is off */
    NOW_NAME_DOUBTED = 1 << 12,    /* the first handshake was refused, and nothing else selected */
    NOW_UNREFUSED = 1 << 14,       /* no hello up to TLS 1.2 was refused */
    NOW_SWALLOWED = 1 << 13,       /* silence was the last answer, and nothing was selected */
};

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
/* In the order in which they are tried; place: from 0. */
const struct rule *plan_rule_at(unsigned place);
/* The form that a rule is there for: FORM_…. */
unsigned plan_form_of(const struct rule *rule);
/* What a rule offers: an OFFER_…, or OFFER_COUNT for a full handshake. */
enum offer plan_rule_offer(const struct rule *rule);
/* Classes of suites of which the question offered all that there are, so that a refusal settles them. */
unsigned plan_classes_covered(const struct plan_note *note);
/* The question once more, as it was. */
struct step plan_step_of(const struct plan_note *note);
/* Was the rule of that role asked, and answered or met by silence? */
bool plan_was_asked(const struct plan *plan, enum rule_role role);

#endif
