/* main.c - mxgrade-worker: takes probe and policy jobs from a coordinator, does them, returns facts to an aggregator.
 *
 * One event loop. It owns no state that matters: what it holds is leased, and what it found stays in the outbox until
 * an aggregator acknowledged it. It speaks to two peers: the coordinator (Hello, Credit, Done) and the aggregator
 * (Hello, Results). Everything that is owed to them is sent from one place, on_tick(), so that a full queue or a lost
 * connection only means "next tick".
 */
#include "base/daemon.h"
#include "base/log.h"
#include "base/mem.h"
#include "bus/bus.h"
#include "jobs.h"
#include "outbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    TICK_MS = 20,
    HEARTBEAT_MS = 5000, /* when nothing else was said */
    RESYNC_MS = 60000,   /* say Hello again: heals what a lost connection swallowed */
    IDS_PER_MESSAGE = 1000,
    LINGER_MS = 500,
};

static struct {
    const char *jobs_endpoint, *results_endpoint, *trust_store, *ehlo_name, *vantage, *blocklist;
    int64_t in_flight, gap_ms, deadline_ms, greeting_ms, tls_ms, policy_ms, drain_ms;
    bool allow_reserved, per_version, pq_strict;
    struct daemon_options daemon;
} options;

static const struct config_option OPTIONS[] = {
    {"jobs", CONFIG_TEXT, &options.jobs_endpoint, "ipc:///run/mxgrade/jobs", "ENDPOINT",
     "the coordinator's ZeroMQ endpoint", 0, 0},
    {"results", CONFIG_TEXT, &options.results_endpoint, "ipc:///run/mxgrade/results", "ENDPOINT",
     "the aggregator's ZeroMQ endpoint", 0, 0},
    {"ehlo-name", CONFIG_TEXT, &options.ehlo_name, NULL, "NAME",
     "name said in EHLO; should resolve to this host [the host's name]", 0, 0},
    {"vantage", CONFIG_TEXT, &options.vantage, "default", "WORD", "where this worker stands, for the results", 0, 0},
    {"trust-store", CONFIG_TEXT, &options.trust_store, NULL, "FILE", "PEM file of trusted roots [the system's]", 0, 0},
    {"in-flight", CONFIG_NUMBER, &options.in_flight, "1000", "N", "probes and policies under way at once", 1, 15000},
    {"gap", CONFIG_DURATION, &options.gap_ms, "1s", "TIME", "pause between two connections to one address", 0, 0},
    {"deadline", CONFIG_DURATION, &options.deadline_ms, "8m", "TIME", "longest time for one probe", 0, 0},
    {"greeting-timeout", CONFIG_DURATION, &options.greeting_ms, "45s", "TIME", "longest wait for a greeting", 0, 0},
    {"tls-timeout", CONFIG_DURATION, &options.tls_ms, "20s", "TIME", "longest wait for the answer to a hello", 0, 0},
    {"policy-timeout", CONFIG_DURATION, &options.policy_ms, "60s", "TIME", "longest time for one MTA-STS policy", 0, 0},
    {"per-version", CONFIG_FLAG, &options.per_version, NULL, NULL,
     "ask for weak suites at every version, not only the highest and the lowest", 0, 0},
    {"pq-strict", CONFIG_FLAG, &options.pq_strict, NULL, NULL,
     "ask for post-quantum hybrids alone where a server prefers other groups", 0, 0},
    {"drain", CONFIG_DURATION, &options.drain_ms, "30s", "TIME",
     "on SIGTERM let probes end for that long, then hand them back", 0, 0},
    {"allow-reserved", CONFIG_FLAG, &options.allow_reserved, NULL, NULL,
     "probe loopback, private and other reserved addresses (lab only)", 0, 0},
    FORBIDDEN_OPTION(options.blocklist),
    DAEMON_OPTIONS(options.daemon),
};

enum phase { RUNNING, DRAINING, HANDING_BACK, STOPPED };

