/* simulated.h - thousands of hypothetical servers, how they answer, and the truth about them: for the tests of the
 * plan.
 *
 * Every set of versions, holes included, by strong suites, weak suites, anonymous suites, order of choice, post-quantum
 * support and age. Included once by each test that wants it.
 */
#include "model/suites.h"
#include "plan/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SUITES_MAX = 16, TLS13_BIT = 1 << 4, LEGACY_BITS = 0x0f };

enum pq { PQ_NONE, PQ_PREFERRED, PQ_SUPPORTED, PQ_COUNT };
enum age { AGE_MODERN, AGE_OLD, AGE_SSLV2, AGE_COUNT };

struct server {
    unsigned versions; /* bit n: 0x0300 + n */
    uint16_t suites[SUITES_MAX];
    size_t count;
    unsigned weak_at; /* versions that have the weak suites, by the same bits */
    bool own_order;
    bool closes; /* refuses by EOF */
    enum pq pq;
    enum age age;
    unsigned limit, made; /* turns away with 421 after that many connections; 0 = never */
    bool no_name;         /* breaks off when a name is named … */
    unsigned name_alert;  /* … by that alert; 0: it closes */
};

/* ---- how a server answers ---- */

static unsigned flags_of(uint16_t id) { return suite_find(id)->flags; }

/* AEAD and SHA-2 suites came with TLS 1.2 (RFC 5246). */
static bool is_for_tls12(uint16_t id) {
    const char *name = suite_find(id)->name;
    return strstr(name, "GCM") || strstr(name, "POLY1305") || strstr(name, "SHA256") || strstr(name, "SHA384");
}

static bool has(const struct server *server, uint16_t suite, unsigned version) {
    bool weak = flags_of(suite) & SUITE_WEAK;
    if ((is_for_tls12(suite) && version != VERSION_TLS1_2) || (weak && !(server->weak_at & 1u << (version & 7))))
        return false;
    for (size_t i = 0; i < server->count; i++)
        if (server->suites[i] == suite)
            return true;
    return false;
}

static bool offers(const struct step *step, uint16_t suite) {
    for (size_t i = 0; i < step->suite_count; i++)
        if (step->suites[i] == suite)
            return true;
    return false;
}

static uint16_t choose(const struct server *server, const struct step *step, unsigned version) {
    for (size_t i = 0; server->own_order && i < server->count; i++)
        if (offers(step, server->suites[i]) && has(server, server->suites[i], version))
            return server->suites[i];
    for (size_t i = 0; !server->own_order && i < step->suite_count; i++)
        if (!(flags_of(step->suites[i]) & SUITE_TLS13) && has(server, step->suites[i], version))
            return step->suites[i];
    return 0;
}

static const struct answer NOT_YET = {.greeted = true, .starttls = true};

/* TLS 1.3 servers say why (RFC 8446 appendix D.2); of older ones any alert has to do. */
static struct answer refusal(const struct server *server, unsigned top) {
    enum { HANDSHAKE_FAILURE = 40, PROTOCOL_VERSION = 70 };
    struct answer answer = NOT_YET;
    bool speaks_less = server->versions & LEGACY_BITS & ((2u << (top & 7)) - 1);
    answer.kind = server->closes ? ANSWER_CLOSED : ANSWER_REFUSED;
    answer.alerted = !server->closes;
    answer.alert = (server->versions & TLS13_BIT) && !speaks_less ? PROTOCOL_VERSION : HANDSHAKE_FAILURE;
    return answer;
}

static struct answer selection(const struct step *step, unsigned version, uint16_t suite, uint16_t group) {
    struct answer answer = NOT_YET;
    answer.kind = ANSWER_SELECTED;
    answer.version = (uint16_t)version;
    answer.suite = suite;
    answer.group = group;
    answer.whole = true;
    answer.incompletable = step->kind == STEP_HANDSHAKE && (version == VERSION_SSLV3 || group == 0x11EC);
    answer.completed = step->kind == STEP_HANDSHAKE && !answer.incompletable;
    answer.key = answer.completed && version == VERSION_TLS1_3 ? SUITE_BY_RSA : 0;
    return answer;
}

static struct answer answer_tls13(const struct server *server, const struct step *step) {
    bool hybrids = step->groups[0] == 0x11EC, alone = hybrids && step->group_count <= 3;
    bool takes_hybrid = hybrids && (server->pq == PQ_PREFERRED || (server->pq == PQ_SUPPORTED && alone));
    if (alone && !takes_hybrid)
        return refusal(server, VERSION_TLS1_3);
    return selection(step, VERSION_TLS1_3, 0x1301, takes_hybrid ? 0x11EC : 0x001D);
}

