// link: mxg_plan
/* test_simulator.c - the real plan against thousands of hypothetical servers: every set of versions, holes included, by
 * strong suites, weak suites, anonymous suites, order of choice, post-quantum support and age. It asserts that no fact
 * is wrong, compares the connections made with the fewest that could do (bound_of()), and prints the table.
 *
 * The bound (docs/probe-plan.md section 8): every "yes" seen in a ServerHello, every "no" refused.
 */
#include "simulated.h"

enum { OVER_MAX = 3, BOTH_KEYS = SUITE_BY_RSA | SUITE_BY_ECDSA };

/* ---- the bound ---- */

static bool shows_age(const struct server *server) {
    bool curve = false;
    for (size_t i = 0; i < server->count; i++)
        curve = curve || strncmp(suite_find(server->suites[i])->kx, "ECDHE", 5) == 0;
    return (server->versions & TLS13_BIT) || (server->age == AGE_MODERN && curve);
}

static bool completable(const struct server *server, uint16_t suite) {
    uint16_t list[HELLO_SUITES_MAX];
    size_t count = offer_suites(OFFER_COMPLETABLE, (struct offer_scope){.max = VERSION_TLS1_2}, list);
    unsigned usable = server->versions & LEGACY_BITS & ~1u; /* SSL 3.0 is beyond OpenSSL */
    for (size_t i = 0; usable && i < count; i++)
        if (list[i] == suite && (!is_for_tls12(suite) || (usable & 1u << 3)))
            return true;
    return false;
}

/* The fewest suites that a server must show so that every class it has is seen, one of them completable if the
 * handshake has to be completed below TLS 1.3. */
static unsigned cover_of(const struct server *server, unsigned classes, bool complete) {
    unsigned best = SUITES_MAX;
    for (unsigned set = 0; set < 1u << server->count; set++) {
        unsigned seen = 0, size = (unsigned)__builtin_popcount(set);
        bool completed = !complete;
        for (size_t i = 0; size < best && i < server->count; i++)
            if (set & 1u << i) {
                seen |= flags_of(server->suites[i]);
                completed = completed || completable(server, server->suites[i]);
            }
        if (size < best && (seen & classes) == classes && completed)
            best = size;
    }
    return best;
}

/* Refusals that do not say that it is the version (a server of TLS 1.3 does), and of suites whose lack costs the grade.
 */
static unsigned asked_twice(const struct server *server, const enum tri truth[FACT_ENDPOINT_COUNT], bool can) {
    bool legacy = server->versions & LEGACY_BITS, tls13 = server->versions & TLS13_BIT;
    unsigned count = legacy && (truth[FACT_NIST_R2] == TRI_NO || truth[FACT_FORWARD_SECRECY] == TRI_NO);
    if (tls13)
        return count;
    count += truth[FACT_SSLV3] == TRI_NO;
    count += truth[FACT_SSLV2] == TRI_NO && !shows_age(server);
    return count + !can;
}

/* By two suites that it has at every version, in two hellos, it can be seen to go by the client's order; who does shows
 * without a refusal what it does not have. */
static bool can_show_order(const struct server *server) {
    unsigned everywhere = 0;
    for (size_t i = 0; i < server->count; i++)
        everywhere += !is_for_tls12(server->suites[i]) && !(flags_of(server->suites[i]) & SUITE_WEAK);
    return !server->own_order && everywhere >= 2;
}

static bool has_both_keys(const struct server *server) {
    return any_suite(server, SUITE_BY_RSA) && any_suite(server, SUITE_BY_ECDSA);
}

/* Is it to be asked for a certificate of another kind: is one kind seen, and a version on whose suites name the kind?
 */
static bool may_have_another(const struct server *server) {
    bool seen = server->versions & TLS13_BIT || any_suite(server, BOTH_KEYS);
    return seen && !has_both_keys(server) && (server->versions & LEGACY_BITS & ~1u);
}

