/* plan_known.h - what a plan knows: questions to its facts, for the files of the plan. The tables pair facts with what
 * shows them; thorough.c reads them too.
 */
#ifndef MXG_PLAN_KNOWN_H
#define MXG_PLAN_KNOWN_H

#include "model/suites.h"
#include "plan/plan.h"

/* Sets of facts. */
#define BIT(fact) (UINT32_C(1) << FACT_##fact)
#define LEGACY_VERSIONS (BIT(SSLV3) | BIT(TLS1_0) | BIT(TLS1_1) | BIT(TLS1_2))
#define STRONG_CLASSES (BIT(NIST_R1) | BIT(NIST_R2) | BIT(FORWARD_SECRECY))
#define SUITE_CLASSES (BIT(WEAK_CIPHERS) | BIT(ANON_SUITES) | STRONG_CLASSES)

/* Versions in ascending order, beside the facts that they are. */
struct version_fact {
    enum tls_version version;
    enum fact_id fact;
};
enum { VERSION_COUNT = 6, SSLV2_INDEX = 0, FIRST_LEGACY = 1, LAST_LEGACY = 4, TLS13_INDEX = 5 };
extern const struct version_fact VERSIONS[VERSION_COUNT];

/* Suite classes (suites.h) beside the facts that they show. */
struct class_fact {
    unsigned flag;
    enum fact_id fact;
};
enum { CLASS_COUNT = 5 };
extern const struct class_fact CLASSES[CLASS_COUNT];

uint32_t plan_facts_with(const struct plan *plan, enum tri value);
bool plan_is_yes(const struct plan *plan, enum fact_id fact);
bool plan_is_open(const struct plan *plan, enum fact_id fact); /* unknown */

/* SSL 3.0 to TLS 1.2 as a bit. */
unsigned plan_version_bit(enum tls_version version);

/* The highest and the lowest version below TLS 1.3 known to be on, and all of them as bits. */
struct legacy {
    enum tls_version highest, lowest;
    unsigned spoken;
};
struct legacy plan_legacy(const struct plan *plan);

/* Versions, as bits, at which a refusal of weak suites is wanted before they are believed to be off: old stacks have
 * some of them on old versions only. */
unsigned plan_weak_wanted(const struct plan *plan, const struct legacy *legacy);

/* Classes whose facts are unknown; and of these, those not refused at the highest version below TLS 1.3. */
unsigned plan_open_classes(const struct plan *plan);
unsigned plan_classes_to_ask(const struct plan *plan);

/* Kinds of certificate, SUITE_BY_…, that the server may have beside the one that was seen: at most one. */
unsigned plan_open_keys(const struct plan *plan);

#endif
