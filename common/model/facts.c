/* facts.c - the name tables behind facts.h, expanded from its X-macros. */
#include "model/facts.h"

#include <string.h>

static const struct {
    const char *key, *title;
} FACTS[FACT_COUNT] = {
#define X(id, key, title, meaning) [FACT_##id] = {key, title},
    ENDPOINT_FACTS(X) SERVICE_FACTS(X) NAME_FACTS(X)
#undef X
};

static const struct {
    const char *key, *text;
    bool retry;
} REASON_TABLE[REASON_COUNT] = {
#define X(id, key, retry, text) [REASON_##id] = {key, text, retry},
    REASONS(X)
#undef X
};

const char *fact_key(enum fact_id id) { return (unsigned)id < FACT_COUNT ? FACTS[id].key : "unknown"; }
const char *fact_title(enum fact_id id) { return (unsigned)id < FACT_COUNT ? FACTS[id].title : "unknown"; }

const char *tri_name(enum tri value) {
    static const char *const names[] = {"unknown", "no", "yes"};
    return (unsigned)value < 3 ? names[value] : "unknown";
}

const char *evidence_name(enum evidence value) {
    static const char *const names[] = {"", "observed", "inferred", "shared"};
    return (unsigned)value < 4 ? names[value] : "";
}

const char *reason_key(enum reason reason) {
    return (unsigned)reason < REASON_COUNT ? REASON_TABLE[reason].key : "unknown";
}
const char *reason_text(enum reason reason) {
    return (unsigned)reason < REASON_COUNT ? REASON_TABLE[reason].text : "unknown";
}
bool reason_retry(enum reason reason) { return (unsigned)reason < REASON_COUNT && REASON_TABLE[reason].retry; }

enum tri tri_from_name(const char *name) {
    if (strcmp(name, "yes") == 0)
        return TRI_YES;
    return strcmp(name, "no") == 0 ? TRI_NO : TRI_UNKNOWN;
}

enum reason reason_from_key(const char *key) {
    for (unsigned i = 0; i < REASON_COUNT; i++)
        if (strcmp(REASON_TABLE[i].key, key) == 0)
            return (enum reason)i;
    return REASON_COUNT;
}