/* A hello for TLS 1.3 alone. Who knows supported_versions says that it is the version (RFC 8446 section 4.2.1); who
 * does not selects a version of its own, which is a refusal without an alert (session_tls.c). */
static struct answer answer_without_tls13(const struct server *server, const struct step *step) {
    struct answer answer = refusal(server, VERSION_TLS1_3);
    bool shares = false;
    for (unsigned version = VERSION_SSLV3; version <= VERSION_TLS1_2; version++)
        shares = shares || ((server->versions & 1u << (version & 7)) && choose(server, step, version));
    if (server->age == AGE_MODERN && !server->closes)
        answer.alert = 70;
    if (server->age != AGE_MODERN && shares) {
        answer.kind = ANSWER_REFUSED;
        answer.alerted = false;
    }
    return answer;
}

static struct answer refusal_of_name(const struct server *server) {
    struct answer answer = NOT_YET;
    answer.kind = server->name_alert ? ANSWER_REFUSED : ANSWER_CLOSED;
    answer.alerted = server->name_alert != 0;
    answer.alert = (uint8_t)server->name_alert;
    return answer;
}

static struct answer answer_of(struct server *server, const struct step *step) {
    if (server->limit && ++server->made > server->limit)
        return (struct answer){.kind = ANSWER_STOPPED, .reason = REASON_RATE_LIMITED};
    bool named = !step->nameless && !step->plain && step->max >= VERSION_TLS1_0;
    if (server->no_name && named)
        return refusal_of_name(server);
    if (step->max == VERSION_SSLV2)
        return server->age == AGE_SSLV2 ? selection(step, VERSION_SSLV2, 0, 0) : refusal(server, VERSION_TLS1_2);
    if (step->max == VERSION_TLS1_3 && (server->versions & TLS13_BIT))
        return answer_tls13(server, step);
    if (step->max == VERSION_TLS1_3 && step->kind == STEP_HELLO)
        return answer_without_tls13(server, step);
    unsigned top = step->max < VERSION_TLS1_2 ? step->max : VERSION_TLS1_2;
    for (unsigned version = top; version >= VERSION_SSLV3; version--) {
        if ((server->versions & 1u << (version & 7)) == 0)
            continue;
        uint16_t suite = choose(server, step, version);
        bool curve = suite && server->age == AGE_MODERN && strncmp(suite_find(suite)->kx, "ECDHE", 5) == 0;
        return suite ? selection(step, version, suite, curve ? 0x001D : 0) : refusal(server, top);
    }
    return refusal(server, top);
}

static unsigned run(struct plan *plan, const struct plan_policy *policy, struct server *server) {
    plan_init(plan, policy);
    for (const struct step *step; (step = plan_next(plan)) != NULL;) {
        struct answer answer = answer_of(server, step);
        plan_answer(plan, &answer);
    }
    plan_finish(plan);
    return plan->connections;
}

/* ---- the truth ---- */

static bool any_suite(const struct server *server, unsigned flag) {
    for (unsigned version = VERSION_SSLV3; version <= VERSION_TLS1_2; version++)
        for (size_t i = 0; (server->versions & 1u << (version & 7)) && i < server->count; i++)
            if ((flags_of(server->suites[i]) & flag) && has(server, server->suites[i], version))
                return true;
    return false;
}

static enum tri tri(bool yes) { return yes ? TRI_YES : TRI_NO; }

static void truth_of(const struct server *server, const struct plan_policy *policy,
                     enum tri truth[FACT_ENDPOINT_COUNT]) {
    bool tls13 = server->versions & TLS13_BIT;
    for (unsigned i = 0; i < 5; i++)
        truth[FACT_SSLV3 + i] = tri(server->versions & 1u << i);
    truth[FACT_REACHABLE] = truth[FACT_STARTTLS_ADVERTISED] = truth[FACT_TLS_ENABLED] = TRI_YES;
    truth[FACT_SSLV2] = tri(server->age == AGE_SSLV2);
    truth[FACT_WEAK_CIPHERS] = tri(any_suite(server, SUITE_WEAK) || server->age == AGE_SSLV2);
    truth[FACT_ANON_SUITES] = tri(any_suite(server, SUITE_ANON));
    truth[FACT_NIST_R1] = tri(any_suite(server, SUITE_R1));
    truth[FACT_NIST_R2] = tri(tls13 || any_suite(server, SUITE_R2));
    truth[FACT_FORWARD_SECRECY] = tri(tls13 || any_suite(server, SUITE_FS));
    truth[FACT_PQ_HYBRID] =
        tri(tls13 && (server->pq == PQ_PREFERRED || (policy->pq_strict && server->pq == PQ_SUPPORTED)));
}

