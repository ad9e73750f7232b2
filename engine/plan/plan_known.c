/* plan_known.c - see plan_known.h. */
#include "plan/plan_known.h"

const struct version_fact VERSIONS[VERSION_COUNT] = {
    {VERSION_SSLV2, FACT_SSLV2},   {VERSION_SSLV3, FACT_SSLV3},   {VERSION_TLS1_0, FACT_TLS1_0},
    {VERSION_TLS1_1, FACT_TLS1_1}, {VERSION_TLS1_2, FACT_TLS1_2}, {VERSION_TLS1_3, FACT_TLS1_3},
};

const struct class_fact CLASSES[CLASS_COUNT] = {{SUITE_WEAK, FACT_WEAK_CIPHERS},
                                                {SUITE_ANON, FACT_ANON_SUITES},
                                                {SUITE_R1, FACT_NIST_R1},
                                                {SUITE_R2, FACT_NIST_R2},
                                                {SUITE_FS, FACT_FORWARD_SECRECY}};

uint32_t plan_facts_with(const struct plan *plan, enum tri value) {
    uint32_t facts = 0;
    for (unsigned id = 0; id < FACT_ENDPOINT_COUNT; id++)
        if (plan->fact[id].value == value)
            facts |= UINT32_C(1) << id;
    return facts;
}

bool plan_is_yes(const struct plan *plan, enum fact_id fact) { return plan->fact[fact].value == TRI_YES; }
bool plan_is_open(const struct plan *plan, enum fact_id fact) { return plan->fact[fact].value == TRI_UNKNOWN; }

unsigned plan_version_bit(enum tls_version version) { return 1u << (version & 7); }

struct legacy plan_legacy(const struct plan *plan) {
    struct legacy legacy = {VERSION_NONE, VERSION_NONE, 0};
    for (unsigned i = FIRST_LEGACY; i <= LAST_LEGACY; i++)
        if (plan_is_yes(plan, VERSIONS[i].fact)) {
            legacy.highest = VERSIONS[i].version;
            legacy.lowest = legacy.lowest ? legacy.lowest : VERSIONS[i].version;
            legacy.spoken |= plan_version_bit(VERSIONS[i].version);
        }
    return legacy;
}

unsigned plan_weak_wanted(const struct plan *plan, const struct legacy *legacy) {
    if (plan->policy.per_version)
        return legacy->spoken;
    return legacy->spoken ? plan_version_bit(legacy->highest) | plan_version_bit(legacy->lowest) : 0;
}

unsigned plan_open_classes(const struct plan *plan) {
    unsigned classes = 0;
    for (size_t i = 0; i < CLASS_COUNT; i++)
        if (plan_is_open(plan, CLASSES[i].fact))
            classes |= CLASSES[i].flag;
    return classes;
}

unsigned plan_open_keys(const struct plan *plan) {
    const unsigned kinds = SUITE_BY_RSA | SUITE_BY_ECDSA;
    bool asked_for = !plan->policy.one_certificate && plan_legacy(plan).highest != VERSION_SSLV3;
    return asked_for && plan->keys ? kinds & ~plan->keys & ~plan->keys_refused : 0;
}

unsigned plan_classes_to_ask(const struct plan *plan) {
    struct legacy legacy = plan_legacy(plan);
    unsigned open = plan_open_classes(plan) | plan_open_keys(plan);
    bool weak_refused = legacy.spoken && (plan->weak_refused & plan_version_bit(legacy.highest));
    return weak_refused ? open & ~(unsigned)SUITE_WEAK : open;
}