struct worker {
    uv_loop_t loop;
    uv_timer_t tick, drain;
    uv_signal_t terminate, interrupt, hangup;
    enum phase phase;
    char id[64];
    struct forbidden *forbidden;
    struct probe_config probe;
    struct policy_fetcher *fetcher;
    struct jobs *jobs;
    struct outbox *outbox;
    bus_t *coordinator, *aggregator;
    bool greet_coordinator, greet_aggregator; /* a Hello is owed */
    size_t granted;                           /* credit that the coordinator has not used yet */
    uint64_t said_ms, greeted_ms;             /* last time something, a Hello was said to the coordinator */
};

static Mxgrade__Envelope envelope_of(Mxgrade__Envelope__BodyCase body) {
    Mxgrade__Envelope envelope = MXGRADE__ENVELOPE__INIT;
    envelope.body_case = body;
    return envelope;
}

static bool say(struct worker *worker, Mxgrade__Envelope *envelope) {
    if (bus_send(worker->coordinator, NULL, envelope) != BUS_SENT)
        return false;
    worker->said_ms = uv_now(&worker->loop);
    return true;
}

static bool say_hello(struct worker *worker, bus_t *bus) {
    size_t held = jobs_held(worker->jobs);
    uint64_t *ids = mem_calloc(held, sizeof *ids);
    Mxgrade__Hello hello = MXGRADE__HELLO__INIT;
    hello.worker_id = worker->id;
    hello.software = (char *)(uintptr_t) "mxgrade-worker " MXGRADE_VERSION;
    hello.vantage = (char *)(uintptr_t)options.vantage;
    hello.held = ids;
    hello.n_held = bus == worker->coordinator ? jobs_list(worker->jobs, ids, held) : 0;
    Mxgrade__Envelope envelope = envelope_of(MXGRADE__ENVELOPE__BODY_HELLO);
    envelope.hello = &hello;
    bool sent = bus_send(bus, NULL, &envelope) == BUS_SENT;
    free(ids);
    return sent;
}

static void greet(struct worker *worker) {
    uint64_t now = uv_now(&worker->loop);
    if (now - worker->greeted_ms >= RESYNC_MS)
        worker->greet_coordinator = true;
    if (worker->greet_coordinator && say_hello(worker, worker->coordinator)) {
        worker->greet_coordinator = false;
        worker->granted = 0; /* a Hello sets the credit to zero */
        worker->said_ms = worker->greeted_ms = now;
    }
    if (worker->greet_aggregator && say_hello(worker, worker->aggregator)) {
        worker->greet_aggregator = false;
        outbox_restart(worker->outbox);
    }
}

/* Done{} with what one list holds; the list keeps it if it could not be sent. */
static void report_done(struct worker *worker, enum job_state state) {
    uint64_t ids[IDS_PER_MESSAGE];
    for (size_t count; (count = jobs_collect(worker->jobs, state, ids, IDS_PER_MESSAGE)) > 0;) {
        Mxgrade__Done done = MXGRADE__DONE__INIT;
        if (state == JOB_DONE) {
            done.job = ids;
            done.n_job = count;
        } else {
            done.handed_back = ids;
            done.n_handed_back = count;
        }
        Mxgrade__Envelope envelope = envelope_of(MXGRADE__ENVELOPE__BODY_DONE);
        envelope.done = &done;
        if (!say(worker, &envelope))
            return;
        jobs_forget_collected(worker->jobs, state, count);
    }
}

static void grant_credit(struct worker *worker) {
    size_t used = jobs_held(worker->jobs) + worker->granted;
    if (worker->phase != RUNNING || worker->greet_coordinator || used >= (size_t)options.in_flight)
        return;
    Mxgrade__Credit credit = MXGRADE__CREDIT__INIT;
    credit.n = (uint32_t)((size_t)options.in_flight - used);
    Mxgrade__Envelope envelope = envelope_of(MXGRADE__ENVELOPE__BODY_CREDIT);
    envelope.credit = &credit;
    if (say(worker, &envelope))
        worker->granted += credit.n;
}