/* ---- the hypotheses ---- */

static const uint16_t STRONG[][SUITES_MAX] = {
    {0},
    {0xC02F, 0xC030},
    {0xC030, 0xC02F},
    {0xC030},
    {0xCCA8, 0xC030, 0xC02F},
    {0x009C, 0x002F},
    {0x009F, 0x009E, 0x0039, 0x0033},
    {0xC030, 0xC02F, 0xC014, 0xC013, 0x0035, 0x002F},
    {0xC014, 0xC013, 0x0035, 0x002F},
    {0xC030, 0xC02F, 0xC014, 0xC013, 0x0035, 0x002F, 0xC019, 0x003A},
    {0xC02C, 0xC02B, 0xC030, 0xC02F},
    {0xC02F, 0xC013, 0x002F, 0xC02B, 0xC009},
};
static const uint16_t WEAK[][SUITES_MAX] = {
    {0}, {0xC012, 0x000A}, {0x0005, 0x0004}, {0x0009, 0x0003}, {0x0002, 0x0001}};
static const uint16_t ANON[SUITES_MAX] = {0xC019, 0x003A};
/* Those from BOTH_KEYS_FIRST on need two certificates, one by RSA and one by ECDSA. */
enum { BOTH_KEYS_FIRST = 10, STRONG_SETS = 12, WEAK_SETS = 5 };

static void add_suites(struct server *server, const uint16_t *suites) {
    for (size_t i = 0; i < SUITES_MAX && suites[i]; i++)
        server->suites[server->count++] = suites[i];
}

/* Every version that it is configured for must have a suite, and what it is made of must show somewhere. */
static bool is_a_server(const struct server *server) {
    bool legacy = server->versions & LEGACY_BITS;
    if (!legacy && server->count > 0)
        return false;
    for (unsigned version = VERSION_SSLV3; version <= VERSION_TLS1_2; version++) {
        bool usable = false;
        for (size_t i = 0; i < server->count; i++)
            usable = usable || has(server, server->suites[i], version);
        if ((server->versions & 1u << (version & 7)) && !usable)
            return false;
    }
    for (size_t i = 0; i < server->count; i++) {
        bool used = false;
        for (unsigned version = VERSION_SSLV3; version <= VERSION_TLS1_2; version++)
            used = used || ((server->versions & 1u << (version & 7)) && has(server, server->suites[i], version));
        if (!used)
            return false;
    }
    if (server->age != AGE_MODERN && ((server->versions & TLS13_BIT) || server->suites[0] == 0xCCA8))
        return false;
    return (server->versions & TLS13_BIT) || server->pq == PQ_NONE;
}

typedef void visit_fn(struct server *server, void *context);

/* Which of STRONG, and whether with anonymous suites on top. */
struct sets {
    unsigned from, to;
    bool anon;
};
static const struct sets ONE_CERTIFICATE = {0, BOTH_KEYS_FIRST, false}, WITH_ANONYMOUS = {0, BOTH_KEYS_FIRST, true},
                         TWO_CERTIFICATES = {BOTH_KEYS_FIRST, STRONG_SETS, false};

static void visit_sets(unsigned versions, unsigned bits, struct sets sets, visit_fn *visit, void *context) {
    for (unsigned strong = sets.from; strong < sets.to; strong++)
        for (unsigned weak = 0; weak < WEAK_SETS; weak++) {
            struct server server = {.versions = versions,
                                    .weak_at = LEGACY_BITS,
                                    .own_order = bits & 1,
                                    .pq = (enum pq)((bits >> 1) % PQ_COUNT),
                                    .age = (enum age)((bits >> 1) / PQ_COUNT)};
            add_suites(&server, STRONG[strong]);
            add_suites(&server, WEAK[weak]);
            if (sets.anon)
                add_suites(&server, ANON);
            if (is_a_server(&server))
                visit(&server, context);
        }
}

static void visit_all(struct sets sets, visit_fn *visit, void *context) {
    for (unsigned versions = 1; versions < 32; versions++)
        for (unsigned bits = 0; bits < 2 * PQ_COUNT * AGE_COUNT; bits++)
            visit_sets(versions, bits, sets, visit, context);
}

static void show(const struct server *server) {
    print_message("versions %02x, own order %d, pq %d, age %d, weak at %02x, closes %d, suites", server->versions,
                  server->own_order, server->pq, server->age, server->weak_at, server->closes);
    for (size_t i = 0; i < server->count; i++)
        print_message(" %04x", server->suites[i]);
    print_message("\n");
}