static unsigned bound_of(const struct server *server, const struct plan_policy *policy) {
    static const struct {
        enum fact_id fact;
        unsigned flag;
    } classes[] = {{FACT_WEAK_CIPHERS, SUITE_WEAK},
                   {FACT_ANON_SUITES, SUITE_ANON},
                   {FACT_NIST_R1, SUITE_R1},
                   {FACT_NIST_R2, SUITE_R2},
                   {FACT_FORWARD_SECRECY, SUITE_FS}};
    enum tri truth[FACT_ENDPOINT_COUNT];
    truth_of(server, policy, truth);
    unsigned legacy = server->versions & LEGACY_BITS, versions = (unsigned)__builtin_popcount(legacy), wanted = 0;
    bool tls13 = server->versions & TLS13_BIT, weak_off = !any_suite(server, SUITE_WEAK), some_off = false, can = false;
    for (size_t i = 0; i < 5; i++) {
        bool shown = tls13 && (classes[i].flag & (SUITE_R2 | SUITE_FS));
        wanted |= !shown && any_suite(server, classes[i].flag) ? classes[i].flag : 0;
        some_off = some_off || truth[classes[i].fact] == TRI_NO;
    }
    for (size_t i = 0; i < server->count; i++)
        can = can || completable(server, server->suites[i]);
    wanted |= has_both_keys(server) ? BOTH_KEYS & (tls13 ? ~(unsigned)SUITE_BY_RSA : ~0u) : 0;
    bool complete_here = can && !(tls13 && server->pq != PQ_PREFERRED);
    unsigned cover = cover_of(server, wanted, complete_here), bound = cover > versions ? cover : versions;
    bound += tls13;
    bound += truth[FACT_SSLV2] == TRI_YES;
    bound += truth[FACT_SSLV3] == TRI_NO;
    bound += legacy && (some_off || may_have_another(server));
    bound += weak_off && versions > 1 && !can_show_order(server) ? policy->per_version ? versions - 1 : 1 : 0;
    bound += tls13 && policy->pq_strict && truth[FACT_PQ_HYBRID] == TRI_NO;
    bound += truth[FACT_SSLV2] == TRI_NO && !shows_age(server);
    bound += !can && !(tls13 && server->pq != PQ_PREFERRED); /* that OpenSSL can complete nothing is a refusal too */
    return bound + asked_twice(server, truth, can);
}

static void assert_true_facts(const struct plan *plan, const struct server *server) {
    enum tri truth[FACT_ENDPOINT_COUNT];
    truth_of(server, &plan->policy, truth);
    for (unsigned id = 0; id < FACT_ENDPOINT_COUNT; id++)
        if (plan->fact[id].value != truth[id]) {
            show(server);
            fail_msg("%s is %s, and %s in truth", fact_key((enum fact_id)id), tri_name(plan->fact[id].value),
                     tri_name(truth[id]));
        }
    if (plan->flags) {
        show(server);
        fail_msg("flags %x", plan->flags);
    }
    bool both = has_both_keys(server) && (server->versions & LEGACY_BITS & ~1u);
    bool asked = may_have_another(server) && !plan->policy.one_certificate;
    bool settled = both || !asked || (plan->keys | plan->keys_refused) == BOTH_KEYS;
    if ((plan->keys == BOTH_KEYS) != both || !settled) {
        show(server);
        fail_msg("certificates of kind %x seen, %x refused", plan->keys, plan->keys_refused);
    }
}

/* ---- tests ---- */

struct round {
    const char *name;
    struct plan_policy policy;
    bool trace;
    unsigned servers, connections, bound, most;
    unsigned over[OVER_MAX + 1]; /* how many servers cost n more */
};

static void probe_one(struct server *server, void *context) {
    struct round *round = context;
    struct plan plan;
    unsigned made = run(&plan, &round->policy, server), bound = bound_of(server, &round->policy);
    unsigned over = made > bound ? made - bound : 0;
    assert_true_facts(&plan, server);
    if (round->trace && over > 0) {
        print_message("%u over %u: ", made, bound);
        show(server);
    }
    round->servers++;
    round->connections += made;
    round->bound += bound;
    round->most = made > round->most ? made : round->most;
    round->over[over < OVER_MAX ? over : OVER_MAX]++;
}

