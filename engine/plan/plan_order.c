/* plan_order.c - see plan_order.h. Full handshakes are left aside: what OpenSSL makes of a list is its own order. */
#include "plan/plan_order.h"

#include "plan/plan_known.h"
#include "plan/plan_rules.h"

#include <string.h>

enum { SELECTIONS_MAX = 16, NOWHERE = HELLO_SUITES_MAX };

/* A hello below TLS 1.3 that was answered with a selection. */
struct choice {
    const struct plan_note *note;
    struct step step;
};

/* Some servers put ChaCha20 first for clients that do, and go by their own order otherwise. */
static bool is_chacha(uint16_t id) {
    const struct suite *suite = suite_find(id);
    return suite && strstr(suite->enc, "CHACHA20") != NULL;
}

static bool shows_order(const struct plan_note *note) {
    const struct rule *rule = plan_rule_of(note);
    return note->kind == ANSWER_SELECTED && rule->kind == STEP_HELLO && rule->role != ROLE_CONTROL &&
           note->max == note->version && note->version <= VERSION_TLS1_2 && note->version >= VERSION_SSLV3 &&
           !is_chacha(note->suite);
}

static size_t choices_of(const struct plan *plan, struct choice choices[static SELECTIONS_MAX]) {
    size_t count = 0;
    for (size_t i = 0; i < plan->note_count && count < SELECTIONS_MAX; i++)
        if (shows_order(&plan->note[i]))
            choices[count++] = (struct choice){&plan->note[i], plan_step_of(&plan->note[i])};
    return count;
}

static size_t place_of(const struct choice *choice, uint16_t suite) {
    for (size_t i = 0; i < choice->step.suite_count; i++)
        if (choice->step.suites[i] == suite)
            return i;
    return NOWHERE;
}

/* Did the choice fall on its suite although the other one stood before it? */
static bool passes_over(const struct choice *choice, uint16_t other) {
    return place_of(choice, other) < place_of(choice, choice->note->suite);
}

/* Each took what stood first, and what stood first was not the same. */
static bool follow_client(const struct choice *one, const struct choice *other) {
    uint16_t first = one->note->suite, second = other->note->suite;
    bool both = place_of(one, second) != NOWHERE && place_of(other, first) != NOWHERE;
    return first != second && both && !passes_over(one, second) && !passes_over(other, first);
}

/* Does the server have the suite at the version of the choice? Weak ones some have on old versions only. */
static bool is_had(const struct choice *choice, const struct choice *other) {
    const struct suite *suite = suite_find(other->note->suite);
    bool everywhere = suite && !(suite->flags & (SUITE_WEAK | SUITE_ANON | SUITE_TLS12));
    return other->note->version == choice->note->version || everywhere;
}

enum cipher_order plan_cipher_order(const struct plan *plan) {
    struct choice choices[SELECTIONS_MAX];
    size_t count = choices_of(plan, choices);
    bool client = false, server = false;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++) {
            client = client || follow_client(&choices[i], &choices[j]);
            server = server || (is_had(&choices[i], &choices[j]) && passes_over(&choices[i], choices[j].note->suite));
        }
    return client == server ? CIPHER_ORDER_UNKNOWN : client ? CIPHER_ORDER_CLIENT : CIPHER_ORDER_SERVER;
}

unsigned plan_weak_passed_over(const struct plan *plan) {
    struct choice choices[SELECTIONS_MAX];
    unsigned versions = 0;
    if (plan_cipher_order(plan) != CIPHER_ORDER_CLIENT)
        return 0;
    size_t count = choices_of(plan, choices);
    for (size_t i = 0; i < count; i++)
        if (offer_holds_weak(choices[i].step.suites, place_of(&choices[i], choices[i].note->suite)))
            versions |= plan_version_bit((enum tls_version)choices[i].note->version);
    return versions;
}