static void beat(struct worker *worker) {
    if (uv_now(&worker->loop) - worker->said_ms < HEARTBEAT_MS)
        return;
    Mxgrade__Heartbeat heartbeat = MXGRADE__HEARTBEAT__INIT;
    Mxgrade__Envelope envelope = envelope_of(MXGRADE__ENVELOPE__BODY_HEARTBEAT);
    envelope.heartbeat = &heartbeat;
    if (!say(worker, &envelope))
        log_debug("heartbeat not sent");
}

static void stop(struct worker *worker);

static void on_tick(uv_timer_t *timer) {
    struct worker *worker = timer->data;
    greet(worker);
    outbox_flush(worker->outbox, worker->aggregator, uv_now(&worker->loop));
    report_done(worker, JOB_DONE);
    report_done(worker, JOB_HANDED_BACK);
    grant_credit(worker);
    beat(worker);
    bool idle = jobs_held(worker->jobs) == 0 && jobs_count(worker->jobs, JOB_DONE) == 0 &&
                jobs_count(worker->jobs, JOB_HANDED_BACK) == 0;
    if (worker->phase != RUNNING && idle)
        stop(worker);
}

/* ---- what the peers say ---- */

static void on_refused(struct worker *worker, bool *greet_again, const Mxgrade__Refused *refused) {
    if (refused->reason == MXGRADE__REFUSED_REASON__REFUSED_UNKNOWN_WORKER) {
        *greet_again = true;
        return;
    }
    log_error("refused by peer", LOG_STR("why", refused->detail), LOG_STR("worker", worker->id));
}

static void on_coordinator(bus_t *bus, const struct bus_peer *from, Mxgrade__Envelope *envelope, void *context) {
    struct worker *worker = context;
    (void)bus;
    (void)from;
    switch (envelope->body_case) {
    case MXGRADE__ENVELOPE__BODY_JOBS:
        for (size_t i = 0; i < envelope->jobs->n_probe; i++) {
            worker->granted -= worker->granted > 0;
            jobs_take(worker->jobs, envelope->jobs->probe[i]);
        }
        for (size_t i = 0; i < envelope->jobs->n_policy; i++) {
            worker->granted -= worker->granted > 0;
            jobs_take_policy(worker->jobs, envelope->jobs->policy[i]);
        }
        if (worker->phase != RUNNING)
            jobs_hand_back(worker->jobs);
        break;
    case MXGRADE__ENVELOPE__BODY_CANCEL:
        for (size_t i = 0; i < envelope->cancel->n_job; i++)
            jobs_cancel(worker->jobs, envelope->cancel->job[i]);
        if (envelope->cancel->survey)
            jobs_cancel_survey(worker->jobs, envelope->cancel->survey);
        break;
    case MXGRADE__ENVELOPE__BODY_DRAIN:
        uv_kill(getpid(), SIGTERM);
        break;
    case MXGRADE__ENVELOPE__BODY_REFUSED:
        on_refused(worker, &worker->greet_coordinator, envelope->refused);
        break;
    case MXGRADE__ENVELOPE__BODY_HEARTBEAT:
        break;
    default:
        log_warn("unexpected message from the coordinator", LOG_INT("body", envelope->body_case));
        break;
    }
}

static void on_aggregator(bus_t *bus, const struct bus_peer *from, Mxgrade__Envelope *envelope, void *context) {
    struct worker *worker = context;
    uint64_t job;
    (void)bus;
    (void)from;
    if (envelope->body_case == MXGRADE__ENVELOPE__BODY_ACK) {
        for (size_t i = 0; i < envelope->ack->n_sequence; i++)
            if (outbox_ack(worker->outbox, envelope->ack->sequence[i], &job))
                jobs_acknowledged(worker->jobs, job);
    } else if (envelope->body_case == MXGRADE__ENVELOPE__BODY_REFUSED) {
        on_refused(worker, &worker->greet_aggregator, envelope->refused);
    } else if (envelope->body_case != MXGRADE__ENVELOPE__BODY_HEARTBEAT) {
        log_warn("unexpected message from the aggregator", LOG_INT("body", envelope->body_case));
    }
}