static void print_round(const struct round *r) {
    print_message(
        "%-40s %6u  mean %.3f  bound %.3f  ratio %.3f  most %2u  over the bound by 0: %u, 1: %u, 2: %u, more: %u\n",
        r->name, r->servers, r->connections / (double)r->servers, r->bound / (double)r->servers,
        r->connections / (double)r->bound, r->most, r->over[0], r->over[1], r->over[2], r->over[OVER_MAX]);
}

static struct round new_round(const char *name, struct plan_policy policy) {
    return (struct round){.name = name, .policy = policy, .trace = getenv("MXG_TRACE") != NULL};
}

static void every_hypothetical_server_is_told_truly(void **state) {
    (void)state;
    struct round round = new_round("default", (struct plan_policy){.per_version = false});
    visit_all(ONE_CERTIFICATE, probe_one, &round);
    print_round(&round);
    assert_true(round.servers >= 4998);
    assert_true(round.connections <= 1.05 * round.bound);
    assert_true(round.most <= 11);
}

static void post_quantum_support_that_is_not_preferred_is_seen_if_asked_strictly(void **state) {
    (void)state;
    struct round round = new_round("--pq-strict", (struct plan_policy){.pq_strict = true});
    visit_all(ONE_CERTIFICATE, probe_one, &round);
    print_round(&round);
    assert_true(round.connections <= 1.09 * round.bound); /* the bound lets the hybrid ride on the version's answer */
    assert_true(round.most <= 11);
}

/* Every set with anonymous suites on top: more classes to see than connections to see them on. */
static void anonymous_suites_beside_everything_are_told_truly(void **state) {
    (void)state;
    struct round round = new_round("default, anonymous suites everywhere", (struct plan_policy){.per_version = false});
    visit_all(WITH_ANONYMOUS, probe_one, &round);
    print_round(&round);
    assert_true(round.most <= 12);
}

static bool has_3des(const struct server *server) {
    for (size_t i = 0; i < server->count; i++)
        if (server->suites[i] == WEAK[1][0])
            return true;
    return false;
}

/* More to see still; the second certificate counts as one thing more to be shown. */
static void two_certificates_are_both_seen(void **state) {
    (void)state;
    struct round round = new_round("default, two certificates", (struct plan_policy){.per_version = false});
    visit_all(TWO_CERTIFICATES, probe_one, &round);
    print_round(&round);
    assert_true(round.servers > 800);
    assert_true(round.most <= 12);
}

static void a_second_certificate_need_not_be_asked_for(void **state) {
    (void)state;
    struct round with = new_round("default", (struct plan_policy){.per_version = false});
    struct round without = new_round("--no-second-certificate", (struct plan_policy){.one_certificate = true});
    visit_all(ONE_CERTIFICATE, probe_one, &with);
    visit_all(ONE_CERTIFICATE, probe_one, &without);
    print_round(&without);
    assert_true(without.connections < with.connections);
}

/* Weak suites on some versions only: by default seen if they are on the highest or the lowest, else only if asked.
 * Without 3DES, which is in r1: the plan does not ask for NIST suites version by version. */
static void probe_weak_sets(struct server *server, void *context) {
    struct round *round = context;
    if (has_3des(server))
        return;
    unsigned legacy = server->versions & LEGACY_BITS;
    for (unsigned at = legacy; at; at = (at - 1) & legacy) { /* every subset but none */
        struct server some = *server;
        some.weak_at = at;
        unsigned highest = 31 - (unsigned)__builtin_clz(legacy), lowest = (unsigned)__builtin_ctz(legacy);
        bool at_an_end = at >> highest & 1 || at >> lowest & 1;
        if (any_suite(server, SUITE_WEAK) && is_a_server(&some) && (round->policy.per_version || at_an_end))
            probe_one(&some, context);
    }
}

