/* probe_load.c - the probe engine under load: what a connection or an endpoint costs the worker.
 *
 *     probe_load raw  PROFILE PORT COUNT IN-FLIGHT              raw hellos alone, one a connection
 *     probe_load cold PROFILE PORT COUNT IN-FLIGHT ROOTS NAME   whole endpoints, every chain parsed and verified
 *     probe_load warm PROFILE PORT COUNT IN-FLIGHT ROOTS NAME   whole endpoints, chains known already
 *
 * Every endpoint must bring the first one's facts, known to the end: a fast wrong answer is a failure. Setting up
 * (trusted roots, OpenSSL contexts, one endpoint to warm up) is not counted.
 */
#include "base/mem.h"
#include "bench.h"
#include "probe/connection.h"
#include "probe/probe.h"
#include "tls/offers.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROFILE = 2, PORT, COUNT, IN_FLIGHT, ROOTS, NAME }; /* of argv */

static struct load {
    uv_loop_t loop;
    unsigned profile;
    uint16_t port;
    size_t count, in_flight, started, done, failed, connections;
    const char *name;
    struct trust *trust;
    struct handshake_contexts *contexts;
    struct chain_cache *chains;
    struct forbidden *forbidden; /* nobody */
    bool cold;                   /* chains are not shared between endpoints */
    struct probe_config config;
    struct fact facts[FACT_COUNT]; /* of the first endpoint */
    bool facts_known;
    void (*start)(void);
} load;

/* One hello with everything up to TLS 1.2. */
static struct step raw_step(void) {
    struct step step = {.name = "raw", .kind = STEP_HELLO, .max = VERSION_TLS1_2};
    const uint16_t *groups = offer_groups(GROUPS_CLASSICAL, &step.group_count);
    memcpy(step.groups, groups, step.group_count * sizeof *groups);
    step.suite_count = offer_suites(OFFER_ALL, (struct offer_scope){.max = step.max}, step.suites);
    return step;
}

/* ---- load ---- */

static void count(bool good, size_t connections) {
    load.done++;
    load.failed += !good;
    load.connections += connections;
    if (load.started < load.count)
        load.start();
}

static void on_connection(const struct connection_outcome *outcome, void *context) {
    (void)context;
    count(outcome->answer.kind == ANSWER_SELECTED && outcome->answer.whole && outcome->certificates, 1);
}

static void start_connection(void) {
    struct sockaddr_in address = bench_address(load.profile, load.port, load.started++);
    struct step step = raw_step();
    struct connection_params params = {
        .address = (struct sockaddr *)&address,
        .step = &step,
        .server_name = "mx.bench.test",
        .ehlo_name = "bench.test",
        .timeouts = CONNECTION_TIMEOUTS,
    };
    connection_start(&load.loop, &params, on_connection, NULL);
}

static const struct fact *fact_of(const struct probe_report *report, unsigned id) {
    if (id >= FACT_SERVICE_FIRST && id < FACT_NAME_FIRST)
        return &report->service.fact[id - FACT_SERVICE_FIRST];
    return id < FACT_NAME_FIRST ? &report->plan.fact[id] : &report->name[0].fact[id - FACT_NAME_FIRST];
}

static bool as_the_first(const struct probe_report *report) {
    bool same = true;
    for (unsigned id = 0; id < FACT_COUNT; id++) {
        const struct fact *fact = fact_of(report, id);
        if (!load.facts_known)
            load.facts[id] = *fact;
        same = same && fact->value == load.facts[id].value;
    }
    load.facts_known = true;
    return same && report->reason == REASON_NONE;
}

/* What one endpoint is probed with: the common configuration, or, cold, one with a chain cache of its own. */
struct endpoint {
    struct probe_config config;
    struct chain_cache *own;
};

static void on_report(struct probe_report *report, void *context) {
    struct endpoint *endpoint = context;
    bool good = as_the_first(report);
    size_t connections = report->connection_count;
    probe_report_free(&report);
    chain_cache_free(&endpoint->own);
    free(endpoint);
    count(good, connections);
}

static void start_endpoint(void) {
    struct sockaddr_in address = bench_address(load.profile, load.port, load.started++);
    struct probe_target target = {.names = &load.name, .name_count = 1};
    memcpy(&target.address, &address, sizeof address);
    struct endpoint *endpoint = mem_alloc(sizeof *endpoint);
    endpoint->config = load.config;
    if (load.cold)
        endpoint->config.chains = endpoint->own = chain_cache_new(load.trust, 1);
    probe_start(&load.loop, &endpoint->config, &target, on_report, endpoint);
}

static void run(size_t endpoints) {
    load.started = load.done = load.connections = 0;
    load.count = endpoints;
    for (size_t i = 0; i < load.in_flight && load.started < load.count; i++)
        load.start();
    uv_run(&load.loop, UV_RUN_DEFAULT);
}

static void measure(void) {
    size_t endpoints = load.count;
    run(1);
    double cpu = bench_cpu_us(), wall = bench_wall_us();
    run(endpoints);
    cpu = bench_cpu_us() - cpu;
    wall = bench_wall_us() - wall;
    printf("endpoints=%zu connections=%zu failed=%zu per_endpoint=%.2f cpu_us=%.2f cpu_us_connection=%.2f wall_s=%.3f",
           load.done, load.connections, load.failed, (double)load.connections / (double)load.done,
           cpu / (double)load.done, cpu / (double)load.connections, wall / 1e6);
    for (unsigned id = 0; load.facts_known && id < FACT_COUNT; id++)
        printf(" %s=%s", fact_key((enum fact_id)id), tri_name(load.facts[id].value));
    putchar('\n');
}

static bool set_up_endpoints(char **argv) {
    char error[512];
    load.trust = trust_open(argv[ROOTS], error, sizeof error);
    if (load.trust == NULL) {
        fprintf(stderr, "probe_load: %s\n", error);
        return false;
    }
    load.contexts = handshake_contexts_new();
    load.chains = chain_cache_new(load.trust, 0);
    load.name = argv[NAME];
    load.start = start_endpoint;
    load.cold = strcmp(argv[1], "cold") == 0;
    load.config = probe_config_default(load.chains, load.contexts, "bench.test");
    load.config.forbidden = load.forbidden = forbidden_open(NULL, true, error, sizeof error);
    return load.forbidden != NULL;
}

int main(int argc, char **argv) {
    bool raw = argc == IN_FLIGHT + 1 && strcmp(argv[1], "raw") == 0;
    bool whole = argc == NAME + 1 && (strcmp(argv[1], "cold") == 0 || strcmp(argv[1], "warm") == 0);
    if (!raw && !whole) {
        fputs("usage: probe_load raw PROFILE PORT COUNT IN-FLIGHT\n"
              "       probe_load cold|warm PROFILE PORT COUNT IN-FLIGHT ROOTS NAME\n",
              stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    load.profile = (unsigned)bench_number(argv[PROFILE]);
    load.port = (uint16_t)bench_number(argv[PORT]);
    load.count = bench_number(argv[COUNT]);
    load.in_flight = bench_number(argv[IN_FLIGHT]);
    load.start = start_connection;
    bool good = uv_loop_init(&load.loop) == 0 && (raw || set_up_endpoints(argv));
    if (good)
        measure();
    uv_loop_close(&load.loop);
    chain_cache_free(&load.chains);
    handshake_contexts_free(&load.contexts);
    trust_close(&load.trust);
    forbidden_close(&load.forbidden);
    return good && load.failed == 0 ? 0 : 1;
}