/* ---- start and stop ---- */

static void stop(struct worker *worker) {
    if (worker->phase == STOPPED)
        return;
    worker->phase = STOPPED;
    bus_close(&worker->coordinator, LINGER_MS);
    bus_close(&worker->aggregator, LINGER_MS);
    policy_fetcher_free(&worker->fetcher);
    uv_handle_t *handles[] = {(uv_handle_t *)&worker->tick, (uv_handle_t *)&worker->drain,
                              (uv_handle_t *)&worker->terminate, (uv_handle_t *)&worker->interrupt,
                              (uv_handle_t *)&worker->hangup};
    for (size_t i = 0; i < sizeof handles / sizeof *handles; i++)
        uv_close(handles[i], NULL);
}

static void on_drain_over(uv_timer_t *timer) {
    struct worker *worker = timer->data;
    worker->phase = HANDING_BACK;
    log_info("handing jobs back", LOG_INT("probing", jobs_count(worker->jobs, JOB_PROBING)));
    jobs_hand_back(worker->jobs);
}

static void on_signal(uv_signal_t *handle, int number) {
    struct worker *worker = handle->data;
    if (worker->phase != RUNNING) {
        log_warn("stopping at once", LOG_INT("held", jobs_held(worker->jobs)));
        _exit(128 + number);
    }
    worker->phase = DRAINING;
    log_info("draining", LOG_INT("held", jobs_held(worker->jobs)));
    uv_timer_start(&worker->drain, on_drain_over, (uint64_t)options.drain_ms, 0);
}

static void on_hangup(uv_signal_t *handle, int number) {
    struct worker *worker = handle->data;
    (void)number;
    (void)forbidden_reload(worker->forbidden); /* says itself what came of it */
}

static void make_id(struct worker *worker) {
    char host[32] = "worker";
    uint32_t random = 0;
    gethostname(host, sizeof host - 1);
    if (getrandom(&random, sizeof random, 0) < 0)
        random = (uint32_t)uv_hrtime();
    snprintf(worker->id, sizeof worker->id, "%s-%d-%08" PRIx32, host, (int)getpid(), random);
}

static void start_handles(struct worker *worker) {
    uv_timer_init(&worker->loop, &worker->tick);
    uv_timer_init(&worker->loop, &worker->drain);
    uv_signal_init(&worker->loop, &worker->terminate);
    uv_signal_init(&worker->loop, &worker->interrupt);
    uv_signal_init(&worker->loop, &worker->hangup);
    worker->tick.data = worker->drain.data = worker->terminate.data = worker->interrupt.data = worker;
    worker->hangup.data = worker;
    uv_timer_start(&worker->tick, on_tick, 0, TICK_MS);
    uv_signal_start(&worker->terminate, on_signal, SIGTERM);
    uv_signal_start(&worker->interrupt, on_signal, SIGINT);
    uv_signal_start(&worker->hangup, on_hangup, SIGHUP);
}

static bool open_buses(struct worker *worker, char *error, size_t cap) {
    struct bus_config jobs = bus_config_default(options.jobs_endpoint, false);
    struct bus_config results = bus_config_default(options.results_endpoint, false);
    jobs.identity = results.identity = worker->id;
    worker->coordinator = bus_open(&worker->loop, &jobs, on_coordinator, worker, error, cap);
    if (worker->coordinator)
        worker->aggregator = bus_open(&worker->loop, &results, on_aggregator, worker, error, cap);
    return worker->aggregator != NULL;
}