static void weak_suites_on_some_versions_only_are_found(void **state) {
    (void)state;
    struct round ends = new_round("weak at highest or lowest, default", (struct plan_policy){.per_version = false});
    visit_all(ONE_CERTIFICATE, probe_weak_sets, &ends);
    print_round(&ends);
    struct round each = new_round("weak at any versions, --per-version", (struct plan_policy){.per_version = true});
    visit_all(ONE_CERTIFICATE, probe_weak_sets, &each);
    print_round(&each);
    assert_true(each.servers > 4998);
    assert_true(each.most <= 16);
}

static void probe_closing(struct server *server, void *context) {
    struct round *round = context;
    struct server closing = *server;
    struct plan plan;
    closing.closes = true;
    unsigned made = run(&plan, &round->policy, &closing), with_alerts = run(&plan, &round->policy, server);
    unsigned over = made > with_alerts ? made - with_alerts : 0;
    run(&plan, &round->policy, &closing); /* the plan of the two that is looked at */
    assert_true_facts(&plan, &closing);
    round->servers++;
    if (round->trace && over > 2) {
        print_message("%u more than with alerts: ", over);
        show(&closing);
    }
    round->over[over < OVER_MAX ? over : OVER_MAX]++;
    round->most = made > round->most ? made : round->most;
}

/* The control, and one question more: a third only where a server of TLS 1.3 alone, whose alerts say all at once, or
 * one whose suites settle nothing, has to be asked for more by closes. */
static void refusing_by_close_costs_two_connections_more(void **state) {
    (void)state;
    struct round round = new_round("refuses by EOF", (struct plan_policy){.per_version = false});
    visit_all(ONE_CERTIFICATE, probe_closing, &round);
    print_message("%-40s %6u  most %2u  more than with alerts by 0: %u, 1: %u, 2: %u, 3: %u\n", round.name,
                  round.servers, round.most, round.over[0], round.over[1], round.over[2], round.over[OVER_MAX]);
    assert_true(round.servers >= 4998);
    assert_true(round.over[OVER_MAX] <= round.servers / 200);
}

/* What was learnt stays; the rest is unknown, for the right reason; and the next attempt goes on from there. */
static void probe_limited(struct server *server, void *context) {
    struct round *round = context;
    struct plan truth;
    unsigned needed = run(&truth, &round->policy, server);
    for (unsigned limit = 1; limit <= 8; limit++) {
        struct server limited = *server;
        struct plan plan, next;
        uint8_t saved[PLAN_SAVED_MAX];
        limited.limit = limit;
        unsigned made = run(&plan, &round->policy, &limited);
        assert_true(made <= limit + 1);
        assert_int_equal(plan.reason, needed > limit ? REASON_RATE_LIMITED : REASON_NONE);
        for (unsigned id = 0; id < FACT_ENDPOINT_COUNT; id++)
            if (plan.fact[id].value == TRI_UNKNOWN)
                assert_int_equal(plan.fact[id].reason, REASON_RATE_LIMITED);
            else
                assert_int_equal(plan.fact[id].value, truth.fact[id].value);
        size_t len = plan_save(&plan, saved);
        assert_true(len > 0);
        plan_init(&next, &round->policy);
        assert_true(plan_resume(&next, saved, len));
        for (const struct step *step; (step = plan_next(&next)) != NULL;) {
            struct answer answer = answer_of(server, step);
            plan_answer(&next, &answer);
        }
        plan_finish(&next);
        assert_true_facts(&next, server);
        assert_int_equal(next.connections, needed > limit ? needed - limit : 0); /* nothing is asked twice */
    }
    round->servers++;
}

static void a_server_that_turns_away_is_resumed_where_the_plan_stopped(void **state) {
    (void)state;
    struct round round = new_round("421 after 1 to 8 connections", (struct plan_policy){.per_version = false});
    visit_all(ONE_CERTIFICATE, probe_limited, &round);
    print_message("%-40s %6u\n", round.name, round.servers);
}