static bool open_fetcher(struct worker *worker, char *error, size_t cap) {
    struct policy_config config = policy_config_default();
    const char *why = "";
    config.trust_store = options.trust_store;
    config.total_ms = (uint64_t)options.policy_ms;
    config.forbidden = worker->forbidden;
    worker->fetcher = policy_fetcher_new(&worker->loop, &config, &why);
    if (worker->fetcher == NULL)
        snprintf(error, cap, "%s", why);
    return worker->fetcher != NULL;
}

static void configure_probes(struct worker *worker, struct chain_cache *chains, struct handshake_contexts *contexts,
                             const struct dane *dane) {
    worker->probe = probe_config_default(chains, contexts, options.ehlo_name);
    worker->probe.dane = dane;
    worker->probe.policy = (struct plan_policy){.per_version = options.per_version, .pq_strict = options.pq_strict};
    worker->probe.forbidden = worker->forbidden;
    worker->probe.gap_ms = (uint64_t)options.gap_ms;
    worker->probe.deadline_ms = (uint64_t)options.deadline_ms;
    worker->probe.timeouts.greeting = (uint64_t)options.greeting_ms;
    worker->probe.timeouts.tls = (uint64_t)options.tls_ms;
}

/* From the first handle to the last. */
static bool run_loop(struct worker *worker, char *error, size_t cap) {
    make_id(worker);
    uv_loop_init(&worker->loop);
    worker->outbox = outbox_new(worker->id, options.vantage);
    bool good = open_fetcher(worker, error, cap) && open_buses(worker, error, cap);
    worker->jobs = jobs_new(&worker->loop, &worker->probe, worker->fetcher, worker->outbox);
    if (good) {
        start_handles(worker);
        log_info("ready", LOG_STR("worker", worker->id), LOG_STR("jobs", options.jobs_endpoint));
    } else {
        bus_close(&worker->coordinator, 0);
        policy_fetcher_free(&worker->fetcher);
    }
    uv_run(&worker->loop, UV_RUN_DEFAULT);
    uv_loop_close(&worker->loop);
    jobs_free(&worker->jobs);
    outbox_free(&worker->outbox);
    if (good)
        log_info("stopped");
    return good;
}

static int run(struct worker *worker, char *error, size_t cap) {
    struct trust *trust = trust_open(options.trust_store, error, cap);
    if (trust)
        worker->forbidden = forbidden_open(options.blocklist, options.allow_reserved, error, cap);
    bool good = worker->forbidden != NULL;
    if (good) {
        struct handshake_contexts *contexts = handshake_contexts_new();
        struct chain_cache *chains = chain_cache_new(trust, 0);
        struct dane *dane = dane_open();
        configure_probes(worker, chains, contexts, dane);
        good = run_loop(worker, error, cap);
        dane_close(&dane);
        handshake_contexts_free(&contexts);
        chain_cache_free(&chains);
    }
    forbidden_close(&worker->forbidden);
    trust_close(&trust);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv) {
    static const struct config_program program = {
        .name = "mxgrade-worker",
        .usage = "[OPTION…]",
        .summary = "Takes jobs from a coordinator, asks mail servers and policy hosts, returns facts to an aggregator.",
        .notes = "Exit status: 0 after a clean stop, 1 if it could not start, 2 for a usage error.\n"
                 "SIGTERM drains; a second one ends at once. SIGHUP reads the blocklist again.",
        .options = OPTIONS,
        .option_count = sizeof OPTIONS / sizeof *OPTIONS,
    };
    struct worker worker = {.phase = RUNNING, .greet_coordinator = true, .greet_aggregator = true};
    char error[512] = "";
    int status;
    if (!daemon_begin(&program, "worker", &options.daemon, argc, argv, &status))
        return status;
    status = run(&worker, error, sizeof error);
    if (*error)
        fprintf(stderr, "mxgrade-worker: %s\n", error);
    return status;
}