/* Where refusals are closes, the next attempt also needs a hello known to work. */
static void probe_limited_closing(struct server *server, void *context) {
    struct round *round = context;
    server->closes = true;
    for (unsigned limit = 1; limit <= 8; limit++) {
        struct server limited = *server;
        struct plan plan, next;
        uint8_t saved[PLAN_SAVED_MAX];
        limited.limit = limit;
        run(&plan, &round->policy, &limited);
        plan_init(&next, &round->policy);
        assert_true(plan_resume(&next, saved, plan_save(&plan, saved)));
        for (const struct step *step; (step = plan_next(&next)) != NULL;) {
            struct answer answer = answer_of(server, step);
            plan_answer(&next, &answer);
        }
        plan_finish(&next);
        assert_true_facts(&next, server);
        round->most = next.connections > round->most ? next.connections : round->most;
    }
    server->closes = false;
    round->servers++;
}

static void a_server_that_turns_away_and_closes_is_resumed_too(void **state) {
    (void)state;
    struct round round = new_round("the same, refusing by EOF", (struct plan_policy){.per_version = false});
    visit_all(ONE_CERTIFICATE, probe_limited_closing, &round);
    print_message("%-40s %6u  most %2u\n", round.name, round.servers, round.most);
    assert_true(round.servers >= 4998);
}

/* The endpoint is what senders without SNI get. A hybrid that the server has and does not prefer may show, since it is
 * asked for by itself then. */
static void probe_without_its_name(struct server *server, void *context) {
    static const unsigned alerts[] = {0, 40, 80, 112};
    struct round *round = context;
    for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++) {
        struct server shy = *server;
        struct plan plan;
        shy.no_name = true;
        shy.name_alert = alerts[i];
        unsigned made = run(&plan, &round->policy, &shy), plainly = run(&plan, &round->policy, server);
        run(&plan, &round->policy, &shy); /* the plan of the two that is looked at */
        enum tri hybrid = plan.fact[FACT_PQ_HYBRID].value;
        if (hybrid == TRI_YES && server->pq == PQ_SUPPORTED)
            plan.fact[FACT_PQ_HYBRID].value = TRI_NO;
        assert_true_facts(&plan, server);
        unsigned over = made > plainly ? made - plainly : 0;
        round->over[over < OVER_MAX ? over : OVER_MAX]++;
        round->most = made > round->most ? made : round->most;
        round->servers++;
    }
}

static void a_server_that_breaks_off_for_the_name_is_told_by_what_it_says_without(void **state) {
    (void)state;
    struct round round = new_round("breaks off for the name", (struct plan_policy){.named = true});
    visit_all(ONE_CERTIFICATE, probe_without_its_name, &round);
    print_message("%-40s %6u  most %2u  more than without by 0: %u, 1: %u, 2: %u, more: %u\n", round.name,
                  round.servers, round.most, round.over[0], round.over[1], round.over[2], round.over[OVER_MAX]);
    assert_true(round.servers >= 4 * 4998);
}

static void a_name_that_is_taken_costs_little(void **state) {
    (void)state;
    struct round round = new_round("named", (struct plan_policy){.named = true});
    visit_all(ONE_CERTIFICATE, probe_one, &round);
    print_round(&round);
    assert_true(round.connections <= 1.05 * round.bound);
}

/* An illustrative mix by name (docs/probe-plan.md section 8); none may cost more than its bound and one. */
static const struct {
    const char *name;
    double share;
    struct server server;
} PROFILES[] = {
#define SUITES(...) .suites = {__VA_ARGS__}, .count = sizeof((uint16_t[]){__VA_ARGS__}) / sizeof(uint16_t)
#define OPENSSL_STRONG 0xC030, 0xC02F, 0xC014, 0xC013, 0x009D, 0x009C, 0x0035, 0x002F
    {"Postfix default", .18, {.versions = 0x1e, SUITES(OPENSSL_STRONG, 0xC019, 0xC018, 0x003A)}},
    {"modern, no hybrids", .20, {.versions = 0x18, .own_order = true, SUITES(0xC030, 0xC02F)}},
    {"modern, hybrids", .10, {.versions = 0x18, .own_order = true, .pq = PQ_PREFERRED, SUITES(0xC030, 0xC02F)}},
    {"large provider, hybrids",
     .14,
     {.versions = 0x1e, .own_order = true, .pq = PQ_PREFERRED, SUITES(0xC02F, 0xC030, 0xC013, 0x002F)}},
    {"the same with 3DES",
     .04,
     {.versions = 0x1e, .own_order = true, .weak_at = 0xf, SUITES(0xC02F, 0xC030, 0xC013, 0x002F, 0x000A)}},
    {"hosted Exchange", .14, {.versions = 0x18, .own_order = true, SUITES(0xC030, 0xC02F, 0xC028, 0xC027)}},
    {"Exchange 2016", .04, {.versions = 0x0e, .own_order = true, .weak_at = 0xf, SUITES(OPENSSL_STRONG, 0x000A)}},
    {"IIS with a hole",
     .01,
     {.versions = 0x0a, .own_order = true, .weak_at = 0xf, SUITES(0xC014, 0xC013, 0x0035, 0x002F, 0x000A)}},
    {"TLS 1.2 alone", .02, {.versions = 0x08, .own_order = true, SUITES(0xC030, 0xC02F)}},
    {"TLS 1.3 alone", .005, {.versions = 0x10}},
    {"TLS 1.3 alone, hybrids", .005, {.versions = 0x10, .pq = PQ_PREFERRED}},
    {"SSL 3.0 and TLS 1.0, RC4 and 3DES",
     .01,
     {.versions = 0x03, .age = AGE_OLD, .weak_at = 0xf, SUITES(0x0005, 0x000A)}},
    {"SSL 3.0 to TLS 1.2, everything",
     .01,
     {.versions = 0x0f, .age = AGE_OLD, .weak_at = 0xf, SUITES(0xC030, 0xC014, 0x0035, 0x0005, 0x000A, 0x0003)}},
    {"TLS 1.0 alone, RSA and 3DES",
     .01,
     {.versions = 0x02, .own_order = true, .age = AGE_OLD, .weak_at = 0xf, SUITES(0x0035, 0x002F, 0x000A)}},
};

static void no_named_profile_costs_more_than_its_bound_and_one(void **state) {
    (void)state;
    const struct plan_policy policy = {.per_version = false};
    double share = 0, connections = 0, bounds = 0;
    for (size_t i = 0; i < sizeof PROFILES / sizeof *PROFILES; i++) {
        struct server server = PROFILES[i].server;
        struct plan plan;
        unsigned made = run(&plan, &policy, &server), bound = bound_of(&server, &policy);
        print_message("  %-36s share %.3f  connections %u  bound %u\n", PROFILES[i].name, PROFILES[i].share, made,
                      bound);
        assert_true_facts(&plan, &server);
        assert_true(made <= bound + 1);
        share += PROFILES[i].share;
        connections += PROFILES[i].share * made;
        bounds += PROFILES[i].share * bound;
    }
    print_message("  expected over this mix: %.2f connections, bound %.2f, ratio %.3f\n", connections / share,
                  bounds / share, connections / bounds);
    assert_true(connections <= 1.05 * bounds);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_hypothetical_server_is_told_truly),
        cmocka_unit_test(post_quantum_support_that_is_not_preferred_is_seen_if_asked_strictly),
        cmocka_unit_test(anonymous_suites_beside_everything_are_told_truly),
        cmocka_unit_test(two_certificates_are_both_seen),
        cmocka_unit_test(a_second_certificate_need_not_be_asked_for),
        cmocka_unit_test(weak_suites_on_some_versions_only_are_found),
        cmocka_unit_test(refusing_by_close_costs_two_connections_more),
        cmocka_unit_test(a_server_that_turns_away_is_resumed_where_the_plan_stopped),
        cmocka_unit_test(a_server_that_turns_away_and_closes_is_resumed_too),
        cmocka_unit_test(a_server_that_breaks_off_for_the_name_is_told_by_what_it_says_without),
        cmocka_unit_test(a_name_that_is_taken_costs_little),
        cmocka_unit_test(no_named_profile_costs_more_than_its_bound_and_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
